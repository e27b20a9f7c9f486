"""
The whole service in virtual time, on a real SQLite file, with ghost venues and the embedded bus.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.service.world import ROOT, charts, opportunity
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.service.settings_model import BusSettings, Settings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.store.errors import StoreError

START_MS = 1_800_000_000_000
GHOST: dict[str, Any] = {"kind": "ghost", "latency": "20ms"}
SETTINGS = Settings(
    venues={"sx": GHOST, "azuro": {**GHOST, "prices": {"m/under": "2.05"}}},
    limits=Limits(max_age="5s"),
    bus=BusSettings(in_flight=4, max_age="5s"),
)

Use = Callable[[Runtime, EmbeddedBus], Awaitable[None]]


def play(folder: Path, use: Use, settings: Settings = SETTINGS) -> None:
    """Run the service in virtual time, let `use` have it, and stop it safely if it still runs."""
    loop = VirtualLoop()
    machine = Machine(loop, START_MS)
    registry = discover_plugins(ROOT, settings)

    async def live() -> None:
        around = Surroundings(
            folder=folder,
            clock=machine.clock(),
            owner="test",
            io_guard=loop.io_guard,
            second_reader=False,
            charts=charts(),
        )
        async with assemble(settings, around, registry) as runtime, asyncio.TaskGroup() as group:
            group.create_task(runtime.run())
            await runtime.started.wait()
            bus = runtime.bus
            assert isinstance(bus, EmbeddedBus)
            await use(runtime, bus)
            await runtime.say("operator.stop", source="operator:test")

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(live())


def message(name: str, at_ms: int = START_MS, **changes: Any) -> bytes:
    data = opportunity(name, at_ms, **changes)
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"message-{name}",
            "source": "engine",
            "type": "opportunity.detected",
            "time": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
            "data": data,
        }
    ).encode()


async def ended(runtime: Runtime, *executions: str) -> None:
    """Wait in virtual time until these executions have ended."""
    while any(
        (snapshot := runtime.desk.book.get(name)) is None or snapshot.status is Status.RUNNING
        for name in executions
    ):
        await runtime.clock.sleep_ms(10)


def test_an_opportunity_becomes_a_settled_execution_on_disk(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        await ended(runtime, "x-1")
        timeline = await runtime.journal.queries.execution("x-1")

        assert timeline is not None
        assert timeline.execution.leaves == ("completed",)
        assert {command.status for command in timeline.commands} == {"done"}
        assert [command.name for command in timeline.commands] == ["place", "quote", "place"]

    play(tmp_path, use)


def test_a_message_is_acknowledged_only_when_it_is_on_disk(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))

        assert await runtime.journal.seen([("bus:engine", "message-1")])

    play(tmp_path, use)


def test_what_is_no_message_is_kept_with_its_reason_and_stops_nothing(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(b"not json")
        await bus.deliver(message("1", stake="-5"))
        await bus.deliver(message("2"))
        await ended(runtime, "x-2")
        letters = await runtime.journal.queries.dead_letters()

        assert [letter.body for letter in letters][1] == b"not json"
        assert all(letter.reason for letter in letters)
        assert runtime.intake.malformed == 2

    play(tmp_path, use)


def test_a_stale_message_is_dropped_counted_and_noted(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1", START_MS - 60_000))

        assert runtime.intake.stale == 1
        assert runtime.desk.book.get("x-1") is None
        assert await runtime.journal.seen([("bus:engine", "message-1")])

    play(tmp_path, use)


def test_slow_venues_hold_the_bus_back(tmp_path: Path) -> None:
    most = 0

    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        nonlocal most
        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(bus.deliver(message(str(number))))
            for _ in range(20):
                most = max(most, runtime.desk.book.in_flight)
                await runtime.clock.sleep_ms(10)
        await ended(runtime, *(f"x-{number}" for number in range(12)))

    play(tmp_path, use)

    assert most == SETTINGS.bus.in_flight


def test_a_second_life_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    async def first(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        await ended(runtime, "x-1")

    async def second(runtime: Runtime, bus: EmbeddedBus) -> None:
        await runtime.clock.sleep_ms(50)
        assert runtime.desk.level == "running"
        await bus.deliver(message("1"))
        await bus.deliver(message("2"))
        await ended(runtime, "x-2")
        executions = await runtime.journal.queries.executions()

        assert sorted(row.id for row in executions if row.id[0] == "x") == ["x-1", "x-2"]

    play(tmp_path, first)
    play(tmp_path, second)


def test_a_failed_commit_ends_the_runtime_and_acknowledges_nothing(tmp_path: Path) -> None:
    acknowledged: list[str] = []

    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        acknowledged.append("1")
        await ended(runtime, "x-1")
        with sqlite3.connect(tmp_path / "var" / "xarb.db") as other:
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON executions WHEN NEW.id = 'x-2' "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        await bus.deliver(message("2"))
        acknowledged.append("2")

    with pytest.raises(BaseExceptionGroup) as caught:
        play(tmp_path, use)

    assert caught.group_contains(StoreError, match="the disk is full")
    assert acknowledged == ["1"]


def test_a_word_after_the_end_is_answered(tmp_path: Path) -> None:
    kept: list[Runtime] = []

    async def use(runtime: Runtime, _: EmbeddedBus) -> None:
        kept.append(runtime)
        await runtime.say("operator.stop", source="operator:test")
        while not runtime.writer.stopped.is_set():
            await runtime.clock.sleep_ms(1)
        await runtime.clock.sleep_ms(100)
        with pytest.raises(RuntimeEndedError):
            await runtime.say("operator.pause", source="operator:test")

    with pytest.raises(BaseExceptionGroup) as caught:
        play(tmp_path, use)

    assert caught.group_contains(RuntimeEndedError)
