"""
The world of one scenario: venues, a broker and a machine that outlive the runtime, and the runtime.
"""

import shutil
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.plugins.contracts import Bus, BusOpening, BusSpec, Venue, VenueOpening, VenueSpec
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.charts import Charts
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_secret import HIDDEN
from xarb_runtime.simulation.death import MortalKillPoints
from xarb_runtime.simulation.recorder import Recorder
from xarb_runtime.simulation.recording import VenueOrder
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.simulation.wire import Broker, BusWire, VenueWire

SCHEME = "simulated"
STORE = "xarb.db"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """
    What all scenarios of a campaign share.

    Attributes:
        folder: the deployment folder.
        registry: the plugins.
        charts: the charts.
        store: an empty store, ready to be copied.
    """

    folder: Path
    registry: Registry
    charts: Charts
    store: Path


class World:
    """
    Attributes:
        settings: what the runtime runs with.
        machine: the computer that the runtime runs on.
        recorder: writes everything down.
        broker: the bus.
        books: the venues' own books, by venue.
        charts: the charts.
    """

    def __init__(
        self,
        stage: Stage,
        settings: Settings,
        loop: VirtualLoop,
        machine: Machine,
        recorder: Recorder,
        folder: Path,
        secrets: Sequence[str] = (),
    ) -> None:
        bus = msgspec.structs.replace(settings.bus, url=f"{SCHEME}://")
        self.settings = msgspec.structs.replace(settings, bus=bus)
        self.machine = machine
        self.recorder = recorder
        self.broker = Broker(settings.bus.in_flight, recorder, machine.true_ms)
        self.books: dict[str, Any] = {}
        self.charts = stage.charts
        self._stage = stage
        self._loop = loop
        self._exchanges: dict[str, Any] = {}
        self._folder = folder
        self._secrets = secrets
        self._lives = 0

    # -- What outlives the runtime ---------------------------------------------------------------

    async def open_venues(self, stack: AsyncExitStack) -> None:
        """Open all venues for as long as the scenario lasts, on a clock that is always right."""
        clock = _TrueClock(self.machine)
        for name in self.settings.venues:
            spec = self._stage.registry.venue(self.settings.venue_kind(name))
            own = open_settings(spec, self.settings.venue_own(name), where=f"venues.{name}")
            ghost = self._stage.registry.module("ghost")
            exchange = await stack.enter_async_context(ghost.open_exchange(name, own, clock))
            exchange.book.on_line = self._book_line(name)
            self._exchanges[name] = exchange
            self.books[name] = exchange.book

    def _book_line(self, name: str) -> Callable[[Any], None]:
        def write(line: Any) -> None:
            if line.what == "call":
                return
            order = line.order
            word = order.status.value if line.what == "changed" and order else line.what
            code = line.code or (order.code if order else "")
            self.recorder.booked(name, line.client_id, word, order, code)

        return write

    def orders_of(self, execution: str) -> list[VenueOrder]:
        """Return what the venues' books hold for an execution."""
        return [
            VenueOrder(
                venue=venue,
                client_id=order.client_id,
                stake=order.stake,
                filled=order.filled,
                odds=order.odds,
                wins=order.selection.wins,
                status=order.status.value,
                taken_ms=order.taken_ms,
                changed_ms=order.changed_ms,
            )
            for venue, book in self.books.items()
            for order in book.of(execution)
        ]

    def placed(self, execution: str) -> Iterator[tuple[str, str, int]]:
        """Yield venue, client id and how often it was asked to place that order."""
        prefix = f"{execution}:"
        for venue, book in self.books.items():
            for client_id, count in book.calls.items():
                if client_id.startswith(prefix):
                    yield venue, client_id, count

    # -- The runtime's lives ---------------------------------------------------------------------

    @property
    def store(self) -> Path:
        """The file of the present life's store."""
        return self._folder / str(self._lives) / STORE

    @asynccontextmanager
    async def life(self, kill_at: str) -> AsyncGenerator[Runtime, None]:
        """Give a runtime on the present store, connected to this world."""
        if not self._lives:
            self._next_disk(self._stage.store)
        kill = MortalKillPoints(kill_at, lambda: self._die(kill_at))
        around = Surroundings(
            folder=self._stage.folder,
            clock=self.machine.clock(),
            owner="simulation",
            kill=kill,
            observers=(self.recorder.work,),
            io_guard=self._loop.io_guard,
            second_reader=False,
            is_alive=lambda _holder: False,
            charts=self._stage.charts,
            hide=self.hide,
        )
        store = msgspec.structs.replace(self.settings.store, url=f"sqlite:///{self.store}")
        settings = msgspec.structs.replace(self.settings, store=store)
        async with assemble(settings, around, self._registry(kill)) as runtime:
            runtime.desk.record_guards = True
            yield runtime

    def hide(self, text: str) -> str:
        """Take the scenario's secrets out of a text, as whoever starts a runtime does."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _die(self, point: str) -> None:
        # What is on its way to the disk when the power goes may arrive: here it always does.
        self._loop.finish_io()
        self._next_disk(self.store)
        self.recorder.crashed(point)

    def _next_disk(self, source: Path) -> None:
        """Keep the disk as it is at this moment; whatever its owner still does is lost."""
        self._lives += 1
        self.store.parent.mkdir(parents=True)
        for suffix in ("", "-wal"):
            file = source.with_name(source.name + suffix)
            if file.exists():
                shutil.copyfile(file, self.store.with_name(STORE + suffix))

    def _registry(self, life: MortalKillPoints) -> Registry:
        """The plugins, with venues and a bus at whose other end this world is."""
        registry = Registry()
        given = self._stage.registry
        registry.hedges, registry.contexts = given.hedges, given.contexts
        registry.modules, registry.observers = given.modules, given.observers
        for kind, spec in given.venues.items():
            registry.venues[kind] = msgspec.structs.replace(spec, open=self._connect(life))
        registry.buses[SCHEME] = BusSpec(
            scheme=SCHEME, version="1", open=self._connect_bus(life), outbound=False
        )
        return registry

    def _connect(self, life: MortalKillPoints) -> Any:
        @asynccontextmanager
        async def connect(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
            ghost = self._stage.registry.module("ghost")
            venue = ghost.GhostVenue(self._exchanges[opening.name])
            yield VenueWire(opening.name, venue, self.recorder, life, self.hide)

        return connect

    def _connect_bus(self, life: MortalKillPoints) -> Any:
        @asynccontextmanager
        async def connect(_opening: BusOpening) -> AsyncGenerator[Bus, None]:
            try:
                yield BusWire(self.broker, life)
            finally:
                self.broker.disconnect()

        return connect


class _TrueClock:
    """The venues' clock: it is always right."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def now_ms(self) -> int:
        return self._machine.true_ms()

    async def sleep_ms(self, milliseconds: int) -> None:
        await self._machine.clock().sleep_ms(milliseconds)


__all__ = ["SCHEME", "Stage", "VenueSpec", "World"]
