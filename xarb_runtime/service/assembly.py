"""
Assembly: from a deployment folder and its settings to a runtime that is ready to run.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.plugins.contracts import (
    Bus,
    BusOpening,
    BusSpec,
    Capabilities,
    Clock,
    Venue,
    VenueOpening,
)
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.findings import UnknownPluginPart
from xarb_runtime.plugins.keys import KeyProblemError
from xarb_runtime.plugins.process_wide import process_kept
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_options, open_settings
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.parts import Parts
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.shadow import ShadowSpec, shadowing
from xarb_runtime.service.work import Closed, Work, told_closed
from xarb_runtime.store.batch import Incident
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.lease import Holder, holder_is_alive

#: Buses that need no plugin: where the specs are made. Imported when asked for, a client for a
#: broker takes its time.
_BUILT_IN = {
    "embedded": ("xarb_runtime.bus.embedded", "embedded_specs"),
    "amqp": ("xarb_runtime.bus.rabbitmq.spec", "rabbitmq_specs"),
    "amqps": ("xarb_runtime.bus.rabbitmq.spec", "rabbitmq_specs"),
}


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a runtime gets from whoever starts it; simulations give other things than `xarb run` does.

    Attributes:
        folder: the deployment folder; relative names in settings start here.
        clock: the clock.
        owner: who holds the store's lease, for people.
        kill: the kill points.
        observers: called with each round of work after its commit.
        io_guard: entered around every wait for the store's real I/O.
        second_reader: whether the store may read on a connection of its own.
        wait_ms: how long to wait for another runtime's lease.
        hide: takes secrets out of a text.
        is_alive: whether the process that holds the lease can still be running.
        charts: the charts, if they are loaded already.
        instruments: what measures the runtime.
        environ: the process's environment; plugins read keys from it.
        learn: told every secret that a plugin has got hold of; `hide` takes it out from then on.
    """

    folder: Path
    clock: Clock
    owner: str
    kill: KillPoints = msgspec.field(default_factory=KillPoints)
    observers: tuple[Callable[[Work], None], ...] = ()
    io_guard: Callable[[], AbstractContextManager[None]] = nullcontext
    second_reader: bool = True
    wait_ms: int = 0
    hide: Callable[[str], str] = str
    is_alive: Callable[[Holder], bool] = holder_is_alive
    charts: Charts | None = None
    instruments: Instruments = msgspec.field(default_factory=Instruments)
    environ: Mapping[str, str] = {}
    learn: Callable[[str], None] = lambda _secret: None


def discover_plugins(folder: Path, settings: Settings) -> Registry:
    """
    Load the plugins that a deployment's settings allow.

    Raises:
        PluginError: a required plugin is missing or broken.
    """
    plugins = settings.plugins
    return discover(
        builtin=bundled("plugins"),
        folders=[folder / name for name in plugins.folders],
        entry_points=plugins.entry_points,
        allow=plugins.allow,
        block=plugins.block,
        required=plugins.required,
    )


def store_url(folder: Path, url: str, password: str = "") -> str:
    """
    Return the URL that the store is opened with.

    A relative SQLite file name is placed in the deployment folder. A server's URL without a
    password gets the one that is kept apart from it.
    """
    prefix = "sqlite:///"
    user, _, place = url.partition("://")[2].rpartition("@")
    if url.startswith("postgresql://") and password and ":" not in user:
        return f"postgresql://{user}:{quote(password, safe='')}@{place}"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return f"{prefix}{(folder / url.removeprefix(prefix)).resolve()}"


class OpenedVenues(msgspec.Struct, frozen=True):
    """Venues by name, opened, and what each of them can do."""

    venues: dict[str, Venue]
    capabilities: dict[str, Capabilities]


async def open_venues(
    settings: Settings, registry: Registry, around: Surroundings, stack: AsyncExitStack
) -> OpenedVenues:
    """
    Open all venues of the settings; the stack closes them. In mode shadow none of them can trade.

    Settings whose names end with `_file` are relative to the deployment folder.

    Raises:
        PluginError: a kind is not known, or a venue's settings do not fit.
        KeyProblemError: a venue's key cannot be read.
    """
    opened = OpenedVenues({}, {})
    for name in settings.venues:
        spec = registry.venue(settings.venue_kind(name))
        placed = place_files(settings.venue_own(name), around.folder)
        own = open_settings(spec, placed, where=f"venues.{name}")
        opened.capabilities[name] = spec.capabilities(own)
        opening = VenueOpening(
            name=name,
            settings=own,
            clock=around.clock,
            trades=settings.mode != "shadow",
            environ=around.environ,
            hide=around.learn,
        )
        try:
            with process_kept():
                venue = await stack.enter_async_context(spec.open(opening))
        except KeyProblemError as error:
            message = f"venues.{name}: {error}"
            raise KeyProblemError(message) from error
        if settings.mode == "shadow":
            shadow = _shadow_of(name, settings, opened.capabilities[name])
            venue = await stack.enter_async_context(shadowing(venue, around.clock, shadow))
        opened.venues[name] = venue
    return opened


