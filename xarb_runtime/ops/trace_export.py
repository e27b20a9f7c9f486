"""
Hands spans to a collector over OTLP, through OpenTelemetry's SDK: in a thread of the SDK's, in
batches, never waiting. This module needs the extra `traces`; import it through `tracing`.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from xarb_runtime import __version__
from xarb_runtime.ops.traces import Span

log = structlog.get_logger("xarb.traces")

#: So many spans wait for the collector at most; what comes then is dropped, and counted.
MOST_WAITING = 8_192
BATCH = 512
#: Longest time for one batch, its repetitions included, seconds.
EXPORT_SECONDS = 5.0
#: How long the end of the process waits for the last spans, seconds.
CLOSING_SECONDS = 2.0
DELAY_MS = 1_000

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
_SCOPE = InstrumentationScope("xarb", __version__)


def otlp_exporter(endpoint: str, headers: dict[str, str]) -> SpanExporter:
    """Return what sends spans to a collector."""
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=EXPORT_SECONDS)


class Export:
    """
    Takes spans and brings them to a collector, or counts what became of them.

    Args:
        exporter: what sends a batch.
        service: the service's name.
        instance: which process of it.
        delay_ms: longest pause before a batch is sent.
        most_waiting: so many spans may wait.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        service: str,
        instance: str,
        delay_ms: int = DELAY_MS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._counted = _Counted(exporter)
        self._most = most_waiting
        self._given = self._dropped = 0
        self._resource = Resource.create(
            {
                "service.name": service,
                "service.version": __version__,
                "service.instance.id": instance,
            }
        )
        # The queue has room for a batch under way as well: what must be dropped is dropped here.
        self._processor = BatchSpanProcessor(
            self._counted,
            max_queue_size=most_waiting + BATCH,
            schedule_delay_millis=delay_ms,
            max_export_batch_size=min(BATCH, most_waiting),
        )

    def emit(self, span: Span) -> None:
        """Take a span; never waits."""
        if self._given - self._counted.settled >= self._most:
            self._dropped += 1
            return
        self._given += 1
        self._processor.on_end(_readable(span, self._resource))

    @property
    def counts(self) -> dict[str, int]:
        """What became of spans: `exported`, `failed`, `dropped`."""
        counted = self._counted
        return {"exported": counted.exported, "failed": counted.failed, "dropped": self._dropped}

    async def close(self) -> None:
        """Send what is left, as far as that is quick; returns in time in any case."""
        closing = threading.Thread(target=self._close, name="xarb traces", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSING_SECONDS)

    def _close(self) -> None:
        with suppress(Exception):  # nobody is left to whom it would matter
            self._processor.shutdown()


class _Counted(SpanExporter):
    """An exporter that counts; it says once that the collector is away, once that it is back."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.failed = 0
        self._away = False

    @property
    def settled(self) -> int:
        return self.exported + self.failed

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; in the SDK's thread."""
        try:
            result = self._inner.export(spans)
        except Exception:  # noqa: BLE001  whatever it is, the spans are lost and nothing else
            result = SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
            self._tell(away=False)
        else:
            self.failed += len(spans)
            self._tell(away=True)
        return result

    def _tell(self, *, away: bool) -> None:
        if away and not self._away:
            log.warning("traces_not_taken", lost=self.failed)
        elif self._away and not away:
            log.info("traces_taken_again", lost=self.failed)
        self._away = away

    def shutdown(self) -> None:
        """Close the connection."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what the inner one holds back."""
        return self._inner.force_flush(timeout_millis)


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    context = _place(span.context.trace_id, span.context.span_id, span.context.flags, remote=False)
    parent = None
    if span.parent_id:
        flags = span.context.flags
        parent = _place(span.context.trace_id, span.parent_id, flags, remote=span.remote)
    return ReadableSpan(
        name=span.name,
        context=context,
        parent=parent,
        resource=resource,
        attributes=span.attributes,
        kind=_KINDS[span.kind],
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=_SCOPE,
    )


def _place(trace_id: int, span_id: int, flags: int, *, remote: bool) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=remote, trace_flags=TraceFlags(flags))
