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


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds on one leg and in doubt, of all executions, up to a moment."""

    one_leg_ms: int
    unknown_ms: int


class ExposureWatch:
    """
    An observer of the runtime's work.

    Attributes:
        one_leg_ms, unknown_ms: milliseconds spent in either exposure by executions that left it,
            since `started_ms`.
        longest_one_leg_ms, longest_unknown_ms: the longest time of one execution without a break.
    """

    def __init__(self, started_ms: int = 0) -> None:
        """
        Args:
            started_ms: time before this is not added up: an earlier process has done so.
        """
        self.one_leg_ms = 0
        self.unknown_ms = 0
        self.longest_one_leg_ms = 0
        self.longest_unknown_ms = 0
        self._started_ms = started_ms
        self._since: dict[str, tuple[Exposure, int]] = {}
        self._told = Spent(one_leg_ms=0, unknown_ms=0)

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
            self._count(known[0], known[1], now_ms)
            del self._since[snapshot.execution]
        if exposure in OPEN:
            self._since[snapshot.execution] = (exposure, now_ms)

    def _count(self, exposure: Exposure, since_ms: int, now_ms: int) -> None:
        counted_ms = max(0, now_ms - max(since_ms, self._started_ms))
        if exposure is Exposure.ONE_LEG:
            self.one_leg_ms += counted_ms
            self.longest_one_leg_ms = max(self.longest_one_leg_ms, now_ms - since_ms)
        else:
            self.unknown_ms += counted_ms
            self.longest_unknown_ms = max(self.longest_unknown_ms, now_ms - since_ms)

    def spent(self, now_ms: int) -> Spent:
        """
        Return the time spent up to now, by executions that are still open as well.

        It never shrinks: a step that ended it may be a moment older than the last look at it.
        """
        spent = {Exposure.ONE_LEG: self.one_leg_ms, Exposure.UNKNOWN: self.unknown_ms}
        for exposure, since_ms in self._since.values():
            spent[exposure] += max(0, now_ms - max(since_ms, self._started_ms))
        self._told = Spent(
            one_leg_ms=max(self._told.one_leg_ms, spent[Exposure.ONE_LEG]),
            unknown_ms=max(self._told.unknown_ms, spent[Exposure.UNKNOWN]),
        )
        return self._told

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
