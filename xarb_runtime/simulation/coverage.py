"""
What a set of scenarios has walked through of a chart: states, transitions, and what guards gave.
Pure.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from xarb_runtime.simulation.recording import StepFact
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.model import Model, TransitionModel


class TransitionCount(msgspec.Struct, frozen=True, kw_only=True):
    """A transition as written, and how often it was taken."""

    path: str
    source: str
    event: str
    cond: str
    target: str
    taken: int

    def __str__(self) -> str:
        event = self.event or "at once"
        cond = f" if {self.cond}" if self.cond else ""
        target = f" -> {self.target}" if self.target else ""
        return f"{self.source}: {event}{cond}{target}"


class GuardCount(msgspec.Struct, frozen=True, kw_only=True):
    """A guard's expression, and how often it was true and false."""

    expression: str
    true: int
    false: int


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """
    One chart.

    Attributes:
        chart, version: which.
        states: how often each atomic state was entered.
        transitions, guards: as written in the chart, in document order.
    """

    chart: str
    version: int
    states: dict[str, int]
    transitions: tuple[TransitionCount, ...]
    guards: tuple[GuardCount, ...]

    @property
    def states_missing(self) -> list[str]:
        """States that were never entered."""
        return [state for state, count in self.states.items() if not count]

    @property
    def transitions_missing(self) -> list[TransitionCount]:
        """Transitions that were never taken."""
        return [it for it in self.transitions if not it.taken]

    @property
    def outcomes_missing(self) -> list[tuple[str, bool]]:
        """Guards, and what they never gave."""
        return [
            (it.expression, wanted)
            for it in self.guards
            for wanted, count in ((True, it.true), (False, it.false))
            if not count
        ]

    @property
    def state_share(self) -> float:
        """The share of states that were entered."""
        return _share(len(self.states_missing), len(self.states))

    @property
    def transition_share(self) -> float:
        """The share of transitions that were taken."""
        return _share(len(self.transitions_missing), len(self.transitions))

    @property
    def outcome_share(self) -> float:
        """The share of guards' outcomes that were seen."""
        return _share(len(self.outcomes_missing), 2 * len(self.guards))


def _share(missing: int, whole: int) -> float:
    return 1 - missing / whole if whole else 1.0


def coverage_of(chart: Chart, steps: Iterable[StepFact]) -> Coverage:
    """Return what these steps have walked through of a chart."""
    mine = [fact for fact in steps if fact.chart == chart.name]
    written = [it for state in chart.model.states.values() for it in state.transitions]
    taken = Counter(path for fact in mine for path in fact.transitions)
    states = Counter(state for fact in mine for state in _entered(chart.model, fact, written))
    given = Counter((it.expression, it.result) for fact in mine for it in fact.guards)
    expressions = dict.fromkeys(text for it in written for text in (*it.cond, *it.unless))
    return Coverage(
        chart=chart.name,
        version=chart.meta.version,
        states={leaf.id: states[leaf.id] for leaf in chart.model.atomic()},
        transitions=tuple(_count(it, taken[it.path]) for it in written),
        guards=tuple(
            GuardCount(expression=text, true=given[text, True], false=given[text, False])
            for text in expressions
        ),
    )


def _entered(model: Model, fact: StepFact, written: Iterable[TransitionModel]) -> Iterator[str]:
    """The atomic states that a step entered, and the one it began in if it is the first."""
    targets = {it.path: it.targets for it in written}
    if fact.seq == 1:
        yield from fact.before
    found = dict.fromkeys(
        leaf.id
        for path in fact.transitions
        for target in targets.get(path, ())
        for leaf in model.entered(target)
    )
    yield from found
    yield from (leaf for leaf in fact.after if found and leaf not in found)


def _count(written: TransitionModel, taken: int) -> TransitionCount:
    unless = tuple(f"not ({text})" for text in written.unless)
    return TransitionCount(
        path=written.path,
        source=written.source,
        event=" ".join(written.events),
        cond=" and ".join((*written.cond, *unless)),
        target=" ".join(written.targets),
        taken=taken,
    )
