"""
How long executions own one side without the other, measured from their steps.
"""

from collections.abc import Iterable

import msgspec

from xarb_runtime.domain.steps import Exposure, Snapshot, Status
from xarb_runtime.ops.bodies import Open
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.work import Work

#: One side is owned, or nobody can say.
OPEN = frozenset({Exposure.ONE_LEG, Exposure.UNKNOWN})


class _Moment(msgspec.Struct, frozen=True):
    """What a context says about its newest step, whatever else is in it."""

    now_ms: int = 0


class _Title(msgspec.Struct, frozen=True):
    event: str = ""


class _Opportunity(msgspec.Struct, frozen=True):
    opportunity: _Title = _Title()


class _Head(msgspec.Struct, frozen=True):
    admission: _Opportunity | None = None


_decode_moment = msgspec.json.Decoder(_Moment).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def title_of(snapshot: Snapshot) -> str:
    """Return what an execution is about, for people; empty where its context does not say."""
    try:
        head = _decode_head(snapshot.context)
    except msgspec.ValidationError:
        return ""  # a context of a plugin may use the name for something else
    return head.admission.opportunity.event if head.admission else ""


class ExposureWatch:
    """
    An observer of the runtime's work.

    Attributes:
        one_leg_ms, unknown_ms: milliseconds spent in either exposure by executions that left it,
            since this process started.
        longest_one_leg_ms: the longest time of one execution on one leg without a break.
    """

    def __init__(self) -> None:
        self.one_leg_ms = 0
        self.unknown_ms = 0
        self.longest_one_leg_ms = 0
        self._since: dict[str, tuple[Exposure, int]] = {}

    def observe(self, work: Work) -> None:
        """Take in the steps of a round."""
        for taken in work.steps:
            if is_trade(taken.after.execution):
                self._look(taken.after, taken.event.time_ms)

    def recall(self, snapshots: Iterable[Snapshot]) -> None:
        """Take up executions that were in flight before this process, from their newest step on."""
        for snapshot in snapshots:
            if is_trade(snapshot.execution):
                self._look(snapshot, _decode_moment(snapshot.context).now_ms)

    def _look(self, snapshot: Snapshot, now_ms: int) -> None:
        exposure = snapshot.exposure if snapshot.status is not Status.FINAL else Exposure.FLAT
        known = self._since.get(snapshot.execution)
        if known is not None and known[0] is exposure:
            return
        if known is not None:
            self._count(known[0], now_ms - known[1])
            del self._since[snapshot.execution]
        if exposure in OPEN:
            self._since[snapshot.execution] = (exposure, now_ms)

    def _count(self, exposure: Exposure, spent_ms: int) -> None:
        if exposure is Exposure.ONE_LEG:
            self.one_leg_ms += spent_ms
            self.longest_one_leg_ms = max(self.longest_one_leg_ms, spent_ms)
        else:
            self.unknown_ms += spent_ms

    def open(self, snapshots: Iterable[Snapshot], now_ms: int) -> list[Open]:
        """Return those of the executions that own one side only, or may; the longest first."""
        self.recall(snapshots := list(snapshots))
        found = [
            self._open(snapshot, now_ms)
            for snapshot in snapshots
            if snapshot.execution in self._since
        ]
        return sorted(found, key=lambda each: (each.since_ms, each.execution))

    def _open(self, snapshot: Snapshot, now_ms: int) -> Open:
        exposure, since_ms = self._since[snapshot.execution]
        return Open(
            execution=snapshot.execution,
            title=title_of(snapshot),
            state="+".join(snapshot.leaves),
            exposure=exposure,
            since_ms=since_ms,
            for_ms=max(0, now_ms - since_ms),
        )
