"""
Writes down what a runtime and its venues do, while they do it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from xarb_runtime.domain.steps import Command, Exposure, Outcome, Snapshot, Step
from xarb_runtime.service.work import Work, is_empty
from xarb_runtime.simulation.recording import (
    BookFact,
    CallFact,
    CrashFact,
    IncidentFact,
    Level,
    Line,
    MarkFact,
    MessageFact,
    Recording,
    StepFact,
    Violation,
)
from xarb_runtime.store.batch import Batch, Closure, Incident
from xarb_runtime.store.records import IncidentRow

_LEVELS: dict[Outcome, Level] = {Outcome.UNEXPECTED: "warning", Outcome.FAILED: "error"}
_SEVERITIES: dict[str, Level] = {"warning": "warning", "critical": "error"}


class Recorder:
    """
    Attributes:
        recording: what was written down.
        snapshots: the newest snapshot of every execution.
        events: what events said, for those who look for secrets; kept only if `keeps_events`.
        on_step: called with each step's fact after its commit was written down.
    """

    def __init__(self, recording: Recording, now_ms: Callable[[], int]) -> None:
        self.recording = recording
        self.snapshots: dict[str, Snapshot] = {}
        self.events: list[str] = []
        self.keeps_events = False
        self._newest: dict[str, StepFact] = {}
        self._fresh: list[StepFact] = []
        self.on_step: Callable[[StepFact], None] = lambda _fact: None
        self._now_ms = now_ms

    def say(
        self,
        target: str,
        message: str,
        fields: Mapping[str, Any] | None = None,
        *,
        level: Level = "info",
        span: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a line of the log."""
        line = Line(
            at_ms=self._now_ms(),
            level=level,
            target=target,
            message=message,
            fields=msgspec.to_builtins(dict(fields or {}), str_keys=True),
            span={"scenario": self.recording.scenario, **(span or {})},
        )
        self.recording.lines.append(line)

    # -- The runtime -----------------------------------------------------------------------------

    def work(self, work: Work) -> None:
        """Take in a round of the runtime's work, after its commit."""
        for taken in work.steps:
            self._step(taken)
        self._rest(work.batch)
        for incident in work.batch.incidents:
            self._incident(incident)
        for closure in work.batch.closures:
            self._closure(closure)
        if not is_empty(work.batch):
            self._checkpoint(work.batch)
        self.settle()

    def settle(self) -> None:
        """Say which steps there were, now that all that belongs to them is written down."""
        fresh, self._fresh = self._fresh, []
        for fact in fresh:
            self.on_step(fact)

    def _step(self, taken: Step) -> None:
        fact = _fact_of(taken, self._now_ms())
        if self.keeps_events:
            self.events.append(msgspec.json.encode(taken.event).decode())
        self.snapshots[fact.execution] = taken.after
        self._write(fact, _step_fields(taken, fact), taken.commands)

    def found(self, fact: StepFact, commands: Sequence[Command]) -> None:
        """Take in a step that was committed and not seen: its runtime died right after."""
        fields = {"signal": fact.signal, "outcome": fact.outcome, "found": "in the journal"}
        self._write(fact, {**fields, "transitions": list(fact.transitions)}, commands)

    def _write(
        self, fact: StepFact, fields: Mapping[str, Any], commands: Sequence[Command]
    ) -> None:
        self.recording.steps.append(fact)
        self._newest[fact.execution] = fact
        span = {"execution": fact.execution, "seq": fact.seq}
        level = _LEVELS.get(fact.outcome, "info")
        self.say("xarb.step", _headline(fact), fields, level=level, span=span)
        for command in commands:
            self.command(command, span)
        self._fresh.append(fact)

    def seq_of(self, execution: str) -> int:
        """Return the number of the newest step of an execution that was seen."""
        fact = self._newest.get(execution)
        return fact.seq if fact else 0

    def place_of(self, execution: str) -> tuple[tuple[str, ...], Exposure | None]:
        """Return where an execution was seen last, and its exposure there."""
        fact = self._newest.get(execution)
        return (fact.after, fact.exposure) if fact else ((), None)

    def command(self, command: Command, span: Mapping[str, Any]) -> None:
        """Take in a command that a step issued."""
        self.recording.commands[command.key] = command
        self.recording.issued_ms[command.key] = self._now_ms()
        fields = {"key": command.key, "params": command.params}
        self.say("xarb.command", f"{command.target}/{command.name}", fields, span=span)

    def _rest(self, batch: Batch) -> None:
        for answer in batch.answers:
            fields = {"key": answer.key, "detail": answer.detail}
            self.say("xarb.answer", answer.type, _without_nothing(fields))
        for received in batch.events:
            self.recording.dropped += received.outcome == "too_old"
            fields = {"id": received.event.id, "detail": received.detail}
            self.say("xarb.intake", received.outcome, fields, level="warning")
        for letter in batch.dead_letters:
            self.say("xarb.intake", "dead letter", {"reason": letter.reason}, level="warning")
        for action in batch.actions:
            fields = {"target": action.target, "result": action.result}
            self.mark("operator", f"{action.operator}: {action.action}", "xarb.operator", fields)

    def _checkpoint(self, batch: Batch) -> None:
        self.recording.checkpoints += 1
        sizes = {name: len(getattr(batch, name)) for name in batch.__struct_fields__}
        sizes["commands"] = sum(len(taken.commands) for taken in batch.steps)
        rows = {name: size for name, size in sorted(sizes.items()) if size}
        self.say("xarb.checkpoint", f"commit {self.recording.checkpoints}", rows)

    def _incident(self, incident: Incident) -> None:
        self.recording.incidents[incident.id] = IncidentFact(
            incident=incident, at_ms=self._now_ms()
        )
        fields = {name: getattr(incident, name) for name in ("id", "reason", "exposure")}
        self.say(
            "xarb.incident",
            f"opened: {incident.kind}",
            fields,
            level=_SEVERITIES.get(incident.severity, "warning"),
            span={"execution": incident.execution},
        )

    def _closure(self, closure: Closure) -> None:
        fact = self.recording.incidents[closure.id]
        fact.closed_ms, fact.closed_by = self._now_ms(), closure.closed_by
        span = {"execution": fact.incident.execution}
        fields = {"id": closure.id, "by": closure.closed_by, "note": closure.note}
        self.say("xarb.incident", f"closed: {fact.incident.kind}", fields, span=span)

    def found_incident(self, row: IncidentRow) -> None:
        """Take in an incident of the journal that was not seen, or whose end was not."""
        if row.id not in self.recording.incidents:
            facts = {name: getattr(row, name) for name in Incident.__struct_fields__}
            self._incident(Incident(**facts))
        if row.closed_ms is not None and self.recording.incidents[row.id].closed_ms is None:
            ended = Closure(id=row.id, closed_ms=row.closed_ms, closed_by=row.closed_by)
            self._closure(ended)

    def mark(
        self,
        kind: Literal["operator", "clock", "ended", "started"],
        text: str,
        target: str = "xarb.process",
        fields: Mapping[str, Any] | None = None,
        *,
        level: Level = "info",
    ) -> None:
        """Take in something that a reader must see."""
        self.recording.marks.append(MarkFact(at_ms=self._now_ms(), kind=kind, text=text))
        self.say(target, text, fields, level=level)

    # -- The world around it ---------------------------------------------------------------------

    def called(self, venue: str, what: str, client_id: str, **fields: Any) -> CallFact:
        """Take in that a venue is being called."""
        fact = CallFact(at_ms=self._now_ms(), venue=venue, what=what, client_id=client_id)
        self.recording.calls.append(fact)
        fields = {"client_id": client_id, **fields}
        self.say("xarb.wire", f"{venue} {what}", _without_nothing(fields))
        return fact

    def answered(self, fact: CallFact, answer: str, **fields: Any) -> None:
        """Take in what a venue answered."""
        fact.ended_ms, fact.answer = self._now_ms(), answer
        level: Level = "warning" if answer in {"unknown", "error", "none"} else "info"
        message = f"{fact.venue} {fact.what}: {answer}"
        fields = {"client_id": fact.client_id, **fields}
        self.say("xarb.wire", message, _without_nothing(fields), level=level)

    def booked(self, venue: str, client_id: str, word: str, order: Any, code: str) -> None:
        """Take in what happened to an order in a venue's book; `order` is None if it has none."""
        facts = {name: getattr(order, name) for name in ("filled", "stake", "final") if order}
        fact = BookFact(
            at_ms=self._now_ms(), venue=venue, client_id=client_id, word=word, code=code, **facts
        )
        self.recording.book.append(fact)
        fields = {"client_id": client_id, "code": code, **facts}
        self.say(f"ghost.{venue}", word, _without_nothing(fields))

    def published(self, fact: MessageFact, note: str) -> None:
        """Take in that the engine has published a message."""
        self.recording.messages.append(fact)
        fields = {"id": fact.id, "execution": fact.execution}
        self.say("engine", note, _without_nothing(fields))

    def crashed(self, point: str) -> CrashFact:
        """Take in the runtime's death."""
        fact = CrashFact(at_ms=self._now_ms(), point=point)
        self.recording.crashes.append(fact)
        self.say("xarb.process", f"killed at {point}", level="error")
        return fact

    def violated(self, invariant: str, text: str) -> None:
        """Take in that something happened that must never happen."""
        found = Violation(at_ms=self._now_ms(), invariant=invariant, text=text)
        if any((it.invariant, it.text) == (invariant, text) for it in self.recording.violations):
            return
        self.recording.violations.append(found)
        self.say("xarb.invariant", f"violated: {invariant}", {"text": text}, level="error")


