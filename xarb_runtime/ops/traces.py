"""
Traces: an opportunity's execution from its message to its last report, as spans.

One trace for each execution. Its root is the execution; below it is a span for each state that it
was in, and for each step; below a step are the commands that it issued, from the start of the call
to its answer. What a step took is the time to its commit, so what is not in a command or in a step
is waiting.

All identifiers are made from the names of things: the trace from the execution, a step's span from
its number, a command's from its key. So a runtime that was killed in the middle goes on with the
same trace: nothing has to be remembered, and what was exported before fits to what comes after. If
the message carried a `traceparent`, the trace is the publisher's; it is in the journal with the
event, and is read from there at a start.

Pure: it only makes spans. `trace_export` hands them on.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from xarb_runtime.bus.traceparent import (
    TRACEPARENT,
    TraceContext,
    format_traceparent,
    parse_traceparent,
)
from xarb_runtime.domain.steps import Command, Outcome, Snapshot, Status, Step
from xarb_runtime.ops.commands import venue_of
from xarb_runtime.ops.exposure import title_of
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.work import Work

NS = 1_000_000
#: So many executions that have ended are remembered, for reports that come late.
ENDED_KEPT = 4096
#: Answers after which nobody knows more than before.
NO_ANSWER = frozenset({"failed", "unsupported", "order.unknown", "quote.failed"})

Value = str | int | float | bool


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that took a while.

    Attributes:
        name: what, in words that are the same for all executions.
        context: its trace and itself.
        parent_id: the span that it is a part of; 0 for none.
        remote: the parent is somebody else's.
        kind: `consumer` for what a message caused, `client` for calls, else `internal`.
        start_ns, end_ns: from when to when, nanoseconds since the epoch.
        attributes: facts.
        error: what went wrong; empty when nothing did.
    """

    name: str
    context: TraceContext
    parent_id: int
    start_ns: int
    end_ns: int
    kind: Literal["internal", "client", "consumer"] = "internal"
    remote: bool = False
    attributes: Mapping[str, Value] = {}
    error: str = ""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """
    An execution that was in flight before this process.

    Attributes:
        execution, began_ms: which, and since when.
        leaves, since_ms: the state that it is in, and the time of its newest step.
        traceparent: what its message carried; anything else than a text is none.
    """

    execution: str
    began_ms: int
    leaves: tuple[str, ...]
    since_ms: int
    traceparent: object = None


class _Journey(msgspec.Struct):
    """What is known of an execution that is traced."""

    parent: TraceContext
    began_ms: int
    leaves: tuple[str, ...] = ()
    since_ms: int = 0


