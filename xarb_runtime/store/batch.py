"""
What one commit writes.

A `Batch` is filled by the service and handed to `Journal.commit`. From each step the store derives
the inbox row, the transitions, the newest snapshot, timers and commands by itself.
"""

from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.ledger import LineStatus
from xarb_runtime.domain.steps import Exposure, Step


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """
    An event that made no step, but must not be seen twice.

    Attributes:
        event: what came in.
        outcome: what became of it, one word, e.g. `too_old`.
        detail: more, for people.
    """

    event: Event
    outcome: str
    detail: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a command came to. The first answer to a command stays, later ones change nothing.

    Attributes:
        key: the command's key.
        answered_ms: when the answer was there.
        type: the type of the event that answered it, e.g. `order.report`, or `done`.
        detail: more, for people.
    """

    key: str
    answered_ms: int
    type: str
    detail: str = ""


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """
    One order that became terminal; written again when a reversal changes it.

    Attributes:
        client_id, execution, venue, slot, strategy: which order.
        stake, filled: ordered and filled.
        status: how it ended.
        sent_ms, answered_ms: as in the ledger.
        accept_ms: how long the venue took to accept it; None when it did not.
        at_ms: when the order became terminal; windows are counted by it.
    """

    client_id: str
    execution: str
    venue: str
    slot: str
    strategy: str
    stake: Decimal
    filled: Decimal
    status: LineStatus
    sent_ms: int
    answered_ms: int
    accept_ms: int | None
    at_ms: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something a person has to know about. Opening the same id twice changes nothing.

    Attributes:
        id: the key of the command that opened it, or another id that a repetition gives again.
        execution: whose; empty when it is the runtime's own.
        kind, severity, reason: what, how bad, why.
        opened_ms: when.
        exposure: what the execution owned at that moment.
    """

    id: str
    execution: str
    kind: str
    severity: str
    reason: str
    opened_ms: int
    exposure: Exposure = Exposure.FLAT


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an incident: when, by whom, and what they noted. The first closure stays."""

    id: str
    closed_ms: int
    closed_by: str
    note: str = ""


class OperatorAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked the runtime to do, and what came of it."""

    time_ms: int
    operator: str
    action: str
    target: str
    detail: dict[str, Any] = {}
    result: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be read as an event, as it came in, and why."""

    received_ms: int
    source: str
    reason: str
    body: bytes


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that was put onto the bus again."""

    id: int
    replayed_ms: int


class ChartText(msgspec.Struct, frozen=True, kw_only=True):
    """A chart as executions run on it, stored once per content hash."""

    hash: str
    name: str
    version: int
    text: str
    stored_ms: int


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message that waits in the outbox until the bus has confirmed it.

    Attributes:
        position: its place in the order; grows over all lives, assigned by the one writer.
        id: the CloudEvent's id; the same after a repetition, so that consumers can tell.
        type: the CloudEvent's type and routing key.
        execution: messages of one execution are published in order.
        time_ms: when it was written.
        body: the CloudEvent as it is sent.
    """

    position: int
    id: str
    type: str
    execution: str
    time_ms: int
    body: bytes


class Batch(msgspec.Struct, kw_only=True):
    """
    Everything that one commit writes, all of it or nothing.

    Attributes:
        steps: in the order they were taken.
        events: events that made no step; duplicates are not written again.
        answers, trades, incidents, closures, actions, dead_letters, replays, charts: as named.
        outgoing: messages for the outbox.
        sent: positions of the outbox that the bus has confirmed; they are removed.
    """

    steps: list[Step] = []
    events: list[Received] = []
    answers: list[Answer] = []
    trades: list[Trade] = []
    incidents: list[Incident] = []
    closures: list[Closure] = []
    actions: list[OperatorAction] = []
    dead_letters: list[DeadLetter] = []
    replays: list[Replay] = []
    charts: list[ChartText] = []
    outgoing: list[Outgoing] = []
    sent: list[int] = []
