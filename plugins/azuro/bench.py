"""
The bench of Azuro: the plugin, connected to an imitation of backend, relayer, feed and chain.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import ClassVar

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Selection
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.contracts import SimulatorOpening
from xarb_runtime.testing.bench import Bench, Fate, Held, NoSuchFateError

from . import xarb_venues
from .fake import open_simulator
from .fake.control import Control
from .fake.fates import OrderFate, Refusal
from .fake.orders import UNDER_WAY, BetOrder
from .fake.settings import THROW_AWAY_KEY, FakeSettings

_CONDITION = "300610060000000000847934050000000000002435769680"
_NO_CONDITION = "300610060000000000000000000000000000000000000000"

_FATES = {
    Fate.FILL: OrderFate(),
    Fate.REST: OrderFate(rests_at="Placed"),
    Fate.REFUSE: OrderFate(refusal=Refusal("TooHighStake", "Bet amount is greater than max bet")),
    Fate.WORSE_PRICE: OrderFate(odds_short=True),
    Fate.REVERSE: OrderFate(reversed_after_ms=3_000),
    Fate.LATE_INDEX: OrderFate(unseen=3),
}
_NOT_HERE = {
    Fate.PARTIAL: "the signed amount is one number: it is placed whole or not at all",
    Fate.CANCEL_UNCONFIRMED: "there is no cancel: an order is placed, refused, or expires",
    Fate.FILL_DURING_CANCEL: "there is no cancel: an order is placed, refused, or expires",
}


class AzuroBench(Bench):
    """
    Orders are accepted ten to thirty seconds after they were created, as on the real chain.

    An order that rests is one that the relayer does not send.

    Attributes:
        simulator: the settings of the imitation.
    """

    spec = next(iter(xarb_venues()))
    secrets = (THROW_AWAY_KEY, THROW_AWAY_KEY.removeprefix("0x"))
    selection = Selection("azuro", _CONDITION, "29", ("home",))
    unknown = Selection("azuro", _NO_CONDITION, "29", ("home",))
    odds = Decimal("1.56")
    stake = Decimal(100)
    # Thirty seconds to the chain, sixty until it counts as final, and a few until it is seen.
    settles_ms = 110_000
    simulator: ClassVar[FakeSettings] = FakeSettings()

    @asynccontextmanager
    async def running(self, clock: Clock) -> AsyncGenerator[None, None]:
        """Run the imitation."""
        opening = SimulatorOpening(settings=self.simulator, clock=clock)
        async with open_simulator(opening) as simulated:
            self.section = simulated.section
            self.environ = simulated.environ
            self.control: Control = simulated.control
            yield

    async def destine(self, fate: Fate) -> None:
        """Say what becomes of the next order."""
        if fate in _NOT_HERE:
            raise NoSuchFateError(_NOT_HERE[fate])
        self.control.next_order(_FATES[fate])

    async def held(self) -> list[Held]:
        """Return the imitation's truth; what was refused at once was never taken."""
        return [_held(order) for order in self.control.orders if not order.at_once]

    async def fill(self, order_id: str) -> None:
        """Let an order that rests go to the chain."""
        self.control.release(order_id)

    async def lose(self, order_id: str) -> None:
        """Let the backend lose an order that rests."""
        self.control.lose(order_id)

    async def drop_streams(self) -> None:
        """Break all websockets."""
        self.control.feed.drop()


def _held(order: BetOrder) -> Held:
    stands = order.bet_id is not None and order.result != "Canceled"
    return Held(
        id=order.id,
        stake=order.stake,
        filled=order.stake if stands else ZERO,
        odds=order.odds if stands else ZERO,
        open=order.state in UNDER_WAY,
    )
