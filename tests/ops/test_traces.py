"""Traces: an execution is one trace, from its message to its last report, through any restart."""

from typing import Any

import msgspec
import pytest

from tests.service.world import World
from xarb_runtime.bus.traceparent import format_traceparent, parse_traceparent
from xarb_runtime.domain.steps import Command
from xarb_runtime.ops import traces
from xarb_runtime.ops.traces import Begun, Span, Tracer
from xarb_runtime.service.outgoing import Outbox
from xarb_runtime.service.work import Work

THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = THEIRS[:-1] + "0"


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


def test_what_is_remembered_is_bounded(world: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "ENDED_KEPT", 10)
    world.tracer.traceparent("x-never-seen")
    world.answer(Command("x-never-seen:1:0", "venue", "find", {}))
    for number in range(15):
        world.admit(str(number), stake="1000000")

    assert world.tracer._live == {}
    assert len(world.tracer._ended) == 10


def test_a_fault_is_an_error_without_secrets(world: Traced) -> None:
    world.tracer = Tracer("desk", world.spans.append, hide=lambda text: text.replace("int", "***"))
    world.admit()
    world.say("order.report", client_id="x-1:1:0", sequence="what")
    (failed,) = [span for span in world.spans if span.error]

    assert "***" in failed.error
    assert "int" not in failed.error
    assert failed.attributes["xarb.outcome"] == "failed"


# -- Messages that go out ------------------------------------------------------------------------


def test_messages_carry_the_step_that_they_tell_of(world: Traced) -> None:
    types = frozenset({"execution.transition", "execution.completed"})
    outbox = Outbox(types, world.tracer, mode="ghost")
    world.trace = THEIRS
    told = [msgspec.json.decode(it.body) for it in outbox.messages(world.admit().news)]
    step = world.of("step opportunity.detected")

    assert [each["traceparent"] for each in told] == [format_traceparent(step.context)]


def test_messages_without_traces_have_no_such_word(world: Traced) -> None:
    outbox = Outbox(frozenset({"execution.transition"}), mode="ghost")
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
