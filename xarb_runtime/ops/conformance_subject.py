"""
The plugin that is to be checked, by its name or its path.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.candidates import GROUP, from_file
from xarb_runtime.plugins.contracts import VenueSpec
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.findings import nearest
from xarb_runtime.plugins.registry import PluginInfo, Registry


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """
    A plugin that is to be checked.

    Attributes:
        info: what is known about it, findings included.
        module: the plugin itself; None when it is broken.
        venues: the kinds of venues that it offers.
    """

    info: PluginInfo
    module: Any
    venues: tuple[VenueSpec, ...]


def find_by_name(name: str, registry: Registry) -> Subject:
    """
    Return a plugin by its name, or by the name of a kind of venue that it offers.

    Raises:
        ProblemError: there is none.
    """
    for info in registry.plugins:
        if name == info.name:
            return _subject(info, registry)
    for info in registry.plugins:
        if f"venue:{name}" in info.provides:
            return _subject(info, registry)
    known = [info.name for info in registry.plugins]
    problem = Problem(
        what=f"no plugin has this name.{nearest(name, known)}",
        where=name,
        expected=f"one of {', '.join(known)}, or a path (./{name})",
    )
    raise ProblemError(problem)


def find_by_path(path: Path) -> Subject:
    """
    Return the plugin in a file, in a folder with `__init__.py`, or in a project.

    It is looked at beside the plugins that ship with xarb, whose names are taken.

    Raises:
        ProblemError: there is none.
    """
    file = _plugin_file(path)
    registry = discover(builtin=bundled("plugins"), entry_points=False, files=[file])
    name = from_file(file, "file").name
    return _subject([info for info in registry.plugins if info.name == name][-1], registry)


def _subject(info: PluginInfo, registry: Registry) -> Subject:
    kinds = [it.removeprefix("venue:") for it in info.provides if it.startswith("venue:")]
    module = registry.modules.get(info.name) if info.status == "active" else None
    venues = tuple(registry.venues[kind] for kind in kinds)
    return Subject(info=info, module=module, venues=venues)


def _plugin_file(path: Path) -> Path:
    if path.is_file():
        return path
    places = [path / "__init__.py", *_project_files(path)]
    for place in places:
        if place.is_file():
            return place
    problem = Problem(
        what="there is no plugin here",
        where=str(path),
        expected="a Python file, a folder with __init__.py, or a project whose pyproject.toml has"
        f" an entry point in the group {GROUP}",
        do="xarb plugins new NAME begins one",
    )
    raise ProblemError(problem)


def _project_files(path: Path) -> Iterator[Path]:
    """Where the plugin of a project may be, as its entry point says."""
    project = path / "pyproject.toml"
    if not project.is_file():
        return
    try:
        declared: Any = tomllib.loads(project.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(what="this is not TOML", where=str(project), found=str(error))
        raise ProblemError(problem) from error
    points: dict[str, str] = declared.get("project", {}).get("entry-points", {}).get(GROUP, {})
    for value in points.values():
        inside = value.partition(":")[0].replace(".", "/")
        for root in (path / "src", path):
            yield root / inside / "__init__.py"
            yield root / f"{inside}.py"
