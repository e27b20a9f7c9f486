"""
An operator's words: each becomes a delivery that is noted in the same commit as what it causes, and
an answer that says what really happened after that commit.
"""

from xarb_runtime.domain.steps import Outcome, Snapshot, Status, Step
from xarb_runtime.ops.bodies import (
    LevelAnswer,
    Resolution,
    ResolveAnswer,
    RetryAnswer,
    Word,
)
from xarb_runtime.ops.commits import committed
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.looking import groups_of, in_flight, level_of
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.sentences import level_note, resolve_note
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.store.batch import Closure, Incident, OperatorAction

#: Words to the supervisor.
LEVEL_WORDS = ("pause", "resume", "reduce", "halt", "stop")

#: Kinds of incidents that wait for a person inside the flow.
IN_THE_FLOW = frozenset({"exposed", "finality_overdue"})


RESOLVE = "operator.resolve"


class Words:
    """
    What operators say to a runtime.

    Every method raises `ProblemError` when it cannot be done; then nothing was done.
    """

    def __init__(self, runtime: Runtime, watch: ExposureWatch) -> None:
        self._runtime = runtime
        self._watch = watch

    # -- Levels ----------------------------------------------------------------------------------

    async def level(self, action: str, word: Word) -> LevelAnswer:
        """Say `pause`, `resume`, `reduce`, `halt` or `stop` to the supervisor."""
        runtime = self._runtime
        said = runtime.say(
            f"operator.{action}",
            source=f"operator:{word.operator}",
            data={"reason": word.reason},
            delivery=Delivery(action=self._action(word, action, "supervisor")),
        )
        taken = _stepped(await committed(said, action))
        if taken.outcome not in {Outcome.MOVED, Outcome.IGNORED}:
            raise ProblemError(_unheard(action, taken), 409)
        live, now = in_flight(runtime), level_of(runtime)
        naked = self._watch.open(live, runtime.clock.now_ms())
        answer = LevelAnswer(
            action=action,
            outcome=taken.outcome.value,
            before="+".join(taken.before.leaves),
            level=now.level,
            reason=now.reason,
            by=now.by,
            in_flight=len(live),
            groups=groups_of(runtime, live),
            open=naked,
            note="",
        )
        return level_note(answer)

    # -- Incidents -------------------------------------------------------------------------------

    async def resolve(self, identity: str, resolution: Resolution) -> ResolveAnswer:
        """Close an incident; what that means for its execution depends on the incident's kind."""
        incident = self._runtime.desk.register.get(identity)
        if incident is None:
            raise await self._no_incident(identity)
        delivery = self._closing(incident, resolution)
        snapshot = self._runtime.desk.book.get(incident.execution)
        if snapshot is None or not self._concerns(incident, snapshot):
            said = self._runtime.tell(delivery)
        else:
            said = self._runtime.say(
                RESOLVE,
                source=f"operator:{resolution.operator}",
                execution=incident.execution,
                data={"note": resolution.note},
                delivery=delivery,
            )
        taken = await committed(said, f"resolve {identity}")
        return self._resolved(incident, taken)

    def _closing(self, incident: Incident, resolution: Resolution) -> Delivery:
        now_ms = self._runtime.clock.now_ms()
        source = f"operator:{resolution.operator}"
        return Delivery(
            retire=incident.kind == "fault",
            closure=Closure(
                id=incident.id, closed_ms=now_ms, closed_by=source, note=resolution.note
            ),
            action=OperatorAction(
                time_ms=now_ms,
                operator=resolution.operator,
                action="resolve",
                target=incident.id,
                detail={"note": resolution.note, "kind": incident.kind},
            ),
        )

    def _concerns(self, incident: Incident, snapshot: Snapshot) -> bool:
        """Tell whether the execution has to hear that its incident is closed."""
        if snapshot.status is Status.QUARANTINED:
            return incident.kind == "fault"
        chart = self._runtime.desk.charts.of(snapshot)
        waits = snapshot.status is Status.RUNNING and handles(chart, snapshot, RESOLVE)
        return waits and incident.kind in IN_THE_FLOW

    def _resolved(self, incident: Incident, taken: Step | None) -> ResolveAnswer:
        snapshot = self._runtime.desk.book.get(incident.execution)
        before = taken.before if taken else snapshot
        return resolve_note(
            ResolveAnswer(
                incident=incident.id,
                kind=incident.kind,
                execution=incident.execution,
                closed=self._runtime.desk.register.get(incident.id) is None,
                before="+".join(before.leaves) if before else "",
                after="+".join(snapshot.leaves) if snapshot else "",
                status=snapshot.status if snapshot else None,
            )
        )

    async def _no_incident(self, identity: str) -> ProblemError:
        known = await self._runtime.journal.queries.incidents(limit=1000)
        for row in known:
            if row.id == identity and row.closed_ms is not None:
                what = "this incident is closed already"
                return ProblemError(
                    Problem(what=what, where=identity, found=f"{row.closed_by}: {row.note}"), 409
                )
        open_ids = ", ".join(each.id for each in self._runtime.desk.register.all) or "none"
        problem = Problem(
            what="there is no such incident",
            where=identity,
            expected=f"one of the open incidents: {open_ids}",
            do="xarb incidents lists them",
        )
        return ProblemError(problem, 404)

    # -- Executions ------------------------------------------------------------------------------

    async def retry(self, execution: str, word: Word) -> RetryAnswer:
        """Let an exposed execution try its hedges again."""
        snapshot = self._runtime.desk.book.get(execution)
        if snapshot is None or snapshot.status is not Status.RUNNING:
            raise await self._not_running(execution)
        said = self._runtime.say(
            "operator.retry",
            source=f"operator:{word.operator}",
            execution=execution,
            data={"reason": word.reason},
            delivery=Delivery(action=self._action(word, "retry", execution)),
        )
        taken = _stepped(await committed(said, f"retry {execution}"))
        if taken.outcome is not Outcome.MOVED:
            raise ProblemError(_unheard("retry", taken), 409)
        level = self._runtime.desk.level
        note = "The hedge strategies are tried again from the first."
        if level == "halted":
            note += " But the level is halted: no order leaves until it is lowered."
        return RetryAnswer(
            execution=execution,
            before="+".join(taken.before.leaves),
            after="+".join(taken.after.leaves),
            note=note,
        )

    async def _not_running(self, execution: str) -> ProblemError:
        timeline = await self._runtime.journal.queries.execution(execution)
        do = "xarb executions lists those that there are"
        if timeline is None:
            return ProblemError(
                Problem(what="there is no such execution", where=execution, do=do), 404
            )
        row = timeline.execution
        problem = Problem(
            what="this execution does not run",
            where=execution,
            expected="a running execution",
            found=f"{row.status.value} in {'+'.join(row.leaves)}",
            do=do,
        )
        return ProblemError(problem, 409)

    # -- Waiting ---------------------------------------------------------------------------------

    def _action(self, word: Word, action: str, target: str) -> OperatorAction:
        return OperatorAction(
            time_ms=self._runtime.clock.now_ms(),
            operator=word.operator,
            action=action,
            target=target,
            detail={"reason": word.reason},
        )


