"""
Measuring one process: from its start, through its runtime, to whoever asks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.steps import Snapshot, Status
from xarb_runtime.ops.careful import Careful
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.metrics.health import health_of
from xarb_runtime.ops.metrics.lag import watch_lag
from xarb_runtime.ops.metrics.meter import Meter
from xarb_runtime.ops.metrics.readings import Reader
from xarb_runtime.ops.metrics.registry import Collectors
from xarb_runtime.ops.metrics.serving import Listener, serve_metrics
from xarb_runtime.ops.metrics.zeros import series_of
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import Settings

log = structlog.get_logger("xarb.metrics")

#: Executions in flight whose beginning is looked up after a restart; more are left out.
MOST_RECALLED = 100_000


class Measuring:
    """
    The metrics of one process.

    Attributes:
        meter: counts; hand it to the runtime through `instruments`.
        instruments: the same, so that no error in it hurts the runtime.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        lost_lines: Callable[[], int] = lambda: 0,
        spans: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._settings = settings.metrics
        self._lost_lines = lost_lines
        self._spans = spans
        self._collectors = Collectors()
        self.meter = Meter(self._collectors)
        self.instruments = Careful(self.meter, self.meter.observe)

    @asynccontextmanager
    async def of(self, runtime: Runtime, watch: ExposureWatch) -> AsyncIterator[str]:
        """
        Measure a runtime and serve its metrics until the end of the context.

        Gives their address, or an empty text when they are not served: they are switched off, or
        the port is taken. A runtime that has bets open must not wait for a free port.
        """
        self.meter.context_of = lambda snapshot: _context(runtime, snapshot)
        for name, labels in series_of(runtime):
            self._collectors.begin(name, labels)
        await self._recall(runtime)
        lag = asyncio.create_task(watch_lag(self.meter.lagged), name="loop lag")
        try:
            if not self._settings.enabled:
                yield ""
                return
            async with self._served(runtime, watch) as url:
                yield url
        finally:
            lag.cancel()

    async def _recall(self, runtime: Runtime) -> None:
        for status in (Status.RUNNING, Status.QUARANTINED):
            rows = await runtime.journal.queries.executions(status, MOST_RECALLED)
            self.meter.recall((row.id, row.started_ms) for row in rows)

    @asynccontextmanager
    async def _served(self, runtime: Runtime, watch: ExposureWatch) -> AsyncIterator[str]:
        reader = Reader(runtime, watch, self._lost_lines, self._spans)
        listener = Listener(self._collectors, reader, lambda: health_of(runtime))
        async with AsyncExitStack() as stack:
            try:
                url = await stack.enter_async_context(serve_metrics(listener, self._settings))
            except ProblemError as error:
                log.warning("metrics_not_served", problem=str(error.problem))
                url = ""
            yield url


def _context(runtime: Runtime, snapshot: Snapshot) -> Context:
    return runtime.desk.charts.of(snapshot).decoder.decode(snapshot.context)
