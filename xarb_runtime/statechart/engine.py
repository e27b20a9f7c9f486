"""
`start` and `step`: the chart as a pure function.

A step has no I/O, no clock, no randomness and no await. The same chart, snapshot and event give the
same step, byte for byte.
"""

from typing import Any

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import (
    Command,
    Fault,
    GuardResult,
    Outcome,
    Snapshot,
    Status,
    Step,
    Timer,
    Transition,
)
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.findings import SnapshotMismatchError
from xarb_runtime.statechart.model import TransitionModel

TIMER_SOURCE = "timer"

#: Where a step failed that could not make sense of its event.
OBSERVE = "observe"

_encode = msgspec.json.Encoder().encode


def start(chart: Chart, execution: str, **fields: Any) -> Snapshot:
    """
    Return the snapshot of a new execution at rest in the chart's initial state.

    `fields` are initial values of the context.
    """
    context = chart.context(execution=execution, **fields)
    initial = chart.enter(context)
    return Snapshot(
        execution=execution,
        chart=chart.name,
        version=chart.version,
        hash=chart.hash,
        seq=0,
        leaves=initial.leaves,
        history=initial.history,
        context=msgspec.Raw(_encode(context)),
        timers=(),
        status=Status.FINAL if initial.terminated else Status.RUNNING,
        exposure=chart.exposure(initial.leaves),
    )


def step(chart: Chart, snapshot: Snapshot, event: Event, *, record_guards: bool = False) -> Step:
    """
    Let one event happen to an execution.

    Args:
        chart: the chart the execution runs on.
        snapshot: the execution.
        event: what happened. Its time is the step's time.
        record_guards: keep each guard's outcome, for coverage.

    Raises:
        SnapshotMismatchError: the snapshot was made by another chart, or does not fit this one.

    A guard or an action that raises does not come out as an exception: the outcome is `failed`,
    with the fault, and the snapshot is untouched.
    """
    check_fit(chart, snapshot)
    timers, alive = _without_fired(snapshot, event)
    if snapshot.status is not Status.RUNNING:
        return _late(chart, snapshot, event)
    if not alive:
        return _unmoved(snapshot, event, "", Outcome.STALE)
    running = _Running(chart, snapshot, event, timers, record_guards=record_guards)
    try:
        return running.run()
    except Exception as error:  # noqa: BLE001  whatever a chart's own code raises is the execution's fault
        return running.failed(error)


def check_fit(chart: Chart, snapshot: Snapshot) -> None:
    """
    Make sure that a snapshot belongs to a chart and is whole.

    Raises:
        SnapshotMismatchError: another name or hash; leaves, history, status or timers that no step
            on this chart can have left behind.
    """
    if snapshot.hash != chart.hash or snapshot.chart != chart.name:
        message = (
            f"execution {snapshot.execution}: expected chart {snapshot.chart} version "
            f"{snapshot.version} ({snapshot.hash[:12]}), found {chart.name} version "
            f"{chart.version} ({chart.hash[:12]}). An execution finishes on the chart it began "
            f"with; load that text from the store, or move the execution explicitly."
        )
        raise SnapshotMismatchError(message)
    damage = chart.damage(snapshot)
    if damage:
        message = (
            f"execution {snapshot.execution}: expected a snapshot that a step on chart "
            f"{chart.name} left behind, found {damage}. It is damaged; restore the store from "
            f"a backup."
        )
        raise SnapshotMismatchError(message)


def _without_fired(snapshot: Snapshot, event: Event) -> tuple[dict[str, Timer], bool]:
    """Return the timers left when the event has arrived, and whether the event still counts."""
    timers = {timer.id: timer for timer in snapshot.timers}
    if event.source != TIMER_SOURCE:
        return timers, True
    # It counts only for the timer as it was armed: a forged one must not move money.
    said = (event.type, event.data.get("timer"), event.data.get("armed_seq"))
    for timer in snapshot.timers:
        if said == (timer.event, timer.id, timer.armed_seq):
            del timers[timer.id]
            return timers, True
    return timers, False


def _unmoved(snapshot: Snapshot, event: Event, signal: str, outcome: Outcome) -> Step:
    return Step(event=event, signal=signal, outcome=outcome, before=snapshot, after=snapshot)


def _failed(snapshot: Snapshot, event: Event, signal: str, fault: Fault) -> Step:
    """The step that never was: the snapshot untouched, the fault told."""
    return Step(
        event=event,
        signal=signal,
        outcome=Outcome.FAILED,
        before=snapshot,
        after=snapshot,
        fault=fault,
    )