def handles(chart: Chart, snapshot: Snapshot, event: str) -> bool:
    """Tell whether any active state of an execution has a transition for an event."""
    return any(
        event == descriptor
        for leaf in snapshot.leaves
        for state in chart.model.ancestors(leaf)
        for transition in state.transitions
        for descriptor in transition.events
    )


def _stepped(taken: Step | None) -> Step:
    if taken is None:
        problem = Problem(what="the runtime knows nothing that could hear this", do="xarb status")
        raise ProblemError(problem, 409)
    return taken


def _unheard(action: str, taken: Step) -> Problem:
    state = "+".join(taken.before.leaves)
    if taken.fault is not None:
        found = f"{taken.fault.error}: {taken.fault.message}"
        return Problem(
            what=f"{action} failed inside the chart",
            where=taken.before.execution,
            found=found,
            do="xarb incidents; the chart has to be repaired",
        )
    if action == "retry":
        return Problem(
            what="this execution cannot be tried again now",
            where=taken.before.execution,
            expected="an exposed execution whose orders are all known",
            found="an order in doubt" if state == "exposed" else state,
            do=f"xarb show {taken.before.execution}",
        )
    return Problem(
        what=f"{action} means nothing now",
        where=taken.before.execution,
        expected="a state or status that hears it",
        found=f"{state}, {taken.before.status.value}",
        do="xarb status; xarb incidents",
    )
