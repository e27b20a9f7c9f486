"""
A connection to the imitation, on a clock that costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from xarb_runtime.domain.orders import Order, OrderReport, Selection
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.contracts import SimulatorOpening, VenueOpening
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.testing.clock import KitClock, KitLoop

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
azuro = load_file("azuro", (ROOT / "plugins" / "azuro" / "__init__.py").resolve())
(SPEC,) = azuro.xarb_venues()

FOOTBALL = "300610060000000000847934050000000000002435769680"
HOME = Selection("azuro", FOOTBALL, "29", ("home",))
KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
BETTOR = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
#: Orders are on the chain soon, and final soon after.
QUICK_FAKE = {"delay_scale": "0.1"}


def part(name: str) -> Any:
    """Return a module of the plugin."""
    return import_module(f"xarb_plugins.azuro.{name}")


def settings(**raw: Any) -> Any:
    """Settings, read the way the runtime reads them."""
    return open_settings(SPEC, raw, "venues.azuro")


def in_virtual_time(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a scenario; a minute of it takes no longer than what happens in it."""
    with asyncio.Runner(loop_factory=KitLoop) as runner:
        return runner.run(scenario)


class World(msgspec.Struct, kw_only=True):
    """
    An imitation, and connections to it.

    Attributes:
        control: a hand on the imitation.
        clock: everybody's time.
        section: the settings that reach it.
        environ: with the key.
    """

    control: Any
    clock: KitClock
    section: dict[str, Any]
    environ: dict[str, str]

    @asynccontextmanager
    async def connect(
        self, *, trades: bool = True, ahead_ms: int = 0, **own: Any
    ) -> AsyncIterator[Any]:
        """Open a connection, perhaps with a clock that is ahead of everybody's."""
        opening = VenueOpening(
            name="azuro",
            settings=settings(**self.section | own),
            clock=KitClock(ahead_ms),
            trades=trades,
            environ=self.environ,
        )
        async with SPEC.open(opening) as venue:
            yield venue

    def order(self, client_id: str = "x-1:1:0", **changes: Any) -> Order:
        """An order that the imitation would fill."""
        facts: dict[str, Any] = {
            "client_id": client_id,
            "selection": HOME,
            "stake": Decimal(10),
            "min_odds": Decimal("1.5"),
            "reduces": False,
            "expires_ms": self.clock.now_ms() + 2_500,
        }
        return Order(**facts | changes)

    def posts(self) -> int:
        """How often an order was sent."""
        return self.control.count("POST bet/orders")


@asynccontextmanager
async def world(**fake: Any) -> AsyncIterator[World]:
    """Run an imitation."""
    clock = KitClock()
    own = msgspec.convert(QUICK_FAKE | fake, SPEC.simulator_settings, strict=False)
    async with SPEC.simulator(SimulatorOpening(settings=own, clock=clock)) as simulated:
        yield World(
            control=simulated.control,
            clock=clock,
            section=simulated.section,
            environ=simulated.environ,
        )


async def hear(venue: Any, is_last: Callable[[OrderReport], bool]) -> list[OrderReport]:
    """Listen until a report comes that is the last one wanted."""
    heard: list[OrderReport] = []
    async for report in venue.reports():
        heard.append(report)
        if is_last(report):
            return heard
    raise AssertionError("the reports ended")


@asynccontextmanager
async def listening(venue: Any) -> AsyncIterator[None]:
    """Listen to reports meanwhile, as the runtime does."""
    task = asyncio.get_running_loop().create_task(hear(venue, lambda _: False))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