class Tracer(Instruments):
    """
    Makes spans of what a runtime does.

    Args:
        service: the name under which the deployment is known; two deployments have two names.
        emit: takes each span when it has ended.
        hide: takes secrets out of texts.
        now_ns: the time, nanoseconds since the epoch.
    """

    def __init__(
        self,
        service: str,
        emit: Callable[[Span], None],
        *,
        hide: Callable[[str], str] = str,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._service = service
        self._emit = emit
        self._hide = hide
        self._now_ns = now_ns
        self._live: dict[str, _Journey] = {}
        self._ended: OrderedDict[str, _Journey] = OrderedDict()

    def recall(self, begun: Iterable[Begun]) -> None:
        """Take up executions that were in flight before this process."""
        for each in begun:
            if is_trade(each.execution):
                parent = self._parent(each.execution, each.traceparent)
                journey = _Journey(parent, each.began_ms, each.leaves, each.since_ms)
                self._live.setdefault(each.execution, journey)

    # -- Identifiers -----------------------------------------------------------------------------

    def _number(self, bits: int, *names: object) -> int:
        text = "\0".join(map(str, (self._service, *names)))
        digest = hashlib.sha256(text.encode()).digest()
        return int.from_bytes(digest[: bits // 8], "big") or 1

    def _parent(self, execution: str, traceparent: object) -> TraceContext:
        """The publisher's place in a trace, or the beginning of one of our own."""
        found = parse_traceparent(traceparent)
        return found or TraceContext(self._number(128, "trace", execution), 0)

    def _within(self, parent: TraceContext, *names: object) -> TraceContext:
        return TraceContext(parent.trace_id, self._number(64, *names), parent.flags)

    def _journey(self, execution: str, taken: Step | None = None) -> _Journey:
        found = self._live.get(execution) or self._ended.get(execution)
        if found is None:
            began_ms = taken.event.time_ms if taken else self._now_ns() // NS
            said = taken.event.data.get(TRACEPARENT) if taken and not taken.before.seq else None
            found = _Journey(self._parent(execution, said), began_ms)
            if taken and taken.after.status is not Status.FINAL:
                self._live[execution] = found
        return found

    def traceparent(self, execution: str, taken: Step | None = None) -> str:
        """Return what a message carries: the step that it tells of, or the execution."""
        if not execution or not is_trade(execution):
            return ""
        parent = self._journey(execution, taken).parent
        names = ("step", execution, taken.after.seq) if taken else ("execution", execution)
        return format_traceparent(self._within(parent, *names))

    # -- Steps -----------------------------------------------------------------------------------

    def observe(self, work: Work) -> None:
        """Trace a round of work, after its commit."""
        for taken in work.steps:
            if is_trade(taken.after.execution) and taken.outcome is not Outcome.STALE:
                self._step(taken)

    def _step(self, taken: Step) -> None:
        after, now_ms = taken.after, taken.event.time_ms
        journey = self._journey(after.execution, taken)
        if journey.parent.sampled:
            self._tell_step(journey, taken)
            if journey.leaves and journey.leaves != after.leaves:
                self._tell_state(journey, taken)
        if journey.leaves != after.leaves:
            journey.leaves, journey.since_ms = after.leaves, now_ms
        if after.status is Status.FINAL and taken.before.status is not Status.FINAL:
            self._end(journey, taken)

    def _tell_step(self, journey: _Journey, taken: Step) -> None:
        after, event = taken.after, taken.event
        context = self._within(journey.parent, "step", after.execution, after.seq)
        fault = f"{taken.fault.error}: {taken.fault.message}" if taken.fault else ""
        attributes = {
            "xarb.seq": after.seq,
            "xarb.event": event.type,
            "xarb.event.source": event.source,
            "xarb.outcome": taken.outcome.value,
            "xarb.before": "+".join(taken.before.leaves),
            "xarb.after": "+".join(after.leaves),
            "xarb.exposure": after.exposure.value,
        }
        self._say(
            f"step {taken.signal or event.type}",
            context,
            self._root(journey, after.execution).span_id,
            (event.time_ms * NS, self._now_ns()),
            {**_about(after), **attributes},
            error=self._hide(fault),
        )

    def _tell_state(self, journey: _Journey, taken: Step) -> None:
        """The state that a step has left."""
        execution = taken.after.execution
        self._say(
            f"state {'+'.join(journey.leaves)}",
            self._within(journey.parent, "state", execution, taken.after.seq),
            self._root(journey, execution).span_id,
            (journey.since_ms * NS, taken.event.time_ms * NS),
            {**_about(taken.after), "xarb.exposure": taken.before.exposure.value},
        )

    def _end(self, journey: _Journey, taken: Step) -> None:
        after = taken.after
        if journey.parent.sampled:
            state = "+".join(after.leaves)
            self._say(
                f"execution {after.chart}",
                self._root(journey, after.execution),
                journey.parent.span_id,
                (journey.began_ms * NS, taken.event.time_ms * NS),
                {
                    **_about(after),
                    "xarb.state": state,
                    "xarb.exposure": after.exposure.value,
                    "xarb.steps": after.seq,
                    "xarb.chart.version": after.version,
                    "xarb.title": title_of(after),
                },
                kind="consumer",
                remote=True,
            )
        self._live.pop(after.execution, None)
        self._ended[after.execution] = journey
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def _root(self, journey: _Journey, execution: str) -> TraceContext:
        return self._within(journey.parent, "execution", execution)

    # -- Commands --------------------------------------------------------------------------------

    def answered(self, command: Command, outcome: str, seconds: float) -> None:
        """Trace a command that has its answer."""
        execution, seq, _ = command.key.rsplit(":", 2)
        if not is_trade(execution):
            return
        journey = self._journey(execution)
        if not journey.parent.sampled:
            return
        end_ns = self._now_ns()
        venue = venue_of(command)
        self._say(
            f"{command.target} {command.name}",
            self._within(journey.parent, "command", command.key),
            self._within(journey.parent, "step", execution, seq).span_id,
            (end_ns - int(seconds * 1e9), end_ns),
            {
                "xarb.execution": execution,
                "xarb.command": command.key,
                "xarb.outcome": outcome,
                **({"xarb.venue": venue} if venue else {}),
            },
            kind="client",
            error=outcome if outcome in NO_ANSWER else "",
        )

    def _say(
        self,
        name: str,
        context: TraceContext,
        parent_id: int,
        span_ns: tuple[int, int],
        attributes: Mapping[str, Value],
        *,
        kind: Literal["internal", "client", "consumer"] = "internal",
        remote: bool = False,
        error: str = "",
    ) -> None:
        start_ns, end_ns = span_ns
        self._emit(
            Span(
                name=name,
                context=context,
                parent_id=parent_id,
                start_ns=start_ns,
                end_ns=max(start_ns, end_ns),
                kind=kind,
                remote=remote,
                attributes=attributes,
                error=error,
            )
        )


def _about(snapshot: Snapshot) -> dict[str, Value]:
    return {"xarb.execution": snapshot.execution, "xarb.chart": snapshot.chart}