def _fact_of(taken: Step, at_ms: int) -> StepFact:
    visited = [state for it in taken.transitions for state in it.target.split()]
    return StepFact(
        at_ms=at_ms,
        execution=taken.after.execution,
        seq=taken.after.seq,
        chart=taken.after.chart,
        event=taken.event.type,
        source=taken.event.source,
        signal=taken.signal,
        outcome=taken.outcome,
        before=taken.before.leaves,
        after=taken.after.leaves,
        was=taken.before.exposure,
        exposure=taken.after.exposure,
        status=taken.after.status,
        transitions=tuple(it.path for it in taken.transitions),
        visited=tuple(dict.fromkeys([*visited, *taken.after.leaves])) if visited else (),
        guards=taken.guards,
    )


def _headline(fact: StepFact) -> str:
    before, after = "+".join(fact.before), "+".join(fact.after)
    return f"{before} -> {after}" if before != after else f"{fact.outcome.value} in {before}"


def _step_fields(taken: Step, fact: StepFact) -> dict[str, Any]:
    """What a step did, without what it did not do."""
    event = taken.event
    fields: dict[str, Any] = {
        "signal": taken.signal,
        "outcome": taken.outcome.value,
        "event": {"type": event.type, "id": event.id, "source": event.source},
        "exposure": fact.exposure.value,
        "transitions": list(fact.transitions),
        "armed": {it.id: f"+{it.due_ms - event.time_ms}ms" for it in taken.armed},
        "cancelled": [timer.id for timer in taken.cancelled],
        "fault": taken.fault,
        "violated": list(taken.violated),
    }
    return _without_nothing(fields)


def _without_nothing(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
