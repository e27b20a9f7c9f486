"""
XS201, XS202: do the names that a chart uses exist, and mean what the chart takes them for?
"""

import ast
from collections.abc import Iterator
from typing import Any, cast

from statemachine.exceptions import InvalidDefinition

from xarb_runtime.statechart.findings import Finding
from xarb_runtime.statechart.internals import compile_expression
from xarb_runtime.statechart.lint.attributes import (
    UNKNOWN,
    Kind,
    attribute,
    is_text,
    members,
    methods,
    writable,
)
from xarb_runtime.statechart.lint.effects import actions_of
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.lint.words import suggestion
from xarb_runtime.statechart.meta import BLOCK
from xarb_runtime.statechart.model import Action

#: Expressions with their places; the last part says whether it must be a duration's text.
_Expression = tuple[str, str, bool]


def check_names(subject: Subject) -> Iterator[Finding]:
    """XS201: a callback, an attribute or a state that does not exist."""
    yield from _callbacks(subject)
    yield from _locations(subject)
    for path, text, is_duration in _expressions(subject):
        yield from _expression(subject, path, text, is_duration=is_duration)


def check_collisions(subject: Subject) -> Iterator[Finding]:
    """XS202: a callback that is named like an event, which the library would send instead."""
    events = {*subject.alphabet, *(event for _, event in subject.event_descriptors())}
    for _, _, action in actions_of(subject.model):
        if action.kind == "call" and action.body in events:
            message = (
                f"expected callbacks and events to have different names, found {action.body!r}"
            )
            hint = "Rename one: the library takes the callback for the event and sends it again."
            yield subject.finding("XS202", action.path, f"{message} for both.", hint)


def _callbacks(subject: Subject) -> Iterator[Finding]:
    known = methods(subject.context)
    for _, _, action in actions_of(subject.model):
        if action.kind == "call" and action.body not in known:
            name = subject.context.__name__
            message = f"expected a method of {name} without arguments, found {action.body!r}."
            hint = suggestion(str(action.body), known, "methods")
            yield subject.finding("XS201", action.path, message, hint)


def _locations(subject: Subject) -> Iterator[Finding]:
    known = writable(subject.context)
    for _, _, action in actions_of(subject.model):
        if action.kind == "assign" and action.body["location"] not in known:
            location = action.body["location"]
            message = f"expected a field of {subject.context.__name__}, found {location!r}."
            path = f"{action.path}/location"
            yield subject.finding("XS201", path, message, suggestion(location, known, "fields"))


# -- Expressions ----------------------------------------------------------------------------------


def _expressions(subject: Subject) -> Iterator[_Expression]:
    for transition in subject.transitions():
        for name, texts in (("cond", transition.cond), ("unless", transition.unless)):
            yield from ((f"{transition.path}/{name}", text, False) for text in texts)
    for _, _, action in actions_of(subject.model):
        yield from _of_action(action)
    for index, item in enumerate(subject.meta.invariants):
        yield f"/{BLOCK}/invariants/{index}/never", item.never, False


def _of_action(action: Action) -> Iterator[_Expression]:
    raw: Any = action.body
    if not isinstance(raw, dict):
        return
    body = cast("dict[str, Any]", raw)
    for key in ("expr", "cond"):
        if key in body:
            yield f"{action.path}/{key}", str(body[key]), False
    if "delayexpr" in body:
        yield f"{action.path}/delayexpr", str(body["delayexpr"]), True
    for index, param in enumerate(body.get("params") or ()):
        if "expr" in param:
            yield f"{action.path}/params/{index}/expr", str(param["expr"]), False
    for index, branch in enumerate(body.get("elif") or ()):
        yield f"{action.path}/elif/{index}/cond", str(branch["cond"]), False


def _expression(subject: Subject, path: str, text: str, *, is_duration: bool) -> Iterator[Finding]:
    try:
        compile_expression(text)
        tree = ast.parse(text.strip(), mode="eval").body
    except (InvalidDefinition, SyntaxError, RecursionError, MemoryError) as error:
        message = (
            f"expected an expression of the restricted dialect, found {text!r} ({_why(error)})."
        )
        yield subject.finding("XS201", path, message, "Make it a property of the context.")
        return
    reader = _Reader(subject)
    kind = reader.read(tree)
    yield from (subject.finding("XS201", path, *fault) for fault in reader.faults)
    if is_duration and not reader.faults and not is_text(kind):
        message = f"expected a text with a unit, such as '800ms', found that {text!r} is none."
        yield subject.finding("XS201", path, message, "Name a text, or a property that makes one.")


def _why(error: BaseException) -> str:
    return str(error.__cause__ or error).rstrip(".")


class _Reader:
    """Finds the kind of each part of an expression, and the names that lead nowhere."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.faults: list[tuple[str, str]] = []

    def read(self, tree: ast.AST) -> Kind:
        match tree:
            case ast.Name(id=name):
                return self._member(self.subject.context, name, name)
            case ast.Attribute(value=value, attr=name):
                return self._member(self.read(value), name, ast.unparse(tree))
            case ast.Call(args=args):
                self._states(args)
                return bool
            case ast.Constant(value=value):
                return type(value)
            case _:
                for part in ast.iter_child_nodes(tree):
                    self.read(part)
                return UNKNOWN

    def _member(self, owner: Kind, name: str, whole: str) -> Kind:
        if owner is UNKNOWN:
            return UNKNOWN
        known = members(owner)
        title = getattr(owner, "__name__", str(owner))
        if name in methods(owner):
            message = f"expected a value, found that {whole!r} is a method of {title}."
            self.faults.append((message, "A method is never false: make it a property."))
            return UNKNOWN
        if name not in known:
            message = f"expected an attribute of {title}, found {whole!r}."
            self.faults.append((message, suggestion(name, known, "attributes")))
            return UNKNOWN
        return attribute(owner, name)

    def _states(self, args: list[ast.expr]) -> None:
        for arg in args:
            value = arg.value if isinstance(arg, ast.Constant) else None
            if value not in self.subject.model.states:
                message = f"expected the id of a state in In(...), found {ast.unparse(arg)}."
                hint = suggestion(str(value), self.subject.model.states, "states")
                self.faults.append((message, hint))
