"""
What a commit has let go gets onto the wire before the next batch is worked out, and before more is
let go.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

from xarb_runtime.domain.steps import Command
from xarb_runtime.service.work import Work
from xarb_runtime.service.writer import Writer

ORDERS = [Command(f"x-{number}:1:0", "venue", "place", {}) for number in range(3)]


class Log(list[str]):
    """Stands for desk and dispatcher; an order takes two turns of the loop to leave."""

    def __init__(self, commands: list[Command]) -> None:
        super().__init__()
        self.commands = commands
        self.book = SimpleNamespace(get=lambda _: None)

    def work(self, deliveries: Any, seen: Any, *, orders: int) -> Work:
        assert orders == 8
        self.append("worked")
        return Work(commands=list(self.commands))

    def start(self, command: Command, group: asyncio.TaskGroup) -> None:
        group.create_task(self._sign(group))

    async def _sign(self, group: asyncio.TaskGroup) -> None:
        self.append("signed")
        group.create_task(self._write())

    async def _write(self) -> None:
        self.append("written")


async def two_rounds(commands: list[Command]) -> list[str]:
    log = Log(commands)
    quiet: Any = SimpleNamespace(
        messages=lambda _: [],
        watch=lambda _: None,
        add=lambda _: None,
        noted=list,
        put_back=lambda _: None,
    )
    writer = Writer(
        inbox=quiet,
        desk=log,  # pyright: ignore[reportArgumentType]
        journal=quiet,
        timers=quiet,
        dispatcher=log,  # pyright: ignore[reportArgumentType]
        kill=quiet,
        batch=10,
        orders=8,
        observe=lambda _: None,
        outbox=quiet,
        relay=quiet,
        instruments=quiet,
    )
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            await writer.round([], group)
    return log


async def test_orders_are_written_before_the_next_batch_is_worked_out() -> None:
    log = await two_rounds(ORDERS)

    assert log == (["worked"] + ["signed"] * 3 + ["written"] * 3) * 2


async def test_where_nothing_leaves_nothing_waits() -> None:
    assert await two_rounds([]) == ["worked", "worked"]
