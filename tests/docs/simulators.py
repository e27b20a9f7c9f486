"""The reference of simulators, made from the words for faults and from the settings' classes."""

import types
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from tests.docs.tables import table
from tests.house.source import ROOT
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import NoSettings
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.simulator_faults import FAULTS, ScriptedFault
from xarb_runtime.service.settings_schema import documentation

Struct = type[msgspec.Struct]

_TEXTS: dict[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
}
#: Durations that have no default by which one could know them.
_DURATIONS = {"during", "wait", "refill", "drift", "expires_ahead"}


class _Row(NamedTuple):
    name: str
    kind: str
    default: str
    doc: str


def simulators() -> dict[str, Struct]:
    """Return the settings of every simulator that ships, by kind of venue."""
    registry = discover(builtin=ROOT / "plugins", entry_points=False)
    return {
        name: spec.simulator_settings
        for name, spec in sorted(registry.venues.items())
        if spec.simulator is not None and spec.simulator_settings is not NoSettings
    }


def words() -> str:
    """Return everything that can go wrong, and where."""
    known = {name: _words_of(shape) for name, shape in simulators().items()}
    rows = (
        [
            f"`{word}`",
            doc.subject,
            doc.text,
            *("yes" if word in it else "" for it in known.values()),
        ]
        for word, doc in FAULTS.items()
    )
    return table(("Word", "With", "What happens", *(f"`{name}`" for name in known)), rows)


def keys() -> str:
    """Return the keys of a fault."""
    return table(("Key", "Value", "Default", "Meaning"), _cells(ScriptedFault))


def settings_of(kind: str) -> Callable[[], str]:
    """Return what makes the settings of one simulator."""
    return lambda: "\n".join(_sections(simulators()[kind]))


def _sections(root: Struct) -> Iterator[str]:
    waiting, seen = [("", root)], set[Struct]()
    while waiting:
        path, shape = waiting.pop(0)
        if shape in seen:
            continue
        seen.add(shape)
        title = f"#### `{path}`\n\n{_first_words(shape)}\n\n" if path else ""
        yield title + table(("Key", "Value", "Default", "Meaning"), _cells(shape))
        for name, kind in get_type_hints(shape).items():
            waiting += [(f"{path}.{name}".lstrip("."), it) for it in _parts(kind)]


def _first_words(shape: Struct) -> str:
    return " ".join((shape.__doc__ or "").strip().split("\n\n", 1)[0].split())


def _cells(shape: Struct) -> Iterator[list[str]]:
    """Neighbours that differ by their names only share a line."""
    for _, found in groupby(_rows(shape), key=lambda row: row[1:]):
        rows = list(found)
        yield [", ".join(f"`{it.name}`" for it in rows), *rows[0][1:]]


def _rows(shape: Struct) -> Iterator[_Row]:
    docs, hints = documentation(shape), get_type_hints(shape)
    for field in msgspec.structs.fields(shape):
        kind, default = hints[field.name], _default(field)
        about = "a duration" if field.name in _DURATIONS else _kind(kind, default)
        # What a whole game is by default is told by `xarb venue-sim` as it begins.
        shown = "see below" if _parts(kind) and _is_said(default) else _shown(default)
        yield _Row(field.name, about, shown, docs[field.name])


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _is_said(default: object) -> bool:
    return default is not msgspec.NODEFAULT and bool(default)


def _shown(value: object) -> str:
    if value is msgspec.NODEFAULT:
        return ""
    plain = msgspec.to_builtins(value)
    if plain in (None, "", [], (), {}):
        return "none"
    text = plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()
    return f"`{text}`"


def _kind(kind: Any, default: object) -> str:
    origin, inner = get_origin(kind), [it for it in get_args(kind) if it is not type(None)]
    if origin in (Union, types.UnionType) and all(get_origin(it) is Literal for it in inner):
        return _one_of([word for it in inner for word in get_args(it)])
    if origin in (Union, types.UnionType):
        return _kind(inner[0], default)
    if origin is Literal:
        return _one_of(inner)
    if origin is dict:
        return "a section of keys"
    if origin in (list, tuple):
        return f"a list of {'sections' if _parts(kind) else 'values'}"
    if kind is str and _is_duration(default):
        return "a duration"
    return _TEXTS.get(kind, "a section")


def _one_of(words: list[Any]) -> str:
    return "one of " + ", ".join(map(str, words)) if len(words) < len(FAULTS) // 2 else "a word"


def _is_duration(default: object) -> bool:
    try:
        return isinstance(default, str) and parse_duration_ms(default) >= 0
    except ValueError:
        return False


def _parts(kind: Any) -> list[Struct]:
    """The structs inside a type; faults are explained once for all."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [] if issubclass(kind, ScriptedFault) else [kind]
    return [found for it in get_args(kind) if it is not ... for found in _parts(it)]


def _words_of(shape: Struct) -> tuple[str, ...]:
    (fault,) = (it for it in get_args(get_type_hints(shape)["faults"]) if it is not ...)
    return get_args(get_type_hints(fault)["fault"])
