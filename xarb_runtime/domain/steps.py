"""
The values that a step takes and gives: snapshots, timers, commands, transitions, outcomes.

They live in the domain because every room above speaks in them: the kernel makes them, the store
writes them, the service acts on them, coverage and evidence read them.
"""

from enum import StrEnum
from typing import Any

import msgspec

from xarb_runtime.domain.events import Event


class Exposure(StrEnum):
    """What an execution owns while it is in a state, as the chart declares it."""

    FLAT = "flat"
    ONE_LEG = "one_leg"
    HEDGED = "hedged"
    UNKNOWN = "unknown"


#: The worst comes last; several active states count as their worst.
EXPOSURE_ORDER = (Exposure.FLAT, Exposure.HEDGED, Exposure.UNKNOWN, Exposure.ONE_LEG)


class Outcome(StrEnum):
    """What a step did with its event."""

    MOVED = "moved"  #: at least one transition was taken
    IGNORED = "ignored"  #: no transition, and the chart says that this is on purpose
    UNEXPECTED = "unexpected"  #: no transition, and the chart says nothing about it
    STALE = "stale"  #: the event tells nothing new (duplicate, older report, cancelled timer)
    FAILED = "failed"  #: a guard or an action raised; the snapshot is untouched


class Status(StrEnum):
    """Where an execution is in its life."""

    RUNNING = "running"
    FINAL = "final"
    QUARANTINED = "quarantined"


class Timer(msgspec.Struct, frozen=True):
    """
    A durable deadline: when `due_ms` has passed, `event` is delivered to the execution.

    `armed_seq` is the step that armed it, so that a timer which was cancelled and armed again is a
    different timer.
    """

    id: str
    event: str
    due_ms: int
    armed_seq: int


class Command(msgspec.Struct, frozen=True):
    """
    Something to be done outside, decided by a step.

    Attributes:
        key: the idempotency key `{execution}:{seq}:{index}`; for an order, its client id.
        target: who does it: `venue`, `hedge`, `bus`, `supervisor`, or a plugin's own.
        name: what: `place`, `cancel`, `find`, `quote`, `plan`, `publish`, ...
        params: plain JSON values.
    """

    key: str
    target: str
    name: str
    params: dict[str, Any]


class Transition(msgspec.Struct, frozen=True):
    """
    One transition that was taken.

    `path` is its place in the chart document, e.g. `/states/leg_a/states/a_placing/transitions/0`.
    `source` and `target` are state ids; a targetless transition has an empty target. An eventless
    transition has an empty `event`.
    """

    path: str
    event: str
    source: str
    target: str


class GuardResult(msgspec.Struct, frozen=True):
    """One evaluation of a guard: the expression as the chart writes it, and what it gave."""

    expression: str
    result: bool


class Fault(msgspec.Struct, frozen=True):
    """Why a step failed: the error's type and text, and where in the chart it was raised."""

    error: str
    message: str
    where: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """
    An execution at rest. Plain data; together with its chart it is all there is to know.

    Attributes:
        execution: the execution's id.
        chart, version, hash: the chart it runs on; a snapshot is only ever continued on the chart
            with the same hash.
        seq: the number of steps taken so far.
        leaves: the active atomic states, sorted; parents are derived.
        history: what each history state remembers, state ids, sorted by name.
        context: the context as JSON.
        timers: pending timers, sorted by id.
        status: running, final or quarantined.
        exposure: the worst exposure among the active states.
    """

    execution: str
    chart: str
    version: int
    hash: str
    seq: int
    leaves: tuple[str, ...]
    history: dict[str, tuple[str, ...]]
    context: msgspec.Raw
    timers: tuple[Timer, ...]
    status: Status
    exposure: Exposure


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """
    The result of `step(chart, snapshot, event)`.

    Attributes:
        event: what went in.
        signal: the name under which the chart saw it (`leg_a.filled`); empty when it was stale.
        outcome: what came of it.
        before, after: the snapshots; the same object when nothing changed.
        transitions: those taken, in order.
        commands: those issued, in order.
        armed, cancelled: timers armed, and timers of `before` that are gone (fired or cancelled).
        guards: guard evaluations in order; empty unless recording was asked for.
        fault: set when the outcome is FAILED.
        violated: the texts of invariants of the chart that do not hold after the step.
    """

    event: Event
    signal: str
    outcome: Outcome
    before: Snapshot
    after: Snapshot
    transitions: tuple[Transition, ...] = ()
    commands: tuple[Command, ...] = ()
    armed: tuple[Timer, ...] = ()
    cancelled: tuple[Timer, ...] = ()
    guards: tuple[GuardResult, ...] = ()
    fault: Fault | None = None
    violated: tuple[str, ...] = ()
