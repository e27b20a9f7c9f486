"""
What is known of an order, put together from all that the exchange has said about it.

It speaks in four places: in its answer to the order, in the order's row, in the rows of its fills,
and in the stream. They do not keep step: an order reads *filled* before its fills can be read, and
a fill is taken back after the order is done. Here all of it is joined, whatever the order it came
in, and only what is backed by a price is told.

The sequence of a report says how far the order has come, and nothing else. Whoever sees the same
state later, in another process too, gives it the same sequence.
"""

from decimal import Decimal

from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus

from . import wire
from .draft import Draft
from .odds import average_odds, from_units

#: What the engine's answer can be; True where nothing more can be filled.
_STATES = {
    "RESTED": False,
    "PARTIAL_FILL_RESTED": False,
    "TIMEOUT": False,
    "FULLY_FILLED": True,
    "PARTIAL_FILL_DONE": True,
    "CANCELLED": True,
    "NO_LIQUIDITY": True,
}
#: Reasons of a cancelled order that leave no doubt that nothing more will be heard of it.
_PLAIN = frozenset({"NO_LIQUIDITY", "EXPIRED", "INSUFFICIENT_BALANCE"})
#: The exchange's codes, in words.
_REASONS = {
    "NO_LIQUIDITY": "nothing more was offered at this price",
    "USER_REQUESTED": "it was cancelled on request",
    "EXPIRED": "its signature expired",
    "INSUFFICIENT_BALANCE": "the balance did not suffice",
    "EVENT_LIFECYCLE": "the event went on",
    "MARKET_HALTED": "the market takes no orders",
    "HEARTBEAT_TIMEOUT": "the exchange had not heard from us for too long",
}
_MOST_FILLS = 2**14 - 1


