"""
Books, and the prices in them.

Makers' stakes rest on an outcome at their own probability. Who bets against them takes the other
outcome at what is left to 1; so the price of an outcome is in the levels of the opposite one.
"""

from collections import OrderedDict
from typing import Any

import msgspec

from . import wire
from .draft import ONE
from .odds import SCALE, ceil_to_ladder, taker_room

CHANNEL = "orderbook_v3:"
#: More books are not followed; the one that was not asked about for longest goes first.
MOST_BOOKS = 100


class Price(msgspec.Struct, frozen=True):
    """
    The best price of an outcome.

    Attributes:
        probability: what a taker pays, on the ladder.
        room: what can be staked at it, smallest units.
    """

    probability: int
    room: int


def best_price(book: wire.BookRow, outcome: str, step: int) -> Price | None:
    """Return the best price that a taker gets, or None when nobody offers anything."""
    opposite = book.outcome_two if outcome == ONE else book.outcome_one
    prices = [
        (ceil_to_ladder(SCALE - level.percentage_odds, step), level)
        for level in opposite
        if level.size
    ]
    prices = [(probability, level) for probability, level in prices if probability < SCALE]
    if not prices:
        return None
    best = min(probability for probability, _ in prices)
    room = sum(
        taker_room(level.size, level.percentage_odds)
        for probability, level in prices
        if probability == best
    )
    return Price(best, room) if room else None


class Books:
    """The newest book of every market that was asked about."""

    def __init__(self) -> None:
        self._books: OrderedDict[str, wire.BookRow] = OrderedDict()
        self._confirmed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._books)

    def put(self, book: wire.BookRow, *, live: bool, now_ms: int = 0) -> list[str]:
        """
        Keep a book if it is strictly newer than the one there is.

        Args:
            book: the book.
            live: the stream tells of every change from now on.
            now_ms: the time.

        Returns:
            markets whose books were given up to make room.
        """
        market = book.market_hash.lower()
        known = self._books.get(market)
        if known is None or int(book.version) > int(known.version):
            self._books[market] = book
        if live:
            self._confirmed[market] = now_ms
        self._books.move_to_end(market)
        dropped: list[str] = []
        while len(self._books) > MOST_BOOKS:
            oldest, _ = self._books.popitem(last=False)
            self._confirmed.pop(oldest, None)
            dropped.append(oldest)
        return dropped

    def get(self, market: str) -> wire.BookRow | None:
        """Return a book, however old."""
        return self._books.get(market)

    def live(self, market: str, since_ms: int = 0) -> wire.BookRow | None:
        """Return a book that the stream keeps up to date, if it was told or read since then."""
        if self._confirmed.get(market, -1) < since_ms:
            return None
        self._books.move_to_end(market)
        return self._books[market]

    def hear(self, data: Any, now_ms: int = 0) -> None:
        """Take a book from the stream, if anybody has asked about it."""
        book = wire.take(data, wire.BookRow)
        if book.market_hash.lower() in self._books:
            self.put(book, live=True, now_ms=now_ms)

    def doubt(self, market: str) -> None:
        """
        Something may have been missed: the book has to be read again.

        Whatever is read or heard next counts as newer: the exchange may have begun to count anew.
        """
        self._confirmed.pop(market, None)
        if market in self._books:
            self._books[market] = msgspec.structs.replace(self._books[market], version="0")


def channel_of(market: str) -> str:
    """Return the channel of a market's book."""
    return f"{CHANNEL}{market}"
