"""
Expressions of python-statemachine's restricted dialect, evaluated on a context.

The library is the judge of what the dialect allows. Of that, nearly all that charts are made of
(names, attributes, constants, comparisons, `and`, `or`, `not`, `In()`) is compiled here into plain
closures, several times quicker than the library's, which reckon with coroutines at every step. The
rest is left to the library.
"""

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

from statemachine.exceptions import InvalidDefinition

#: Takes a machine, that is: something with a `model` and the ids of its `active` states.
Value = Callable[[Any], Any]

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class _NotOursError(Exception):
    """An expression with a part that is left to the library."""


def compile_here(expression: str) -> Value | None:
    """Compile an expression that the dialect allows; None if it is left to the library."""
    try:
        return _compile(ast.parse(expression, mode="eval").body)
    except _NotOursError:
        return None


def _compile(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=constant):
            return lambda _: constant
        case ast.Name(id=name):
            return name_of_context(name)
        case ast.Attribute(value=inner, attr=attribute):
            owner, read = _compile(inner), operator.attrgetter(attribute)
            return lambda machine: read(owner(machine))
        case ast.BoolOp(op=op, values=values):
            connect = _all if isinstance(op, ast.And) else _any
            return connect([_compile(value) for value in values])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner_value = _compile(operand)
            return lambda machine: not inner_value(machine)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return _comparison(_COMPARE[type(op)], _compile(left), _compile(right))
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(state))]) if (
            name.lower() == "in"
        ):
            return lambda machine: state in machine.active_ids
        case _:
            raise _NotOursError


def name_of_context(name: str) -> Value:
    """
    Return what reads a name off the context.

    Raises:
        InvalidDefinition: the name is private.
    """
    if name.startswith("_"):
        message = f"a private name such as {name!r} is not visible to charts"
        raise InvalidDefinition(message)
    read = operator.attrgetter(name)

    def value(machine: Any) -> Any:
        found = read(machine.model)
        if callable(found):
            message = f"expected {name!r} to be an attribute or property, found a method"
            raise TypeError(message)
        return found

    return value


def _comparison(compare: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
    return lambda machine: bool(compare(left(machine), right(machine)))


def _all(values: Sequence[Value]) -> Value:
    """Like Python's `and`: the first that does not hold, or the last."""

    def every(machine: Any) -> Any:
        found: Any = True
        for value in values:
            found = value(machine)
            if not found:
                break
        return found

    return every


def _any(values: Sequence[Value]) -> Value:
    """Like Python's `or`: the first that holds, or the last."""

    def some(machine: Any) -> Any:
        found: Any = False
        for value in values:
            found = value(machine)
            if found:
                break
        return found

    return some
