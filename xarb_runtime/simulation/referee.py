"""
The referee: looks at the invariants after every step and at the end.
"""

from collections.abc import Iterable, Iterator

import msgspec

from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Outcome, Status
from xarb_runtime.service.book import is_trade
from xarb_runtime.simulation import invariants
from xarb_runtime.simulation.ending import Ending, ExecutionEnd
from xarb_runtime.simulation.invariants import Known
from xarb_runtime.simulation.recording import StepFact
from xarb_runtime.simulation.world import World


class Referee:
    """Compares what the runtime believes with what the venues have."""

    def __init__(self, world: World, limits: Limits, secrets: Iterable[str] = ()) -> None:
        self._world = world
        self._recorder = world.recorder
        self._recording = world.recorder.recording
        self._limits = limits
        self._secrets = tuple(secrets)
        world.recorder.keeps_events = bool(self._secrets)
        self._ended: dict[str, int] = {}
        self._calls_seen = 0

    def after(self, fact: StepFact) -> None:
        """Look at what a step has led to."""
        new = self._recording.calls[self._calls_seen :]
        self._calls_seen = len(self._recording.calls)
        self._report(
            "committed before sent",
            invariants.committed_before_sent(new, self._recording.issued_ms),
        )
        if not is_trade(fact.execution):
            return
        if fact.outcome is Outcome.MOVED:
            ended = self._ended.get(fact.execution)
            found = invariants.no_step_after_the_end(fact.execution, ended, fact.seq)
            self._report("no step after the end", found)
        if fact.status is Status.FINAL:
            self._ended.setdefault(fact.execution, fact.seq)
        known = self._known(fact.execution)
        if known is not None:
            self._look_at(known)

    def _look_at(self, known: Known) -> None:
        for name, holds in invariants.AFTER_EVERY_STEP.items():
            self._report(name, holds(known))
        commands = self._recording.commands
        found = invariants.one_order_per_intent(known, commands)
        self._report("one order per intent", found)

    def _known(self, execution: str) -> Known | None:
        snapshot = self._recorder.snapshots.get(execution)
        chart = self._world.charts.of(snapshot) if snapshot is not None else None
        if snapshot is None or chart is None:
            return None
        context = chart.decoder.decode(snapshot.context)
        admission = getattr(context, "admission", None)
        return Known(
            execution=execution,
            status=snapshot.status,
            exposure=snapshot.exposure,
            reason=getattr(context, "reason", ""),
            timers=len(snapshot.timers),
            ledger=tuple(getattr(context, "orders", ())),
            scenarios=admission.opportunity.scenarios if admission else (),
            limits=self._limits,
            orders=tuple(self._world.orders_of(execution)),
            placed=tuple(self._world.placed(execution)),
            incidents=self._incidents(execution),
        )

    def _incidents(self, execution: str) -> tuple[str, ...]:
        facts = self._recording.incidents.values()
        return tuple(it.incident.kind for it in facts if it.incident.execution == execution)

    # -- The end ---------------------------------------------------------------------------------

    def finish(self, ending: Ending) -> None:
        """Look at how it has ended."""
        for end in ending.executions:
            known = self.known_at_end(end)
            self._look_at(known)
            self._report("ledger is true", invariants.ledger_is_true(known))
        messages = self._recording.messages
        self._report(
            "acknowledged is on disk",
            invariants.acknowledged_is_on_disk(messages, ending.journaled),
        )
        self._report(
            "no message lost",
            invariants.no_message_lost(messages, ending.dead_letters, ending.waiting),
        )
        if self._secrets:
            self._report("no secret", invariants.no_secret(self._texts(), self._secrets))

    def known_at_end(self, end: ExecutionEnd) -> Known:
        """Return what is known of an execution in the end."""
        return Known(
            execution=end.id,
            status=end.status,
            exposure=end.exposure,
            reason=end.reason,
            timers=end.timers,
            ledger=end.ledger,
            scenarios=end.scenarios,
            limits=end.limits,
            orders=tuple(self._world.orders_of(end.id)),
            placed=tuple(self._world.placed(end.id)),
            incidents=self._incidents(end.id),
        )

    def _texts(self) -> Iterator[str]:
        for line in self._recording.lines:
            yield msgspec.json.encode(line).decode()
        for snapshot in self._recorder.snapshots.values():
            yield bytes(snapshot.context).decode()
        yield from self._recorder.events

    def _report(self, invariant: str, texts: Iterable[str]) -> None:
        for text in texts:
            self._recorder.violated(invariant, text)
