"""
Fills: matched by the engine, then locked on the chain or taken back, then settled.
"""

import random

from xarb_runtime.domain.money import parse_duration_ms

from .clockwork import Clockwork
from .ledger import Ledger
from .model import Fill, FillState, Order, Outcome
from .news import News
from .odds import WHOLE
from .settings import FakeSettings
from .signing import invented


class Clearing:
    """
    All fills there are.

    Attributes:
        fills: both sides of every match, oldest first.
    """

    def __init__(self, settings: FakeSettings, work: Clockwork, news: News, ledger: Ledger) -> None:
        self._settings, self._work, self._news, self._ledger = settings, work, news, ledger
        self.fills: list[Fill] = []

    def match(
        self, taker: Order, maker: Order, taker_stake: int, maker_stake: int
    ) -> tuple[Fill, Fill]:
        """Match two orders at the maker's odds; return both sides, the taker's first."""
        match = invented("match", self._settings.seed, taker.id, maker.id, len(self.fills))
        now_ms, pot = self._work.now_ms, taker_stake + maker_stake
        sides = tuple(
            Fill(
                match=match,
                trade=invented("trade", order.id),
                order=order,
                stake=stake,
                pot=pot,
                odds=odds,
                is_maker=order is maker,
                created_ms=now_ms,
                updated_ms=now_ms,
            )
            for order, stake, odds in (
                (taker, taker_stake, WHOLE - maker.odds),
                (maker, maker_stake, maker.odds),
            )
        )
        for fill in sides:
            self._enter(fill)
        self._work.spawn(self._conclude(sides), f"{match} is concluded")
        return sides[0], sides[1]

    def _enter(self, fill: Fill) -> None:
        order = fill.order
        order.filled += fill.stake
        order.updated_ms = fill.created_ms
        order.fills.append(fill)
        self.fills.append(fill)
        self._ledger.match(order.account, fill.stake)
        self._news.fill(fill)

    async def _conclude(self, sides: tuple[Fill, ...]) -> None:
        least, most = (parse_duration_ms(text) for text in self._settings.lock)
        dice = random.Random(f"{self._settings.seed}:{sides[0].match}")  # noqa: S311 -- no secret
        await self._work.sleep(dice.randint(least, most))
        fails = any(_fails(fill) for fill in sides)
        for fill in sides:
            if fails:
                self._fail(fill)
            else:
                self._lock(fill)

    def _lock(self, fill: Fill) -> None:
        if fill.state is FillState.MATCHED:
            self._ledger.lock(fill.order.account, fill.stake)
            fill.transaction = invented("transaction", fill.match)
            self._become(fill, FillState.LOCKED)

    def _fail(self, fill: Fill) -> None:
        if fill.state is FillState.MATCHED:
            self._ledger.give_back(fill.order.account, fill.stake)
            self._become(fill, FillState.FAILED)

    def settle(self, market: str, outcome: Outcome) -> None:
        """Pay all fills of a market; what has not got onto the chain gets there first."""
        for fill in self.fills:
            if fill.order.market == market:
                self._lock(fill)
                self._pay(fill, outcome)

    def _pay(self, fill: Fill, outcome: Outcome) -> None:
        if fill.state is FillState.LOCKED:
            self._ledger.settle(fill, outcome)
            self._become(fill, FillState.SETTLED)

    def _become(self, fill: Fill, state: FillState) -> None:
        fill.state, fill.updated_ms = state, self._work.now_ms
        self._news.fill(fill)


def _fails(fill: Fill) -> bool:
    fate, fills = fill.order.fate, fill.order.fills
    return fate.fails or (fate.fails_first and fill is fills[0])
