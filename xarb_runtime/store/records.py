"""
What the store tells: the rows of its tables as typed values.
"""

from typing import Any

import msgspec

from xarb_runtime.domain.steps import Command, Exposure, Snapshot, Status


class OpenCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command without an answer, and when which step issued it."""

    command: Command
    execution: str
    seq: int
    issued_ms: int


class IncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An incident; `closed_ms` is None while it is open."""

    id: str
    execution: str
    kind: str
    severity: str
    reason: str
    exposure: Exposure
    opened_ms: int
    closed_ms: int | None
    closed_by: str
    note: str


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a runtime continues from.

    Attributes:
        snapshots: running executions, by id.
        quarantined: executions that a fault stopped, by id.
        commands: all commands without an answer, oldest first, also those of executions that have
            ended: a message that a final step published still has to go out.
        incidents: open incidents, oldest first.
    """

    snapshots: list[Snapshot]
    quarantined: list[Snapshot]
    commands: list[OpenCommand]
    incidents: list[IncidentRow]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Of what was asked for: events (source, id) in the inbox, and executions that exist."""

    seen: set[tuple[str, str]]
    executions: set[str]


class ExecutionRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One execution in a list.

    Attributes:
        id, chart, version, hash, seq, status, exposure, leaves: as in its newest snapshot.
        title: what it is about, for people; the opportunity's event.
        reason: why it ended, for people.
        started_ms, updated_ms: time of its first and of its newest step.
    """

    id: str
    chart: str
    version: int
    hash: str
    seq: int
    status: Status
    exposure: Exposure
    leaves: tuple[str, ...]
    title: str
    reason: str
    started_ms: int
    updated_ms: int


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One event of the inbox.

    Attributes:
        source, id, type, time_ms, data: the event.
        outcome: what came of it.
        signal: the name under which the chart saw it.
        seq: the execution's sequence number after it; None when it made no step.
        detail: the fault, or invariants that did not hold.
    """

    source: str
    id: str
    type: str
    execution: str
    time_ms: int
    data: dict[str, Any]
    outcome: str
    signal: str
    seq: int | None
    detail: str


class TransitionRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    One transition, or, with an empty `path`, a step that moved nothing.

    `exposure` is the execution's after the whole step.
    """

    seq: int
    idx: int
    event: str
    signal: str
    outcome: str
    path: str
    source: str
    target: str
    exposure: Exposure
    time_ms: int


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """One command with its answer, if there is one."""

    key: str
    seq: int
    idx: int
    target: str
    name: str
    params: dict[str, Any]
    issued_ms: int
    status: str
    answered_ms: int | None
    answer_type: str
    answer_detail: str


class TimerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One pending timer."""

    execution: str
    id: str
    event: str
    due_ms: int
    armed_seq: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about one execution, each list in the order it happened."""

    execution: ExecutionRow
    snapshot: Snapshot
    events: list[EventRow]
    transitions: list[TransitionRow]
    commands: list[CommandRow]
    incidents: list[IncidentRow]


class DeadLetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter; `replayed_ms` is None until it was put onto the bus again."""

    id: int
    received_ms: int
    source: str
    reason: str
    body: bytes
    replayed_ms: int | None


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person asked the runtime to do."""

    id: int
    time_ms: int
    operator: str
    action: str
    target: str
    detail: dict[str, Any]
    result: str


class LeaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who works, or last worked, on the store.

    `expires_ms` is 0 when the lease was given back.
    """

    epoch: int
    owner: str
    host: str
    pid: int
    machine: str
    born: str
    acquired_ms: int
    expires_ms: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much of everything there is.

    `executions` counts by status, `exposures` the executions that have not ended by exposure,
    `outbox` the messages that the bus has not confirmed.
    """

    executions: dict[str, int]
    exposures: dict[str, int]
    events: int
    open_commands: int
    pending_timers: int
    open_incidents: int
    dead_letters: int
    trades: int
    outbox: int = 0


class OriginRow(msgspec.Struct, frozen=True, kw_only=True):
    """The mode in which a store was made, and when it was first used in it."""

    mode: str
    since_ms: int
