"""
What goes over the control API, both ways, as typed values.
"""

import msgspec

from xarb_runtime.domain.steps import Exposure, Status
from xarb_runtime.ops.problems import Problem
from xarb_runtime.store.records import DeadLetterRow

NAME_LENGTH = 64
TEXT_LENGTH = 2000


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What an operator says with a control.

    Attributes:
        operator: who says it.
        reason: why, for the audit and for whoever comes next.
    """

    operator: str
    reason: str = ""


class Resolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How an operator closes an incident.

    Attributes:
        operator: who closes it.
        note: what was found and done; required.
    """

    operator: str
    note: str


class ReplayOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Put a dead letter onto the bus again.

    Attributes:
        operator: who wants it.
        reason: why.
        body: a corrected text to send in its place; None sends it as it came in.
    """

    operator: str
    reason: str = ""
    body: str | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Executions in flight that are in the same state."""

    state: str
    exposure: Exposure
    on_pause: str
    count: int


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """
    An execution that owns, or may own, one side without the other.

    `since_ms` is when it began to; `for_ms` how long that has lasted.
    """

    execution: str
    title: str
    state: str
    exposure: Exposure
    since_ms: int
    for_ms: int


class LevelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a word to the supervisor came to, after its commit.

    Attributes:
        action: the word: `pause`, `resume`, ...
        outcome: `moved`, or `ignored` when it changed nothing.
        before, level: the supervisor's level before and after.
        reason, by: why, and who caused the level.
        in_flight: how many executions have not ended.
        groups: the same by state.
        open: those of them that own one side only, or may.
        note: what that means, in a sentence.
    """

    action: str
    outcome: str
    before: str
    level: str
    reason: str
    by: str
    in_flight: int
    groups: list[Group]
    open: list[Open]
    note: str


class ResolveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What closing an incident came to, after its commit.

    Attributes:
        incident, kind, execution: which.
        closed: whether it is closed now.
        before, after: the execution's state before and after; empty when it has none.
        status: the execution's status; None when it has none.
        note: what happened, in a sentence.
    """

    incident: str
    kind: str
    execution: str
    closed: bool
    before: str = ""
    after: str = ""
    status: Status | None = None
    note: str = ""


class RetryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry came to, after its commit: the execution's state before and after."""

    execution: str
    before: str
    after: str
    note: str


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that is on the bus again, as what, and what will become of it."""

    number: int
    corrected: bool
    note: str


class SubmitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was put onto the bus.

    Attributes:
        accepted: event ids of the messages that are in the journal, in order; an empty text for one
            that is no event at all (it is among the dead letters).
        unsure: ids of those that the bus did not take in time. Submitting them again is harmless.
        problem: why some are unsure; None when all were accepted.
    """

    accepted: list[str]
    unsure: list[str] = []
    problem: Problem | None = None


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message that could not be read.

    Attributes:
        number, received_ms, source, reason: which, when, from whom, why.
        replayed_ms: when it was put onto the bus again; None until then.
        size: its bytes.
        text: the message as it came in; bytes that are no UTF-8 show as replacement characters.
    """

    number: int
    received_ms: int
    source: str
    reason: str
    replayed_ms: int | None
    size: int
    text: str


def letter_view(row: DeadLetterRow) -> DeadLetterView:
    """Return a dead letter for people."""
    return DeadLetterView(
        number=row.id,
        received_ms=row.received_ms,
        source=row.source,
        reason=row.reason,
        replayed_ms=row.replayed_ms,
        size=len(row.body),
        text=row.body.decode(errors="replace"),
    )