def _shadow_of(name: str, settings: Settings, can: Capabilities) -> ShadowSpec:
    return ShadowSpec(
        name=name,
        can=can,
        delay_ms=settings.shadow_delay_ms(name),
        quote_ms=settings.service.find_deadline_ms,
    )


def place_files(section: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a plugin's section in which the names of files are placed in the deployment."""
    return {
        key: str(folder / value)
        if key.endswith("_file") and value and isinstance(value, str)
        else value
        for key, value in section.items()
    }


def bus_spec(settings: Settings, registry: Registry) -> BusSpec:
    """
    Return the kind of bus that `bus.url` names.

    Raises:
        PluginError: no bus is registered for the URL's scheme.
    """
    scheme = settings.bus.url.partition(":")[0]
    if scheme in _BUILT_IN:
        module, name = _BUILT_IN[scheme]
        specs: tuple[BusSpec, ...] = getattr(import_module(module), name)()
        return next(spec for spec in specs if spec.scheme == scheme)
    if scheme not in registry.buses:
        raise UnknownPluginPart("bus", scheme, [*_BUILT_IN, *registry.buses], registry.findings)
    return registry.bus(scheme)


def bus_opening(
    settings: Settings, registry: Registry, clock: Clock, folder: Path
) -> tuple[BusSpec, BusOpening]:
    """
    Return the kind of bus that `bus.url` names, and what it is opened with.

    Options whose names end with `_file` are relative to the deployment folder.

    Raises:
        PluginError: no bus is registered for the URL's scheme, or `bus.options` do not fit it.
    """
    spec = bus_spec(settings, registry)
    placed = place_files(settings.bus.options, folder)
    return spec, BusOpening(
        url=settings.bus.url,
        options=open_options(spec, placed),
        in_flight=settings.bus.in_flight,
        clock=clock,
    )


async def open_bus(
    settings: Settings,
    registry: Registry,
    clock: Clock,
    stack: AsyncExitStack,
    folder: Path = Path(),
) -> Bus:
    """
    Open the bus that `bus.url` names; the stack closes it.

    Raises:
        PluginError: no bus is registered for the URL's scheme, or `bus.options` do not fit it.
        ValueError: the URL or what the options name is wrong.
    """
    spec, opening = bus_opening(settings, registry, clock, folder)
    return await stack.enter_async_context(spec.open(opening))


@asynccontextmanager
async def assemble(
    settings: Settings, around: Surroundings, registry: Registry | None = None
) -> AsyncIterator[Runtime]:
    """
    Open everything that a runtime needs, give the runtime, and close everything again.

    Raises:
        ChartError, PluginError, SettingsError, StoreError, LeaseHeld: what is wrong, and what to
        do. Nothing is left half open.
    """
    async with AsyncExitStack() as stack:
        found = registry or discover_plugins(around.folder, settings)
        charts = around.charts or read_charts(around.folder, settings.charts, found)
        journal = await stack.enter_async_context(_journal(settings, around))
        bus = await open_bus(settings, found, around.clock, stack, around.folder)
        opened = await open_venues(settings, found, around, stack)
        yield Runtime(
            Parts(
                settings=settings,
                clock=around.clock,
                journal=journal,
                charts=charts,
                venues=opened.venues,
                capabilities=opened.capabilities,
                hedges={name: spec.create() for name, spec in found.hedges.items()},
                bus=bus,
                kill=around.kill,
                observers=(*around.observers, *_plugin_observers(found)),
                hide=around.hide,
                instruments=around.instruments,
                outbound=bus_spec(settings, found).outbound,
            )
        )


def _journal(settings: Settings, around: Surroundings) -> Any:
    return Journal.open(
        store_url(around.folder, settings.store.url, settings.store.password),
        owner=around.owner,
        clock_ms=around.clock.now_ms,
        lease_ms=settings.store.lease_ms,
        wait_ms=around.wait_ms,
        mode=settings.mode,
        is_alive=around.is_alive,
        io_guard=around.io_guard,
        second_reader=around.second_reader,
    )


def _plugin_observers(registry: Registry) -> tuple[Callable[[Work], None], ...]:
    """Show each step and incident to the plugins that asked to see them."""

    def show(work: Work) -> None:
        for taken in work.steps:
            registry.observers.on_step(taken)
        for item in work.news:
            if isinstance(item, Incident):
                registry.observers.on_incident(msgspec.to_builtins(item))
            elif isinstance(item, Closed):
                registry.observers.on_incident(told_closed(item))

    return (show,)
