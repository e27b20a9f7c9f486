"""
Quarantine: how a faulty execution gets into it, and how a person gets it out.
"""

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Exposure, Outcome, Snapshot, Status, Step


def quarantined(taken: Step) -> Step:
    """A failed step leaves the execution as it was, except that it is taken out of service."""
    after = msgspec.structs.replace(
        taken.after,
        status=Status.QUARANTINED,
        seq=taken.after.seq + 1,
        timers=(),
        exposure=Exposure.UNKNOWN,
    )
    return msgspec.structs.replace(taken, after=after, cancelled=taken.before.timers)


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
