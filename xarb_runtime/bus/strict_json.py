"""
JSON from outside, read strictly, so that no two readers can disagree about it.

Bounded in size and in nesting. Numbers with a point become decimals, so that no binary float ever
touches a price. A key that is written twice, NaN, whole numbers beyond 64 bits, exponents that no
figure has, halves of surrogate pairs and NUL, which no database takes, are refused.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from xarb_runtime.plugins.process_wide import recursion_limited

MAX_BYTES = 256 * 1024
MAX_NESTING = 32
#: Python's own limit. A package may have raised it: brackets would then overrun the stack.
USUAL_RECURSION = 1_000

_LONGEST = 60
_TOO_DEEP = f"expected at most {MAX_NESTING} levels, found more"
_TOO_LONG = "expected whole numbers of at most 64 bits, found a longer one"
_FIRST_TOO_LARGE = 2**63


class UnreadableError(ValueError):
    """The bytes are no JSON object that could be looked at any further."""


def read_object(body: bytes) -> dict[str, Any]:
    """
    Return the JSON object in `body`.

    Raises:
        UnreadableError: with what was expected and what was found; nothing else is ever raised.
    """
    if len(body) > MAX_BYTES:
        message = f"expected at most {MAX_BYTES} bytes, found {len(body)}"
        raise UnreadableError(message)
    document = _parsed(body)
    if not isinstance(document, dict):
        message = f"expected a JSON object, found {kind(document)}"
        raise UnreadableError(message)
    _walk(document)
    return document


def _parsed(body: bytes) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        message = f"expected text in UTF-8, found other bytes at offset {error.start}"
        raise UnreadableError(message) from None
    try:
        with recursion_limited(USUAL_RECURSION):
            return _DECODER.decode(text)
    except UnreadableError:
        raise
    except RecursionError:
        raise UnreadableError(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        message = f"expected JSON, found at offset {error.pos}: {error.msg}"
        raise UnreadableError(message) from None
    except ValueError:
        raise UnreadableError(_TOO_LONG) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"expected each key once, found {shown(twice)} twice"
        raise UnreadableError(message)
    return document


def _no_constant(name: str) -> Any:
    message = f"expected a number, found {name}"
    raise UnreadableError(message)


def _figure(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        message = "expected numbers with an ordinary exponent, found a larger one"
        raise UnreadableError(message) from None


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_figure, parse_constant=_no_constant
)


def _walk(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_NESTING):
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return
    raise UnreadableError(_TOO_DEEP)


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, int) and not -_FIRST_TOO_LARGE <= value < _FIRST_TOO_LARGE:
        raise UnreadableError(_TOO_LONG)
    return []


def _check_text(text: str) -> None:
    if "\0" in text:
        message = "expected text, found the character NUL"
        raise UnreadableError(message)
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "expected text, found half a surrogate pair"
        raise UnreadableError(message) from None


def kind(value: Any) -> str:
    """Return what sort of JSON value this is, in words."""
    if value is None:
        return "nothing"
    kinds = {dict: "an object", list: "an array", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "a number")


def shown(value: Any) -> str:
    """Return a JSON value as an error may show it, not too long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return kind(value)
    text = str(value) if isinstance(value, Decimal) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
