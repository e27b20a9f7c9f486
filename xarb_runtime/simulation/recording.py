"""
What is remembered of a simulation: plain facts, and the lines of its log. Pure data.

Times are the true virtual time, milliseconds since the epoch, whatever the machine's clock shows.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Command, Exposure, GuardResult, Outcome, Status
from xarb_runtime.store.batch import Incident

Level = Literal["info", "warning", "error"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """
    One line of the log.

    Attributes:
        at_ms: when.
        level, target, message: how important, from where, what.
        fields: the details, JSON values.
        span: what it belongs to: the scenario, the execution and its step.
    """

    at_ms: int
    level: Level
    target: str
    message: str
    fields: dict[str, Any]
    span: dict[str, Any]


class StepFact(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step, as it was committed.

    Attributes:
        at_ms: when it was committed.
        execution, seq, chart: whose, which, on what.
        event, source, signal, outcome: what happened, who said so, what the chart made of it.
        before, after: active states.
        was, exposure: the exposure before and after it.
        status: the execution's status after it.
        transitions: their paths in the chart.
        visited: the states that were entered, also those that were left in the same instant.
        guards: what guards gave; empty for a step that was only found in the journal.
    """

    at_ms: int
    execution: str
    seq: int
    chart: str
    event: str
    source: str
    signal: str
    outcome: Outcome
    before: tuple[str, ...]
    after: tuple[str, ...]
    was: Exposure
    exposure: Exposure
    status: Status
    transitions: tuple[str, ...]
    visited: tuple[str, ...]
    guards: tuple[GuardResult, ...] = ()


class CallFact(msgspec.Struct, kw_only=True):
    """
    One call to a venue.

    Attributes:
        at_ms, ended_ms: when it began and when it was answered; None while it is not.
        venue, what, client_id: whom, `place`, `cancel`, `find` or `quote`, and about which order.
        answer: `accepted`, `refused`, `unknown`, ..., `error`, or `none` (no answer in time).
    """

    at_ms: int
    venue: str
    what: str
    client_id: str = ""
    ended_ms: int | None = None
    answer: str = ""


class BookFact(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that happened to an order in a venue's own book.

    Attributes:
        at_ms: when.
        venue, client_id: which order.
        word: `taken`, `turned_away`, or what it became: `open`, `filled`, `cancelled`, `refused`,
            `reversed`.
        filled, stake, final, code: as the book has it.
    """

    at_ms: int
    venue: str
    client_id: str
    word: str
    filled: Decimal = ZERO
    stake: Decimal = ZERO
    final: bool = False
    code: str = ""


class MarkFact(msgspec.Struct, frozen=True, kw_only=True):
    """Something from outside that a reader must see: an operator's word, a clock that was set."""

    at_ms: int
    kind: Literal["operator", "clock", "ended", "started"]
    text: str


class IncidentFact(msgspec.Struct, kw_only=True):
    """An incident, when it was opened, and when and by whom it was closed."""

    incident: Incident
    at_ms: int
    closed_ms: int | None = None
    closed_by: str = ""


class MessageFact(msgspec.Struct, kw_only=True):
    """
    A message that the engine published.

    Attributes:
        at_ms: when.
        source, id: the message's identity; empty when it has none.
        execution: the execution it should begin; empty when it cannot be read.
        acknowledged_ms: when the runtime acknowledged it.
        times: how often it was handed to the runtime.
    """

    at_ms: int
    source: str = ""
    id: str = ""
    execution: str = ""
    acknowledged_ms: int | None = None
    times: int = 0


class CrashFact(msgspec.Struct, kw_only=True):
    """A death of the runtime, at which kill point, and when the next one began."""

    at_ms: int
    point: str
    restarted_ms: int | None = None


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in a venue's own book.

    Attributes:
        venue, client_id: which.
        stake, filled, odds, wins: ordered, filled at which odds, and when it wins.
        status: `open`, `filled`, `cancelled`, `refused` or `reversed`.
        taken_ms, changed_ms: when the book took it, and when it last changed.
    """

    venue: str
    client_id: str
    stake: Decimal
    filled: Decimal = ZERO
    odds: Decimal = ZERO
    wins: tuple[str, ...] = ()
    status: str = "open"
    taken_ms: int = 0
    changed_ms: int = 0


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant that did not hold: when, which, and what was the case."""

    at_ms: int
    invariant: str
    text: str


class Recording(msgspec.Struct, kw_only=True):
    """
    Everything that was seen of one scenario.

    Attributes:
        scenario: its name.
        start_ms, end_ms: its first and its last moment.
        lines: the log.
        steps, commands, calls, book, messages, crashes, marks: in the order they happened.
        issued_ms: when each command was committed, by key.
        incidents: by id.
        checkpoints: how many commits there were.
        dropped: how many messages were too old to be looked at.
        violations: what must never happen and did.
    """

    scenario: str
    start_ms: int
    end_ms: int = 0
    lines: list[Line] = []
    steps: list[StepFact] = []
    commands: dict[str, Command] = {}
    issued_ms: dict[str, int] = {}
    calls: list[CallFact] = []
    book: list[BookFact] = []
    marks: list[MarkFact] = []
    messages: list[MessageFact] = []
    crashes: list[CrashFact] = []
    incidents: dict[str, IncidentFact] = {}
    checkpoints: int = 0
    dropped: int = 0
    violations: list[Violation] = []
