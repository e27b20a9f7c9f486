"""
XS101 to XS105: what the graph of states says, guards aside.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from xarb_runtime.statechart.findings import WARNING, Finding
from xarb_runtime.statechart.lint.guards import covers, guard, takes
from xarb_runtime.statechart.lint.subject import Structure
from xarb_runtime.statechart.lint.tree import Configuration
from xarb_runtime.statechart.lint.words import listed
from xarb_runtime.statechart.model import StateModel, TransitionModel


def check_reachable(subject: Structure) -> Iterator[Finding]:
    """XS101: no path leads to a state. Only the outermost of nested ones is told."""
    entered = subject.entered
    for state in subject.model.states.values():
        if state.id in entered or state.history or (state.parent and state.parent not in entered):
            continue
        message = f"expected a path from the initial state to {state.id!r}, found none."
        hint = "Add a transition to it, or remove it."
        yield subject.finding("XS101", state.path, message, hint)


def check_traps(subject: Structure) -> Iterator[Finding]:
    """XS102: a state that is no end and that nothing leads out of."""
    for leaf in _traps(subject):
        message = f"expected a way out of {leaf.id!r}, found none."
        hint = "Add a transition to another state, or make it final."
        yield subject.finding("XS102", leaf.path, message, hint)


def _traps(subject: Structure) -> list[StateModel]:
    found: list[StateModel] = []
    sources = _sources(subject)
    for leaf in subject.model.atomic():
        within = {c for c in subject.graph if leaf.id in c}
        if leaf.final or not within:
            continue
        outside = {c for c in subject.graph if leaf.id not in c or subject.tree.ended(c)}
        if not within <= _leading_to(sources, outside):
            found.append(leaf)
    return found


def check_final(subject: Structure) -> Iterator[Finding]:
    """XS103: an end exists, and cannot be reached from here. A chart without ends runs for ever."""
    ends = {c for c in subject.graph if subject.tree.ended(c)}
    if not any(state.final for state in subject.model.states.values()):
        return
    sources, traps = _sources(subject), {leaf.id for leaf in _traps(subject)}
    trapped = {c for c in subject.graph if traps & set(c)}
    lost = set(subject.graph) - _leading_to(sources, ends)
    lost -= _leading_to(sources, trapped)  # the trap is told already
    leaves = [leaf for leaf in subject.model.atomic() if any(leaf.id in c for c in lost)]
    for leaf in leaves[:1]:
        others = listed(leaf.id for leaf in leaves[1:])
        message = f"expected a path from {leaf.id!r} to a final state, found none"
        tail = f" (nor from: {others})." if leaves[1:] else "."
        yield subject.finding("XS103", leaf.path, message + tail, "Add a way to an end.")


_Sources = dict[Configuration, set[Configuration]]


def _sources(subject: Structure) -> _Sources:
    """For each configuration those from which a move leads to it."""
    sources: _Sources = {}
    for configuration, moves in subject.graph.items():
        for move in moves:
            sources.setdefault(move.target, set()).add(configuration)
    return sources


def _leading_to(sources: _Sources, goal: Iterable[Configuration]) -> set[Configuration]:
    """All configurations from which one of the goal can be reached, the goal included."""
    reached: set[Configuration] = set()
    waiting = list(goal)
    while waiting:
        configuration = waiting.pop()
        if configuration not in reached:
            reached.add(configuration)
            waiting += sources.get(configuration, ())
    return reached


# -- Eventless cycles -----------------------------------------------------------------------------


def check_cycles(subject: Structure) -> Iterator[Finding]:
    """XS104: eventless transitions that lead back to where they began."""
    edges = {s.id: list(_eventless(subject, s.id)) for s in subject.model.atomic()}
    told: set[frozenset[str]] = set()
    for only_unguarded in (True, False):
        for leaf in edges:
            cycle = _cycle(edges, leaf, only_unguarded=only_unguarded)
            if not cycle or any(known & set(cycle) for known in told):
                continue
            told.add(frozenset(cycle))
            yield _cycle_finding(subject, cycle, certain=only_unguarded)


def _cycle_finding(subject: Structure, cycle: list[str], *, certain: bool) -> Finding:
    way = " -> ".join([*cycle, cycle[0]])
    path = subject.model.states[cycle[0]].path
    if certain:
        message = f"expected eventless transitions to come to rest, found the cycle {way}."
        return subject.finding("XS104", path, message, "Give one of them an event or a guard.")
    message = f"expected eventless transitions to come to rest, found {way}; only guards stop it."
    hint = "Make sure that a guard turns false on the way, or give one of them an event."
    found = subject.finding("XS104", path, message, hint)
    return msgspec.structs.replace(found, severity=WARNING)


def _eventless(subject: Structure, leaf: str) -> Iterator[tuple[str, TransitionModel]]:
    for state in subject.tree.chains[leaf]:
        for transition in subject.model.states[state].transitions:
            if transition.events:
                continue
            for targets in subject.tree.targets(transition):
                for target in targets:
                    yield from ((s.id, transition) for s in subject.model.entered(target))
            if not transition.targets:
                yield leaf, transition
            if not transition.guarded:
                return


def _cycle(
    edges: dict[str, list[tuple[str, TransitionModel]]], start: str, *, only_unguarded: bool
) -> list[str]:
    """Return the shortest cycle through `start`, or an empty list."""
    ways: dict[str, list[str]] = {start: [start]}
    waiting = [start]
    while waiting:
        state = waiting.pop(0)
        for target, transition in edges.get(state, ()):
            if only_unguarded and transition.guarded:
                continue
            if target == start:
                return ways[state]
            if target not in ways:
                ways[target] = [*ways[state], target]
                waiting.append(target)
    return []


# -- Transitions that exclude each other ----------------------------------------------------------


def check_exclusive(subject: Structure) -> Iterator[Finding]:
    """XS105: a transition that an earlier one of the same state always wins against."""
    for state in subject.model.states.values():
        for index, transition in enumerate(state.transitions):
            earlier = state.transitions[:index]
            for event in transition.events or ("",):
                rival = next(filter(partial(_wins, event, transition), earlier), None)
                if rival is not None:
                    yield _shadowed(subject, transition, rival, event)
                    break


def _wins(event: str, late: TransitionModel, early: TransitionModel) -> bool:
    same_event = any(covers(d, event) for d in early.events) if event else takes(early, "")
    return same_event and (not early.guarded or guard(early) == guard(late))


def _shadowed(
    subject: Structure, late: TransitionModel, early: TransitionModel, event: str
) -> Finding:
    line = subject.document.place(early.path).line
    why = "has the same guard" if early.guarded else "has no guard"
    what = f"the event {event!r}" if event else "eventless transitions"
    message = (
        f"expected transitions of {late.source!r} for {what} that exclude each other, "
        f"found that the one at line {line} {why} and always comes first."
    )
    return subject.finding("XS105", late.path, message, "Guard the first one, or reorder them.")
