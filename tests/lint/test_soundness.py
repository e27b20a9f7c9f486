"""
What lint believes about the flow, held against what the flow does with venues around it.
"""

from typing import Any

import pytest

from tests.lint.contexts import CONTEXTS, ROOT
from tests.statechart.explorer import Explorer, Node
from tests.statechart.market import Market
from tests.statechart.test_flow import CHART, admitted, future
from xarb_runtime.domain.steps import Outcome, Step
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.lint.arrivals import arrivals, order_walk
from xarb_runtime.statechart.lint.clock import Clock
from xarb_runtime.statechart.lint.shape import read_block
from xarb_runtime.statechart.lint.subject import Subject
from xarb_runtime.statechart.model import build_model
from xarb_runtime.statechart.native import native_part


@pytest.fixture(scope="module")
def subject() -> Subject:
    document = parse((ROOT / "statecharts" / "cross_venue.yaml").read_text(encoding="utf-8"))
    model, meta = build_model(native_part(document)), read_block(document)
    assert meta is not None
    return Subject(document, model, meta, CONTEXTS["cross_venue"])


def test_nothing_happens_to_the_flow_that_lint_did_not_foresee(subject):
    """
    Every step is among the moves, with its transitions and timers, and everything that venues say
    arrives where lint expects it. A move that lint calls impossible would show here.
    """
    walks = {slot: order_walk(subject, slot) for slot in subject.slots}
    arriving = set(arrivals(subject, walks))
    resting = {(node.configuration, node.pending) for node in Clock(subject).into}

    def foreseen(_node: Node[Market], taken: Step | None) -> str:
        if taken is None or taken.outcome in {Outcome.STALE, Outcome.FAILED}:
            return ""
        before = subject.tree.leaves(taken.before.leaves)
        outside = taken.signal in subject.outside
        if outside and (before, taken.signal) not in arriving:
            return f"{taken.signal} arrives in {before}, and lint does not expect it"
        reaction = subject.moves.of(before, taken.signal)
        if taken.outcome is not Outcome.MOVED:
            return "" if reaction.may_stay else f"{before} stayed on {taken.signal}"
        after = subject.tree.leaves(taken.after.leaves)
        pending = frozenset((timer.id, timer.event) for timer in taken.after.timers)
        if (after, pending) not in resting:
            return f"{after} rests with the timers {sorted(pending)}"
        paths = {transition.path for transition in taken.transitions}
        known = [
            {t.path for micro in move.steps for t in micro.transitions}
            for move in reaction.moves
            if move.target == after
        ]
        return "" if paths in known else f"{taken.signal}: {sorted(paths)} from {before} to {after}"

    for limits in ({}, {"hedge_before_known": True}):
        snapshot, market = admitted(**limits)
        explorer: Explorer[Any] = Explorer(CHART, future, [foreseen])
        explorer.explore(snapshot, market, budget=0)

        assert explorer.steps > 100
