"""
A step is a function of chart, snapshot and event, and of nothing else.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.statechart.tally import GOOD, Tally, chart_of, good, happened
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Exposure, GuardResult, Outcome, Snapshot, Status, Step
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.findings import ChartError, SilentEntryError
from xarb_runtime.statechart.load import compile_chart

CHARTS = {name: good(name) for name in ("clockwork", "traffic", "regions", "memory")}
CLOCKWORK = CHARTS["clockwork"]
FRAGILE = chart_of((Path(__file__).parent / "fragile.yaml").read_text(encoding="utf-8"), "fragile")
EVENTS = [
    "begin",
    "again",
    "mute",
    "swap",
    "now",
    "nameless",
    "maybe",
    "ring.late",
    "wound",
    "stop",
    "noise.loud",
    "go",
    "tick",
    "finish",
    "fresh",
    "deep",
    "next",
    "leave",
]


def run(chart: Chart, *kinds: str | Event) -> Step:
    """Step from the start through some events; returns the last step."""
    snapshot = start(chart, "x-1")
    taken = None
    for at, kind in enumerate(kinds, 1):
        event = happened(kind, at * 1000) if isinstance(kind, str) else kind
        taken = step(chart, snapshot, event)
        snapshot = taken.after
    assert taken is not None
    return taken


def tally(snapshot: Snapshot) -> Tally:
    return msgspec.json.decode(snapshot.context, type=Tally)


# -- Purity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_the_same_inputs_give_the_same_bytes(name: str) -> None:
    chart, twin = CHARTS[name], good(name)

    @given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 9)), max_size=12))
    def law(kinds: list[tuple[str, int]]) -> None:
        snapshot = start(chart, "x-1")
        for at, (kind, count) in enumerate(kinds):
            event = happened(kind, at, count=count)
            bytes_before = msgspec.json.encode(snapshot)
            first = step(chart, snapshot, event)
            step(chart, first.after, happened("go", at))  # something in between
            again = step(twin, snapshot, event)

            assert msgspec.json.encode(first) == msgspec.json.encode(again)
            assert msgspec.json.encode(snapshot) == bytes_before
            snapshot = first.after

    law()


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_snapshot_survives_its_journey_through_json(name: str) -> None:
    chart = CHARTS[name]

    @given(st.lists(st.sampled_from(EVENTS), max_size=12))
    def law(kinds: list[str]) -> None:
        snapshot = start(chart, "x-1")
        for at, kind in enumerate(kinds):
            stored = msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot)
            taken = step(chart, snapshot, happened(kind, at))

            assert step(chart, stored, happened(kind, at)) == taken
            snapshot = taken.after

    law()


# -- Errors ----------------------------------------------------------------------------------

RAISING = {
    "guard": ("ArithmeticError", ""),
    "unknown": ("AttributeError", ""),
    "method": ("TypeError", ""),
    "before": ("RuntimeError", "/states/a/transitions/4"),
    "action": ("RuntimeError", "/states/a/transitions/5"),
    "enter": ("RuntimeError", "/states/a/transitions/6"),
    "after": ("RuntimeError", "/states/a/transitions/7"),
    "param": ("ZeroDivisionError", "/states/a/transitions/8"),
    "delay": ("ValueError", "/states/a/transitions/9"),
    "eventless": ("ArithmeticError", "/states/a/transitions/11"),
    "endless": ("EndlessMacrostepError", "/states/spin_b/transitions/0"),
}


@pytest.mark.parametrize("kind", sorted(RAISING))
def test_a_step_that_raises_leaves_the_snapshot_untouched_and_says_why(kind: str) -> None:
    snapshot = start(FRAGILE, "x-1")

    failed = step(FRAGILE, snapshot, happened(kind, 1))

    assert failed.outcome is Outcome.FAILED
    assert failed.after is snapshot
    assert (failed.commands, failed.armed, failed.transitions) == ((), (), ())
    assert failed.fault is not None
    assert (failed.fault.error, failed.fault.where) == RAISING[kind]


def test_an_action_that_raises_on_the_way_out_counts_too() -> None:
    snapshot = run(FRAGILE, "leave").after

    failed = step(FRAGILE, snapshot, happened("back", 2))

    assert (failed.outcome, failed.after) == (Outcome.FAILED, snapshot)


@pytest.mark.parametrize("kind", sorted(RAISING))
def test_nothing_of_a_failed_step_is_left_in_the_machine(kind: str) -> None:
    snapshot = start(FRAGILE, "x-1")
    alone = step(FRAGILE, snapshot, happened("fine", 2))

    step(FRAGILE, snapshot, happened(kind, 1))
    after_failure = step(FRAGILE, snapshot, happened("fine", 2))

    assert msgspec.json.encode(after_failure) == msgspec.json.encode(alone)


def test_raised_events_without_end_fail_too() -> None:
    chart = chart_of(
        "states: {a: {initial: true, transitions: [{event: chatter, on: {raise: chatter}}]}}"
    )

    fault = run(chart, "chatter").fault

    assert fault is not None
    assert fault.error == "EndlessMacrostepError"


def test_an_event_that_cannot_be_understood_fails_the_step() -> None:
    class Picky(Tally):
        def observe(self, event: Event) -> str:
            return str(event.data["word"])

    text = (
        "{states: {a: {initial: true, transitions: [{event: x, target: b}]}, b: {final: true}}, "
        "x-xarb: {version: 1, context: p, states: {a: {exposure: flat}, b: {exposure: flat}}}}"
    )
    chart = compile_chart(parse(text), {"p": Picky})
    ended = run(chart, happened("word", 1, word="x")).after

    for snapshot in (start(chart, "x-1"), ended):
        failed = step(chart, snapshot, happened("word", 1))
        assert failed.outcome is Outcome.FAILED
        assert failed.fault is not None
        assert (failed.fault.error, failed.fault.where) == ("KeyError", "observe")


# -- Outcomes --------------------------------------------------------------------------------


def test_an_event_nobody_wants_is_ignored_only_if_the_chart_says_so() -> None:
    foreseen, other = run(CLOCKWORK, "begin", "noise.loud"), run(CLOCKWORK, "begin", "music")

    assert (foreseen.outcome, other.outcome) == (Outcome.IGNORED, Outcome.UNEXPECTED)
    assert foreseen.after.leaves == other.after.leaves == ("waiting",)
    assert foreseen.after.seq == 2


def test_an_event_that_tells_nothing_new_is_stale_and_changes_nothing() -> None:
    stale = run(CLOCKWORK, "begin", "nothing.new")

    assert stale.outcome is Outcome.STALE
    assert stale.after is stale.before


def test_an_ignored_event_is_remembered_in_the_context() -> None:
    ignored = run(CLOCKWORK, "begin", happened("noise.loud", 2000, count=7))

    assert tally(ignored.after).count == 7


def test_eventless_transitions_see_what_the_event_told_before_the_event_is_offered() -> None:
    chart = chart_of("""
