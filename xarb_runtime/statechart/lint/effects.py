"""
What a chart's actions do: commands, timers, raised events, calls; and the words they are made of.
"""

import ast
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import msgspec

from xarb_runtime.statechart.model import Action, Model, StateModel, TransitionModel

#: What can be commanded, by target; `supervisor` takes any event's name.
COMMANDS: dict[str, frozenset[str]] = {
    "venue": frozenset({"place", "cancel", "find", "quote"}),
    "hedge": frozenset({"plan"}),
    "bus": frozenset({"publish"}),
    "supervisor": frozenset(),
    "runtime": frozenset({"incident", "close_incident", "drain", "stopped"}),
    "executions": frozenset({"pause"}),
}

#: Commands that are about one order, whose slot is the param `leg`.
ORDER_COMMANDS = frozenset({"place", "cancel", "find"})

#: Questions that are not about an order, and the signals that answer them.
ANSWERS: dict[str, tuple[str, ...]] = {
    "venue/quote": ("quote.received", "quote.failed"),
    "hedge/plan": ("hedge.planned", "hedge.no_plan"),
}

#: Commands whose answer a state waits for.
QUESTIONS = frozenset({"venue/place", "venue/cancel", "venue/find", *ANSWERS})

#: The slot whose orders add risk; those of all others reduce it.
RISKY_SLOT = "leg_a"

_INTERNAL = frozenset({"#_internal", "internal"})


class Command(msgspec.Struct, frozen=True):
    """A `send` to a target; `slot` is the order it is about, empty for none or an unknown one."""

    target: str
    name: str
    slot: str
    path: str

    @property
    def kind(self) -> str:
        """Target and name: `venue/place`."""
        return f"{self.target}/{self.name}"

    @property
    def is_question(self) -> bool:
        """Whether somebody answers it."""
        return self.kind in QUESTIONS


class Arm(msgspec.Struct, frozen=True):
    """A delayed `send`: a timer."""

    timer: str
    event: str
    path: str


class Cancel(msgspec.Struct, frozen=True):
    """A `cancel` of a timer."""

    timer: str
    path: str


class Raise(msgspec.Struct, frozen=True):
    """An event for the chart itself, handled before the step ends."""

    event: str
    path: str


class Call(msgspec.Struct, frozen=True):
    """A callback reference."""

    name: str
    path: str


class Assign(msgspec.Struct, frozen=True):
    """A change of one field of the context."""

    field: str
    path: str


Effect = Command | Arm | Cancel | Raise | Call | Assign


def effect_of(action: Action) -> Effect | None:
    """Return what one action does, or None when it only computes."""
    body: Any = action.body
    match action.kind:
        case "call":
            return Call(str(body), action.path)
        case "send":
            return _sent(body, action.path)
        case "cancel":
            return Cancel(str(body.get("sendid") or ""), action.path)
        case "assign":
            return Assign(str(body.get("location")), action.path)
        case "raise":
            return Raise(str(body if isinstance(body, str) else body.get("event")), action.path)
        case _:
            return None


def _sent(body: dict[str, Any], path: str) -> Effect:
    target, event = str(body.get("target") or ""), str(body.get("event") or "")
    if body.get("delay") or body.get("delayexpr"):
        return Arm(str(body.get("id") or event), event, path)
    if not target or target in _INTERNAL:
        return Raise(event, path)
    return Command(target.removeprefix("#_"), event, _slot(body), path)


def _slot(body: dict[str, Any]) -> str:
    for param in body.get("params") or ():
        if param["name"] == "leg":
            value = literal(str(param.get("expr") or ""))
            return value if isinstance(value, str) else ""
    return ""


def literal(expression: str) -> object:
    """Return the value of an expression that names nothing, else None."""
    try:
        return ast.literal_eval(expression.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def alternatives(actions: Iterable[Action]) -> list[tuple[Effect, ...]]:
    """Return all sequences of effects that the actions can have; only an `if` makes several."""
    return [
        tuple(effect for part in parts for effect in part)
        for parts in product(*(_alternatives(action) for action in actions))
    ]


def _alternatives(action: Action) -> list[tuple[Effect, ...]]:
    if action.kind == "if":
        groups: dict[str, list[Action]] = {}
        for inner in action.nested:
            groups.setdefault(_branch(inner, action), []).append(inner)
        return [effects for branch in groups.values() for effects in alternatives(branch)] + [()]
    if action.kind == "foreach":
        return [*alternatives(action.nested), ()]
    effect = effect_of(action)
    return [(effect,) if effect else ()]


def _branch(inner: Action, outer: Action) -> str:
    """The branch of an `if`: the path below it without the action's own index and kind."""
    below = inner.path[len(outer.path) + 1 :].split("/")
    return "/".join(below[:2]) if below[0] == "elif" else below[0]


def actions_of(model: Model) -> Iterator[tuple[StateModel, TransitionModel | None, Action]]:
    """Yield all actions, nested ones too, with the state and the transition they are written in."""
    for state in model.states.values():
        for action in (*state.enter, *state.exit):
            for each in action.walk():
                yield state, None, each
        for transition in state.transitions:
            for action in transition.actions:
                for each in action.walk():
                    yield state, transition, each


def effects_of(model: Model) -> list[Effect]:
    """Return all effects that are written anywhere in the chart."""
    return [effect for _, _, action in actions_of(model) if (effect := effect_of(action))]
