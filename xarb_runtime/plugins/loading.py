"""
Loads one plugin: imports it, registers it, checks it, and asks it what it offers.

Each step may end with findings, and the plugin is then left out as a whole: a plugin that is half
there is worse than none. What a plugin raises never gets any further, KeyboardInterrupt excepted.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pluggy

from xarb_runtime.plugins.candidates import Candidate, describe, where_raised
from xarb_runtime.plugins.checks import Spec, check_hooks, check_offers, implementations, spec_name
from xarb_runtime.plugins.contracts import Finding
from xarb_runtime.plugins.hookspecs import OBSERVERS, OFFERS, PREFIX
from xarb_runtime.plugins.process_wide import process_kept
from xarb_runtime.plugins.registry import Observer, call_hook


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that a plugin offers.

    Attributes:
        kind: `venue`, `hedge`, `bus` or `context`.
        name: the name by which settings and charts call it.
        spec: the spec itself.
    """

    kind: str
    name: str
    spec: Any

    @property
    def key(self) -> str:
        """`kind:name`; unique among all plugins."""
        return f"{self.kind}:{self.name}"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """
    A plugin that passed all checks.

    Attributes:
        plugin: the plugin itself, usually a module.
        version: its version; empty when it does not say.
        offers: what it offers.
        observers: how it looks on.
    """

    plugin: Any
    version: str
    offers: tuple[Offer, ...]
    observers: tuple[Observer, ...]

    @property
    def provides(self) -> tuple[str, ...]:
        """What it brings, as texts, sorted."""
        looks_on = [observer.hook.removeprefix(PREFIX) for observer in self.observers]
        return tuple(sorted([*(offer.key for offer in self.offers), *looks_on]))


class PluginBroken(Exception):
    """A plugin cannot be used; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(findings)


def import_plugin(candidate: Candidate) -> object:
    """
    Import a plugin.

    Raises:
        PluginBroken: XP101.
    """
    try:
        with process_kept():
            return candidate.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # SystemExit and CancelledError too: a plugin that exits must not take us along.
        where = where_raised(error, candidate.path)
        message = f"expected to import {candidate.where}, it raised {describe(error)}{where}"
        raise _broken("XP101", candidate, message) from error


def path_of(plugin: object) -> Path | None:
    """Return the file a plugin was imported from, if it was."""
    file = getattr(plugin, "__file__", None)
    return Path(file).resolve() if file else None


def load_plugin(manager: pluggy.PluginManager, candidate: Candidate, plugin: object) -> Loaded:
    """
    Register a plugin, check it, and ask it what it offers.

    Raises:
        PluginBroken: it does not pass; it is not registered then.
    """
    _register(manager, candidate, plugin)
    try:
        _pass(check_hooks(manager, plugin, candidate.name))
        offers = tuple(_ask(manager, candidate.name, plugin))
    except PluginBroken:
        manager.unregister(plugin)
        raise
    version = candidate.version or str(getattr(plugin, "__version__", ""))
    return Loaded(
        plugin=plugin,
        version=version or next((offer.spec.version for offer in offers), ""),
        offers=offers,
        observers=tuple(_observers(manager, candidate.name, plugin)),
    )


def _register(manager: pluggy.PluginManager, candidate: Candidate, plugin: object) -> None:
    try:
        manager.register(plugin, candidate.name)
    except pluggy.PluginValidationError as error:
        raise _broken("XP103", candidate, " ".join(str(error).split())) from error
    except Exception as error:
        message = f"expected an object with hooks, found one that raises {describe(error)}"
        raise _broken("XP103", candidate, message) from error


def _ask(manager: pluggy.PluginManager, name: str, plugin: object) -> Iterator[Offer]:
    for hook, expected in OFFERS.items():
        kind = expected.__name__.removesuffix("Spec").lower()
        for impl in implementations(getattr(manager.hook, hook), plugin):
            for spec in _answer(name, hook, impl):
                yield Offer(kind=kind, name=spec_name(spec), spec=spec)


def _answer(name: str, hook: str, impl: pluggy.HookImpl) -> list[Spec]:
    def ask() -> object:
        answer: object = impl.function()
        # A generator runs, and raises, here and not later.
        return list(cast("Iterator[object]", answer)) if isinstance(answer, Iterator) else answer

    offers, raised = call_hook(name, hook, ask)
    _pass([raised] if raised is not None else check_offers(hook, offers, name))
    return list(cast("list[Spec]", offers))


def _pass(findings: Iterable[Finding]) -> None:
    if found := list(findings):
        raise PluginBroken(found)


def _observers(manager: pluggy.PluginManager, name: str, plugin: object) -> Iterator[Observer]:
    for hook in OBSERVERS:
        for impl in implementations(getattr(manager.hook, hook), plugin):
            yield Observer(
                plugin=name, hook=hook, function=impl.function, arguments=tuple(impl.argnames)
            )


def _broken(code: str, candidate: Candidate, message: str) -> PluginBroken:
    return PluginBroken([Finding(code=code, plugin=candidate.name, message=message)])