class Evidence:
    """
    All that is known of one order.

    Attributes:
        order: as it was given to us.
        draft: in the exchange's terms; None until they are known.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.draft: Draft | None = None
        self._outcome: wire.Outcome | None = None
        self._row: wire.OrderRow | None = None
        self._fills: dict[str, wire.FillRow] = {}
        self._verified = False
        self._struck_ms: int | None = None

    # -- What is heard ---------------------------------------------------------------------------

    def hear_outcome(self, outcome: wire.Outcome) -> None:
        """
        Take the answer to the order.

        Raises:
            wire.WireError: it cannot be.
        """
        if outcome.state not in _STATES:
            raise wire.WireError(f"expected an outcome that is known, found {outcome.state!r}")
        if outcome.fill_amount and not 0 < outcome.blended_odds < 10**20:
            raise wire.WireError(f"{outcome.fill_amount} filled at {outcome.blended_odds}")
        if self.draft and not 0 <= outcome.fill_amount <= self.draft.message.stake:
            raise wire.WireError(f"more filled than was staked: {outcome.fill_amount}")
        if outcome.state == "FULLY_FILLED" and not outcome.fill_amount:
            raise wire.WireError("fully filled, and nothing filled")
        if outcome.state != "TIMEOUT":
            self._outcome = outcome

    def hear_row(self, row: wire.OrderRow) -> None:
        """
        Take the order's row; an older one changes nothing.

        Raises:
            wire.WireError: it is not this order's.
        """
        if self.draft and row.total_bet_size != self.draft.message.stake:
            staked = self.draft.message.stake
            raise wire.WireError(f"expected a stake of {staked}, found {row.total_bet_size}")
        if self._row is None or _rank(row) >= _rank(self._row):
            self._row = row

    def hear_fills(self, fills: list[wire.FillRow], *, complete: bool = False) -> None:
        """
        Take fills; what a fill has been through it does not lose again.

        Args:
            fills: some of the order's fills.
            complete: they are all that there are, read after the row was.
        """
        for fill in fills:
            known = self._fills.get(fill.key)
            if known is None or wire.FILL_STAGES[fill.status] > wire.FILL_STAGES[known.status]:
                self._fills[fill.key] = fill
        if complete and self._ended:
            self._verified = True

    # -- What it amounts to ----------------------------------------------------------------------

    @property
    def heard(self) -> bool:
        """Whether the exchange is known to have, or to have had, the order."""
        return bool(self._outcome or self._row or self._fills)

    @property
    def found_as(self) -> str:
        """The order's id as its row has it; empty while no row was read."""
        # It differs from the draft's where settings or terms have changed since it was sent.
        return self._row.key if self._row is not None else ""

    def report(self, now_ms: int, patience_ms: int) -> OrderReport | None:
        """
        Return what can be said; None while what is said is not backed yet.

        Args:
            now_ms: the time, for what has no time of its own.
            patience_ms: so long an ended order's fills may take to be readable. Counted from the
                first time that this was asked of the ended order: the exchange's clock is not ours.
        """
        if not self.heard:
            return None
        matched = max(self._matched, self._blended)
        if self._ended and self._claimed(now_ms, patience_ms) > matched:
            return None
        filled = matched - self._failed
        status = self._status(matched)
        final = self._final(matched, status)
        decided = sum(1 for fill in self._fills.values() if wire.FILL_STAGES[fill.status])
        done = status is not OrderStatus.OPEN
        return OrderReport(
            client_id=self.order.client_id,
            sequence=matched << 16 | min(decided, _MOST_FILLS) << 2 | done << 1 | final,
            time_ms=self._updated_ms or now_ms,
            status=status,
            filled=from_units(filled, self.draft.decimals if self.draft else 6),
            odds=self._odds(matched) if filled else Decimal(0),
            final=final,
            code=self._code(status),
            reason=self._reason(status),
        )

    @property
    def _matched(self) -> int:
        return sum(fill.fill_amount for fill in self._fills.values())

    @property
    def _failed(self) -> int:
        return sum(f.fill_amount for f in self._fills.values() if f.status == wire.FAILED)

    @property
    def _blended(self) -> int:
        return self._outcome.fill_amount if self._outcome else 0

    @property
    def _ended(self) -> bool:
        if self._row is not None and self._row.status == wire.INACTIVE:
            return True
        return self._outcome is not None and _STATES[self._outcome.state]

    def _claimed(self, now_ms: int, patience_ms: int) -> int:
        """What is filled as the order's row has it; it has no price."""
        row = self._row
        if row is None or row.status != wire.INACTIVE:
            return 0
        if row.inactive_reason != wire.FILLED and row.remaining_size == 0:
            # Either a remainder that was struck off, or fills that cannot be read yet.
            self._struck_ms = now_ms if self._struck_ms is None else min(now_ms, self._struck_ms)
            return 0 if now_ms >= self._struck_ms + patience_ms else row.total_bet_size
        # What is filled has fills, whatever the row says is left of it.
        least = 1 if row.inactive_reason == wire.FILLED else 0
        return max(least, row.total_bet_size - row.remaining_size)

    def _status(self, matched: int) -> OrderStatus:
        full = bool(self.draft and matched and matched >= self.draft.message.stake)
        if not (self._ended or full):
            return OrderStatus.OPEN
        if self._failed:
            return OrderStatus.REVERSED
        return OrderStatus.FILLED if full or self._said_filled else OrderStatus.CANCELLED

    @property
    def _said_filled(self) -> bool:
        if self._outcome is not None and self._outcome.state == "FULLY_FILLED":
            return True
        row = self._row
        return row is not None and row.inactive_reason == wire.FILLED and self._matched > 0

    def _final(self, matched: int, status: OrderStatus) -> bool:
        if status is OrderStatus.OPEN:
            return False
        if matched == 0:
            return self._verified or self._plainly_nothing
        decided = sum(f.fill_amount for f in self._fills.values() if f.status != wire.MATCHED)
        return decided == matched

    @property
    def _plainly_nothing(self) -> bool:
        outcome = self._outcome
        return outcome is not None and bool({outcome.state, outcome.cancel_reason} & _PLAIN)

    def _odds(self, matched: int) -> Decimal:
        live = [f for f in self._fills.values() if f.status != wire.FAILED]
        if self._matched == matched or self._outcome is None:
            return average_odds([(f.fill_amount, f.fill_odds) for f in live])
        return average_odds([(self._outcome.fill_amount, self._outcome.blended_odds)])

    @property
    def _updated_ms(self) -> int:
        times = [fill.updated_ms for fill in self._fills.values()]
        return max([self._row.updated_ms if self._row else 0, *times])

    def _code(self, status: OrderStatus) -> str:
        if status is OrderStatus.REVERSED:
            return wire.FAILED
        if status is not OrderStatus.CANCELLED:
            return ""
        if self._row is not None and self._row.inactive_reason:
            return self._row.inactive_reason
        outcome = self._outcome
        return (outcome.cancel_reason or outcome.state) if outcome else ""

    def _reason(self, status: OrderStatus) -> str:
        if status is OrderStatus.REVERSED:
            return "fills failed on the chain"
        return _REASONS.get(self._code(status), "")


def _rank(row: wire.OrderRow) -> tuple[bool, int]:
    """Dead orders do not come back to life, whatever the times say."""
    return row.status == wire.INACTIVE, row.updated_ms