def _late(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """An event for an execution that has ended: nothing moves; the signal says if it matters."""
    if event.source == TIMER_SOURCE:
        return _unmoved(snapshot, event, "", Outcome.STALE)
    try:
        context = chart.decoder.decode(snapshot.context)
        signal = context.observe(event)
    except Exception as error:  # noqa: BLE001  as in a step: whatever raises is the execution's fault
        return _failed(snapshot, event, "", Fault(type(error).__name__, str(error), OBSERVE))
    outcome = Outcome.UNEXPECTED if signal else Outcome.STALE
    if signal and chart.ignores(snapshot.leaves, signal):
        outcome = Outcome.IGNORED
    return _unmoved(snapshot, event, signal, outcome)


class _Running:
    """One step while it runs; also takes its effects."""

    def __init__(
        self,
        chart: Chart,
        snapshot: Snapshot,
        event: Event,
        timers: dict[str, Timer],
        *,
        record_guards: bool,
    ) -> None:
        self.chart = chart
        self.before = snapshot
        self.event = event
        self.seq = snapshot.seq + 1
        self.timers = timers
        self.commands: list[Command] = []
        self.transitions: list[Transition] = []
        self.record_guards = record_guards
        self.guards: list[GuardResult] = []
        self.signal = ""
        self.context = chart.decoder.decode(snapshot.context)

    def run(self) -> Step:
        """Observe, decide, and put the result together."""
        before, chart = self.before, self.chart
        self.context.now_ms = self.event.time_ms
        self.signal = self.context.observe(self.event)
        if not self.signal:
            return _unmoved(before, self.event, "", Outcome.STALE)
        moved = chart.machine.send(before.leaves, before.history, self.context, self.signal, self)
        if moved is None:
            ignored = chart.ignores(before.leaves, self.signal)
            outcome = Outcome.IGNORED if ignored else Outcome.UNEXPECTED
            return self._step(outcome, before.leaves, before.history, Status.RUNNING)
        status = Status.FINAL if moved.terminated else Status.RUNNING
        return self._step(Outcome.MOVED, moved.leaves, moved.history, status)

    def _step(
        self,
        outcome: Outcome,
        leaves: tuple[str, ...],
        history: dict[str, tuple[str, ...]],
        status: Status,
    ) -> Step:
        before = self.before
        if status is Status.FINAL:
            self.timers.clear()
        timers = tuple(sorted(self.timers.values(), key=_timer_id))
        after = Snapshot(
            execution=before.execution,
            chart=before.chart,
            version=before.version,
            hash=before.hash,
            seq=self.seq,
            leaves=leaves,
            history=history,
            context=msgspec.Raw(_encode(self.context)),
            timers=timers,
            status=status,
            exposure=self.chart.exposure(leaves),
        )
        return Step(
            event=self.event,
            signal=self.signal,
            outcome=outcome,
            before=before,
            after=after,
            transitions=tuple(self.transitions),
            commands=tuple(self.commands),
            armed=tuple(timer for timer in timers if timer.armed_seq == self.seq),
            cancelled=tuple(timer for timer in before.timers if timer not in timers),
            guards=tuple(self.guards),
            violated=self.chart.violated(leaves),
        )

    def failed(self, error: Exception) -> Step:
        """Tell what was raised, and where. Guards are kept: they lead to the fault."""
        where = self.transitions[-1].path if self.transitions else ""
        fault = Fault(type(error).__name__, str(error), where if self.signal else OBSERVE)
        failed = _failed(self.before, self.event, self.signal, fault)
        return msgspec.structs.replace(failed, guards=tuple(self.guards))

    # -- Effects ---------------------------------------------------------------------------------

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:
        """Issue a command under the key that this step gives it."""
        key = f"{self.before.execution}:{self.seq}:{len(self.commands)}"
        completed = self.context.issued(Command(key, target, name, params))
        self.commands.append(Command(key, target, name, completed))

    def arm(self, timer: str, event: str, delay_ms: int) -> None:
        """Arm a timer; one with the same id is replaced."""
        self.timers[timer] = Timer(timer, event, self.event.time_ms + delay_ms, self.seq)

    def cancel(self, timer: str) -> None:
        """Cancel a timer; one that is not pending is no error."""
        self.timers.pop(timer, None)

    def taken(self, written: TransitionModel, event: str) -> None:
        """Note a transition."""
        target = " ".join(written.targets)
        self.transitions.append(Transition(written.path, event, written.source, target))

    def guard(self, expression: str, *, result: bool) -> None:
        """Note a guard's outcome if asked to."""
        if self.record_guards:
            self.guards.append(GuardResult(expression, result))


def _timer_id(timer: Timer) -> str:
    return timer.id
