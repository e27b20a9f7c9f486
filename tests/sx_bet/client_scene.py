"""
What the tests of the client stand on: an exchange on loopback, and time that costs nothing.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from tests.plugins.worlds import REGISTRY
from xarb_runtime.domain.orders import Order, OrderReport, PlaceAnswer, Selection
from xarb_runtime.plugins.contracts import SimulatorOpening, Venue, VenueOpening
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.testing.clock import KitClock, KitLoop

T = TypeVar("T")

SPEC = REGISTRY.venue("sx_bet")
fake = importlib.import_module("xarb_plugins.sx_bet.fake.settings")
model = importlib.import_module("xarb_plugins.sx_bet.fake.model")

MARKET = "0x" + "7a" * 32
ONE = Selection("sx", MARKET, "one", ("one",))
TWO = Selection("sx", MARKET, "two", ("two",))


class Scene(msgspec.Struct, kw_only=True):
    """An exchange, and how to open a venue on it."""

    clock: KitClock
    control: Any
    section: dict[str, Any]
    environ: dict[str, str]
    hidden: list[str]

    @asynccontextmanager
    async def venue(self, *, trades: bool = True, **section: Any) -> AsyncIterator[Venue]:
        """Open a venue, as a process of its own would."""
        opening = VenueOpening(
            name="sx",
            settings=open_settings(SPEC, self.section | section, "venues.sx"),
            clock=self.clock,
            trades=trades,
            environ=self.environ if trades else {},
            hide=self.hidden.append,
        )
        async with SPEC.open(opening) as venue:
            yield venue

    def order(self, client_id: str = "x-1:1:0", *, within_ms: int = 5_000, **changes: Any) -> Order:
        """Return an order that the book of `books()` fills."""
        facts: dict[str, Any] = {
            "client_id": client_id,
            "selection": ONE,
            "stake": Decimal(10),
            "min_odds": Decimal("1.9"),
            "reduces": False,
            "expires_ms": self.clock.now_ms() + within_ms,
        }
        return Order(**facts | changes)

    def fate(self, **fate: Any) -> None:
        """Say what becomes of the next order."""
        self.control.next_order(model.OrderFate(**fate))

    def sent(self, route: str) -> int:
        """Return how many requests of a route came."""
        return sum(it.startswith(route) for it in self.control.requests)


def books(one: list[tuple[str, int]], two: list[tuple[str, int]]) -> Any:
    """Return settings of an exchange with one market and these makers' stakes."""

    def levels(rows: list[tuple[str, int]]) -> list[Any]:
        return [fake.FakeLevel(percent=Decimal(odds), size=Decimal(size)) for odds, size in rows]

    return fake.FakeSettings(
        markets=[fake.FakeMarket(hash=MARKET, one=levels(one), two=levels(two))]
    )


def play(scene: Callable[[Scene], Coroutine[Any, Any, T]], settings: Any = None) -> T:
    """Play a scene; a minute of it takes no time."""

    async def played() -> T:
        clock = KitClock()
        opening = SimulatorOpening(settings=settings or fake.FakeSettings(), clock=clock)
        assert SPEC.simulator is not None
        async with SPEC.simulator(opening) as simulated:
            return await scene(
                Scene(
                    clock=clock,
                    control=simulated.control,
                    section=simulated.section,
                    environ=simulated.environ,
                    hidden=[],
                )
            )

    with asyncio.Runner(loop_factory=KitLoop) as runner:
        return runner.run(played())


@asynccontextmanager
async def listening(venue: Venue) -> AsyncIterator[list[OrderReport]]:
    """Collect a venue's reports for as long as the context lasts."""
    heard: list[OrderReport] = []

    async def listen() -> None:
        async for report in venue.reports():
            heard.append(report)  # noqa: PERF401 -- whoever reads the list reads it meanwhile

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def place(scene: Any, settings: Any = None, **section: Any) -> PlaceAnswer:
    """Prepare a scene, place one order in it, and return the answer."""

    async def played(stage: Scene) -> PlaceAnswer:
        order = stage.order()
        async with stage.venue(**section) as venue:
            await venue.heartbeat()
            changed = scene(stage, order)
            answer = await venue.place(changed or order)
            assert stage.sent("POST /orders-v3") <= 1
            return answer

    return play(played, settings)
