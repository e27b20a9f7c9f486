"""
Traces as the settings say: on or off, with what is needed for them.
"""

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from xarb_runtime.bus.traceparent import TRACEPARENT
from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.careful import Careful
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.traces import Begun, Tracer
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_sections import TracingSettings
from xarb_runtime.service.work import Work

if TYPE_CHECKING:
    from xarb_runtime.ops.trace_export import Export

#: Executions in flight that are taken up after a restart; more are left out.
MOST_RECALLED = 100_000


class Tracing:
    """
    The traces of one process.

    Attributes:
        instruments: hand them to the runtime; they do nothing when tracing is off.
    """

    def __init__(self, tracer: Tracer | None, export: "Export | None") -> None:
        self._tracer = tracer
        self._export = export
        self.instruments: Instruments = Instruments()
        self._observe: Callable[[Work], None] = lambda _work: None
        if tracer is not None:
            careful = Careful(tracer, tracer.observe)
            self.instruments, self._observe = careful, careful.observe

    def observe(self, work: Work) -> None:
        """Trace a round of work, after its commit."""
        self._observe(work)

    def counts(self) -> Mapping[str, int]:
        """Return what became of spans; nothing when tracing is off."""
        return self._export.counts if self._export else {}

    async def recall(self, runtime: Runtime) -> None:
        """Take up executions in flight, in the traces that their messages began."""
        if self._tracer is None:
            return
        queries = runtime.journal.queries
        said = {row.execution: row.data.get(TRACEPARENT) for row in await queries.beginnings()}
        for status in (Status.RUNNING, Status.QUARANTINED):
            self._tracer.recall(
                Begun(
                    execution=row.id,
                    began_ms=row.started_ms,
                    leaves=row.leaves,
                    since_ms=row.updated_ms,
                    traceparent=said.get(row.id),
                )
                for row in await queries.executions(status, MOST_RECALLED)
            )


@asynccontextmanager
async def tracing(settings: TracingSettings, hide: Callable[[str], str]) -> AsyncIterator[Tracing]:
    """
    Trace as the settings say until the end of the context.

    Raises:
        ProblemError: tracing is wanted and its packages are not installed.
    """
    if not settings.enabled:
        yield Tracing(None, None)
        return
    require_packages()
    from xarb_runtime.ops.trace_export import Export, otlp_exporter  # noqa: PLC0415  an extra

    # Its warnings come with each batch; the export says once what they say.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    export = Export(
        otlp_exporter(settings.endpoint, settings.header_map),
        service=settings.service_name,
        instance=f"{socket.gethostname()}:{os.getpid()}",
    )
    try:
        yield Tracing(Tracer(settings.service_name, export.emit, hide=hide), export)
    finally:
        await export.close()


def require_packages() -> None:
    """
    Make sure that the packages of the extra are installed.

    Raises:
        ProblemError: they are not.
    """
    try:
        import xarb_runtime.ops.trace_export  # noqa: F401, PLC0415  an extra
    except ImportError as error:
        problem = Problem(
            what="traces need packages that are not installed",
            where="tracing.enabled",
            expected="opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http",
            found=str(error),
            do="pip install 'xarb[traces]', or set tracing.enabled to false",
        )
        raise ProblemError(problem) from error
