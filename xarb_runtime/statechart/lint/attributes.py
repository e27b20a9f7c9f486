"""
What a context offers to expressions, found through its type hints.
"""

import inspect
import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

#: A type, or `UNKNOWN` where the hints say nothing; nothing is claimed about attributes of that.
Kind = Any
UNKNOWN: Kind = Any


@cache
def members(owner: Kind) -> frozenset[str]:
    """Return the names of an object's public attributes, methods left out."""
    names = {name for name in dir(owner) if not callable(inspect.getattr_static(owner, name, None))}
    names |= set(_hints(owner))
    return frozenset(name for name in names if not name.startswith("_"))


@cache
def methods(owner: Kind) -> frozenset[str]:
    """Return the names of the public methods that take no arguments but `self`."""
    return frozenset(
        name
        for name in dir(owner)
        if not name.startswith("_") and _is_plain_method(inspect.getattr_static(owner, name))
    )


def writable(context: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of the fields that a chart may assign to."""
    return frozenset(name for name in context.__struct_fields__ if not name.startswith("_"))


@cache
def attribute(owner: Kind, name: str) -> Kind:
    """Return the type of an attribute, without `None` where it is optional."""
    static = inspect.getattr_static(owner, name, None)
    if isinstance(static, property):
        return _plain(_hints(static.fget).get("return", UNKNOWN))
    return _plain(_hints(owner).get(name, UNKNOWN))


def is_text(kind: Kind) -> bool:
    """Tell whether a value of this type can be a text."""
    return kind is UNKNOWN or kind is str


def _is_plain_method(static: object) -> bool:
    if not inspect.isfunction(static):
        return False
    parameters = list(inspect.signature(static).parameters.values())[1:]
    return all(p.default is not p.empty or p.kind in _VARIADIC for p in parameters)


_VARIADIC = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})


def _hints(owner: Kind) -> dict[str, Any]:
    try:
        return get_type_hints(owner)
    except (TypeError, NameError, AttributeError):
        return {}


def _plain(kind: Kind) -> Kind:
    """A class, or UNKNOWN: optional types lose their None, generic ones tell nothing."""
    if get_origin(kind) in {Union, types.UnionType}:
        rest = [part for part in get_args(kind) if part is not type(None)]
        return _plain(rest[0]) if len(rest) == 1 else UNKNOWN
    return kind if isinstance(kind, type) else UNKNOWN
