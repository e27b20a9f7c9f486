"""
A chart's structure as plain data: states, transitions and actions with their places.

Made from the document, not from python-statemachine's objects: lint, graph, coverage and the kernel
share it, and it exists for charts that are too wrong to be built.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """
    One piece of executable content or one callback reference.

    Attributes:
        kind: `call` for a reference; else `send`, `cancel`, `assign`, `raise`, `if`, `foreach`,
            `log`, `script`.
        path: its place in the document.
        body: the mapping or text below the kind; the name for a reference.
        nested: the actions inside an `if` or `foreach`.
    """

    kind: str
    path: str
    body: Any
    nested: tuple["Action", ...] = ()

    def walk(self) -> "Iterator[Action]":
        """Yield this action and all inside it."""
        yield self
        for action in self.nested:
            yield from action.walk()


class TransitionModel(msgspec.Struct, frozen=True, kw_only=True):
    """
    One transition as written.

    Attributes:
        path: its place in the document.
        source: the id of the state it is written in.
        events: event descriptors; empty for an eventless one.
        targets: target ids; empty for a targetless one.
        cond, unless: guard expressions; all must hold (unless: must not).
        actions: before, on and after actions, in the order in which they run.
        internal: as written.
    """

    path: str
    source: str
    events: tuple[str, ...]
    targets: tuple[str, ...]
    cond: tuple[str, ...]
    unless: tuple[str, ...]
    actions: tuple[Action, ...]
    internal: bool = False

    @property
    def guarded(self) -> bool:
        """Whether anything decides if it is taken."""
        return bool(self.cond or self.unless)


class StateModel(msgspec.Struct, frozen=True, kw_only=True):
    """
    One state as written; `parent` is empty at the top, `children` in document order.
    """

    id: str
    path: str
    parent: str
    children: tuple[str, ...]
    initial: bool
    final: bool
    parallel: bool
    history: bool
    enter: tuple[Action, ...]
    exit: tuple[Action, ...]
    transitions: tuple[TransitionModel, ...]

    @property
    def atomic(self) -> bool:
        """Whether it is a state that a configuration can rest in."""
        return not self.children and not self.history


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """
    All states of a chart by id, in document order.

    Where an id is used twice the first one counts; `duplicates` has the places of the others.
    """

    name: str
    states: dict[str, StateModel]
    duplicates: tuple[tuple[str, str], ...]

    def ancestors(self, state: str) -> Iterator[StateModel]:
        """Yield the state itself and its ancestors, innermost first."""
        while state:
            model = self.states[state]
            yield model
            state = model.parent

    def atomic(self) -> list[StateModel]:
        """Return the atomic states."""
        return [state for state in self.states.values() if state.atomic]

    def inside(self, state: str) -> list[StateModel]:
        """Return the atomic states inside a state; itself if it is atomic."""
        return [
            leaf for leaf in self.atomic() if any(a.id == state for a in self.ancestors(leaf.id))
        ]

    def entered(self, state: str) -> list[StateModel]:
        """Return the atomic states in which entering a state by default ends."""
        model = self.states[state]
        if not model.children:
            return [model]
        children = [
            self.states[child] for child in model.children if not self.states[child].history
        ]
        if not model.parallel:
            children = [next((c for c in children if c.initial), children[0])]
        return [leaf for child in children for leaf in self.entered(child.id)]


def build_model(data: dict[str, Any], name: str = "chart") -> Model:
    """Read the structure of a native document that fits the published schema."""
    states: dict[str, StateModel] = {}
    duplicates: list[tuple[str, str]] = []
    for state in _read_states(_mapping(data.get("states")), "/states", ""):
        if state.id in states:
            duplicates.append((state.id, state.path))
        states.setdefault(state.id, state)
    return Model(name=str(data.get("name") or name), states=states, duplicates=tuple(duplicates))


def _read_states(section: dict[str, Any], path: str, parent: str) -> Iterator[StateModel]:
    """The states of a section, each followed by those inside it."""
    bodies = {key: _mapping(body) for key, body in section.items()}
    none_initial = not any(_flag(body.get("initial")) for body in bodies.values())
    for index, (key, body) in enumerate(bodies.items()):
        below = f"{path}/{key}"
        first = none_initial and not index
        yield _read_state(key, body, below, parent, first=first)
        yield from _read_states(_mapping(body.get("states")), f"{below}/states", key)
        for hist, hist_body in _mapping(body.get("history")).items():
            where = f"{below}/history/{hist}"
            yield _read_state(hist, _mapping(hist_body), where, key, history=True)


def _read_state(
    key: str,
    body: dict[str, Any],
    path: str,
    parent: str,
    *,
    first: bool = False,
    history: bool = False,
) -> StateModel:
    children = (*_mapping(body.get("states")), *_mapping(body.get("history")))
    return StateModel(
        id=key,
        path=path,
        parent=parent,
        children=() if history else children,
        initial=first or _flag(body.get("initial")),
        final=_flag(body.get("final")),
        parallel=_flag(body.get("parallel")),
        history=history,
        enter=_read_actions(body.get("enter"), f"{path}/enter"),
        exit=_read_actions(body.get("exit"), f"{path}/exit"),
        transitions=tuple(
            _read_transition(item, key, f"{path}/transitions/{index}")
            for index, item in enumerate(_items(body.get("transitions")))
        ),
    )


def _read_transition(item: dict[str, Any], source: str, path: str) -> TransitionModel:
    return TransitionModel(
        path=path,
        source=source,
        events=tuple(str(item.get("event") or "").split()),
        targets=tuple(str(item.get("target") or "").split()),
        cond=_texts(item.get("cond")),
        unless=_texts(item.get("unless")),
        actions=tuple(
            action
            for group in ("before", "on", "after")
            for action in _read_actions(item.get(group), f"{path}/{group}")
        ),
        internal=_flag(item.get("internal")),
    )


def _read_actions(value: Any, path: str) -> tuple[Action, ...]:
    """Executable content first, references after it: the order in which the library runs them."""
    many = isinstance(value, list)
    actions = [
        _read_action(item, f"{path}/{index}" if many else path)
        for index, item in enumerate(_items(value))
    ]
    return tuple(sorted(actions, key=lambda action: action.kind == "call"))


def _read_action(item: Any, path: str) -> Action:
    if not isinstance(item, dict):
        return Action(kind="call", path=path, body=str(item))
    kind, body = next(iter(_mapping(item).items()))
    below = f"{path}/{kind}"
    return Action(kind=kind, path=below, body=body, nested=_nested(_mapping(body), below))


def _nested(body: dict[str, Any], path: str) -> tuple[Action, ...]:
    found = [
        action
        for key in ("then", "else", "do")
        for action in _read_actions(body.get(key), f"{path}/{key}")
    ]
    for index, branch in enumerate(_items(body.get("elif"))):
        found += _read_actions(_mapping(branch).get("then"), f"{path}/elif/{index}/then")
    return tuple(found)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in _items(value))


def _mapping(value: Any) -> dict[str, Any]:
    """A mapping with its keys as texts; an empty one for anything else."""
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in cast("dict[Any, Any]", value).items()}


def _items(value: Any) -> list[Any]:
    """A list as it is, one thing as a list of one, nothing as an empty list."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def _flag(value: Any) -> bool:
    return str(value).strip().lower() in {"true", "yes", "on", "1"}
