"""
What plugins offer, by name, once they are loaded.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.steps import Step
from xarb_runtime.plugins.candidates import describe
from xarb_runtime.plugins.contracts import BusSpec, ContextSpec, Finding, HedgeSpec, VenueSpec
from xarb_runtime.plugins.findings import UnknownPluginPart

T = TypeVar("T")


class PluginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """
    One plugin, as `xarb plugins` lists it.

    Attributes:
        name: its name; `plugins.allow`, `block` and `required` in the settings mean this.
        source: `core`, `builtin`, `entry point`, `folder` or `file`.
        where: its file, or its distribution.
        version: the plugin's version; empty when it does not say.
        status: `active`, `broken` (left out, see the findings) or `blocked` (by the settings).
        provides: e.g. `venue:ghost`, `hedge:unwind`, `on_step`.
        findings: what is wrong with it.
    """

    name: str
    source: str
    where: str
    version: str
    status: Literal["active", "broken", "blocked"]
    provides: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Observer(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin's observer: the hook, the function, and the arguments it wants."""

    plugin: str
    hook: str
    function: Callable[..., object]
    arguments: tuple[str, ...]


class Observers:
    """
    Everybody who looks on. What an observer raises is returned, never raised.
    """

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(sorted(observers, key=lambda observer: observer.plugin))

    def __len__(self) -> int:
        return len(self._observers)

    def on_step(self, step: Step) -> tuple[Finding, ...]:
        """Show a step to everybody; return what was raised as XP201."""
        return self._tell("xarb_on_step", step=step)

    def on_incident(self, incident: dict[str, Any]) -> tuple[Finding, ...]:
        """Show an incident to everybody, each a copy of it; return what was raised as XP201."""
        return self._tell("xarb_on_incident", incident=incident)

    def _tell(self, hook: str, **facts: Any) -> tuple[Finding, ...]:
        told = [self._call(it, facts) for it in self._observers if it.hook == hook]
        return tuple(finding for finding in told if finding is not None)

    def _call(self, observer: Observer, facts: dict[str, Any]) -> Finding | None:
        arguments = [_copy(facts[name]) for name in observer.arguments]
        return call_hook(observer.plugin, observer.hook, observer.function, arguments)[1]


def call_hook(
    plugin: str, hook: str, function: Callable[..., object], arguments: Sequence[object] = ()
) -> tuple[object, Finding | None]:
    """Call one plugin's hook; return its result, or what it raised as XP201."""
    try:
        return function(*arguments), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- SystemExit or CancelledError of a plugin is its own affair
        message = f"expected {hook} to return, it raised {describe(error)}"
        return None, Finding(code="XP201", plugin=plugin, message=message)


def _copy(fact: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(fact)) if isinstance(fact, dict) else fact


class Registry:
    """
    Everything that plugins offer.

    Attributes:
        venues, hedges, buses, contexts: specs by name (a bus by its scheme).
        modules: the loaded plugins themselves, by name.
        plugins: all plugins that were found, loaded or not, in the order they were found.
        findings: everything that is wrong with any of them.
        observers: those who look on.
    """

    def __init__(self) -> None:
        self.venues: dict[str, VenueSpec] = {}
        self.hedges: dict[str, HedgeSpec] = {}
        self.buses: dict[str, BusSpec] = {}
        self.contexts: dict[str, ContextSpec] = {}
        self.modules: dict[str, Any] = {}
        self.plugins: list[PluginInfo] = []
        self.findings: list[Finding] = []
        self.observers = Observers()

    def venue(self, kind: str) -> VenueSpec:
        """
        Return a kind of venue.

        Raises:
            UnknownPluginPart: with the kinds that there are.
        """
        return self._part("kind of venue", kind, self.venues)

    def hedge(self, name: str) -> HedgeSpec:
        """
        Return a hedge strategy.

        Raises:
            UnknownPluginPart: with the strategies that there are.
        """
        return self._part("hedge strategy", name, self.hedges)

    def bus(self, scheme: str) -> BusSpec:
        """
        Return the bus for a URL's scheme.

        Raises:
            UnknownPluginPart: with the schemes that there are.
        """
        return self._part("bus", scheme, self.buses)

    def context(self, name: str) -> ContextSpec:
        """
        Return a context that charts can run on.

        Raises:
            UnknownPluginPart: with the contexts that there are.
        """
        return self._part("context", name, self.contexts)

    def module(self, plugin: str) -> Any:
        """
        Return a loaded plugin itself, usually its module.

        Raises:
            UnknownPluginPart: with the plugins that there are.
        """
        return self._part("plugin", plugin, self.modules)

    def shelf(self, kind: str) -> dict[str, Any]:
        """Return the specs of one kind, `venue`, `hedge`, `bus` or `context`, by name."""
        shelves: dict[str, dict[str, Any]] = {
            "venue": self.venues,
            "hedge": self.hedges,
            "bus": self.buses,
            "context": self.contexts,
        }
        return shelves[kind]

    @property
    def context_types(self) -> dict[str, type[Context]]:
        """The contexts' classes by name, as loading a chart wants them."""
        return {name: spec.context for name, spec in self.contexts.items()}

    def _part(self, what: str, name: str, parts: dict[str, T]) -> T:
        if name not in parts:
            raise UnknownPluginPart(what, name, parts, self.findings)
        return parts[name]
