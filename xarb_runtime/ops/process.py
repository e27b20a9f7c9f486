"""
The execution service as a process: control API, signals, a safe stop, and what remains after it.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
import structlog

from xarb_runtime import __version__
from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.address import written_address
from xarb_runtime.ops.bodies import Group, Open
from xarb_runtime.ops.checkpoints import Checkpoints
from xarb_runtime.ops.control import Control
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.logs import Logs
from xarb_runtime.ops.looking import groups_of, in_flight
from xarb_runtime.ops.metrics.measuring import Measuring
from xarb_runtime.ops.serving import serve_control
from xarb_runtime.ops.starting_clock import starting_clock
from xarb_runtime.ops.status import ChartState, StoreState
from xarb_runtime.ops.token import ensure_token
from xarb_runtime.ops.tracing import tracing
from xarb_runtime.ops.watchdog import watching_the_loop
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import Surroundings, assemble, store_url
from xarb_runtime.service.charts import Charts
from xarb_runtime.service.garbage import spare_what_stays
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Several
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_secret import hide_url_password
from xarb_runtime.store.batch import Incident, OperatorAction

log = structlog.get_logger("xarb.process")

#: A lease may run out this much later than it says before waiting for it ends.
LEASE_MARGIN_MS = 1_000
#: After the second signal: how long closing may take, seconds.
CLOSING_SECONDS = 3.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a runtime that has started says about itself.

    Attributes:
        url: where the control API listens.
        metrics: where metrics are read; empty when they are not.
        mode, folder, version, pid: the process.
        venues: each venue's kind, by name.
        charts: the charts on which new executions start.
        store: where the journal is.
        level: the supervisor's level.
        recovered: executions that it continues with.
        drain: how long a safe stop waits.
    """

    url: str
    metrics: str
    mode: str
    folder: str
    version: str
    pid: int
    venues: dict[str, str]
    charts: list[ChartState]
    store: StoreState
    level: str
    recovered: int
    drain: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a runtime ended.

    Attributes:
        stopped: it was a safe stop; False when a second signal cut it short.
        in_flight: executions that have not ended; the next start continues with them.
        groups: the same by state.
        open: those of them that own one side only, or may.
        incidents: incidents that are open.
    """

    stopped: bool
    in_flight: int
    groups: list[Group]
    open: list[Open]
    incidents: list[Incident]


class Stopper:
    """
    Turns signals into words: the first one is a safe stop, the second one ends the process.

    Attributes:
        cut_short: set by the second signal.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.cut_short = asyncio.Event()
        self._tell = tell
        self._first = asyncio.Event()
        self._name = ""
        self._last_resort: threading.Timer | None = None

    def heard(self, name: str) -> None:
        """Take note of a signal."""
        if self._first.is_set():
            self.cut_short.set()
            return
        self._name = name
        self._first.set()
        self._tell(f"{name}: stopping safely. Once more ends the process at once.")

    async def stop(self, runtime: Runtime) -> None:
        """Wait for the first signal and ask the supervisor to stop."""
        await self._first.wait()
        await runtime.started.wait()
        source = f"signal:{self._name}"
        action = OperatorAction(
            time_ms=runtime.clock.now_ms(), operator=source, action="stop", target="supervisor"
        )
        said = runtime.say(
            "operator.stop",
            source=source,
            data={"reason": self._name},
            delivery=Delivery(action=action),
        )
        # It may come too late, when the runtime is ending for another reason.
        with suppress(RuntimeEndedError):
            taken = await said
            if taken is not None and taken.after.status is Status.QUARANTINED:
                self._tell("The supervisor is quarantined and cannot drain: ending at once.")
                log.error("stopped_without_draining", in_flight=runtime.desk.book.in_flight)
                runtime.writer.stopped.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear signals until the end of the context."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.heard, signal.Signals(number).name)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
            if self._last_resort is not None:
                self._last_resort.cancel()

    async def cut(self, running: asyncio.Task[None]) -> None:
        """Wait for the second signal and end what runs."""
        await self.cut_short.wait()
        log.warning("cut_short")
        # Whatever hangs in a plugin must not hold up a process that was told twice to end.
        self._last_resort = threading.Timer(CLOSING_SECONDS, os._exit, [1])
        self._last_resort.daemon = True
        self._last_resort.start()
        running.cancel()