states:
  a: {initial: true, transitions: [{target: b, cond: "count > 1"}, {event: tell, on: note_slow}]}
  b: {transitions: [{event: tell, on: note_fast}]}
""")

    told = run(chart, happened("tell", 1, count=2))

    assert (told.after.leaves, tally(told.after).log) == (("b",), ["fast"])


def test_an_event_counts_as_taken_when_only_eventless_transitions_wanted_what_it_told() -> None:
    chart = chart_of("""
states:
  a: {initial: true, transitions: [{target: b, cond: "count > 1"}]}
  b: {transitions: [{event: back, target: a}]}
""")

    told = run(chart, happened("tell", 1, count=2))

    assert (told.outcome, told.after.leaves) == (Outcome.MOVED, ("b",))


# -- The end ---------------------------------------------------------------------------------


def test_a_final_state_ends_the_execution_and_all_its_timers() -> None:
    ended = run(CLOCKWORK, "begin", "nameless", "stop")

    assert (ended.after.status, ended.after.exposure) == (Status.FINAL, Exposure.HEDGED)
    assert ended.after.timers == ()
    assert [timer.id for timer in ended.cancelled] == ["bell", "late", "ring.late"]


def test_nothing_moves_an_execution_that_has_ended() -> None:
    ended = run(CLOCKWORK, "begin", "stop").after

    for kind, outcome in (
        ("late.word", Outcome.IGNORED),
        ("begin", Outcome.UNEXPECTED),
        ("nothing.new", Outcome.STALE),
    ):
        late = step(CLOCKWORK, ended, happened(kind, 9000))
        assert (late.outcome, late.after) == (outcome, ended)


def test_a_quarantined_execution_does_not_move() -> None:
    snapshot = msgspec.structs.replace(start(CLOCKWORK, "x-1"), status=Status.QUARANTINED)

    assert step(CLOCKWORK, snapshot, happened("begin", 1)).after is snapshot


# -- Commands --------------------------------------------------------------------------------


def test_commands_are_keyed_by_execution_step_and_place() -> None:
    taken = run(CLOCKWORK, "noise", "begin")

    assert [(c.key, c.target, c.name, c.params) for c in taken.commands] == [
        ("x-1:2:0", "venue", "place", {"leg": "leg_a", "n": 0}),
        ("x-1:2:1", "bus", "publish", {}),
    ]


def test_the_context_may_complete_a_command() -> None:
    class Completing(Tally):
        def issued(self, command: Any) -> dict[str, Any]:
            self.log.append(command.key)
            return {**command.params, "more": 1}

    text = (GOOD / "clockwork.yaml").read_text(encoding="utf-8")
    chart = compile_chart(parse(text), {"tally": Completing})

    taken = run(chart, "begin")

    assert taken.commands[1].params == {"more": 1}
    assert tally(taken.after).log == ["x-1:1:0", "x-1:1:1"]


def test_what_a_chart_sends_itself_happens_in_the_same_step() -> None:
    assert run(CLOCKWORK, "begin", "wound").after.status is Status.FINAL


@pytest.mark.parametrize("target", ["#_internal", "internal"])
def test_a_send_to_itself_inside_comes_before_one_to_itself_outside(target: str) -> None:
    chart = chart_of(f"""
