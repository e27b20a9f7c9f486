"""Spans on their way to a collector: in batches, counted, never waited for; over a restart too."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.ops.running import FAST, REFUSING, message, opportunity, running
from tests.ops.test_traces import THEIRS
from xarb_runtime.bus.traceparent import TraceContext
from xarb_runtime.ops.listening import listening
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.trace_export import Export, otlp_exporter
from xarb_runtime.ops.traces import Span
from xarb_runtime.ops.tracing import Tracing, require_packages, tracing
from xarb_runtime.service.settings import SettingsError, TracingSettings, load_settings
from xarb_runtime.service.work import Work


def span(number: int = 1, **changes: Any) -> Span:
    facts = {"name": "step", "context": TraceContext(7, number), "parent_id": 3}
    return Span(**{**facts, "start_ns": 1_000, "end_ns": 2_000, **changes})


async def test_the_sdk_gets_what_was_traced() -> None:
    memory = InMemorySpanExporter()
    export = Export(memory, service="desk", instance="host:1")
    export.emit(span(attributes={"xarb.seq": 4}, error="failed", kind="client"))
    await export.close()
    (found,) = memory.get_finished_spans()

    assert (found.name, found.context.trace_id, found.context.span_id) == ("step", 7, 1)
    assert found.parent.span_id == 3
    assert dict(found.attributes) == {"xarb.seq": 4}
    assert found.resource.attributes["service.name"] == "desk"
    assert not found.status.is_ok
    assert export.counts == {"exported": 1, "failed": 0, "dropped": 0}


class Stuck(InMemorySpanExporter):
    """An exporter that is held up until it is told, and then fails."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def export(self, spans: Any) -> SpanExportResult:
        self.go.wait()
        return SpanExportResult.FAILURE


async def test_a_collector_that_is_away_costs_spans_and_nothing_else() -> None:
    stuck = Stuck()
    export = Export(stuck, service="desk", instance="host:1", delay_ms=1, most_waiting=10)
    for number in range(1, 26):
        export.emit(span(number))
    held = export.counts
    stuck.go.set()
    await export.close()

    assert held == {"exported": 0, "failed": 0, "dropped": 15}
    assert export.counts == {"exported": 0, "failed": 10, "dropped": 15}


class Receiver:
    """A collector of OTLP over HTTP."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.names: asyncio.Queue[str] = asyncio.Queue()
        self.traces: dict[str, set[str]] = {}

    async def take(self, request: web.Request) -> web.Response:
        body = ExportTraceServiceRequest.FromString(await request.read())
        self.headers.append(dict(request.headers))
        for each in self._spans(body):
            self.traces.setdefault(each.trace_id.hex(), set()).add(each.name)
            self.names.put_nowait(each.name)
        return web.Response(content_type="application/x-protobuf")

    def _spans(self, body: ExportTraceServiceRequest) -> Iterator[Any]:
        for resource in body.resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans

    async def until(self, name: str) -> None:
        while await self.names.get() != name:
            pass


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    found, app = Receiver(), web.Application()
    app.router.add_post("/v1/traces", found.take)
    async with listening(app, "127.0.0.1", 0, "it", "it") as url:
        yield found, f"{url}/v1/traces"


async def test_spans_arrive_over_http_with_the_secret_headers() -> None:
    async with receiver() as (found, url):
        settings = TracingSettings(endpoint=url, secret_headers="authorization=Bearer b=, x-a=1")
        export = Export(
            otlp_exporter(url, settings.header_map), service="desk", instance="i", delay_ms=1
        )
        export.emit(span())
        await found.until("step")
        await export.close()

    assert found.headers[0]["Authorization"] == "Bearer b="
    assert found.headers[0]["x-a"] == "1"


async def test_a_runtime_is_traced_over_a_restart(tmp_path: Path) -> None:
    async with receiver() as (found, url):
        settings = TracingSettings(enabled=True, endpoint=url, service_name="desk")
        venues = {"sx": FAST, "azuro": REFUSING}
        async with traced(tmp_path, settings, venues) as run:
            body = msgspec.json.decode(message(opportunity()))
            await run.submit(msgspec.json.encode({**body, "traceparent": THEIRS}))
            assert await run.settled("x-1", "exposed") == "exposed"
        async with traced(tmp_path, settings, venues) as run:
            (incident,) = await run.get("/incidents")
            await run.post(f"/incidents/{incident['id']}/resolve", operator="ann", note="by hand")
            await found.until("execution cross_venue")

    (trace,) = found.traces
    assert trace == "0af7651916cd43dd8448eb211c80319c"
    assert {"step opportunity.detected", "venue place", "state exposed"} <= found.traces[trace]


@asynccontextmanager
async def traced(folder: Path, settings: TracingSettings, venues: Any) -> AsyncIterator[Any]:
    async with tracing(settings, str) as traces, running(folder, venues, traces=traces) as run:
        yield run


# -- Settings ------------------------------------------------------------------------------------


async def test_without_the_setting_nothing_is_traced() -> None:
    async with tracing(TracingSettings(), str) as traces:
        traces.observe(Work())

        assert traces.instruments.traceparent("x-1") == ""
        assert traces.counts() == {}


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "xarb_runtime.ops.trace_export")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)

    with pytest.raises(ProblemError, match=r"pip install 'xarb\[traces\]'"):
        require_packages()


@pytest.mark.parametrize(
    "section",
    ['{endpoint: "grpc://collector:4317"}', '{service_name: ""}', '{secret_headers: "Bearer"}'],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, section: str) -> None:
    (tmp_path / "settings.yaml").write_text(f"tracing: {section}")

    with pytest.raises(SettingsError, match=r"tracing\."):
        load_settings(tmp_path, {})


def test_headers_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("tracing: {}")
    settings = load_settings(tmp_path, {"XARB_TRACING__SECRET_HEADERS": "a=correct-horse"})

    assert "correct-horse" not in repr(settings)
    assert settings.tracing.header_map == {"a": "correct-horse"}


def test_tracing_is_a_value_with_nothing_in_it_when_off() -> None:
    assert Tracing(None, None).counts() == {}
