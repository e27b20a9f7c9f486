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

TIMER_SOURCE = "timer"


def start(chart: Chart, execution: str, **fields: Any) -> Snapshot:
    """
    Return the snapshot of a new execution at rest in the chart's initial state.

    `fields` are initial values of the context.
    """
    initial = chart.machine.initial
    context = chart.context(execution=execution, **fields)
    return Snapshot(
        execution=execution,
        chart=chart.name,
        version=chart.version,
        hash=chart.hash,
        seq=0,
        leaves=initial.leaves,
        history=dict(initial.history),
        context=msgspec.Raw(msgspec.json.encode(context)),
        timers=(),
        status=Status.RUNNING,
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

    A guard or an action that raises does not come out as an exception: the outcome is `failed`, with
    the fault, and the snapshot is untouched.
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
    Make sure that a snapshot belongs to a chart.

    Raises:
        SnapshotMismatchError: another name or hash; a leaf or history entry that the chart does not
            have; a configuration without leaves.
    """
    if (snapshot.chart, snapshot.hash) != (chart.name, chart.hash):
        message = (
            f"execution {snapshot.execution}: expected chart {snapshot.chart} version "
            f"{snapshot.version} ({snapshot.hash[:12]}), found {chart.name} version "
            f"{chart.version} ({chart.hash[:12]}). An execution finishes on the chart it began "
            f"with; load that text from the store, or move the execution explicitly."
        )
        raise SnapshotMismatchError(message)
    known = {state.id for state in chart.model.atomic()}
    alien = [leaf for leaf in snapshot.leaves if leaf not in known]
    alien += [s for values in snapshot.history.values() for s in values if s not in chart.model.states]
    if alien or not snapshot.leaves:
        found = ", ".join(alien) or "no active state"
        message = (
            f"execution {snapshot.execution}: expected atomic states of chart {chart.name}, "
            f"found {found}. The snapshot is damaged; restore the store from a backup."
        )
        raise SnapshotMismatchError(message)


def _without_fired(snapshot: Snapshot, event: Event) -> tuple[dict[str, Timer], bool]:
    """Return the timers left when the event has arrived, and whether the event still counts."""
    timers = {timer.id: timer for timer in snapshot.timers}
    if event.source != TIMER_SOURCE:
        return timers, True
    timer = timers.get(event.data.get("timer", ""))
    if timer is None or timer.armed_seq != event.data.get("armed_seq"):
        return timers, False
    del timers[timer.id]
    return timers, True


def _unmoved(snapshot: Snapshot, event: Event, signal: str, outcome: Outcome) -> Step:
    return Step(event=event, signal=signal, outcome=outcome, before=snapshot, after=snapshot)


def _late(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """An event for an execution that has ended: nothing moves; the signal says if it matters."""
    if event.source == TIMER_SOURCE:
        return _unmoved(snapshot, event, "", Outcome.STALE)
    context = chart.decoder.decode(snapshot.context)
    try:
        signal = context.observe(event)
    except (msgspec.ValidationError, LookupError, ArithmeticError, ValueError) as error:
        fault = Fault(type(error).__name__, str(error), "observe")
        return Step(
            event=event, signal="", outcome=Outcome.FAILED, before=snapshot, after=snapshot, fault=fault
        )
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
        self.armed: dict[str, Timer] = {}
        self.commands: list[Command] = []
        self.transitions: list[Transition] = []
        self.guards: list[GuardResult] | None = [] if record_guards else None
        self.signal = ""
        self.context = chart.decoder.decode(snapshot.context)

    def run(self) -> Step:
        """Observe, decide, and put the result together."""
        self.context.now_ms = self.event.time_ms
        self.signal = self.context.observe(self.event)
        if not self.signal:
            return _unmoved(self.before, self.event, "", Outcome.STALE)
        before = self.before
        moved = self.chart.machine.send(
            before.leaves, before.history, self.context, self.signal, self
        )
        if moved is None:
            ignored = self.chart.ignores(before.leaves, self.signal)
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
        pending = {} if status is Status.FINAL else self.timers
        after = Snapshot(
            execution=self.before.execution,
            chart=self.before.chart,
            version=self.before.version,
            hash=self.before.hash,
            seq=self.seq,
            leaves=leaves,
            history=history,
            context=msgspec.Raw(msgspec.json.encode(self.context)),
            timers=tuple(sorted(pending.values(), key=lambda timer: timer.id)),
            status=status,
            exposure=self.chart.exposure(leaves),
        )
        return Step(
            event=self.event,
            signal=self.signal,
            outcome=outcome,
            before=self.before,
            after=after,
            transitions=tuple(self.transitions),
            commands=tuple(self.commands),
            armed=tuple(timer for timer in self.armed.values() if timer in after.timers),
            cancelled=tuple(timer for timer in self.before.timers if timer not in after.timers),
            guards=tuple(self.guards or ()),
            violated=self._violated(leaves),
        )

    def _violated(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        machine = self.chart.machine
        return tuple(
            f"never: {invariant.never} ({invariant.because})"
            for invariant in self.chart.invariants
            if machine.evaluate(invariant.expression, leaves, self.context)
        )

    def failed(self, error: Exception) -> Step:
        """The step that never was: the snapshot untouched, the fault told."""
        where = self.transitions[-1].path if self.transitions else ""
        return Step(
            event=self.event,
            signal=self.signal,
            outcome=Outcome.FAILED,
            before=self.before,
            after=self.before,
            guards=tuple(self.guards or ()),
            fault=Fault(type(error).__name__, str(error), where),
        )

    # -- Effects ---------------------------------------------------------------------------------

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:
        """Issue a command under the key that this step gives it."""
        key = f"{self.before.execution}:{self.seq}:{len(self.commands)}"
        draft = Command(key=key, target=target, name=name, params=params)
        self.commands.append(msgspec.structs.replace(draft, params=self.context.issued(draft)))

    def arm(self, timer: str, event: str, delay_ms: int) -> None:
        """Arm a timer; one with the same id is replaced."""
        armed = Timer(timer, event, self.event.time_ms + delay_ms, self.seq)
        self.timers[timer] = self.armed[timer] = armed

    def cancel(self, timer: str) -> None:
        """Cancel a timer; one that is not pending is no error."""
        self.timers.pop(timer, None)
        self.armed.pop(timer, None)

    def taken(self, transition: object, event: str) -> None:
        """Note a transition."""
        written = self.chart.written(transition)
        target = " ".join(written.targets)
        self.transitions.append(Transition(written.path, event, written.source, target))

    def guard(self, expression: str, result: bool) -> None:
        """Note a guard's outcome if asked to."""
        if self.guards is not None:
            self.guards.append(GuardResult(expression, result))
