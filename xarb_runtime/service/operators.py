"""
What an operator's word comes to: the end of a quarantined execution, and the line in the audit.
"""

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Exposure, Outcome, Snapshot, Status, Step


def retired(snapshot: Snapshot, event: Event) -> Step:
    """
    Return the step that ends a quarantined execution: a person has settled what it owned.

    Its chart is not asked, because its chart is what failed.
    """
    after = msgspec.structs.replace(
        snapshot, status=Status.FINAL, seq=snapshot.seq + 1, timers=(), exposure=Exposure.HEDGED
    )
    return _by_hand(snapshot, after, event)


def started_over(snapshot: Snapshot, fresh: Snapshot, event: Event) -> Step:
    """Return the step that puts a quarantined supervisor or venue health back to its beginning."""
    after = msgspec.structs.replace(fresh, seq=snapshot.seq + 1)
    return _by_hand(snapshot, after, event)


def _by_hand(before: Snapshot, after: Snapshot, event: Event) -> Step:
    return Step(
        event=event,
        signal=event.type,
        outcome=Outcome.MOVED,
        before=before,
        after=after,
        cancelled=before.timers,
    )


def result_of(taken: Step | None) -> str:
    """Return what an operator's word came to, for the audit."""
    if taken is None:
        return "done"
    before, after = "+".join(taken.before.leaves), "+".join(taken.after.leaves)
    if taken.fault is not None:
        return f"failed in {before}: {taken.fault.error}: {taken.fault.message}"
    if taken.before.status is Status.QUARANTINED and taken.after.status is not Status.QUARANTINED:
        return f"quarantine ended in {after}"
    return f"{before} -> {after}" if before != after else f"{taken.outcome.value} in {before}"
