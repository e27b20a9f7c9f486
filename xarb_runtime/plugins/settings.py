"""
Reads a section of plain values as a type, and a plugin's settings as the type that it declares.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as types

from xarb_runtime.plugins.contracts import BusSpec, Finding, VenueSpec
from xarb_runtime.plugins.findings import PluginSettingsError, nearest

S = TypeVar("S", bound=msgspec.Struct)

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_TYPES = re.compile(r"^Expected (?P<expected>.+?), got (?P<found>.+)$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<key>.+)`$", re.DOTALL)
_CHOICE = re.compile(r"^Invalid enum value (?P<found>.+)$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<key>.+)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[[^\]]*\]")


class SectionError(ValueError):
    """
    Plain values do not fit a type.

    Attributes:
        key: the key path that is wrong, e.g. `venues.sx.orders[0].after`.
        problem: what was expected and what was found.
        hint: what was probably meant; may be empty.
    """

    def __init__(self, key: str, problem: str, hint: str = "") -> None:
        self.key, self.problem, self.hint = key, problem.rstrip("."), hint
        super().__init__(f"{key}: {self.problem}")


def read_section(shape: type[S], raw: Mapping[str, Any], where: str = "") -> S:
    """
    Return plain values as a Struct type; numbers may be written as texts.

    Raises:
        SectionError: names the key below `where`, what was expected and what was found.
    """
    root = types.type_info(shape)
    known = _keys(root)
    unknown = [key for key in raw if key not in known]
    if unknown:
        raise _section_error(where, f".{unknown[0]}", *_unknown_key(unknown[0], known))
    try:
        return msgspec.convert(dict(raw), shape, strict=False)
    except msgspec.ValidationError as error:
        path, problem, hint = _translate(str(error), root)
        raise _section_error(where, path, problem, hint) from error


def _section_error(where: str, path: str, problem: str, hint: str) -> SectionError:
    # Where may itself begin with a dot: `../own.yaml`.
    return SectionError(f"{where}{path}" if where else path.removeprefix("."), problem, hint)


def open_settings(spec: VenueSpec, raw: Mapping[str, Any], where: str) -> msgspec.Struct:
    """
    Return a venue's settings as the plugin's own type.

    Args:
        spec: the kind of venue.
        raw: the section, plain values; numbers may be written as texts.
        where: the section's key path, e.g. `venues.sx`.

    Raises:
        PluginSettingsError: XP107; names the key, what was expected and what was found.
    """
    return _opened(spec.settings, spec.name, raw, where)


def open_options(spec: BusSpec, raw: Mapping[str, Any]) -> msgspec.Struct:
    """
    Return `bus.options` as the bus's own type.

    Raises:
        PluginSettingsError: XP107; names the key, what was expected and what was found.
    """
    return _opened(spec.options, spec.scheme, raw, "bus.options")


def open_simulator_settings(spec: VenueSpec, raw: Mapping[str, Any], where: str) -> msgspec.Struct:
    """
    Return the settings of a venue's simulator as the plugin's own type.

    Raises:
        PluginSettingsError: XP107; names the key, what was expected and what was found.
    """
    return _opened(spec.simulator_settings, spec.name, raw, where)


def _opened(
    shape: type[msgspec.Struct], name: str, raw: Mapping[str, Any], where: str
) -> msgspec.Struct:
    try:
        return read_section(shape, raw, where)
    except SectionError as error:
        finding = Finding(code="XP107", plugin=name, message=str(error), hint=error.hint)
        raise PluginSettingsError([finding]) from error


def _translate(text: str, settings: types.Type) -> tuple[str, str, str]:
    place = _PLACE.match(text)
    path, what = (place["path"] or "", place["what"]) if place else ("", text)
    if match := _TYPES.match(what):
        return path, f"expected {match['expected']}, found {match['found']}", ""
    if match := _UNKNOWN.match(what):
        return f"{path}.{match['key']}", *_unknown_key(match["key"], _keys(_at(settings, path)))
    if match := _MISSING.match(what):
        return f"{path}.{match['key']}", "expected a value, found none", ""
    if match := _CHOICE.match(what):
        choices = ", ".join(_choices(_at(settings, path)))
        return path, f"expected one of {choices}, found {match['found']}", ""
    key, separator, rest = what.partition(": ")
    if separator and " " not in key:  # a check of the plugin's own that begins with the key
        return path if _is_about(key, path, settings) else f"{path}.{key}", rest, ""
    return path, what, ""


def _is_about(key: str, path: str, settings: types.Type) -> bool:
    """Whether a check of a section names the section itself, and not a key in it."""
    return path.endswith(f".{key}") and key not in _keys(_at(settings, path))


def _unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    known = list(known)
    return f"expected one of {', '.join(known)}, found {key}", nearest(key, known).strip()


def _at(kind: types.Type, path: str) -> types.Type:
    for step in _STEP.finditer(path):
        kind = _child(_without_none(kind), step["key"] or "")
    return _without_none(kind)


def _child(kind: types.Type, key: str) -> types.Type:
    if isinstance(kind, types.StructType):
        return next((it.type for it in kind.fields if it.encode_name == key), types.AnyType())
    if isinstance(kind, types.DictType):
        return kind.value_type
    return getattr(kind, "item_type", types.AnyType())


def _without_none(kind: types.Type) -> types.Type:
    if not isinstance(kind, types.UnionType):
        return kind
    return next((it for it in kind.types if not isinstance(it, types.NoneType)), kind)


def _keys(kind: types.Type) -> list[str]:
    return [it.encode_name for it in kind.fields] if isinstance(kind, types.StructType) else []


def _choices(kind: types.Type) -> list[str]:
    if isinstance(kind, types.EnumType):
        return [str(member.value) for member in kind.cls]
    return [str(value) for value in kind.values] if isinstance(kind, types.LiteralType) else []