async def run_process(
    folder: Path,
    settings: Settings,
    *,
    registry: Registry | None = None,
    charts: Charts | None = None,
    logs: Logs,
    announce: Callable[[Started], None],
    tell: Callable[[str], None],
    clock_is_right: bool = False,
) -> Ended:
    """
    Run the execution service of a deployment until it is stopped.

    Args:
        folder: the deployment.
        settings: its settings.
        registry: its plugins, if they are loaded already.
        charts: its charts, if they are loaded already.
        logs: its redaction learns the token, so that no line has it.
        announce: called when it has recovered and listens.
        tell: called with a line for people.
        clock_is_right: the machine's clock counts, although the store holds later times.

    Raises:
        ProblemError, ChartError, PluginError, StoreError: it did not start; nothing is half open.
        ExceptionGroup: a part failed. Nothing that was acknowledged is lost.
    """
    token_file = folder / settings.control.token_file
    token = ensure_token(token_file)
    logs.redaction.add(token)
    store = store_url(folder, settings.store.url, settings.store.password)
    clock, stopper = await starting_clock(store, is_right=clock_is_right), Stopper(tell)
    watch = ExposureWatch(clock.now_ms())
    with stopper.listening():
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            traces = await enter(tracing(settings.tracing, logs.redaction.text))
            measuring = Measuring(settings, lost_lines=lambda: logs.lost, spans=traces.counts)
            around = Surroundings(
                folder=folder,
                clock=clock,
                owner=f"xarb {__version__}",
                kill=KillPoints(settings.debug.kill_at),
                observers=(
                    watch.observe,
                    Checkpoints().observe,
                    measuring.instruments.observe,
                    traces.observe,
                ),
                instruments=Several((measuring.instruments, traces.instruments)),
                wait_ms=settings.store.lease_ms + LEASE_MARGIN_MS,
                charts=charts,
                hide=logs.redaction.text,
                environ=os.environ,
                learn=logs.redaction.add,
            )
            runtime = await enter(assemble(settings, around, registry))
            await traces.recall(runtime)
            metrics = await enter(measuring.of(runtime, watch))
            control, where = Control(runtime, watch, token), settings.control
            url = await enter(serve_control(control, where.host, where.port))
            with written_address(token_file, url):
                await _until_stopped(
                    runtime,
                    stopper,
                    measuring.meter.blocked,
                    lambda: announce(_started(runtime, folder, url, metrics)),
                )
            return _ended(runtime, watch, stopped=not stopper.cut_short.is_set())


async def _until_stopped(
    runtime: Runtime,
    stopper: Stopper,
    blocked: Callable[[], None],
    announce: Callable[[], None],
) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(runtime.run(), name="runtime")
        others = [
            group.create_task(_watched(runtime, blocked), name="watchdog"),
            group.create_task(stopper.stop(runtime), name="stopper"),
            group.create_task(stopper.cut(running), name="second signal"),
            group.create_task(_announced(runtime, announce), name="announcement"),
        ]
        await asyncio.wait([running])
        for task in others:
            task.cancel()


async def _watched(runtime: Runtime, blocked: Callable[[], None]) -> None:
    # Recovery may take its time: nobody waits for the loop yet.
    await runtime.started.wait()
    with watching_the_loop(runtime.settings, blocked):
        await asyncio.Event().wait()


async def _announced(runtime: Runtime, announce: Callable[[], None]) -> None:
    await runtime.started.wait()
    spare_what_stays()
    if runtime.settings.mode == "shadow":
        log.warning("shadow_mode", reason="orders are simulated; none leaves the house")
    announce()


def _started(runtime: Runtime, folder: Path, url: str, metrics: str) -> Started:
    settings = runtime.settings
    return Started(
        url=url,
        metrics=metrics,
        mode=settings.mode,
        folder=str(folder),
        version=__version__,
        pid=os.getpid(),
        venues={name: settings.venue_kind(name) for name in sorted(settings.venues)},
        charts=[
            ChartState(name=chart.name, version=chart.version, hash=chart.hash)
            for chart in runtime.desk.charts.current
        ],
        store=StoreState(url=hide_url_password(settings.store.url), epoch=runtime.journal.epoch),
        level=runtime.desk.level,
        recovered=len(in_flight(runtime)),
        drain=settings.service.drain_deadline,
    )


def _ended(runtime: Runtime, watch: ExposureWatch, *, stopped: bool) -> Ended:
    live = in_flight(runtime)
    return Ended(
        stopped=stopped,
        in_flight=len(live),
        groups=groups_of(runtime, live),
        open=watch.open(live, runtime.clock.now_ms()),
        incidents=runtime.desk.register.all,
    )
