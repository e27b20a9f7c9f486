"""
The figures of a set of scenarios: how fast, how often hedged, how long on one leg, at what price.
Pure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Exposure, Status
from xarb_runtime.simulation.invariants import Known, worst_by_books
from xarb_runtime.simulation.play import Played
from xarb_runtime.simulation.recording import Recording
from xarb_runtime.simulation.spans import spans_of, states_visited, time_in

#: What a chart's planning state is called: whoever was in it had to hedge.
HEDGING = "h_planning"
_OWNING = frozenset({Exposure.ONE_LEG, Exposure.HEDGED})


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """
    One execution from its first step on.

    Attributes:
        scenario, execution, state, reason: which, and where it ended.
        took_ms: from its first to its last step; None when it has not ended.
        naked_ms, doubt_ms: how long it stood on one leg, and could not say what it owned.
        held: whether it ever owned anything.
        hedged: whether a hedge was planned.
        worst: its worst case by the venues' books.
    """

    scenario: str
    execution: str
    state: str
    reason: str
    took_ms: int | None
    naked_ms: int
    doubt_ms: int
    held: bool
    hedged: bool
    worst: Decimal


class VenueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders a venue was sent, the filled share of their stakes, on the whole."""

    orders: int
    stake: Decimal
    filled: Decimal

    @property
    def fill_ratio(self) -> Decimal | None:
        """The filled share of what was asked for."""
        return self.filled / self.stake if self.stake else None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """
    All figures.

    Attributes:
        journeys: all executions.
        incidents: how many there were, by kind.
        venues: by name.
        steps, commands, checkpoints: how many there were.
    """

    journeys: tuple[Journey, ...]
    incidents: dict[str, int]
    venues: dict[str, VenueFigures]
    steps: int
    commands: int
    checkpoints: int

    @property
    def ends(self) -> dict[str, int]:
        """How many executions ended in each state."""
        return dict(sorted(Counter(it.state for it in self.journeys).items()))

    @property
    def executed(self) -> list[Journey]:
        """Executions that sent an order, and have ended."""
        return [it for it in self.journeys if it.state != "rejected" and it.took_ms is not None]

    @property
    def orchestration_ms(self) -> tuple[int, int]:
        """Median and 95th percentile of the time from the first to the last step."""
        times = [it.took_ms for it in self.executed if it.took_ms is not None]
        return quantile(times, 50), quantile(times, 95)

    @property
    def rollback_rate(self) -> Decimal | None:
        """The share of executions that had to hedge, of those that owned anything."""
        held = [it for it in self.journeys if it.held]
        return Decimal(sum(it.hedged for it in held)) / len(held) if held else None

    @property
    def naked_ms(self) -> int:
        """All the time on one leg, together."""
        return sum(it.naked_ms for it in self.journeys)

    @property
    def naked_quantiles_ms(self) -> tuple[int, int]:
        """Median and 95th percentile of the time on one leg, of those that owned anything."""
        times = [it.naked_ms for it in self.journeys if it.held]
        return quantile(times, 50), quantile(times, 95)

    @property
    def doubt_ms(self) -> int:
        """All the time in doubt, together."""
        return sum(it.doubt_ms for it in self.journeys)


def quantile(values: Sequence[int], percent: int) -> int:
    """Return the smallest value that `percent` of all do not exceed; 0 for none."""
    ranked = sorted(values)
    return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else 0


def figures_of(played: Iterable[Played]) -> Figures:
    """Return the figures of scenarios that were played."""
    everything = list(played)
    recordings = [it.recording for it in everything]
    incidents = Counter(fact.incident.kind for it in recordings for fact in it.incidents.values())
    return Figures(
        journeys=tuple(_journey(it, known) for it in everything for known in it.books.values()),
        incidents=dict(sorted(incidents.items())),
        venues=_venues(known for it in everything for known in it.books.values()),
        steps=sum(len(it.steps) for it in recordings),
        commands=sum(len(it.commands) for it in recordings),
        checkpoints=sum(it.checkpoints for it in recordings),
    )


def _journey(played: Played, known: Known) -> Journey:
    recording, execution = played.recording, known.execution
    end = next(it for it in played.ending.executions if it.id == execution)
    spans = spans_of(execution, recording)
    return Journey(
        scenario=recording.scenario,
        execution=execution,
        state="+".join(end.leaves),
        reason=end.reason,
        took_ms=_took(execution, recording) if end.status is Status.FINAL else None,
        naked_ms=time_in(spans, Exposure.ONE_LEG),
        doubt_ms=time_in(spans, Exposure.UNKNOWN),
        held=any(span.exposure in _OWNING for span in spans),
        hedged=HEDGING in states_visited(execution, recording.steps),
        worst=worst_by_books(known),
    )


def _took(execution: str, recording: Recording) -> int:
    moments = [
        fact.at_ms for fact in recording.steps if fact.execution == execution and fact.visited
    ]
    return moments[-1] - moments[0] if moments else 0


def _venues(everything: Iterable[Known]) -> dict[str, VenueFigures]:
    stakes: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for known in everything:
        lines = {line.client_id: line.stake for line in known.ledger}
        filled = {order.client_id: order.filled for order in known.orders}
        for venue, client_id, _count in known.placed:
            pair = (lines.get(client_id, ZERO), filled.get(client_id, ZERO))
            stakes.setdefault(venue, []).append(pair)
    return {
        venue: VenueFigures(
            orders=len(pairs),
            stake=sum((stake for stake, _ in pairs), ZERO),
            filled=sum((filled for _, filled in pairs), ZERO),
        )
        for venue, pairs in sorted(stakes.items())
    }