states:
  a: {{initial: true, transitions: [{{event: go, on: [
      {{send: {{event: outer}}}}, {{send: {{event: inner, target: "{target}"}}}}]}},
    {{event: inner, on: note_in}}, {{event: outer, on: note_out}}]}}
""")

    assert tally(run(chart, "go").after).log == ["in", "out"]


def test_what_a_chart_sends_itself_and_nobody_wants_fails_the_step() -> None:
    lost = run(CLOCKWORK, "begin", "lost")

    assert lost.outcome is Outcome.FAILED
    assert lost.fault is not None
    assert lost.fault.error == "UnhandledSendError"


# -- What is told about a step ---------------------------------------------------------------


def test_transitions_are_told_with_their_places() -> None:
    taken = run(CHARTS["traffic"], "go").transitions

    assert [(t.path, t.event, t.source, t.target) for t in taken] == [
        ("/states/idle/transitions/0", "go", "idle", "moving"),
        ("/states/moving/states/slow_lane/transitions/1", "light", "slow_lane", ""),
    ]


def test_guards_are_told_when_asked_for() -> None:
    chart = CHARTS["traffic"]
    snapshot = start(chart, "x-1")

    asked = step(chart, snapshot, happened("fast", 1), record_guards=True)

    assert asked.guards == (GuardResult("count > 1", result=False),)
    assert step(chart, snapshot, happened("fast", 1)).guards == ()


def test_a_broken_invariant_is_told() -> None:
    broken = run(CLOCKWORK, happened("begin", 1, count=91))

    assert broken.outcome is Outcome.MOVED
    assert broken.violated == ("never: In('waiting') and count > 90 (nobody counts that far)",)


def test_the_exposure_of_several_states_is_the_worst() -> None:
    chart = CHARTS["regions"]

    assert chart.exposure(("left_b", "right_b")) is Exposure.UNKNOWN
    assert chart.exposure(("left_a", "right_b")) is Exposure.ONE_LEG
    assert run(chart, "skip").after.exposure is Exposure.UNKNOWN
    assert CLOCKWORK.on_pause(("waiting",)) == "now"


# -- The beginning ---------------------------------------------------------------------------


def test_the_initial_states_are_entered_on_the_context_of_each_execution() -> None:
    chart = chart_of("""
states:
  a: {initial: true, enter: note_in, transitions: [{target: b, cond: "count > 1"}]}
  b: {transitions: [{event: back, target: a}]}
""")

    few, many = start(chart, "x-1"), start(chart, "x-2", count=2)

    assert (few.leaves, many.leaves) == (("a",), ("b",))
    assert tally(few).log == tally(many).log == ["in"]
    assert (few.seq, few.status, few.execution) == (0, Status.RUNNING, "x-1")


@pytest.mark.parametrize(
    "enter", ['{send: {target: "#_venue", event: place}}', "{send: {event: ring, delay: 1s}}"]
)
def test_a_chart_that_begins_with_an_effect_is_refused(enter: str) -> None:
    chart = chart_of(
        f"states: {{a: {{initial: true, enter: {enter}, "
        "transitions: [{event: ring, target: b}]}, b: {final: true}}"
    )

    with pytest.raises(SilentEntryError, match="silently"):
        start(chart, "x-1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("states: {a: {initial: true, transitions: [{event: go, on: no_such}]}}", "no_such"),
        ("states: {a: {initial: true}, b: {transitions: [{event: go, target: a}]}}", "b"),
        ("states: {a: {initial: true, transitions: [{event: go, cond: 'a.b()'}]}}", "a.b"),
        ("states: {a: {initial: true, transitions: [{event: go, cond: '_log'}]}}", "_log"),
    ],
)
def test_what_the_library_refuses_is_a_finding(text: str, says: str) -> None:
    with pytest.raises(ChartError, match="XS002") as refused:
        chart_of(text)

    assert says in str(refused.value)
