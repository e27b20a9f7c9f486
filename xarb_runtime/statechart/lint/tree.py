"""
The tree of a chart's states: what is active together, what a transition exits and enters.

This follows python-statemachine's way of exiting and entering states.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from xarb_runtime.statechart.model import Model, StateModel, TransitionModel

#: Active atomic states, in document order.
Configuration = tuple[str, ...]


class Tree:
    """A chart's states with their order and ancestors at hand."""

    def __init__(self, model: Model) -> None:
        self.states = model.states
        self.order = {state: index for index, state in enumerate(model.states)}
        self.chains = {s: tuple(a.id for a in model.ancestors(s)) for s in model.states}

    def active(self, configuration: Configuration) -> list[str]:
        """Return all active states: the leaves and their ancestors, in document order."""
        states = {state for leaf in configuration for state in self.chains[leaf]}
        return sorted(states, key=self.order.__getitem__)

    def inside(self, state: str, outer: str) -> bool:
        """Tell whether a state is a proper descendant; everything is inside the root."""
        return not outer or outer in self.chains[state][1:]

    def leaves(self, states: Iterable[str]) -> Configuration:
        """Return the atomic ones among active states."""
        leaves = {state for state in states if self.states[state].atomic}
        return tuple(sorted(leaves, key=self.order.__getitem__))

    # -- Targets ----------------------------------------------------------------------------------

    def targets(self, transition: TransitionModel) -> list[tuple[str, ...]]:
        """Return the targets, once for everything that a history state may remember."""
        meant = product(*(self._meant(target) for target in transition.targets))
        return [tuple(state for group in groups for state in group) for groups in meant]

    def _meant(self, target: str) -> list[tuple[str, ...]]:
        state = self.states[target]
        if not state.history:
            return [(target,)]
        defaults = [transition.targets for transition in state.transitions]
        return list(dict.fromkeys([*defaults, *self._configurations(state.parent)]))

    def _configurations(self, state: str) -> list[tuple[str, ...]]:
        """All sets of leaves that can be active together inside a state."""
        children = [c for c in self.states[state].children if not self.states[c].history]
        if not children:
            return [(state,)]
        inside = [self._configurations(child) for child in children]
        if not self.states[state].parallel:
            return [leaves for group in inside for leaves in group]
        return [tuple(leaf for group in groups for leaf in group) for groups in product(*inside)]

    def domain(self, transition: TransitionModel, targets: Sequence[str]) -> str:
        """Return the innermost compound state around all exited and entered; empty: the root."""
        source = self.states[transition.source]
        compound = bool(source.children) and not source.parallel
        inner = all(self.inside(target, source.id) for target in targets)
        if transition.internal and compound and inner:
            return source.id
        for state in self.chains[source.id][1:]:
            holds = all(self.inside(target, state) for target in targets)
            if holds and not self.states[state].parallel:
                return state
        return ""

    # -- Exiting and entering ---------------------------------------------------------------------

    def exits(
        self,
        configuration: Configuration,
        transition: TransitionModel,
        targets: tuple[str, ...] | None = None,
    ) -> set[str]:
        """Return the active states that a transition exits; one without a target exits none."""
        if targets is None:
            targets = self.targets(transition)[0]
        if not targets:
            return set()
        domain = self.domain(transition, targets)
        return {state for state in self.active(configuration) if self.inside(state, domain)}

    def enter(self, entered: dict[str, None], targets: Iterable[str], domain: str) -> None:
        """Add to `entered` all states that entering the targets from inside `domain` enters."""
        for target in targets:
            self._descend(entered, target)
        for target in targets:
            for state in self.chains[target][1:]:
                if state == domain:
                    break
                entered[state] = None
                if self.states[state].parallel:
                    self._enter_regions(entered, state)

    def initial(self) -> list[str]:
        """Return the states that a chart begins in, in document order."""
        top = [state for state in self.states.values() if not state.parent]
        first = next((state.id for state in top if state.initial), top[0].id)
        entered: dict[str, None] = {}
        self.enter(entered, (first,), "")
        return sorted(entered, key=self.order.__getitem__)

    def _descend(self, entered: dict[str, None], state: str) -> None:
        entered[state] = None
        children = [c for c in self.states[state].children if not self.states[c].history]
        if self.states[state].parallel:
            self._enter_regions(entered, state)
        elif children:
            initial = next((c for c in children if self.states[c].initial), children[0])
            self._descend(entered, initial)

    def _enter_regions(self, entered: dict[str, None], state: str) -> None:
        for region in self.states[state].children:
            if self.states[region].history:
                continue
            if not any(region in self.chains[other] for other in list(entered)):
                self._descend(entered, region)

    # -- Ending -----------------------------------------------------------------------------------

    def done_events(self, entered: Iterable[str], active: set[str]) -> Iterator[str]:
        """Yield the `done.state` events that entering final states raises."""
        for name in entered:
            state = self.states[name]
            if not state.final or not state.parent:
                continue
            yield f"done.state.{state.parent}"
            outer = self.states[state.parent].parent
            if outer and self.states[outer].parallel and self._complete(self.states[outer], active):
                yield f"done.state.{outer}"

    def stopped(self, configuration: Configuration) -> bool:
        """Tell whether a final state at the top is active: nothing happens any more."""
        return any(
            self.states[leaf].final and not self.states[leaf].parent for leaf in configuration
        )

    def ended(self, configuration: Configuration) -> bool:
        """Tell whether an execution that rests in this configuration has ended."""
        active = set(self.active(configuration))
        tops = [self.states[state] for state in active if not self.states[state].parent]
        return any(top.final or (top.parallel and self._complete(top, active)) for top in tops)

    def _complete(self, state: StateModel, active: set[str]) -> bool:
        children = [self.states[child] for child in state.children]
        if state.parallel:
            return all(self._complete(child, active) for child in children if not child.history)
        return any(child.final and child.id in active for child in children)
