"""
What a plain venue holds: orders, their fates, and the numbered list of changes.
"""

import asyncio
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import OrderStatus
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.testing.bench import Fate

ODDS = Decimal("2.10")
MIN_STAKE, MAX_STAKE = Decimal(1), Decimal(1000)
MARKET, OUTCOMES = "match-1", ("home", "away")

#: How long an acceptance may be taken back.
FINAL_MS = 400
REVERSED_MS = 200
HIDDEN_LOOKS = 3

_DEAD = {OrderStatus.CANCELLED, OrderStatus.REFUSED, OrderStatus.REVERSED}


class Wanted(msgspec.Struct, frozen=True):
    """The body of `POST /orders`."""

    client_id: str
    market: str
    outcome: str
    stake: Decimal
    min_odds: Decimal
    expires_ms: int


class RefusedError(Exception):
    """The order is not taken; its argument is the code."""


class Kept(msgspec.Struct, kw_only=True):
    """An order, and what the venue has in mind for it."""

    wanted: Wanted
    fate: Fate
    taken_ms: int
    sequence: int = 0
    time_ms: int = 0
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    odds: Decimal = ZERO
    final: bool = False
    code: str = ""
    hidden: int = 0
    final_from_ms: int | None = None

    def said(self) -> dict[str, object]:
        """Return the order as the protocol states it."""
        return {
            "client_id": self.wanted.client_id,
            "sequence": self.sequence,
            "time_ms": self.time_ms,
            "status": self.status.value,
            "filled": str(self.filled),
            "odds": str(self.odds),
            "final": self.final,
            "code": self.code,
        }


class Book:
    """
    The venue's truth.

    Args:
        clock: the venue's time.

    Attributes:
        orders: by client id, oldest first.
        changes: client ids, in the order in which their orders changed.
        changed: notified whenever something changed.
        next_fate: what becomes of the next order.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.orders: dict[str, Kept] = {}
        self.changes: list[str] = []
        self.changed = asyncio.Condition()
        self.next_fate = Fate.FILL

    def take(self, wanted: Wanted) -> Kept:
        """
        Take an order; one that was taken before is only stated again.

        Raises:
            RefusedError: it is not taken, and the same order never will be.
        """
        if wanted.client_id in self.orders:
            return self.orders[wanted.client_id]
        fate, self.next_fate = self.next_fate, Fate.FILL
        self._check(wanted, fate)
        kept = Kept(wanted=wanted, fate=fate, taken_ms=self._clock.now_ms())
        self.orders[wanted.client_id] = kept
        if fate is Fate.LATE_INDEX:
            kept.hidden = HIDDEN_LOOKS
        if fate in {Fate.REST, Fate.CANCEL_UNCONFIRMED, Fate.FILL_DURING_CANCEL}:
            self._change(kept)
        elif fate is Fate.PARTIAL:
            self.fill(kept, wanted.stake / 2)
        else:
            self.fill(kept, wanted.stake)
        return kept

    def _check(self, wanted: Wanted, fate: Fate) -> None:
        if fate is Fate.REFUSE:
            raise RefusedError("CLOSED")
        if wanted.market != MARKET or wanted.outcome not in OUTCOMES:
            raise RefusedError("NO_SUCH_SELECTION")
        if not MIN_STAKE <= wanted.stake <= MAX_STAKE:
            raise RefusedError("STAKE_OUT_OF_RANGE")
        if self._clock.now_ms() >= wanted.expires_ms:
            raise RefusedError("EXPIRED")
        price = wanted.min_odds - Decimal("0.000001") if fate is Fate.WORSE_PRICE else ODDS
        if price < wanted.min_odds:
            raise RefusedError("PRICE_GONE")

    def fill(self, kept: Kept, filled: Decimal) -> None:
        """Fill an order so far."""
        kept.filled, kept.odds = filled, ODDS
        if filled == kept.wanted.stake:
            kept.status = OrderStatus.FILLED
        delay_ms = REVERSED_MS if kept.fate is Fate.REVERSE else FINAL_MS
        kept.final_from_ms = self._clock.now_ms() + delay_ms
        self._change(kept)

    def cancel(self, kept: Kept, code: str) -> None:
        """End an order; what is filled stays filled."""
        kept.status, kept.code = OrderStatus.CANCELLED, code
        kept.final = kept.filled == 0
        self._change(kept)

    def pass_time(self, beat_ms: int | None, timeout_ms: int) -> None:
        """Do what is due: end what has expired, settle what was filled."""
        now_ms = self._clock.now_ms()
        is_silent = beat_ms is not None and now_ms > beat_ms + timeout_ms
        for kept in self.orders.values():
            if kept.status is OrderStatus.OPEN and now_ms >= kept.wanted.expires_ms:
                self.cancel(kept, "EXPIRED")
            elif kept.status is OrderStatus.OPEN and is_silent:
                self.cancel(kept, "HEARTBEAT_TIMEOUT")
            if kept.final_from_ms is not None and now_ms >= kept.final_from_ms:
                self._settle(kept)

    def _settle(self, kept: Kept) -> None:
        kept.final_from_ms = None
        if kept.fate is Fate.REVERSE:
            kept.status, kept.code = OrderStatus.REVERSED, "REVERSED"
            kept.filled = kept.odds = ZERO
        kept.final = kept.status is not OrderStatus.OPEN
        self._change(kept)

    def _change(self, kept: Kept) -> None:
        kept.sequence += 1
        kept.time_ms = self._clock.now_ms()
        self.changes.append(kept.wanted.client_id)

    def is_busy(self) -> bool:
        """Return whether time alone will change something."""
        return any(
            kept.status is OrderStatus.OPEN or kept.final_from_ms is not None
            for kept in self.orders.values()
        )

    def is_dead(self, kept: Kept) -> bool:
        """Return whether nothing more can be filled."""
        return kept.status is OrderStatus.FILLED or kept.status in _DEAD
