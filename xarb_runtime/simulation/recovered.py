"""
What a runtime had committed when it died, and nobody saw any more: read from its journal.
"""

from collections.abc import Sequence
from itertools import groupby

from xarb_runtime.domain.steps import Command, Exposure, Outcome, Status
from xarb_runtime.simulation.recorder import Recorder
from xarb_runtime.simulation.recording import StepFact
from xarb_runtime.store.queries import Queries
from xarb_runtime.store.records import Timeline, TransitionRow

_ALL = 100_000


async def catch_up(recorder: Recorder, queries: Queries) -> None:
    """Tell the recorder about steps of the journal that it has not seen."""
    for row in reversed(await queries.executions(limit=_ALL)):
        known = recorder.seq_of(row.id)
        if row.seq > known:
            timeline = await queries.execution(row.id)
            assert timeline is not None  # noqa: S101  it was in the list
            _tell(recorder, timeline, known)
    for row in reversed(await queries.incidents(limit=_ALL)):
        recorder.found_incident(row)
    recorder.settle()


def _tell(recorder: Recorder, timeline: Timeline, known: int) -> None:
    rows = [row for row in timeline.transitions if row.seq > known]
    for seq, group in groupby(rows, key=lambda row: row.seq):
        fact = _fact(recorder, timeline, seq, list(group))
        commands = [
            Command(key=it.key, target=it.target, name=it.name, params=it.params)
            for it in timeline.commands
            if it.seq == seq
        ]
        recorder.found(fact, commands)


def _fact(
    recorder: Recorder, timeline: Timeline, seq: int, rows: Sequence[TransitionRow]
) -> StepFact:
    execution, first, last = timeline.execution, rows[0], rows[-1]
    before, was = recorder.place_of(execution.id)
    event = next((it for it in timeline.events if it.seq == seq), None)
    newest = seq == execution.seq
    visited = tuple(state for row in rows for state in row.target.split())
    return StepFact(
        at_ms=last.time_ms,
        execution=execution.id,
        seq=seq,
        chart=execution.chart,
        event=event.type if event else first.event,
        source=event.source if event else "",
        signal=first.signal,
        outcome=Outcome(first.outcome),
        before=before or ((first.source,) if first.source else execution.leaves),
        after=execution.leaves if newest else visited[-1:] or before,
        was=was or Exposure.FLAT,
        exposure=last.exposure,
        status=execution.status if newest else Status.RUNNING,
        transitions=tuple(row.path for row in rows if row.path),
        visited=visited,
    )
