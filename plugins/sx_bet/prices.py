"""
Quotes: from a book that the stream keeps up to date, or from one that is read for the purpose.
"""

import asyncio
from decimal import Decimal
from typing import Any

from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.plugins.clock import Clock

from . import wire
from .account import Standing
from .books import CHANNEL, Books, best_price, channel_of
from .draft import market_of
from .odds import decimal_odds, from_units, to_units
from .rest import NoAnswerError, Rest
from .settings import SxBetSettings
from .stream import Stream
from .terms import Terms

#: What is known of a market's status is good for so long.
STATUS_MS = 10_000
#: A book is read again when so long neither stream nor REST has told it: a channel may fall silent
#: on a connection that does not.
BOOK_MS = 10_000
#: Odds of a selection on which nobody can bet, and whose price nobody tells.
_NO_ODDS = Decimal("1.01")


class Prices:
    """
    Tells prices.

    Args:
        rest: reads what the stream does not bring.
        clock: the clock.
        standing: the terms, and what is left to stake.
        settings: the limits of an order.

    Attributes:
        stream: brings books; None when there is none.
    """

    def __init__(
        self, rest: Rest, clock: Clock, standing: Standing, settings: SxBetSettings
    ) -> None:
        self._rest, self._clock, self._standing, self._settings = rest, clock, standing, settings
        self._books = Books()
        self._active: dict[str, tuple[bool, int]] = {}
        self.stream: Stream | None = None

    @property
    def count(self) -> int:
        """How many books are kept."""
        return len(self._books)

    async def quote(self, selection: Selection) -> Quote:
        """
        Return the best price of a selection.

        Raises:
            LookupError: there is none.
            NoAnswerError, wire.WireError: the exchange cannot be asked.
        """
        terms = self._standing.terms
        if terms is None:
            raise NoAnswerError(self._standing.problem)
        market = market_of(selection)
        book, active = await asyncio.gather(
            self._book(market), self._is_active(market), return_exceptions=True
        )
        if isinstance(book, BaseException):
            raise book
        if isinstance(active, BaseException):
            raise active
        price = best_price(book, selection.outcome, terms.step)
        least = from_units(terms.minimum, terms.decimals)
        least = max(least, self._settings.min_stake)
        now_ms = self._clock.now_ms()
        if not active:
            odds = decimal_odds(price.probability) if price is not None else _NO_ODDS
            return _quote(selection, odds, least, Decimal(0), now_ms)
        if price is None:
            raise LookupError(f"nobody offers anything on {selection.outcome} of {market}")
        most = from_units(min(price.room, *self._caps(terms)), terms.decimals)
        return _quote(selection, decimal_odds(price.probability), least, most, now_ms)

    def _caps(self, terms: Terms) -> list[int]:
        caps = [to_units(self._settings.max_stake, terms.decimals)]
        if self._standing.funds is not None:
            caps.append(max(0, self._standing.funds.available))
        return caps

    # -- Books -----------------------------------------------------------------------------------

    async def _book(self, market: str) -> wire.BookRow:
        stream, channel = self.stream, channel_of(market)
        is_live = stream is not None and stream.up and channel in stream.live
        since_ms = self._clock.now_ms() - BOOK_MS
        if is_live and (book := self._books.live(market, since_ms)) is not None:
            return book
        if stream is not None:
            stream.want(channel)
        if not is_live:
            self._books.doubt(market)
        book = await self._rest.read("orderbook-v3/snapshot", wire.BookRow, {"marketHash": market})
        if book.market_hash.lower() != market:
            raise wire.WireError(f"expected the book of {market}, found {book.market_hash}")
        still_live = is_live and stream is not None and channel in stream.live
        now_ms = self._clock.now_ms()
        for dropped in self._books.put(book, live=still_live, now_ms=now_ms):
            self._active.pop(dropped, None)
            if stream is not None:
                stream.drop(channel_of(dropped))
        return self._books.get(market) or book

    def hear(self, data: Any) -> None:
        """Take a book from the stream."""
        self._books.hear(data, self._clock.now_ms())

    def doubt(self, channel: str) -> None:
        """A book's channel works again, or has missed something: read the book again."""
        self._books.doubt(channel.removeprefix(CHANNEL))

    # -- Markets ---------------------------------------------------------------------------------

    async def _is_active(self, market: str) -> bool:
        active, until_ms = self._active.get(market, (True, 0))
        if until_ms - STATUS_MS <= self._clock.now_ms() < until_ms:
            return active
        try:
            rows = await self._rest.read(
                "markets/find", list[wire.MarketRow], {"marketHashes": market}
            )
        except (NoAnswerError, wire.WireError):
            return active  # the book is there, and an order is refused if it must be
        row = next((it for it in rows if it.market_hash.lower() == market), None)
        if row is None:
            raise LookupError(f"the exchange has no market {market}")
        self._active[market] = (row.status == wire.ACTIVE, self._clock.now_ms() + STATUS_MS)
        return row.status == wire.ACTIVE


def _quote(
    selection: Selection, odds: Decimal, least: Decimal, most: Decimal, now_ms: int
) -> Quote:
    return Quote(selection=selection, odds=odds, min_stake=least, max_stake=most, time_ms=now_ms)
