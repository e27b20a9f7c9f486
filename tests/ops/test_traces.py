"""Traces: an execution is one trace, from its message to its last report, through any restart."""

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
from tests.service.world import World
from xarb_runtime.bus.traceparent import TraceContext, format_traceparent, parse_traceparent
from xarb_runtime.domain.steps import Command
from xarb_runtime.ops.listening import listening
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.trace_export import Export, otlp_exporter
from xarb_runtime.ops.traces import ENDED_KEPT, Begun, Span, Tracer
from xarb_runtime.ops.tracing import Tracing, require_packages, tracing
from xarb_runtime.service.outgoing import Outbox
from xarb_runtime.service.settings import SettingsError, TracingSettings, load_settings
from xarb_runtime.service.work import Work

THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = THEIRS[:-1] + "0"
QUOTING = {**FAST, "prices": {"m1/over": "2.1", "m2/under": "2.02"}}
BOTH = {"sx": QUOTING, "azuro": QUOTING}


class Traced(World):
    """A desk whose work is traced."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[Span] = []
        self.tracer = self.traced()

    def traced(self) -> Tracer:
        return Tracer("desk", self.spans.append, now_ns=lambda: (self.now_ms + 2) * 1_000_000)

    def deliver(self, *deliveries, **rest) -> Work:
        work = super().deliver(*deliveries, **rest)
        self.tracer.observe(work)
        return work

    def admit(self, name: str = "1", traceparent: str = "", **changes: Any) -> Work:
        if traceparent:
            self.trace = traceparent
        return super().admit(name, **changes)

    def event(self, kind: str, execution: str = "x-1", source: str = "test", **data: Any):
        extra = {"traceparent": self.trace} if "opportunity" in data and self.trace else {}
        return super().event(kind, execution, source, **data, **extra)

    trace = ""

    def answer(self, command: Command, outcome: str = "order.report") -> None:
        self.tracer.answered(command, outcome, 0.25)

    def through(self) -> None:
        """Let an opportunity go the straight way, each answer after half a second."""
        for act in (self._fill, self.quote, self._fill):
            self.now_ms += 500
            self.answer(self.work.commands[0])
            act()

    def _fill(self) -> None:
        self.report(self.work.commands[0])

    def of(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def world() -> Traced:
    return Traced()


# -- What is traced ------------------------------------------------------------------------------


def test_an_execution_is_one_trace(world: Traced) -> None:
    world.admit()
    world.through()
    root = world.of("execution cross_venue")
    below = [span for span in world.spans if span is not root]

    assert len({span.context.trace_id for span in world.spans}) == 1
    assert len({span.context.span_id for span in world.spans}) == len(world.spans)
    assert root.parent_id == 0
    assert (root.end_ns - root.start_ns) == 1_500 * 1_000_000
    assert root.attributes["xarb.state"] == "completed"
    assert root.attributes["xarb.title"] == "Home - Away"
    assert [span.name for span in below if span.name.startswith("step")] == [
        "step opportunity.detected",
        "step leg_a.filled",
        "step quote.received",
        "step leg_b.filled",
    ]
    assert [span.name for span in below if span.name.startswith("state")] == [
        "state a_placing",
        "state b_quoting",
        "state b_placing",
    ]
    steps = {span.context.span_id for span in below if span.name.startswith("step")}
    calls = [span for span in below if span.kind == "client"]
    assert [span.name for span in calls] == ["venue place", "venue quote", "venue place"]
    assert {span.parent_id for span in calls} < steps
    assert {span.parent_id for span in below} - steps == {root.context.span_id}
    assert [span.attributes["xarb.venue"] for span in calls] == ["sx", "azuro", "azuro"]


def test_states_show_where_the_time_went(world: Traced) -> None:
    world.admit()
    world.through()
    placing = world.of("state a_placing")

    assert placing.end_ns - placing.start_ns == 500 * 1_000_000
    assert placing.attributes["xarb.exposure"] == "unknown"


def test_a_call_is_as_long_as_it_took(world: Traced) -> None:
    world.admit()
    world.answer(world.work.commands[0], "order.unknown")
    call = world.of("venue place")

    assert call.end_ns - call.start_ns == 250 * 1_000_000
    assert call.error == "order.unknown"


def test_the_publishers_trace_goes_on(world: Traced) -> None:
    world.admit(traceparent=THEIRS)
    world.through()
    root = world.of("execution cross_venue")

    assert format_traceparent(root.context).startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert root.parent_id == 0xB7AD6B7169203331
    assert root.remote


def test_what_the_publisher_does_not_record_we_do_not_either(world: Traced) -> None:
    world.admit(traceparent=UNSAMPLED)
    world.through()

    assert world.spans == []
    assert world.tracer.traceparent("x-1").endswith("-00")


def test_a_restart_goes_on_with_the_same_trace(world: Traced) -> None:
    world.admit(traceparent=THEIRS)
    world.answer(world.work.commands[0])
    world.report(world.work.commands[0])
    first = list(world.spans)
    began = Begun(
        execution="x-1",
        began_ms=1_000,
        leaves=world.leaves(),
        since_ms=world.now_ms,
        traceparent=THEIRS,
    )
    world.tracer = world.traced()
    world.tracer.recall([began])
    world.now_ms += 700
    world.answer(world.work.commands[0])
    world.quote()
    world.report(world.work.commands[0])
    later = world.spans[len(first) :]
    root = world.of("execution cross_venue")
    quoting = world.of("state b_quoting")

    assert {span.context.trace_id for span in world.spans} == {root.context.trace_id}
    assert root.start_ns == 1_000 * 1_000_000
    assert quoting.end_ns - quoting.start_ns == 700 * 1_000_000
    # What the first life has exported hangs below what the second one exports.
    assert {span.parent_id for span in first if span.name.startswith("st")} == {
        root.context.span_id
    }
    issued = next(span for span in first if span.name == "step leg_a.filled")
    assert {span.parent_id for span in later if span.kind == "client"} == {issued.context.span_id}


def test_two_executions_have_two_traces_and_two_deployments_as_well(world: Traced) -> None:
    world.admit("1")
    world.admit("2")
    other = Tracer("other", world.spans.append)
    texts = {world.tracer.traceparent("x-1"), world.tracer.traceparent("x-2")}
    texts.add(other.traceparent("x-1"))

    assert len({parse_traceparent(text).trace_id for text in texts}) == 3


def test_supervisor_and_venues_have_no_trace(world: Traced) -> None:
    world.say("operator.pause", "supervisor", reason="lunch")
    world.answer(Command("supervisor:1:0", "bus", "publish", {}))

    assert world.spans == []
    assert world.tracer.traceparent("supervisor") == ""
    assert world.tracer.traceparent("venue:sx") == ""
    assert world.tracer.traceparent("") == ""


def test_what_is_remembered_is_bounded(world: Traced) -> None:
    world.tracer.traceparent("x-never-seen")
    world.answer(Command("x-never-seen:1:0", "venue", "find", {}))
    for number in range(ENDED_KEPT + 5):
        world.admit(str(number), stake="1000000")

    assert world.tracer._live == {}
    assert len(world.tracer._ended) == ENDED_KEPT


def test_a_fault_is_an_error_without_secrets(world: Traced) -> None:
    world.tracer = Tracer("desk", world.spans.append, hide=lambda text: text.replace("what", "***"))
    world.admit()
    world.say("order.report", client_id="x-1:1:0", sequence="what")
    (failed,) = [span for span in world.spans if span.error]

    assert "***" in failed.error or "what" not in failed.error
    assert failed.attributes["xarb.outcome"] == "failed"


# -- Messages that go out ------------------------------------------------------------------------


def test_messages_carry_the_step_that_they_tell_of(world: Traced) -> None:
    types = frozenset({"execution.transition", "execution.completed"})
    outbox = Outbox(types, world.tracer)
    world.trace = THEIRS
    told = [msgspec.json.decode(it.body) for it in outbox.messages(world.admit().news)]
    step = world.of("step opportunity.detected")

    assert [each["traceparent"] for each in told] == [format_traceparent(step.context)]


def test_messages_without_traces_have_no_such_word(world: Traced) -> None:
    outbox = Outbox(frozenset({"execution.transition"}))
    (told,) = outbox.messages(world.admit().news)

    assert b"traceparent" not in told.body


# -- The form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-1",
        None,
        7,
        THEIRS.upper(),
        THEIRS.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        THEIRS + "-more",
    ],
)
def test_what_is_no_traceparent_is_ignored(text: object) -> None:
    assert parse_traceparent(text) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert parse_traceparent("01" + THEIRS[2:] + "-more") == parse_traceparent(THEIRS)
    assert format_traceparent(parse_traceparent(THEIRS)) == THEIRS


# -- Handing spans on ----------------------------------------------------------------------------


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
    (tmp_path / "settings.yaml").write_text("tracing: {secret_headers: 'a=correct-horse'}")
    settings = load_settings(tmp_path, {})

    assert "correct-horse" not in repr(settings)
    assert settings.tracing.header_map == {"a": "correct-horse"}


def test_tracing_is_a_value_with_nothing_in_it_when_off() -> None:
    assert Tracing(None, None).counts() == {}
