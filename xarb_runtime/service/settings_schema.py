"""
All keys there are, flat, derived from the classes of `settings_model` and their docstrings.
"""

import functools
import inspect
import re
import types
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_sections import VenueSettings

VENUES = "venues"
#: Sections whose keys belong to a plugin: anything may stand in them.
FREE = frozenset({("bus", "options")})

#: Texts that are durations although their default does not say so: it is empty, or no time at all.
_MORE_DURATIONS = frozenset({"call_deadline", "shadow_delay", "max_p95_accept", "clear_p95_accept"})
_DURATION = "a duration such as 800ms, 2.5s, 10m or 1h"
_TEXTS: dict[Any, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    Decimal: "a number",
    Decimal | None: "a number",
    tuple[str, ...]: "a list of texts",
    dict[str, Any]: "a section of keys",
}
_ATTRIBUTE = re.compile(r"^ {4}([a-z_][a-z0-9_]*(?:, [a-z_][a-z0-9_]*)*): (.+)$")


class Key(NamedTuple):
    """
    One key of the settings.

    Attributes:
        path: its sections and its name.
        annotation: its type, with bounds.
        default: the packaged default, or None where there is none.
        doc: what it means.
        is_duration: it is a text that must be a duration.
    """

    path: tuple[str, ...]
    annotation: Any
    default: Any
    doc: str
    is_duration: bool

    @property
    def name(self) -> str:
        """The key path as people write it."""
        return ".".join(self.path)

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return _DURATION if self.is_duration else _describe(self.annotation)


class SettingDoc(NamedTuple):
    """One line of the reference of settings."""

    key: str
    type: str
    default: str
    doc: str


@functools.cache
def sections() -> types.MappingProxyType[tuple[str, ...], type[msgspec.Struct]]:
    """Return every section's class by its path; the empty path is the whole."""
    inner = {
        (field.name,): field.type
        for field in msgspec.structs.fields(Settings)
        if _is_section(field.type)
    }
    return types.MappingProxyType({(): Settings, **inner})


@functools.cache
def keys() -> types.MappingProxyType[tuple[str, ...], Key]:
    """Return every key by its path; those of venues have the venue's name left open (`*`)."""
    found = {
        key.path: key for path, section in sections().items() for key in _keys_of(section, path)
    }
    found |= {key.path: key for key in _keys_of(VenueSettings, (VENUES, "*"))}
    return types.MappingProxyType(found)


def settings_reference() -> list[SettingDoc]:
    """Return key, type, default and meaning of all keys, in the order of the classes."""
    return [
        SettingDoc(key.name.replace("*", "<name>"), key.expected, _shown(key.default), key.doc)
        for key in keys().values()
    ]


def documentation(section: type[msgspec.Struct]) -> dict[str, str]:
    """Return what the `Attributes` of a class's docstring say, by attribute."""
    documented: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(section.__doc__ or "").partition("Attributes:")[2].splitlines():
        match = _ATTRIBUTE.match(line)
        if match:
            names = match[1].split(", ")
            documented.update(dict.fromkeys(names, match[2].strip()))
        elif line.strip():
            documented.update({name: f"{documented[name]} {line.strip()}" for name in names})
    return documented


def _keys_of(section: type[msgspec.Struct], path: tuple[str, ...]) -> Iterator[Key]:
    docs = documentation(section)
    for field in msgspec.structs.fields(section):
        if _is_section(field.type) or field.name in {VENUES, "secret_keys"}:
            continue
        default = None if field.default is msgspec.NODEFAULT else field.default
        is_duration = _is_duration(default) or field.name in _MORE_DURATIONS
        yield Key((*path, field.name), field.type, default, docs.get(field.name, ""), is_duration)


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _is_duration(default: Any) -> bool:
    # The classes of the domain say with their defaults which of their texts are durations.
    try:
        return isinstance(default, str) and parse_duration_ms(default) > 0
    except ValueError:
        return False


def _describe(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(get_args(annotation))
    if get_origin(annotation) is Annotated:
        inner, meta = get_args(annotation)
        upto = f" from {meta.ge} to {meta.le}" if meta.le is not None else f", {meta.ge} or more"
        return _describe(inner) + upto
    return _TEXTS[annotation]


def _shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"[{', '.join(default)}]" if isinstance(default, tuple) else str(default)
