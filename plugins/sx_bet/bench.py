"""
The bench of SX Bet: the plugin, connected to a stand-in for the exchange.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import ClassVar, Literal

from xarb_runtime.domain.orders import Selection
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.testing.bench import Bench, Fate, Held, NoSuchFateError

from . import xarb_venues
from .fake import open_simulator
from .fake.control import Control
from .fake.model import OrderFate
from .fake.settings import API_KEY, PRIVATE_KEY, FakeLevel, FakeMarket, FakeSettings

_MARKET = "0x" + "7a" * 32
_NO_MARKET = "0x" + "00" * 32

_FATES = {
    Fate.FILL: OrderFate(),
    Fate.PARTIAL: OrderFate(most_percent=50),
    Fate.REST: OrderFate(holds=True),
    Fate.REFUSE: OrderFate(reject="INSUFFICIENT_BALANCE"),
    Fate.WORSE_PRICE: OrderFate(cancelled="NO_LIQUIDITY"),
    Fate.REVERSE: OrderFate(fails=True),
    Fate.LATE_INDEX: OrderFate(hidden_looks=3),
    Fate.CANCEL_UNCONFIRMED: OrderFate(holds=True, on_cancel="unconfirmed"),
    Fate.FILL_DURING_CANCEL: OrderFate(holds=True, on_cancel="filled"),
}


class SxBetBench(Bench):
    """
    Orders take what is there and drop the rest, as the plugin's settings have it.

    An order that rests is one whose betting delay does not end.

    Attributes:
        time_in_force: as in the plugin's settings.
        simulator: the settings of the exchange.
    """

    spec = next(iter(xarb_venues()))
    secrets = (API_KEY, PRIVATE_KEY, PRIVATE_KEY.removeprefix("0x"))
    selection = Selection("sx", _MARKET, "one", ("one",))
    unknown = Selection("sx", _NO_MARKET, "one", ("one",))
    odds = Decimal(2)
    stake = Decimal(100)
    settles_ms = 10_000
    rate = 500
    time_in_force: ClassVar[Literal["IOC", "FOK", "GTC"]] = "IOC"
    simulator: ClassVar[FakeSettings] = FakeSettings(
        markets=[
            FakeMarket(
                hash=_MARKET,
                one=[FakeLevel(percent=Decimal("48.5"), size=Decimal(1_000_000))],
                two=[
                    FakeLevel(percent=Decimal(50), size=Decimal(1_000_000)),
                    FakeLevel(percent=Decimal("49.25"), size=Decimal(1_000_000)),
                ],
                refill="0ms",
            )
        ]
    )

    @asynccontextmanager
    async def running(self, clock: Clock) -> AsyncGenerator[None, None]:
        """Run the exchange."""
        opening = SimulatorOpening(settings=self.simulator, clock=clock)
        async with open_simulator(opening) as simulated:
            self.section = simulated.section | {"time_in_force": self.time_in_force}
            self.environ = simulated.environ
            self.control: Control = simulated.control
            yield

    async def destine(self, fate: Fate) -> None:
        """Say what becomes of the next order."""
        if fate is Fate.PARTIAL and self.time_in_force == "FOK":
            message = "an order that is all or nothing is never filled in parts"
            raise NoSuchFateError(message)
        self.control.next_order(_FATES[fate])

    async def held(self) -> list[Held]:
        """Return the exchange's truth."""
        return [
            Held(
                id=truth.id,
                stake=truth.stake,
                filled=truth.filled,
                odds=truth.odds,
                open=truth.open,
            )
            for truth in self.control.truth()
        ]

    async def fill(self, order_id: str) -> None:
        """Fill an order that is open."""
        self.control.fill(order_id)

    async def drop_streams(self) -> None:
        """Break all websockets."""
        self.control.drop_streams()

    async def beats(self) -> int:
        """Return how many heartbeats have arrived."""
        return self.control.beats


class SxBetRestingBench(SxBetBench):
    """What does not fill at once waits in the book."""

    time_in_force = "GTC"


class SxBetWholeBench(SxBetBench):
    """All of an order, or nothing."""

    time_in_force = "FOK"
