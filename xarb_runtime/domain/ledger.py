"""
The ledger: one line per order, folded from cumulative reports.

Whatever state an execution is in, a report is folded here first; only then does the chart decide
what to do about it. A fill can therefore never be lost because some state did not expect it.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus, Selection
from xarb_runtime.domain.position import Fill


class LineStatus(StrEnum):
    """
    What we know about an order.

    The first three are *in doubt*: more may be filled than we know.
    """

    SENT = "sent"
    OPEN = "open"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    REVERSED = "reversed"


IN_DOUBT = frozenset({LineStatus.SENT, LineStatus.OPEN, LineStatus.UNKNOWN})


class OrderLine(msgspec.Struct, kw_only=True):
    """
    One order of an execution, as far as we know it.

    Attributes:
        slot: what it is for: `leg_a`, `leg_b` or `hedge`.
        strategy: the hedge strategy that asked for it; empty for legs.
        client_id, selection, stake, min_odds, fee: what was ordered.
        sent_ms: when the step that ordered it happened.
        expires_ms: after this time the venue must not accept it any more.
        answered_ms: when the first definite word about it was heard; 0 before.
        accepted_ms: when the first fill was heard of; 0 before. An acknowledgement is none.
        status, filled, odds, final, sequence: the newest report.
        code, reason: the venue's words on a refusal, a cancel or a reversal.
    """

    slot: str
    client_id: str
    selection: Selection
    stake: Decimal
    min_odds: Decimal
    fee: Decimal
    sent_ms: int
    expires_ms: int = 0
    strategy: str = ""
    answered_ms: int = 0
    accepted_ms: int = 0
    status: LineStatus = LineStatus.SENT
    filled: Decimal = ZERO
    odds: Decimal = ZERO
    final: bool = False
    sequence: int = -1
    code: str = ""
    reason: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether more may be filled than we know of."""
        return self.status in IN_DOUBT

    @property
    def reported(self) -> bool:
        """Whether the venue has ever reported the order."""
        return self.sequence >= 0

    @property
    def provisional(self) -> bool:
        """Whether something is filled that the venue may still take back."""
        return self.filled > 0 and not self.final

    @property
    def order(self) -> Order:
        """The order as it was sent, and is asked about."""
        return Order(
            client_id=self.client_id,
            selection=self.selection,
            stake=self.stake,
            min_odds=self.min_odds,
            reduces=self.slot != "leg_a",
            expires_ms=self.expires_ms,
        )

    @property
    def as_filled(self) -> Fill:
        """What is known to be filled."""
        return Fill(self.filled, self.odds, self.selection.wins, self.fee)

    @property
    def as_reserved(self) -> Fill:
        """What must be assumed filled when deciding how much more may be sent."""
        if not self.in_doubt:
            return self.as_filled
        return Fill(self.stake, self.odds or self.min_odds, self.selection.wins, self.fee)


def fold(line: OrderLine, report: OrderReport, now_ms: int) -> str:
    """
    Bring `line` up to date with a cumulative report and return what that means.

    Returns one of `acknowledged`, `partially_filled`, `filled`, `cancelled`, `refused`, `reversed`,
    `finalised`, `repeated` (newer, but the same), or an empty text when the report is older than
    what is known.
    """
    if report.sequence <= line.sequence:
        return ""
    before = _Known(line.status, line.filled, line.odds, line.final)
    line.sequence = report.sequence
    line.status = LineStatus(report.status.value)
    line.filled, line.odds, line.final = report.filled, report.odds, report.final
    line.code, line.reason = report.code, report.reason
    line.answered_ms = line.answered_ms or now_ms
    if line.filled and not line.accepted_ms:
        line.accepted_ms = now_ms
    return _meaning(line, before)


class _Known(msgspec.Struct, frozen=True):
    status: LineStatus
    filled: Decimal
    odds: Decimal
    final: bool


def _meaning(line: OrderLine, before: _Known) -> str:
    if line.filled < before.filled:
        return "reversed"  # whatever the venue calls it: we own less than we did
    if (line.status, line.filled, line.odds) == (before.status, before.filled, before.odds):
        return "finalised" if line.final and not before.final else "repeated"
    if line.status is LineStatus.OPEN:
        return "partially_filled" if line.filled else "acknowledged"
    return line.status.value


def mark_unknown(line: OrderLine) -> str:
    """Note that nobody can say what became of the order; a definite word is never overwritten."""
    if not line.in_doubt:
        return ""
    line.status = LineStatus.UNKNOWN
    return "unknown"


def mark_absent(line: OrderLine, reason: str, now_ms: int) -> str:
    """Note the venue's proof that it never had the order: it counts as refused."""
    return _mark_dead(line, "ABSENT", reason, now_ms)


def mark_refused(line: OrderLine, code: str, reason: str, now_ms: int) -> str:
    """Note a definite refusal in the venue's direct answer."""
    return _mark_dead(line, code, reason, now_ms)


def _mark_dead(line: OrderLine, code: str, reason: str, now_ms: int) -> str:
    if not line.in_doubt:
        return ""
    if line.reported:
        return mark_unknown(line)  # the venue contradicts itself: what it once had, it had
    line.status, line.final = LineStatus.REFUSED, True
    line.code, line.reason = code, reason
    line.answered_ms = line.answered_ms or now_ms
    return "refused"


__all__ = [
    "IN_DOUBT",
    "LineStatus",
    "OrderLine",
    "OrderStatus",
    "fold",
    "mark_absent",
    "mark_refused",
    "mark_unknown",
]
