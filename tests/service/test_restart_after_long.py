"""
A deadline that passed while nothing ran is no answer: what can be asked is asked first.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.service.test_shadow import PRICE
from tests.service.world import ROOT, charts, opportunity, plugins
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import (
    Accepted,
    CancelRefused,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import (
    Capabilities,
    NoSettings,
    Venue,
    VenueOpening,
    VenueSpec,
)
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_sections import StoreSettings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop


class Dim(Venue):
    """
    Does what it is told to in this life.

    Args:
        silent: what gets no answer: `a`, the outcome of a price or of an order.
        refused: outcomes whose orders are refused.
    """

    def __init__(self, *, silent: str = "", refused: str = "") -> None:
        self.silent, self.refused = silent, refused
        self.watched: list[str] = []
        self.placed: list[str] = []
        self.news: asyncio.Queue[OrderReport] = asyncio.Queue()

    def filled(self, order: Order, sequence: int = 1, *, final: bool = True) -> OrderReport:
        return OrderReport(
            client_id=order.client_id,
            sequence=sequence,
            time_ms=1,
            status=OrderStatus.FILLED,
            filled=order.stake,
            odds=order.min_odds,
            final=final,
        )

    async def place(self, order: Order) -> Any:
        self.placed.append(order.selection.outcome)
        if "place " + order.selection.outcome in self.silent:
            return Unknown("the line is dead")
        if order.selection.outcome in self.refused.split():
            return Refused("NO", "not today")
        return Accepted(self.filled(order))

    async def cancel(self, order: Order) -> Any:
        return CancelRefused("there is no cancel")

    async def find(self, order: Order) -> Any:
        if "find" in self.silent:
            return Unknown("the line is dead")
        return Found(self.filled(order))

    def watch(self, order: Order) -> None:
        self.watched.append(order.client_id)

    async def quote(self, selection: Selection) -> Quote:
        if "quote " + selection.outcome in self.silent:
            await asyncio.Event().wait()
        return msgspec.structs.replace(PRICE, selection=selection)

    async def reports(self) -> AsyncIterator[OrderReport]:
        while True:
            yield await self.news.get()

    async def heartbeat(self) -> None:
        return


async def live(folder: Path, venue: Dim, run_ms: int, *, detects: bool = False) -> tuple[str, ...]:
    """Run for a while; return where the one execution stands. It ends as in a crash."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)

    @asynccontextmanager
    async def opened(_: VenueOpening) -> AsyncIterator[Venue]:
        yield venue

    registry = plugins()
    registry.venues["ghost_dim"] = VenueSpec(
        name="ghost_dim",
        version="1",
        capabilities=lambda _: Capabilities(),
        settings=NoSettings,
        open=opened,
    )
    settings = Settings(
        venues={name: {"kind": "ghost_dim"} for name in ("sx", "azuro")},
        store=StoreSettings(url=f"sqlite:///{folder}/long.db"),
    )
    around = Surroundings(
        folder=ROOT,
        clock=Machine(loop, 1_000).clock(),
        owner="test",
        io_guard=loop.io_guard,
        second_reader=False,
        is_alive=lambda _: False,
        charts=charts(),
    )
    async with assemble(settings, around, registry) as runtime:
        running = asyncio.create_task(runtime.run())
        await runtime.started.wait()
        if detects:
            now_ms = runtime.clock.now_ms()
            data = opportunity("1", now_ms)
            kind = "opportunity.detected"
            assert isinstance(runtime.bus, EmbeddedBus)
            message = CloudEvent(id="1", source="test", type=kind, time_ms=now_ms, data=data)
            await runtime.bus.deliver(encode(message))
        await runtime.clock.sleep_ms(run_ms)
        snapshot = runtime.desk.book.get("x-1")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert snapshot is not None
    return snapshot.leaves


def play(folder: Path, before: Dim, after: Dim, *, run_ms: int = 200) -> list[tuple[str, ...]]:
    """Two lives with two minutes between them; return where the execution stands after each."""

    async def lives() -> list[tuple[str, ...]]:
        first = await live(folder, before, run_ms, detects=True)
        await asyncio.sleep(120)
        return [first, await live(folder, after, 10_000)]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(lives())


def test_an_order_in_doubt_is_asked_about_before_a_person_is_called(tmp_path: Path) -> None:
    stands = play(tmp_path, Dim(silent="place over, find"), Dim(), run_ms=4_000)

    assert stands == [("a_reconciling",), ("completed",)]


def test_a_price_is_asked_for_again_before_it_counts_as_missing(tmp_path: Path) -> None:
    after = Dim()
    stands = play(tmp_path, Dim(silent="quote under"), after)

    assert stands == [("b_quoting",), ("completed",)]
    assert after.placed == ["under"]


def test_the_last_hedge_is_planned_again_before_its_turn_is_over(tmp_path: Path) -> None:
    class Suspended(Dim):
        async def quote(self, selection: Selection) -> Quote:
            if selection.venue == "azuro":
                raise LookupError("suspended")
            return await super().quote(selection)

    stands = play(tmp_path, Suspended(silent="quote under"), Dim())

    assert stands == [("h_planning",), ("unwound",)]


def test_a_final_fill_is_watched_as_long_as_the_execution_runs(tmp_path: Path) -> None:
    after = Dim()
    stands = play(tmp_path, Dim(silent="place under, find"), after, run_ms=1_000)

    assert stands[0] == ("b_reconciling",)
    assert set(after.watched) == {"x-1:1:0", "x-1:3:0"}
