"""
Which transitions may be taken together: the innermost come first, guards are open both ways.

This follows python-statemachine's way of choosing.
"""

from collections.abc import Iterator
from itertools import product
from math import prod

import msgspec

from xarb_runtime.statechart.lint.guards import exhaustive, known, takes
from xarb_runtime.statechart.lint.tree import Configuration, Tree
from xarb_runtime.statechart.model import Model, TransitionModel

#: How many microsteps may be tried before a chart counts as too large to be looked through.
_BUDGET = 20_000
#: How many combinations of transitions may be chosen from at once.
_WIDEST = 2_048


class TooLargeError(RuntimeError):
    """The chart has more steps than can be looked through."""


class Budget:
    """How much may still be tried."""

    def __init__(self, left: int = _BUDGET) -> None:
        self.left = left

    def spend(self) -> None:
        """
        Count one more microstep.

        Raises:
            TooLargeError: there have been too many.
        """
        self.left -= 1
        if self.left < 0:
            raise TooLargeError


class Chosen(msgspec.Struct, frozen=True):
    """Transitions that are taken together, and the conditions that hold then."""

    transitions: tuple[TransitionModel, ...]
    known: frozenset[str]


class Options(msgspec.Struct, frozen=True):
    """
    What may be taken for an event.

    `stay` are the conditions that hold when nothing is taken; None when something certainly is.
    """

    chosen: tuple[Chosen, ...]
    stay: frozenset[str] | None


class _Choice(msgspec.Struct, frozen=True):
    transition: TransitionModel | None
    known: frozenset[str]


class Choices:
    """The choices of one chart, each found once."""

    def __init__(self, model: Model, tree: Tree, budget: Budget) -> None:
        self.budget = budget
        self._model = model
        self._tree = tree
        self._leaf_options: dict[tuple[str, str], list[_Choice]] = {}
        self._found: dict[tuple[Configuration, str], Options] = {}

    def of(self, configuration: Configuration, event: str) -> Options:
        """Return what may be taken for an event; the empty event is for eventless transitions."""
        key = (configuration, event)
        if key not in self._found:
            self._found[key] = self._find(configuration, event)
        return self._found[key]

    def _find(self, configuration: Configuration, event: str) -> Options:
        options = [self._options(leaf, event) for leaf in configuration]
        if prod(len(option) for option in options) > _WIDEST:
            raise TooLargeError
        chosen: dict[tuple[object, ...], Chosen] = {}
        stay: frozenset[str] | None = None
        for combination in product(*options):
            self.budget.spend()
            wanted = [choice.transition for choice in combination if choice.transition]
            taken = self._without_conflicts(configuration, wanted)
            facts = frozenset[str]().union(*(choice.known for choice in combination))
            if taken:
                paths = tuple(transition.path for transition in taken)
                chosen.setdefault((paths, facts), Chosen(taken, facts))
            else:
                stay = facts if stay is None else stay & facts
        return Options(tuple(chosen.values()), stay)

    def _options(self, leaf: str, event: str) -> list[_Choice]:
        """The transitions that a leaf can choose: those of the innermost states come first."""
        if (leaf, event) not in self._leaf_options:
            self._leaf_options[leaf, event] = list(self._tried(leaf, event))
        return self._leaf_options[leaf, event]

    def _tried(self, leaf: str, event: str) -> Iterator[_Choice]:
        tried: list[TransitionModel] = []
        for state in self._tree.chains[leaf]:
            tried += [t for t in self._model.states[state].transitions if takes(t, event)]
        last = exhaustive(tried)
        for index, transition in enumerate(tried[: last or len(tried)]):
            yield _Choice(transition, known(tried, index))
        if not last:
            yield _Choice(None, known(tried, len(tried)))

    def _without_conflicts(
        self, configuration: Configuration, wanted: list[TransitionModel]
    ) -> tuple[TransitionModel, ...]:
        kept: list[TransitionModel] = []
        for transition in wanted:
            if transition in kept:
                continue
            exits = self._tree.exits(configuration, transition)
            rivals = [o for o in kept if exits & self._tree.exits(configuration, o)]
            if all(self._tree.inside(transition.source, rival.source) for rival in rivals):
                kept = [*(other for other in kept if other not in rivals), transition]
        return tuple(kept)
