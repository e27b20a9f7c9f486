"""
A snapshot is continued only on the chart it was made by, and only if it is whole.
"""

from typing import Any

import msgspec
import pytest

from tests.statechart.tally import chart_of, good, happened
from tests.statechart.test_engine import run
from xarb_runtime.domain.steps import Snapshot, Status, Timer
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.engine import check_fit, start, step
from xarb_runtime.statechart.findings import SnapshotMismatchError

REGIONS, MEMORY, CLOCKWORK = good("regions"), good("memory"), good("clockwork")


def damaged(chart: Chart, *kinds: str, **changes: Any) -> Snapshot:
    snapshot = run(chart, *kinds).after if kinds else start(chart, "x-1")
    check_fit(chart, snapshot)
    return msgspec.structs.replace(snapshot, **changes)


def test_a_snapshot_of_another_text_of_the_chart_is_refused() -> None:
    text = """
name: one
states:
  a: {initial: true, transitions: [{event: go, target: b}]}
  b: {final: true}
"""
    old, new = chart_of(text), chart_of(text + " ")
    snapshot = start(old, "x-1")

    with pytest.raises(SnapshotMismatchError) as refused:
        step(new, snapshot, happened("go", 1))

    message = str(refused.value)
    assert all(part in message for part in ("x-1", old.hash[:12], new.hash[:12], "version 1"))


LEAVES = {
    "none": ((), "0 active states in the chart"),
    "unknown": (("ghost",), "ghost"),
    "a parent": (("both",), "both"),
    "a region short": (("left_a",), "both without its region right"),
    "two in one region": (("left_a", "left_b", "right_a"), "2 active states in left"),
    "two at the top": (("left_a", "right_a", "waiting"), "2 active states in the chart"),
    "not sorted": (("right_a", "left_a"), "sorted"),
    "twice": (("waiting", "waiting"), "unique"),
}


@pytest.mark.parametrize("case", sorted(LEAVES))
def test_leaves_that_no_step_can_leave_behind_are_refused(case: str) -> None:
    leaves, says = LEAVES[case]

    with pytest.raises(SnapshotMismatchError, match=says):
        step(REGIONS, damaged(REGIONS, leaves=leaves), happened("tick", 1))


HISTORY = {
    "unknown": ({"ghost": ("first",)}, "no history state: ghost"),
    "no history state": ({"work": ("first",)}, "no history state: work"),
    "states outside": ({"shallow_memory": ("out",)}, "outside work: out"),
    "unknown states": ({"shallow_memory": ("ghost",)}, "outside work: ghost"),
    "nothing": ({"shallow_memory": ()}, "0 active states in work"),
    "two children": ({"shallow_memory": ("first", "second")}, "2 active states in work"),
    "half a configuration": ({"deep_memory": ("one", "one_a", "pair")}, "without its region two"),
    "no leaf": ({"deep_memory": ("one", "pair", "two", "two_a")}, "0 active states in one"),
}


@pytest.mark.parametrize("case", sorted(HISTORY))
def test_history_that_no_step_can_leave_behind_is_refused(case: str) -> None:
    history, says = HISTORY[case]

    with pytest.raises(SnapshotMismatchError, match=says):
        step(MEMORY, damaged(MEMORY, history=history), happened("deep", 1))


def test_history_as_steps_leave_it_is_accepted() -> None:
    for kinds in (("fresh", "leave"), ("fresh", "next", "next", "inner", "leave")):
        snapshot = run(MEMORY, *kinds).after

        assert set(snapshot.history) == {"deep_memory", "shallow_memory"}
        check_fit(MEMORY, snapshot)


def test_a_person_or_a_fault_can_end_an_execution_anywhere() -> None:
    for status in (Status.FINAL, Status.QUARANTINED):
        check_fit(CLOCKWORK, damaged(CLOCKWORK, "begin", status=status))


def test_an_execution_cannot_be_running_in_a_final_state() -> None:
    with pytest.raises(SnapshotMismatchError, match="running"):
        check_fit(CLOCKWORK, damaged(CLOCKWORK, "begin", "stop", status=Status.RUNNING))


@pytest.mark.parametrize("ids", [("b", "a"), ("a", "a")])
def test_timers_out_of_order_or_twice_are_refused(ids: tuple[str, str]) -> None:
    timers = tuple(Timer(timer, "ring", 1, 1) for timer in ids)

    with pytest.raises(SnapshotMismatchError, match="timers"):
        check_fit(CLOCKWORK, damaged(CLOCKWORK, timers=timers))
