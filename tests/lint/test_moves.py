"""
What lint believes a chart can do is at least what the kernel does.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.statechart.tally import GOOD, good, happened
from xarb_runtime.domain.steps import Outcome, Status
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.lint.moves import Moves
from xarb_runtime.statechart.model import build_model
from xarb_runtime.statechart.native import native_part

EVENTS = {
    "traffic": "go fast halt jump many.cars overtake brake brake.hard leave no.such",
    "regions": "go skip tick go.left finish clash reset no.such",
    "memory": "fresh shallow deep leave next back inner stop no.such",
}


def _moves(name: str) -> Moves:
    text = (GOOD / f"{name}.yaml").read_text(encoding="utf-8")
    return Moves(build_model(native_part(parse(text))))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_step_of_the_kernel_is_among_the_moves(name):
    chart, moves = good(name), _moves(name)

    @given(st.lists(st.sampled_from(EVENTS[name].split()), max_size=25))
    def law(kinds: list[str]) -> None:
        snapshot = start(chart, "x-1")
        for at, kind in enumerate(kinds):
            if snapshot.status is Status.FINAL:
                break
            here = moves.tree.leaves(snapshot.leaves)
            reaction = moves.of(here, kind)
            done = step(chart, snapshot, happened(kind, at))
            snapshot = done.after
            after = moves.tree.leaves(snapshot.leaves)

            if done.outcome is Outcome.MOVED:
                ended = snapshot.status is Status.FINAL
                taken = [
                    {t.path for micro in m.steps for t in micro.transitions} for m in reaction.moves
                ]
                assert (after, ended) in {(move.target, move.ended) for move in reaction.moves}
                assert {t.path for t in done.transitions} in taken
            else:
                assert reaction.may_stay

    law()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_lint_and_the_kernel_begin_in_the_same_place(name):
    chart, moves = good(name), _moves(name)

    assert moves.tree.leaves(start(chart, "x-1").leaves) in {m.target for m in moves.start()}


def test_a_history_state_can_bring_back_every_pair_of_regions():
    moves = _moves("memory")

    targets = {move.target for move in moves.of(("out",), "deep").moves}

    assert {("one_b", "two_b"), ("one_a", "two_b"), ("inner_b",)} <= targets


EAGER = {
    "states": {
        "a": {
            "transitions": [
                {"target": "b", "cond": "count > 1"},
                {"event": "go", "target": "c", "cond": "count > 1"},
                {"event": "go", "target": "d"},
            ]
        },
        "b": {},
        "c": {},
        "d": {},
    }
}


def test_eventless_transitions_come_before_the_event_whatever_it_is():
    moves = Moves(build_model(EAGER))

    assert [move.target for move in moves.of(("a",), "unheard.of").moves] == [("b",)]


def test_a_guard_that_was_false_a_moment_ago_is_not_taken_for_true():
    """Had `count > 1` held, the eventless transition would have been taken."""
    moves = Moves(build_model(EAGER))

    assert {move.target for move in moves.of(("a",), "go").moves} == {("b",), ("d",)}
