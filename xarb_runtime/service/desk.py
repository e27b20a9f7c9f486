"""
The desk: takes deliveries, makes steps, and says what is to be committed and done afterwards.

Synchronous and without I/O. Commands to the supervisor, to other executions and to the runtime
itself are carried out here, in the same round and therefore in the same commit as the step that
issued them.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from xarb_runtime.domain.events import (
    OPPORTUNITY_DETECTED,
    ORDER_EVENTS,
    ORDER_REPORT,
    Event,
)
from xarb_runtime.domain.steps import Command, Outcome, Snapshot, Status, Step
from xarb_runtime.service import incidents
from xarb_runtime.service.admission import Facts
from xarb_runtime.service.book import HEALTH_PREFIX, SUPERVISOR, Book, is_trade
from xarb_runtime.service.charts import Charts
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.kpi import Windows, is_counted
from xarb_runtime.service.levels import Levels
from xarb_runtime.service.operators import result_of
from xarb_runtime.service.quarantine import quarantined, retired, started_over
from xarb_runtime.service.seen import Seen
from xarb_runtime.service.trades import trade_of
from xarb_runtime.service.venue_limits import moves_stakes
from xarb_runtime.service.work import Arming, Closed, Counted, Work
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.store.batch import Answer, Incident, Received
from xarb_runtime.store.records import IncidentRow

#: Commands to these targets are carried out by the desk; all others go to the dispatcher.
INTERNAL = frozenset({"supervisor", "executions", "runtime"})
RUNTIME_SOURCE = "runtime"
#: No bound on the orders of a round.
UNBOUNDED = 2**31


class Desk:
    """
    Attributes:
        book: the executions in memory.
        levels: what the supervisor and the venues' health say.
        windows: the KPI windows.
        register: open incidents.
        draining: a safe stop waits for executions in flight to end.
        record_guards: steps keep what their guards gave, for coverage.
    """

    def __init__(self, charts: Charts, facts: Facts, windows: Windows, *, drain: str) -> None:
        self.charts = charts
        self.facts = facts
        self.windows = windows
        self.book = Book()
        self.levels = Levels(charts, self.book)
        self.register = incidents.Register()
        self.draining = False
        self.record_guards = False
        self._drain = drain
        self._work = Work()
        self._queue: deque[Delivery] = deque()
        self._seen = Seen()
        self._recalled: set[str] = set()
        self._resumed_ms = 0

    @property
    def level(self) -> str:
        """The supervisor's level."""
        return self.levels.level

    # -- Recovery --------------------------------------------------------------------------------

    def recall(self, snapshot: Snapshot) -> None:
        """Take up an execution from the journal."""
        self.book.put(snapshot)
        self._recalled.add(snapshot.execution)
        if is_trade(snapshot.execution):
            self.book.recall_stakes(snapshot.execution, self.charts.context_of(snapshot))
        elif snapshot.execution == SUPERVISOR:
            self.draining = snapshot.leaves == ("stopping",)
            self._resumed_ms = self.levels.resumed_ms

    def recall_incidents(self, rows: Sequence[IncidentRow]) -> None:
        """Take up the open incidents from the journal."""
        for row in rows:
            self.register.open(
                Incident(
                    id=row.id,
                    execution=row.execution,
                    kind=row.kind,
                    severity=row.severity,
                    reason=row.reason,
                    opened_ms=row.opened_ms,
                    exposure=row.exposure,
                )
            )

    # -- A round ---------------------------------------------------------------------------------

    def work(
        self,
        deliveries: Sequence[Delivery],
        seen: set[tuple[str, str]],
        *,
        orders: int = UNBOUNDED,
    ) -> Work:
        """
        Work through deliveries, oldest first, and through what they cause.

        Args:
            deliveries: what arrived.
            seen: (source, id) of those messages that are in the journal already.
            orders: once so many orders are to be sent, what is left of the deliveries is left.
        """
        self._work, self._queue = Work(), deque()
        self._seen.add(seen)
        arrived = deque(deliveries)
        while arrived and self._work.orders < orders:
            self._one(arrived.popleft())
        self._work.left += arrived
        while self._queue or self._tell_drained():
            self._one(self._queue.popleft())
        self.book.forget_oldest()
        self._seen.forget_oldest()
        return self._work

    def _one(self, delivery: Delivery) -> None:
        batch = self._work.batch
        if delivery.dead_letter is not None:
            batch.dead_letters.append(delivery.dead_letter)
        new = delivery.received is None or self._seen.is_new(delivery.received.event)
        if delivery.received is not None and new:
            batch.events.append(delivery.received)
        if delivery.replay is not None:
            batch.replays.append(delivery.replay)
        batch.sent += delivery.sent
        taken = self._event(delivery) if delivery.event is not None else None
        if delivery.closure is not None and (known := self.register.close(delivery.closure.id)):
            self._closed([Closed(incident=known, closure=delivery.closure)])
        new = new and not (delivery.message and taken is None)
        if delivery.action is not None and new:
            result = delivery.action.result or result_of(taken)
            batch.actions.append(msgspec.structs.replace(delivery.action, result=result))
        if delivery.answers:
            self._answer(delivery)
        self._work.settled.append((delivery, taken))

    def _answer(self, delivery: Delivery) -> None:
        event = delivery.event
        kind = delivery.answer_type or (event.type if event else "done")
        now_ms = delivery.answered_ms or (event.time_ms if event else 0)
        self._work.batch.answers.append(
            Answer(
                key=delivery.answers, answered_ms=now_ms, type=kind, detail=delivery.answer_detail
            )
        )

    def may_repeat(self, delivery: Delivery) -> bool:
        """
        Tell whether the journal must be asked if an event was seen before.

        Messages may. So may reports about executions of an earlier life or that have ended: a venue
        repeats its reports to whoever connects again. What was heard in this life is remembered.
        """
        if delivery.message:
            return True
        event = delivery.event
        if event is None or event.type != ORDER_REPORT:
            return False
        snapshot = self.book.get(event.execution)
        earlier = event.execution in self._recalled
        return snapshot is None or snapshot.status is not Status.RUNNING or earlier

    def _event(self, delivery: Delivery) -> Step | None:
        event = delivery.event
        assert event is not None  # noqa: S101  the caller looked
        repeatable = delivery.message or event.type == ORDER_REPORT
        if repeatable and not self._seen.is_new(event):
            return None
        if event.type in ORDER_EVENTS and not is_trade(event.execution):
            self._orphan(event)
            return None
        if event.type == OPPORTUNITY_DETECTED:
            return self._admit(event)
        snapshot = self.book.get(event.execution)
        if snapshot is None and not is_trade(event.execution):
            snapshot = self._begin(event.execution)
        if snapshot is None:
            self._orphan(event)
            return None
        if delivery.retire and snapshot.status is Status.QUARANTINED:
            return self._retire(snapshot, event)
        return self._step(snapshot, event)

    def _retire(self, snapshot: Snapshot, event: Event) -> Step:
        """End a quarantined execution. The supervisor and venues' health start over instead."""
        if is_trade(snapshot.execution):
            taken = retired(snapshot, event)
        else:
            taken = started_over(snapshot, self._begin(snapshot.execution), event)
        self.book.put(taken.after)
        self._work.steps.append(taken)
        self._note(taken)
        if snapshot.execution == SUPERVISOR:
            data: Mapping[str, object] = {"reason": "started over after a fault"}
            self._tell(SUPERVISOR, "operator.pause", f"{event.id}/pause", taken, data)
        return taken

    def _admit(self, event: Event) -> Step:
        duplicate = self.book.knows(event.execution)
        if duplicate:
            # No opportunity's id has an exclamation mark, and no two messages this source and id.
            name = f"{event.execution}!{event.source}!{event.id}"
            event = msgspec.structs.replace(event, execution=name)
        completed, opportunity = self.facts.complete(event, self.book, duplicate=duplicate)
        taken = self._step(start(self.charts.flow, event.execution), completed)
        self.book.commit_stake(event.execution, opportunity.stake)
        return taken

    def _begin(self, execution: str) -> Snapshot:
        if execution == SUPERVISOR:
            return start(self.charts.supervisor, execution, drain_deadline=self._drain)
        venue = execution.removeprefix(HEALTH_PREFIX)
        return start(self.charts.venue_health, execution, venue=venue)

    def _orphan(self, event: Event) -> None:
        self._work.batch.events.append(Received(event=event, outcome="orphan"))
        if event.type == ORDER_REPORT:
            self._open(incidents.orphan(event))

    # -- A step ----------------------------------------------------------------------------------

    def _step(self, snapshot: Snapshot, event: Event) -> Step:
        taken = step(self.charts.of(snapshot), snapshot, event, record_guards=self.record_guards)
        if taken.outcome is Outcome.FAILED and snapshot.status is Status.RUNNING:
            taken = quarantined(taken)
        self.book.put(taken.after)
        work = self._work
        work.steps.append(taken)
        if not (taken.outcome is Outcome.STALE and event.type == ORDER_REPORT):
            self._note(taken)
        if taken.outcome is Outcome.STALE and event.type == ORDER_REPORT:
            self._look_for_stranger(taken)
        if snapshot.execution == SUPERVISOR:
            self._look_for_resume()
        work.armed += [Arming(snapshot.execution, timer) for timer in taken.armed]
        for incident in incidents.of_step(taken):
            self._open(incident)
        self._count(taken)
        self._note_stakes(taken)
        for command in taken.commands:
            self._route(command, taken)
        return taken

    def _note(self, taken: Step) -> None:
        self._work.batch.steps.append(taken)
        self._work.news.append(taken)

    def _note_stakes(self, taken: Step) -> None:
        """What is at stake at each venue is only counted where somebody has set a limit to it."""
        if self.facts.venue_limits.at_once and moves_stakes(taken):
            self.book.note_stakes(taken.after.execution, self.charts.context_of(taken.after))

    def _look_for_stranger(self, taken: Step) -> None:
        """A report that says nothing new may be about an order that is not in the ledger at all."""
        client_id = str(taken.event.data.get("client_id", ""))
        if self.charts.context_of(taken.after).order(client_id) is None:
            self._orphan(taken.event)

    def _look_for_resume(self) -> None:
        """KPI windows begin anew whenever a person has let trading go on."""
        if self.levels.resumed_ms != self._resumed_ms:
            self._resumed_ms = self.levels.resumed_ms
            self.windows.restart()

    def _count(self, taken: Step) -> None:
        trade = trade_of(taken, self.charts.of(taken.after))
        if trade is None:
            return
        self._work.batch.trades.append(trade)
        breaches = self.windows.add(trade)
        figures = self.windows.of(trade.venue)
        if figures is not None and is_counted(trade):
            self._work.news.append(Counted(trade=trade, figures=figures))
        for breach in breaches:
            data = {"venue": breach.venue, "reason": f"{breach.venue}: {breach.reason}"}
            identity = f"{breach.kpi}:{trade.client_id}:{self.levels.seq}"
            self._tell(SUPERVISOR, "kpi.breach", identity, taken, data)

    def _tell(
        self, execution: str, kind: str, identity: str, cause: Step, data: Mapping[str, object]
    ) -> None:
        event = Event(
            id=identity,
            source=RUNTIME_SOURCE,
            type=kind,
            time_ms=cause.event.time_ms,
            execution=execution,
            data=dict(data),
        )
        self._queue.append(Delivery(event=event))

    # -- Commands that stay in the house ---------------------------------------------------------

    def _route(self, command: Command, cause: Step) -> None:
        if command.target not in INTERNAL:
            self._work.commands.append(command)
            self._work.orders += command.name == "place"
            return
        if command.target == "supervisor":
            self._tell(SUPERVISOR, command.name, command.key, cause, command.params)
        elif command.target == "executions":
            self._pause_executions(command, cause)
        else:
            self._runtime(command, cause)
        now_ms = cause.event.time_ms
        self._work.batch.answers.append(Answer(key=command.key, answered_ms=now_ms, type="done"))

    def _pause_executions(self, command: Command, cause: Step) -> None:
        for snapshot in self.book.trades:
            if self.charts.of(snapshot).on_pause(snapshot.leaves) != "finish":
                identity = f"{command.key}/{snapshot.execution}"
                self._tell(snapshot.execution, "operator.pause", identity, cause, {})

    def _runtime(self, command: Command, cause: Step) -> None:
        match command.name:
            case "incident":
                self._open(incidents.of_command(command, cause))
            case "close_incident":
                self._closed(self.register.closures(cause, str(command.params.get("kind", ""))))
            case "drain":
                self.draining = True
            case "stopped":
                self._work.stopped = True
            case _:
                message = f"runtime has no command {command.name!r} ({command.key})"
                raise LookupError(message)

    def _closed(self, closed: Sequence[Closed]) -> None:
        self._work.batch.closures += [each.closure for each in closed]
        self._work.news += closed

    def _open(self, incident: Incident) -> None:
        if not self.register.open(incident):
            return
        self._work.batch.incidents.append(incident)
        self._work.incidents.append(incident)
        self._work.news.append(incident)
        if incident.execution != SUPERVISOR:
            event = Event(
                id=f"{incident.id}@{self.levels.seq}",
                source=RUNTIME_SOURCE,
                type="incident.opened",
                time_ms=incident.opened_ms,
                execution=SUPERVISOR,
                data={"reason": incident.reason, "pauses": incident.severity == "critical"},
            )
            self._queue.append(Delivery(event=event))

    # -- Levels ----------------------------------------------------------------------------------

    def _tell_drained(self) -> bool:
        """Let the supervisor know once a safe stop waits for nothing any more; False before."""
        steps = self._work.steps
        if steps and any(taken.event.type == "operator.resume" for taken in steps):
            self.draining = self.draining and self.level == "stopping"
        if not (self.draining and steps and self.level == "stopping") or self.book.trades:
            return False
        self.draining = False
        data: dict[str, object] = {"in_flight": self.book.in_flight}
        identity = f"drained:{self.levels.seq}"
        self._tell(SUPERVISOR, "work.drained", identity, steps[-1], data)
        return True
