"""
The bench on which a plugin's venue is checked: its own, or one from anywhere.
"""

import importlib
import inspect
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from xarb_runtime.ops.conformance_subject import Subject
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.candidates import describe
from xarb_runtime.testing.bench import Bench
from xarb_runtime.testing.kit import check_exemptions

#: What a plugin's module of the same name holds: a class that inherits `Bench`, and `EXEMPT`.
BENCH = "bench"
EXEMPT = "EXEMPT"


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
    return Mounted(place=place, bench=bench, exempt=_exemptions(module))


def _exemptions(module: ModuleType) -> dict[str, str]:
    found: Any = getattr(module, EXEMPT, {})
    try:
        exempt = msgspec.convert(found, dict[str, str])
        check_exemptions(exempt)
    except ValueError as error:
        problem = Problem(
            what=str(error).removeprefix("exempt: "),
            where=f"{module.__file__}: {EXEMPT}",
            do=f'{EXEMPT} says of cases why the venue cannot pass them: {{"XV-320": "it fills no'
            ' order in parts"}',
        )
        raise ProblemError(problem) from error
    return exempt


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
