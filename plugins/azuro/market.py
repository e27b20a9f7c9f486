"""
Live prices: the odds of an outcome, and what the venue would take from us at them.
"""

import asyncio
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import CENT, ZERO, floor_to
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.plugins.contracts import Clock

from .books import Side
from .feed import Feed
from .haste import Haste
from .reading import Reading
from .settings import AzuroSettings
from .sharing import Shared
from .wire import Wire, fields_of, number_of

#: Limits beyond this many are forgotten.
MOST = 1_000
#: Whoever asks for a price so soon again has taken the first one, and holds a leg.
AGAIN_MS = 10_000


class Limits(msgspec.Struct, frozen=True):
    """
    What the venue takes.

    Attributes:
        least, most: of one stake; a `most` of 0 means suspended.
    """

    least: Decimal
    most: Decimal


class Market:
    """
    Prices.

    Args:
        wire: the REST API.
        feed: the stream; None where it is not to be used.
        settings: the venue's.
        clock: the clock.
        bettor: whose limits are asked for; empty for anybody's.
    """

    def __init__(
        self,
        wire: Wire,
        feed: Feed | None,
        settings: AzuroSettings,
        clock: Clock,
        bettor: str,
    ) -> None:
        self._wire, self._feed, self._settings, self._clock = wire, feed, settings, clock
        self._bettor = bettor
        self._limits_ms = settings.milliseconds("limits_for")
        self._limits: dict[tuple[str, str], Shared[Limits]] = {}
        self._books = Reading(wire, feed, settings, clock)

    async def quote(self, selection: Selection, available: Decimal | None) -> Quote:
        """
        Return a live price.

        Args:
            selection: what to bet on.
            available: what we could pay at most; None when that is not known.

        Raises:
            LookupError: there is none.
            aiohttp.ClientError, TimeoutError: the venue cannot be asked.
        """
        side, limits = await self._both(selection)
        most = min(limits.most, self._settings.max_stake)
        if available is not None:
            most = min(most, available)
        return Quote(
            selection=selection,
            odds=side.odds,
            min_stake=max(limits.least, self._settings.min_stake),
            max_stake=max(ZERO, floor_to(most, CENT)) if side.open else ZERO,
            time_ms=self._clock.now_ms(),
        )

    async def _both(self, selection: Selection) -> tuple[Side, Limits]:
        """Ask for odds and limits at the same time; one that fails waits for the other."""
        haste = self._haste(selection)
        asked = (self._side(selection, haste), self._limit(selection, haste))
        side, limits = await asyncio.gather(*asked, return_exceptions=True)
        if isinstance(side, BaseException):
            raise side
        if isinstance(limits, BaseException):
            raise limits
        return side, limits

    def _haste(self, selection: Selection) -> Haste:
        known = self._limits.get((selection.market, selection.outcome))
        age_ms = known.age_ms if known else None
        return Haste.QUOTE if age_ms is None or age_ms > AGAIN_MS else Haste.AGAIN

    async def _side(self, selection: Selection, haste: Haste) -> Side:
        condition, outcome = selection.market, selection.outcome
        side = await self._heard(condition, outcome)
        if side is None:
            side = (await self._books.read(condition, haste)).side(outcome)
        if side is None:
            message = f"no odds for {selection.market}/{selection.outcome}"
            raise LookupError(message)
        return side

    async def _heard(self, condition: str, outcome: str) -> Side | None:
        """Return what the stream says, if it can be believed."""
        if self._feed is None:
            return None
        await self._feed.want(condition)
        book = self._feed.book(condition)
        return book.side(outcome) if book else None

    async def _limit(self, selection: Selection, haste: Haste) -> Limits:
        key = (selection.market, selection.outcome)
        shared = self._limits.pop(key, None) or Shared(self._clock, good_for_ms=self._limits_ms)
        self._limits[key] = shared
        if len(self._limits) > MOST:
            self._limits.pop(next(iter(self._limits)))
        return await shared.ask(lambda: self._calculate(selection, haste))

    async def _calculate(self, selection: Selection, haste: Haste) -> Limits:
        if not selection.outcome.isdecimal():
            raise LookupError(f"expected a number as the outcome, found {selection.outcome!r}")
        leg = {"conditionId": selection.market, "outcomeId": int(selection.outcome)}
        asked = {"bets": [leg], "environment": self._settings.environment}
        wallet = {"wallet": self._bettor} if self._bettor else {}
        answer = await self._wire.post("bet/calculation", asked | wallet, haste=haste)
        # Newer answers are wrapped once more.
        given = fields_of(answer.fields().get("response")) or answer.fields()
        most = number_of(given.get("maxBet"))
        if not answer.ok or most is None:
            raise LookupError(f"no limits for {selection.market}: {answer.said()}")
        least = number_of(given.get("minBet")) or ZERO
        return Limits(max(ZERO, least), max(ZERO, most))
