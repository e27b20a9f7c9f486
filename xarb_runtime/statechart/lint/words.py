"""
Plain words for what is found in a document, and the nearest name to one that is not known.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "the flag {}"),
    (str, "the text {}"),
    (int, "the number {}"),
    (float, "the number {}"),
)

_LONGEST = 40

#: JSON Schema's names of types, in the words of YAML.
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def found(value: Any) -> str:
    """Return what a value is, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    words = next((words for kind, words in _KINDS if isinstance(value, kind)), "{}")
    return words.format(_short(value))


def wanted(types: Iterable[str]) -> str:
    """Return what JSON Schema's type names ask for."""
    return " or ".join(_TYPES.get(name, name) for name in types)


def listed(names: Iterable[str], most: int = 12) -> str:
    """Return names for a message, sorted; `none` when there are none."""
    ordered = sorted(set(names))
    shown = ", ".join(ordered[:most]) or "none"
    return f"{shown}, ..." if len(ordered) > most else shown


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question with the known name that is most alike, or an empty text."""
    close = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """Return the nearest known name as a question, or else the list of all known names."""
    names = list(known)
    return nearest(name, names) or f"Known {what}: {listed(names)}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
