"""
From a batch to rows: which statements one commit executes, and with what.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from xarb_runtime.domain.steps import Command, Exposure, Outcome, Snapshot, Step, Timer
from xarb_runtime.store.batch import (
    Answer,
    Batch,
    ChartText,
    Closure,
    DeadLetter,
    Incident,
    OperatorAction,
    Outgoing,
    Received,
    Replay,
    Trade,
)
from xarb_runtime.store.statements import Row, Statements, Write

#: Longer ones can never be read, so there is nothing to replay: of them only the beginning is kept,
#: or one publisher gone astray could fill the disk.
LONGEST_BODY = 256 * 1024
KEPT_OF_LONGER = 4 * 1024

_encode = msgspec.json.Encoder().encode


class _OpportunityHead(msgspec.Struct, frozen=True):
    event: str = ""


class _AdmissionHead(msgspec.Struct, frozen=True):
    opportunity: _OpportunityHead = _OpportunityHead()


class _ContextHead(msgspec.Struct, frozen=True):
    """What lists show of a context, whatever else is in it."""

    reason: str = ""
    admission: _AdmissionHead | None = None


_decode_head = msgspec.json.Decoder(_ContextHead).decode


def unit_of(batch: Batch, statements: Statements) -> list[Write]:
    """
    Return the statements that write `batch`, in an order that satisfies foreign keys.

    Raises:
        TypeError: a value is not JSON.
    """
    moved = [step for step in batch.steps if step.outcome is not Outcome.STALE]
    writes = [
        Write(statements.chart, _each(_chart, batch.charts)),
        Write(statements.execution, _executions(moved)),
        Write(statements.event, _each(_step_event, batch.steps)),
        Write(statements.event, _each(_received, batch.events)),
        Write(statements.transition, [row for step in moved for row in _transitions(step)]),
        Write(statements.command, [row for step in moved for row in _commands(step)]),
        *_timers(moved, statements),
        Write(statements.answer, _each(_answer, batch.answers)),
        Write(statements.trade, _each(_trade, batch.trades)),
        Write(statements.incident, _each(_incident, batch.incidents)),
        Write(statements.closure, _each(_closure, batch.closures)),
        Write(statements.action, _each(_action, batch.actions)),
        Write(statements.dead_letter, _each(_dead_letter, batch.dead_letters)),
        Write(statements.replay, _each(_replay, batch.replays), len(batch.replays)),
        *_outgoing(batch.outgoing, statements),
        Write(statements.sent, [(position,) for position in batch.sent]),
    ]
    return [write for write in writes if write.rows]


def _each(row_of: Callable[[Any], Row], things: Iterable[Any]) -> list[Row]:
    return [row_of(thing) for thing in things]


def _json(value: object) -> str:
    return _encode(value).decode()


# -- Steps ---------------------------------------------------------------------------------------


def _executions(steps: Sequence[Step]) -> list[Row]:
    """One row per execution: its newest snapshot, and the time of the first step seen here."""
    first = {step.after.execution: step for step in reversed(steps)}
    last = {step.after.execution: step for step in steps}
    return [_execution(first[name].event.time_ms, step) for name, step in last.items()]


def _execution(first_ms: int, step: Step) -> Row:
    snapshot = step.after
    head = _head(snapshot)
    return (
        snapshot.execution,
        snapshot.chart,
        snapshot.version,
        snapshot.hash,
        snapshot.seq,
        snapshot.status.value,
        snapshot.exposure.value,
        _json(snapshot.leaves),
        head.admission.opportunity.event if head.admission else "",
        head.reason,
        first_ms,
        step.event.time_ms,
        _encode(snapshot),
    )


def _head(snapshot: Snapshot) -> _ContextHead:
    try:
        return _decode_head(snapshot.context)
    except msgspec.ValidationError:
        # Another context may use these names for something else; then lists show nothing.
        return _ContextHead()


def _step_event(step: Step) -> Row:
    event = step.event
    return (
        event.source,
        event.id,
        event.type,
        event.execution,
        event.time_ms,
        _json(event.data),
        step.outcome.value,
        step.signal,
        step.after.seq,
        _detail(step),
    )


def _detail(step: Step) -> str:
    lines = [f"violated: {text}" for text in step.violated]
    if step.fault is not None:
        place = f" at {step.fault.where}" if step.fault.where else ""
        lines.insert(0, f"{step.fault.error}: {step.fault.message}{place}")
    return "\n".join(lines)


def _transitions(step: Step) -> Iterable[Row]:
    seq, exposure = step.after.seq, step.after.exposure
    if not step.transitions:
        yield _transition(
            step, seq, 0, step.signal, ("", ",".join(step.before.leaves), ""), exposure
        )
    for index, taken in enumerate(step.transitions):
        place = (taken.path, taken.source, taken.target)
        yield _transition(step, seq, index, taken.event, place, exposure)


def _transition(
    step: Step, seq: int, index: int, signal: str, place: tuple[str, str, str], exposure: Exposure
) -> Row:
    event = step.event
    head = (step.after.execution, seq, index, event.type, signal, step.outcome.value)
    return (*head, *place, exposure.value, event.time_ms)


def _commands(step: Step) -> Iterable[Row]:
    for index, command in enumerate(step.commands):
        yield _command(step.after, index, command, step.event.time_ms)


def _command(snapshot: Snapshot, index: int, command: Command, time_ms: int) -> Row:
    head = (command.key, snapshot.execution, snapshot.seq, index, command.target, command.name)
    return (*head, _json(command.params), time_ms, "open", None, "", "")


def _timers(steps: Sequence[Step], statements: Statements) -> list[Write]:
    """
    The difference between the timers on disk and those of the newest snapshot.

    An execution that has not taken a step yet (seq 0) is not on disk, nor are its timers.
    """
    before: dict[str, Snapshot] = {}
    after: dict[str, Snapshot] = {}
    for step in steps:
        before.setdefault(step.after.execution, step.before)
        after[step.after.execution] = step.after
    gone: list[Row] = []
    armed: list[Row] = []
    for execution, snapshot in after.items():
        old, new = _by_id(before[execution]), {timer.id: timer for timer in snapshot.timers}
        gone += [(execution, name) for name in old if name not in new]
        armed += [_timer(execution, timer) for timer in new.values() if old.get(timer.id) != timer]
    return [Write(statements.no_timer, gone), Write(statements.timer, armed)]


def _by_id(snapshot: Snapshot) -> dict[str, Timer]:
    return {timer.id: timer for timer in snapshot.timers} if snapshot.seq else {}


def _timer(execution: str, timer: Timer) -> Row:
    return (execution, timer.id, timer.event, timer.due_ms, timer.armed_seq)


# -- Everything else -----------------------------------------------------------------------------


def _received(received: Received) -> Row:
    event = received.event
    head = (event.source, event.id, event.type, event.execution, event.time_ms)
    return (*head, _json(event.data), received.outcome, "", None, received.detail)


def _answer(answer: Answer) -> Row:
    return (answer.answered_ms, answer.type, answer.detail, answer.key)


def _trade(trade: Trade) -> Row:
    return (
        trade.client_id,
        trade.execution,
        trade.venue,
        trade.slot,
        trade.strategy,
        str(trade.stake),
        str(trade.filled),
        trade.status.value,
        trade.sent_ms,
        trade.answered_ms,
        trade.accept_ms,
        trade.at_ms,
    )


def _incident(incident: Incident) -> Row:
    head = (incident.id, incident.execution, incident.kind, incident.severity, incident.reason)
    return (*head, incident.exposure.value, incident.opened_ms, None, "", "")


def _closure(closure: Closure) -> Row:
    return (closure.closed_ms, closure.closed_by, closure.note, closure.id)


def _action(action: OperatorAction) -> Row:
    head = (action.time_ms, action.operator, action.action, action.target)
    return (*head, _json(action.detail), action.result)


def _dead_letter(letter: DeadLetter) -> Row:
    body, reason = letter.body, letter.reason
    if len(body) > LONGEST_BODY:
        reason = f"{reason}; kept are the first {KEPT_OF_LONGER} of {len(body)} bytes"
        body = body[:KEPT_OF_LONGER]
    return (letter.received_ms, letter.source, reason, body, None)


def _replay(replay: Replay) -> Row:
    return (replay.replayed_ms, replay.id)


def _outgoing(messages: Sequence[Outgoing], statements: Statements) -> list[Write]:
    """
    The messages, and the newest position: it must be beyond all that were ever given.

    A consumer that has seen a position would take another message under it for a repetition.
    """
    if not messages:
        return []
    end = (1, messages[-1].position, messages[0].position)
    rows = [msgspec.structs.astuple(message) for message in messages]
    return [Write(statements.outgoing_end, [end], 1), Write(statements.outgoing, rows)]


def _chart(chart: ChartText) -> Row:
    return (chart.hash, chart.name, chart.version, chart.text, chart.stored_ms)
