"""
What this process knows of its orders: which were sent, what they are called there, what was said.
"""

import asyncio
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus, Refused

from .amounts import Taken, exact
from .draft import Draft, Row, part

#: ccxt's words for an order that cannot fill any more.
_DEAD = frozenset({"closed", "canceled", "expired", "rejected"})
_STAGES = 16
#: The longest pause between two looks at an order that is not found.
LONGEST_PAUSE_MS = 60_000


class Entry:
    """
    One order.

    Attributes:
        earlier: an earlier process may have sent it: it is looked for, and never sent again.
        sent: a request with it has left.
        refused: what it was refused with.
        denied: what this process's copy was refused with, while nobody has seen yet whether an
            earlier copy is there.
        venue_id: the exchange's id.
        digest: the id that the exchange will give it, where that is known before it is sent.
        last: the newest report.
        filled_ms: when something was first seen filled.
        amount: how much was seen filled last, in the exchange's units.
        told: the report that the stream has carried last.
        limit: its price limit; 0 while it is not known.
        asked: how much of it was asked for, in the exchange's units; 0 while it is not known.
        most: no more shares than this can be had for its stake; 0 while it is not known.
        due_ms: the stream does not look for it before this.
        lock: one request about an order at a time, so that what is read last is newest.
    """

    def __init__(self, order: Order, *, earlier: bool) -> None:
        self.order = order
        self.earlier = earlier
        self.sent = False
        self.refused: Refused | None = None
        self.denied: Refused | None = None
        self.venue_id = self.digest = ""
        self.last: OrderReport | None = None
        self.told: OrderReport | None = None
        self.filled_ms = 0
        self.amount = self.limit = self.asked = self.most = ZERO
        self.due_ms = self._pause_ms = 0
        self.lock = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        if self.refused is not None:
            return False  # the exchange does not have it, and never will
        return (self.sent or self.earlier) and not (self.last is not None and self.last.final)

    @property
    def has_news(self) -> bool:
        """Whether the stream has not said the last word about it yet."""
        return self.is_open or self.told != self.last

    @property
    def is_over(self) -> bool:
        """Whether nobody misses it: nothing can happen to it any more, and it was all told."""
        ended = self.refused is not None or (self.last is not None and self.last.final)
        return ended and not self.has_news and not self.lock.locked()

    def never_left(self) -> bool:
        """Return whether it is certain that nobody has ever sent it."""
        return not self.earlier and not self.sent and not self.lock.locked()

    def drafted(self, draft: Draft, digest: str, *, stakes: bool) -> None:
        """Take in what is asked of the exchange."""
        self.limit, self.asked, self.digest = draft.price, draft.amount, digest
        self.most = ZERO if stakes else self.order.stake / draft.step

    def is_believable(self, row: Row) -> bool:
        """
        Return whether so much can be filled.

        An exchange that changes the unit it counts in says otherwise.
        """
        return not self.most or exact(row.get("filled")) <= self.most

    def limit_of(self, row: Row, filled: Decimal) -> Decimal:
        """
        Return the price limit by which shares are counted.

        What something filled was counted by once stays, whatever the next row says or leaves out:
        another limit would look like another fill.
        """
        limit = self.limit or exact(row.get("price")) or 1 / self.order.min_odds
        if filled:
            self.limit = limit
        return limit

    def missed(self, now_ms: int, least_ms: int) -> None:
        """
        Put the next look off: it was not found, and each pause is twice as long as the last one.

        It is never given up: what is not found today may be there tomorrow.
        """
        longest_ms = max(least_ms, LONGEST_PAUSE_MS)
        self._pause_ms = min(longest_ms, max(least_ms, 2 * self._pause_ms))
        self.due_ms = now_ms + self._pause_ms

    def report(self, row: Row, found: Taken, now_ms: int, *, final_after_ms: int) -> OrderReport:
        """
        Make a report of what was read.

        The sequence is the time of the reading, then how far the order is: it goes on growing in
        the next process. What says nothing new keeps its sequence.
        """
        self.due_ms = self._pause_ms = 0  # it is found
        self.filled_ms = self.filled_ms or (now_ms if found.stake else 0)
        # What was taken back once stays so, until there is more of it.
        reversed_before = self.last is not None and self.last.status is OrderStatus.REVERSED
        less = found.amount < self.amount or (reversed_before and found.amount == self.amount)
        status, dead = _status(row, found, less=less, short=found.amount < self.asked)
        self.amount = found.amount
        waited = now_ms - self.filled_ms >= final_after_ms
        final = dead and (not found.stake or found.settled or waited)
        sequence = now_ms * _STAGES + _stage(status, found, final=final)
        made = OrderReport(
            client_id=self.order.client_id,
            sequence=sequence,
            time_ms=now_ms,
            status=status,
            filled=found.stake,
            odds=found.odds,
            final=final,
            code=_code(row) if status not in {OrderStatus.OPEN, OrderStatus.FILLED} else "",
        )
        if self.last is not None:
            if _says(made) == _says(self.last):
                return self.last
            later = max(sequence, self.last.sequence + 1)
            made = msgspec.structs.replace(made, sequence=later)
        self.last = made
        return made


def _says(report: OrderReport) -> tuple[object, ...]:
    return (report.status, report.filled, report.odds, report.final, report.code)


def _status(row: Row, found: Taken, *, less: bool, short: bool) -> tuple[OrderStatus, bool]:
    word = row.get("status")
    dead = word in _DEAD
    if dead and (found.failed or less):
        return OrderStatus.REVERSED, True
    if not dead or (word == "closed" and not found.stake):
        # `closed` with nothing filled yet: its fills are still to come.
        return OrderStatus.OPEN, False
    # `closed` is also what some call an order of which the rest was dropped.
    whole = word == "closed" and not short
    return (OrderStatus.FILLED if whole else OrderStatus.CANCELLED), True


def _stage(status: OrderStatus, found: Taken, *, final: bool) -> int:
    if status is OrderStatus.OPEN:
        return 1 if found.stake else 0
    return (3 if status is OrderStatus.REVERSED else 2) + (2 if final else 0)


def _code(row: Row) -> str:
    said = part(row, "info")
    words = (said.get(key) for key in ("inactiveReason", "cancelReason", "reason"))
    return next((str(word) for word in words if word), str(row.get("status") or "").upper())
