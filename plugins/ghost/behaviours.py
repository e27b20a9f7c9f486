"""
What a script says about one order: what is answered, what becomes of it, what is said later.

Durations are texts with a unit (`120ms`, `2.5s`); shares are shares of the order's stake.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

from xarb_runtime.domain.money import ZERO, parse_duration_ms
from xarb_runtime.domain.orders import OrderStatus

from .checking import check_durations, check_share, refuse


class Scripted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a script: an unknown key is an error."""


class Report(Scripted, frozen=True, kw_only=True):
    """
    One thing that becomes of an order after the book took it.

    Attributes:
        after: when, counted from the moment the book took the order.
        status: what the order becomes.
        filled: cumulative filled share of the stake; left out: 1 for filled, 0 for refused and
            reversed, otherwise what was filled before.
        odds: average odds of what is filled; left out: the odds of the book.
        final: the venue will not take this back; left out: as `capabilities.final_at_once`.
        delay: how much later than it happened it is reported.
        lost: it happens, but no report is ever sent; only `find` shows it.
        repeat: how many more times the same report is sent.
        sequence: overrides the report's sequence; one below an earlier one is old news: it is
            reported, and the book is left alone.
        code, reason: the venue's words.
    """

    after: str = "0ms"
    status: OrderStatus = OrderStatus.FILLED
    filled: Decimal | None = None
    odds: Decimal | None = None
    final: bool | None = None
    delay: str = "0ms"
    lost: bool = False
    repeat: int = 0
    sequence: int | None = None
    code: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        check_durations(self, "after", "delay")
        check_share("filled", self.filled)
        if self.repeat < 0:
            refuse("repeat", "0 or more", self.repeat)


class CancelBehaviour(Scripted, frozen=True, kw_only=True):
    """
    What becomes of a request to cancel.

    Attributes:
        answer: `cancelled`, `refused`, `unknown`, or `silence` for no answer at all.
        after: when the answer comes; left out: the venue's latency.
        filled_first: the order fills up to this share just before the cancel reaches the book.
        takes: whether the book really cancels; left out: only when it says so.
        lost: the report about it is never sent.
        code, reason: the venue's words.
    """

    answer: Literal["cancelled", "refused", "unknown", "silence"] = "cancelled"
    after: str | None = None
    filled_first: Decimal = ZERO
    takes: bool | None = None
    lost: bool = False
    code: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        check_durations(self, "after")
        check_share("filled_first", self.filled_first)
        if self.answer == "cancelled" and self.takes is False:
            refuse("takes", "true, because the answer is cancelled", "false")
        if self.answer == "refused" and self.takes:
            refuse("takes", "false, because the answer is refused", "true")

    @property
    def is_taken(self) -> bool:
        """Whether the book really cancels."""
        return self.answer == "cancelled" if self.takes is None else self.takes


class FindBehaviour(Scripted, frozen=True, kw_only=True):
    """
    What the venue says when an order is looked for.

    Attributes:
        answer: `found` tells the truth as far as the venue can prove it; `absent` the same, for an
            order that the book never takes; `unknown`; or `silence` for no answer at all.
        after: when the answer comes; left out: the venue's latency.
        found_after: the venue says unknown for this long although it has the order.
        absent_after: the venue says unknown for this long before it can prove that it does not.
    """

    answer: Literal["found", "absent", "unknown", "silence"] = "found"
    after: str | None = None
    found_after: str = "0ms"
    absent_after: str = "0ms"

    def __post_init__(self) -> None:
        check_durations(self, "after", "found_after", "absent_after")


class Behaviour(Scripted, frozen=True, kw_only=True):
    """
    What becomes of one order.

    Attributes:
        answer: what `place` says: `accepted`, `refused`, `unknown`, `silence` (no answer at all),
            `error` (the connection breaks), `hang` (no answer, and cancelling the call does not
            help until `after` has passed).
        after: when the answer comes; left out: the venue's latency (for `hang`: 30s).
        takes: whether the book takes the order, whatever is answered; left out: only if accepted.
        takes_after: how long the order travels until the book takes it.
        odds: the odds the book gives it; left out: the price, or else the order's `min_odds`.
        code, reason: the venue's words in the answer.
        reports: what becomes of the order afterwards; left out: it is filled completely at the
            moment of the answer. An empty list leaves it open.
        cancel, find: how the venue answers about this order later.
    """

    answer: Literal["accepted", "refused", "unknown", "silence", "error", "hang"] = "accepted"
    after: str | None = None
    takes: bool | None = None
    takes_after: str = "0ms"
    odds: Decimal | None = None
    code: str = ""
    reason: str = ""
    reports: list[Report] | None = None
    cancel: CancelBehaviour = msgspec.field(default_factory=CancelBehaviour)
    find: FindBehaviour = msgspec.field(default_factory=FindBehaviour)

    def __post_init__(self) -> None:
        check_durations(self, "after", "takes_after")
        if self.answer == "accepted" and self.takes is False:
            refuse("takes", "true, because the answer is accepted", "false")
        if self.answer == "refused" and self.takes:
            refuse("takes", "false: a venue that refuses does not have the order", "true")
        if self.find.answer == "absent" and self.is_taken:
            refuse("find.answer", "found, unknown or silence: the book takes the order", "absent")
        if self.reports and not self.is_taken:
            refuse("reports", "none: the book never takes the order", len(self.reports))
        for problem in timeline_problems(self.reports or []):
            raise ValueError(problem)

    @property
    def is_taken(self) -> bool:
        """Whether the book takes the order."""
        return self.answer == "accepted" if self.takes is None else self.takes


def timeline_problems(reports: list[Report]) -> Iterator[str]:
    """Yield what no order can go through: reports out of order, or a life after the end."""
    ended = last_ms = 0
    for index, report in enumerate(reports):
        after_ms = parse_duration_ms(report.after)
        if after_ms < last_ms:
            yield f"reports[{index}].after: expected {last_ms}ms or later, found {report.after}"
        if ended and report.sequence is None and report.status is OrderStatus.OPEN:
            yield f"reports[{index}].status: expected an end, as it has ended before, found open"
        ended = ended or report.status is not OrderStatus.OPEN
        last_ms = after_ms
