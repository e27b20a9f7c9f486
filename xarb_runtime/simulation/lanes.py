"""
Swim lanes: what is drawn of a scenario, before it is drawn. Pure.
"""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.steps import Exposure, Status
from xarb_runtime.service.book import SUPERVISOR
from xarb_runtime.simulation.ending import ExecutionEnd
from xarb_runtime.simulation.expectations import short_name
from xarb_runtime.simulation.play import Played
from xarb_runtime.simulation.recording import BookFact, CallFact
from xarb_runtime.simulation.spans import Span, spans_of

#: Words of a venue's book after which an order may not fill any more.
_ENDS = frozenset({"filled", "cancelled", "refused", "reversed", "turned_away"})
LANES = (("leg_a", "leg A"), ("leg_b", "leg B"), ("hedge", "hedge"))


class Glyph(msgspec.Struct, frozen=True, kw_only=True):
    """A moment on a bar: what happened, and the text that explains it."""

    at_ms: int
    kind: str
    title: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stretch of time in a lane.

    Attributes:
        from_ms, to_ms: from when to when.
        kind: how it is drawn.
        label: written in it or beside it, if there is room.
        name: written above it.
        title: the text that explains it.
        glyphs: moments on it.
        group: bars of one group are drawn in one row.
    """

    from_ms: int
    to_ms: int
    kind: str
    label: str
    title: str
    glyphs: tuple[Glyph, ...] = ()
    name: str = ""
    group: str = ""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane: its name, and its bars."""

    name: str
    bars: tuple[Bar, ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything that is drawn of a scenario.

    Attributes:
        start_ms, end_ms: its first and its last moment.
        lanes: executions, leg A, leg B, hedge, supervisor.
        shades: stretches in which some execution was exposed, the worst of all.
        marks: what came from outside.
        dead: stretches without a runtime.
        moments: all moments that matter.
    """

    start_ms: int
    end_ms: int
    lanes: tuple[Lane, ...]
    shades: tuple[Bar, ...]
    marks: tuple[Glyph, ...]
    dead: tuple[Bar, ...]
    moments: tuple[int, ...]


def chart_of(played: Played) -> Chart:
    """Return what is drawn of a scenario."""
    recording = played.recording
    spans = {it.id: spans_of(it.id, recording) for it in played.ending.executions}
    lanes = (
        Lane(name="executions", bars=tuple(_executions(played, spans))),
        *(Lane(name=name, bars=tuple(_orders(played, slot))) for slot, name in LANES),
        Lane(name="supervisor", bars=tuple(_levels(played))),
    )
    marks = tuple(_marks(played))
    dead = tuple(_dead(played))
    bars = [bar for lane in lanes for bar in lane.bars]
    moments = [it.at_ms for it in marks]
    moments += [moment for bar in bars for moment in (bar.from_ms, bar.to_ms)]
    moments += [
        glyph.at_ms for bar in bars for glyph in bar.glyphs if not glyph.kind.startswith("call")
    ]
    return Chart(
        start_ms=recording.start_ms,
        end_ms=recording.end_ms,
        lanes=lanes,
        shades=tuple(_shades(spans.values())),
        marks=marks,
        dead=dead,
        moments=tuple(sorted(set(moments))),
    )


# -- Executions ------------------------------------------------------------------------------------


def _executions(played: Played, spans: dict[str, list[Span]]) -> list[Bar]:
    bars = [bar for end in played.ending.executions for bar in _execution(end, played, spans)]
    return sorted(bars, key=lambda bar: bar.from_ms)


def _execution(end: ExecutionEnd, played: Played, spans: dict[str, list[Span]]) -> list[Bar]:
    name, state = short_name(end.id), "+".join(end.leaves)
    title = f"{name}: {state}{f' ({end.reason})' * bool(end.reason)}"
    bars = [
        Bar(
            from_ms=span.from_ms,
            to_ms=span.to_ms,
            kind=f"exposure-{span.exposure.value}",
            label="+".join(span.leaves),
            title=_state_title(title, span),
            name=name if span is spans[end.id][0] else "",
            group=end.id,
        )
        for span in spans[end.id]
    ]
    if end.status is Status.FINAL:
        mine = [it.at_ms for it in played.recording.steps if it.execution == end.id and it.visited]
        at_ms = bars[-1].to_ms if bars else mine[0]
        label = state if bars else f"{name}: {end.reason}"
        bars.append(_end(end, at_ms, label, title))
    return bars


def _end(end: ExecutionEnd, at_ms: int, label: str, title: str) -> Bar:
    glyph = Glyph(at_ms=at_ms, kind=f"end-{'+'.join(end.leaves)}", title=title)
    return Bar(
        from_ms=at_ms,
        to_ms=at_ms,
        kind="point",
        label=label,
        title=title,
        glyphs=(glyph,),
        group=end.id,
    )


def _state_title(title: str, span: Span) -> str:
    took = span.to_ms - span.from_ms
    return f"{title}\n{'+'.join(span.leaves)} for {took} ms, {span.exposure.value}"


def _shades(everything: Iterable[list[Span]]) -> list[Bar]:
    """Stretches of time by the worst exposure of any execution."""
    spans = [span for mine in everything for span in mine]
    edges = sorted({edge for span in spans for edge in (span.from_ms, span.to_ms)})
    shades: list[Bar] = []
    for left, right in pairwise(edges):
        active = {it.exposure for it in spans if it.from_ms < right and it.to_ms > left}
        worst = next((it for it in (Exposure.ONE_LEG, Exposure.UNKNOWN) if it in active), None)
        if worst is not None:
            kind, title = f"shade-{worst.value}", worst.value
            shades.append(Bar(from_ms=left, to_ms=right, kind=kind, label="", title=title))
    return shades


# -- Orders ----------------------------------------------------------------------------------------


def _orders(played: Played, slot: str) -> list[Bar]:
    bars: list[Bar] = []
    for known in played.books.values():
        for line in known.ledger:
            if line.slot == slot:
                bars += _order(played, line)
    return sorted(bars, key=lambda bar: bar.from_ms)


def _order(played: Played, line: OrderLine) -> list[Bar]:
    recording = played.recording
    calls = [it for it in recording.calls if it.client_id == line.client_id]
    facts = [it for it in recording.book if it.client_id == line.client_id]
    sent = next((it.at_ms for it in calls if it.what == "place"), None)
    if sent is None:
        return []
    ended = next((it.at_ms for it in facts if it.word in _ENDS), None)
    selection = f"{line.selection.market}/{line.selection.outcome}"
    strategy = f"{line.strategy}: " if line.strategy else ""
    title = (
        f"{line.client_id}\n{strategy}{line.stake} at {line.min_odds} or better on {selection}, "
        f"{line.selection.venue}\nin the end: {line.status.value}, {line.filled} filled"
    )
    glyphs = [*(_called(it) for it in calls if it.what != "place"), *map(_booked, facts)]
    return [
        Bar(
            from_ms=sent,
            to_ms=_last_moment(played, line.client_id) if ended is None else ended,
            kind=f"order-{line.status.value}",
            label=f"{strategy}{line.stake}",
            title=title,
            glyphs=tuple(sorted(glyphs, key=lambda glyph: glyph.at_ms)),
            group=line.client_id,
        )
    ]


def _last_moment(played: Played, client_id: str) -> int:
    """Until when an order that never ended is drawn: as long as its execution cared."""
    execution = client_id.rsplit(":", 2)[0]
    ended = [
        it.at_ms
        for it in played.recording.steps
        if it.execution == execution and it.status is Status.FINAL and it.visited
    ]
    return ended[0] if ended else played.recording.end_ms


def _called(call: CallFact) -> Glyph:
    answer = call.answer or "no answer"
    return Glyph(at_ms=call.at_ms, kind=f"call-{call.what}", title=f"{call.what}: {answer}")


def _booked(fact: BookFact) -> Glyph:
    final = ", final" if fact.final else ""
    code = f" ({fact.code})" if fact.code else ""
    kind = "final" if fact.final and fact.word == "filled" else fact.word
    filled = f", {fact.filled} filled" if fact.filled else ""
    title = f"{fact.venue}: {fact.word.replace('_', ' ')}{code}{filled}{final}"
    return Glyph(at_ms=fact.at_ms, kind=f"book-{kind}", title=title)


# -- Around ----------------------------------------------------------------------------------------


def _levels(played: Played) -> list[Bar]:
    recording = played.recording
    facts = [it for it in recording.steps if it.execution == SUPERVISOR and it.visited]
    starts = [recording.start_ms, *(it.at_ms for it in facts)]
    levels = ["running", *("+".join(it.after) for it in facts)]
    ends = [*starts[1:], recording.end_ms]
    return [
        Bar(
            from_ms=start,
            to_ms=end,
            kind=f"level-{level}",
            label=level,
            title=f"supervisor\n{level}",
            group="supervisor",
        )
        for start, end, level in zip(starts, ends, levels, strict=True)
        if end > start
    ]


def _marks(played: Played) -> list[Glyph]:
    recording = played.recording
    marks = [Glyph(at_ms=it.at_ms, kind=it.kind, title=it.text) for it in recording.marks]
    marks += [
        Glyph(at_ms=it.at_ms, kind="crash", title=f"killed at {it.point}")
        for it in recording.crashes
    ]
    marks += [
        Glyph(
            at_ms=it.at_ms,
            kind="incident",
            title=f"incident {it.incident.kind}: {it.incident.reason}",
        )
        for it in recording.incidents.values()
    ]
    return sorted(marks, key=lambda mark: mark.at_ms)


def _dead(played: Played) -> list[Bar]:
    recording = played.recording
    bars = [
        Bar(
            from_ms=crash.at_ms,
            to_ms=crash.restarted_ms or recording.end_ms,
            kind="dead",
            label="",
            title=f"no runtime\nkilled at {crash.point}",
        )
        for crash in recording.crashes
    ]
    ended = [it.at_ms for it in recording.marks if it.kind == "ended"]
    started = [it.at_ms for it in recording.marks if it.kind == "started"]
    for moment in ended:
        again = next((it for it in started if it >= moment), recording.end_ms)
        title = "no runtime\nstopped"
        bars.append(Bar(from_ms=moment, to_ms=again, kind="dead", label="", title=title))
    return bars
