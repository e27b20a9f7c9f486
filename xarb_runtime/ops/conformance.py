"""
Finds a plugin by its name or its path, the bench on which its venue is checked, and checks it.
"""

import importlib
import inspect
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.candidates import GROUP, describe, from_file
from xarb_runtime.plugins.contracts import VenueSpec
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.findings import nearest
from xarb_runtime.plugins.registry import PluginInfo, Registry
from xarb_runtime.testing.bench import Bench
from xarb_runtime.testing.kit import chosen_cases, run_kit
from xarb_runtime.testing.report import Outcome, Report

#: What a plugin's module of the same name holds: a class that inherits `Bench`, and `EXEMPT`.
BENCH = "bench"
EXEMPT = "EXEMPT"


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


class Mounted(msgspec.Struct, frozen=True, kw_only=True):
    """
    A bench, and what its author says does not hold.

    Attributes:
        place: where it is, `module:Class`.
        bench: makes a bench; the class itself.
        exempt: reasons by case.
    """

    place: str
    bench: type[Bench]
    exempt: Mapping[str, str] = {}


# -- The plugin ----------------------------------------------------------------------------------


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


# -- Its bench -----------------------------------------------------------------------------------


def own_benches(subject: Subject) -> list[Mounted]:
    """
    Return the benches that a plugin brings in its module `bench`: what is meant comes first.

    A class that inherits from another one of them is a variant: the same venue, set up otherwise.

    Raises:
        ProblemError: it brings none, or it is not clear which one is meant.
    """
    name = _bench_module(subject.module)
    try:
        there = bool(name) and find_spec(name) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise ProblemError(_no_bench(subject))
    module = _imported(name)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Bench) and not inspect.isabstract(value)
        if value.__module__ == module.__name__
    ]
    meant = [each for each in found if not any(base in found for base in each.__mro__[1:])]
    if len(meant) != 1:
        problem = Problem(
            what="it is not clear which bench is meant",
            where=f"{subject.info.name}: {module.__file__}",
            expected=f"one class that inherits {Bench.__module__}.Bench",
            found=", ".join(each.__name__ for each in found) or "none",
            do="Name one with --bench CLASS" if found else "",
        )
        raise ProblemError(problem)
    variants = [each for each in found if each is not meant[0]]
    return [_mounted(each, module) for each in (*meant, *variants)]


def own_bench(subject: Subject) -> Mounted:
    """
    Return the bench that a plugin brings.

    Raises:
        ProblemError: as `own_benches`.
    """
    return own_benches(subject)[0]


def named_bench(subject: Subject, place: str) -> Mounted:
    """
    Return the bench `CLASS` of a plugin, or `MODULE:CLASS` from anywhere.

    The current folder is where modules are looked for first.

    Raises:
        ProblemError: there is none.
    """
    name, _, attribute = place.rpartition(":")
    name = name or _bench_module(subject.module)
    if not (name and attribute.isidentifier()):
        problem = Problem(what="this names no bench", where=place, expected="CLASS or MODULE:CLASS")
        raise ProblemError(problem)
    if "" not in sys.path:
        sys.path.insert(0, "")
    module = _imported(name)
    found = getattr(module, attribute, None)
    if not (inspect.isclass(found) and issubclass(found, Bench)):
        problem = Problem(
            what="this is no bench",
            where=place,
            expected=f"a class that inherits {Bench.__module__}.Bench",
            found=repr(found) if hasattr(module, attribute) else "nothing of this name",
        )
        raise ProblemError(problem)
    return _mounted(found, module)


def _bench_module(module: Any) -> str:
    """`bench` beside the plugin; a plugin that is a single file has nothing beside it."""
    own = str(module.__name__)
    package = own if hasattr(module, "__path__") else own.rpartition(".")[0]
    alone = not package or not hasattr(sys.modules.get(package), "__file__")
    return "" if alone else f"{package}.{BENCH}"


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        problem = Problem(
            what="the bench cannot be imported", where=name, found=describe(error).rstrip(".")
        )
        raise ProblemError(problem) from error


def _mounted(bench: type[Bench], module: ModuleType) -> Mounted:
    place = f"{module.__name__}:{bench.__name__}"
    return Mounted(place=place, bench=bench, exempt=dict(getattr(module, EXEMPT, {})))


def _no_bench(subject: Subject) -> Problem:
    module = subject.module
    file = Path(getattr(module, "__file__", None) or subject.info.where)
    inside = hasattr(module, "__path__")
    place = file.parent / f"{BENCH}.py" if inside else file.parent / file.stem / f"{BENCH}.py"
    way = (
        "Let its running() start the simulator that the plugin already has, and say in destine()"
        " what its next order meets"
        if any(spec.simulator for spec in subject.venues)
        else "It starts a server that speaks the venue's protocol"
    )
    return Problem(
        what="there is no bench to check the venue on",
        where=subject.info.name,
        expected=f"a class that inherits {Bench.__module__}.Bench, with running, destine, held and"
        f" fill, in {place}" + ("" if inside else f" (with the plugin as {file.stem}/__init__.py)"),
        found="none",
        do=f"{way}; `xarb plugins new` shows one, docs/how-to/write-a-venue-plugin.md explains it."
        " A bench elsewhere: --bench MODULE:CLASS",
    )


# -- The cases -----------------------------------------------------------------------------------


def cases_named(beginnings: Collection[str]) -> list[str] | None:
    """
    Return the numbers of the cases that begin so; None, which means all, when nothing is named.

    Raises:
        ProblemError: no case begins like one of them.
    """
    if not beginnings:
        return None
    known = [case.id for case in chosen_cases()]
    chosen: list[str] = []
    for beginning in beginnings:
        found = [number for number in known if number.startswith(beginning)]
        if not found:
            problem = Problem(
                what="no case of the kit begins like this",
                where=f"--only {beginning}",
                expected=f"one of {known[0]} to {known[-1]}, or the beginning of some",
            )
            raise ProblemError(problem)
        chosen += found
    return chosen


def play(
    subject: Subject,
    mounted: Mounted,
    only: Collection[str] | None,
    told: Callable[[Outcome], None],
) -> Report:
    """
    Play the cases, and tell each outcome as it is known.

    Raises:
        ProblemError: the bench is none of this plugin's, or cannot be run.
    """
    kinds = [spec.name for spec in subject.venues]
    spec: VenueSpec | None = getattr(mounted.bench, "spec", None)
    if spec is not None and spec.name not in kinds:
        problem = Problem(
            what="the bench is that of another venue",
            where=mounted.place,
            expected=f"a spec of {' or '.join(kinds)}",
            found=spec.name,
        )
        raise ProblemError(problem)
    try:
        return run_kit(mounted.bench, exempt=mounted.exempt, only=only, told=told)
    except Exception as error:
        # What a venue does wrong is an outcome. This is the bench, or an exemption of nothing.
        problem = Problem(
            what="the kit cannot be run on this bench",
            where=mounted.place,
            found=describe(error).rstrip("."),
            do="`xarb --debug plugins check ...` shows where",
        )
        raise ProblemError(problem) from error


def count(only: Collection[str] | None) -> int:
    """Return how many cases will be played."""
    return len(chosen_cases(only))
