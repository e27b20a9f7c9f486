"""
A JSON Schema's objections in plain words: what was expected, what was found, what to do.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from xarb_runtime.statechart.lint.words import found, suggestion, wanted

#: Place, message, hint.
Objection = tuple[str, str, str]


def objections(schema: dict[str, Any], data: Any, path: str = "") -> Iterator[Objection]:
    """Yield everything that `schema` has against `data`, which stands at `path`."""
    errors: Any = Draft202012Validator(schema).iter_errors(data)  # pyright: ignore[reportUnknownMemberType]
    for error in errors:
        yield from _explain(error, path)


def _explain(error: ValidationError, path: str) -> Iterator[Objection]:
    here = path + "".join(f"/{part}" for part in error.relative_path)
    kind = str(error.validator)
    if kind in {"oneOf", "anyOf"}:
        yield from _explain_choice(error, path, here)
    elif kind == "additionalProperties":
        yield from _explain_keys(error, here)
    elif kind != "not" or isinstance(error.instance, dict):  # the wrong type is told anyway
        message, hint = _WORDS.get(kind, _anything)(error)
        yield here, message, hint


def _explain_keys(error: ValidationError, here: str) -> Iterator[Objection]:
    schema = cast("dict[str, Any]", error.schema)
    instance = cast("dict[str, Any]", error.instance)
    known: list[str] = list(schema.get("properties", {}))
    for key in instance:
        if key not in known:
            message = f"expected one of the known keys, found {key!r}."
            yield f"{here}/{key}", message, suggestion(key, known, "keys")


def _explain_choice(error: ValidationError, path: str, here: str) -> Iterator[Objection]:
    """Tell about the branch that was meant: the one of the right type with the fewest faults."""
    branches: dict[int, list[ValidationError]] = {}
    for below in error.context or ():
        branches.setdefault(int(below.schema_path[0]), []).append(below)
    meant = [faults for faults in branches.values() if not any(map(_wrong_type, faults))]
    if meant:
        parent = path + "".join(f"/{part}" for part in error.relative_path)
        for below in min(meant, key=len):
            yield from _explain(below, parent)
        return
    types = dict.fromkeys(name for faults in branches.values() for name in _types_of(faults))
    if types:
        yield here, f"expected {wanted(types)}, found {found(error.instance)}.", ""
    else:
        yield here, f"expected one of the allowed forms, found {found(error.instance)}.", ""


def _wrong_type(fault: ValidationError) -> bool:
    if fault.validator in {"oneOf", "anyOf"} and not fault.relative_path:
        return all(_wrong_type(below) for below in fault.context or ())
    return fault.validator == "type" and not fault.relative_path


def _types_of(faults: list[ValidationError]) -> Iterator[str]:
    for fault in faults:
        if fault.validator == "type":
            value: Any = fault.validator_value
            yield from [value] if isinstance(value, str) else value
        elif fault.context:
            yield from _types_of(list(fault.context))


def _type(error: ValidationError) -> tuple[str, str]:
    value: Any = error.validator_value
    types: list[str] = [value] if isinstance(value, str) else value
    hint = "Write {} for an empty one." if error.instance is None and "object" in types else ""
    return f"expected {wanted(types)}, found {found(error.instance)}.", hint


def _required(error: ValidationError) -> tuple[str, str]:
    instance = cast("dict[str, Any]", error.instance)
    missing = [key for key in cast("list[str]", error.validator_value) if key not in instance]
    # One error comes per missing key; its message begins with the key's repr.
    key = next((key for key in missing if error.message.startswith(repr(key))), missing[0])
    close = get_close_matches(key, instance, n=1)
    hint = f"Rename {close[0]!r}." if close else f"Add {key!r}."
    return f"expected the key {key!r}, found none.", hint


def _enum(error: ValidationError) -> tuple[str, str]:
    allowed = [str(value) for value in cast("list[Any]", error.validator_value)]
    message = f"expected one of {', '.join(allowed)}, found {found(error.instance)}."
    return message, suggestion(str(error.instance), allowed, "values")


def _too_many(error: ValidationError) -> tuple[str, str]:
    keys = ", ".join(repr(key) for key in cast("dict[str, Any]", error.instance))
    message = f"expected at most {error.validator_value} key here, found {keys}."
    return message, "Write each action as an item of its own."


def _too_few(error: ValidationError) -> tuple[str, str]:
    return f"expected at least {error.validator_value}, found {found(error.instance)}.", ""


def _not(error: ValidationError) -> tuple[str, str]:
    instance = cast("dict[str, Any]", error.instance)
    return f"expected no delay together with a target, found {', '.join(instance)}.", ""


def _anything(error: ValidationError) -> tuple[str, str]:
    return f"expected what the schema asks for, found otherwise: {error.message}.", ""


_WORDS: dict[str, Callable[[ValidationError], tuple[str, str]]] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "maxProperties": _too_many,
    "minProperties": _too_few,
    "minItems": _too_few,
    "not": _not,
}
