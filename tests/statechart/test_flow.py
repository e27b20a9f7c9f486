"""
Everything that can happen to a cross-venue execution, up to a number of mishaps.
"""

import os
from collections.abc import Hashable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.statechart.explorer import Explorer, Failure, Node, wait_for
from tests.statechart.market import ALIVE, Market, abstract
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Exposure, Snapshot, Status, Step
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.load import compile_chart

CHART_FILE = Path(__file__).parents[2] / "statecharts" / "cross_venue.yaml"


def compiled(text: str) -> Chart:
    return compile_chart(parse(text, "cross_venue"), {"cross_venue": CrossVenue})


CHART = compiled(CHART_FILE.read_text(encoding="utf-8"))
SCENARIOS = ("over", "under")
SAFE = {Exposure.FLAT, Exposure.HEDGED}


def _selection(venue: str, wins: str) -> dict[str, Any]:
    return {"venue": venue, "market": "m", "outcome": wins, "wins": [wins]}


def opportunity(**limits: Any) -> Event:
    found = {
        "id": "1",
        "detected_ms": 1000,
        "event": "A-B",
        "scenarios": list(SCENARIOS),
        "stake": "100",
        "leg_a": {"selection": _selection("sx", "over"), "odds": "2.10"},
        "leg_b": {"selection": _selection("azuro", "under"), "odds": "2.05"},
    }
    data = {
        "opportunity": found,
        "gate": {},
        "limits": {"hedge_order": ["alt", "unwind"], **limits},
    }
    return Event(
        id="o1", source="bus", type="opportunity.detected", time_ms=1100, execution="x-1", data=data
    )


def admitted(**limits: Any) -> tuple[Snapshot, Market]:
    taken = step(CHART, start(CHART, "x-1"), opportunity(**limits))
    return taken.after, Market("x-1", 1100).after(taken)


def context_of(snapshot: Snapshot) -> CrossVenue:
    return CHART.decoder.decode(snapshot.context)  # type: ignore[return-value]


class _Future:
    """What decides the future of a snapshot; it is asked for several times in a row."""

    def __init__(self) -> None:
        self._last: tuple[Snapshot | None, Hashable] = None, None

    def __call__(self, snapshot: Snapshot) -> Hashable:
        if self._last[0] is not snapshot:
            self._last = snapshot, abstract(context_of(snapshot), snapshot)
        return self._last[1]


future = _Future()


# -- Properties -------------------------------------------------------------------------------


def ends_covered(node: Node[Market], taken: Step | None) -> str:
    """A final state means: nothing is alive, and the truth is covered, or somebody was called."""
    if node.snapshot.status is not Status.FINAL:
        return ""
    market, leaf = node.outside, node.snapshot.leaves[0]
    alive = [o.slot for o in market.orders if o.status in ALIVE]
    if leaf != "closed" and alive:
        return f"{leaf} with a live order for {', '.join(alive)}"
    if leaf == "closed":
        asked = taken is not None and taken.signal == "operator.resolve"
        return "" if asked or context_of(node.snapshot).is_flat else "closed unasked"
    if not all(order.told for order in market.orders):
        return (
            ""  # the venue changed its mind after the fact; its word opens an incident of its own
        )
    if market.worst(SCENARIOS) < -Decimal("0.15") * market.staked and not market.alarmed:
        return f"{leaf} with a worst case of {market.worst(SCENARIOS)}, and nobody was called"
    return ""


def one_order_at_a_time(node: Node[Market], taken: Step | None) -> str:
    """No order for a purpose while another one for it is on its way or open at the venue."""
    placed = [c for c in taken.commands if c.name == "place"] if taken else []
    for command in placed:
        orders = node.outside.orders
        new = node.outside.index(command.params["client_id"])
        slots = {orders[new].slot} if gamble(node) else {"leg_a", "leg_b", "hedge"}
        alive = [o.slot for o in orders[:new] if o.status in ALIVE and o.slot in slots]
        told = [o for o in orders[:new] if o.slot in alive and not o.told]
        if alive and not told:
            return f"{orders[new].slot} sent while an order for {', '.join(alive)} may still fill"
    return ""


def gamble(node: Node[Market]) -> bool:
    return context_of(node.snapshot).limits.hedge_before_known


def legs_are_placed_once(node: Node[Market], _taken: Step | None) -> str:
    slots = [order.slot for order in node.outside.orders]
    again = [slot for slot in ("leg_a", "leg_b") if slots.count(slot) > 1]
    return f"{again[0]} placed twice" if again else ""


@cache
def _is_safe_in_time(_future: Hashable, snapshot: "_Unhashed") -> bool:
    return wait_for(CHART, snapshot.value, _rests) is not None


class _Unhashed:
    """Carries a snapshot past a cache that goes by its abstraction."""

    def __init__(self, value: Snapshot) -> None:
        self.value = value

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)


def _rests(snapshot: Snapshot) -> bool:
    alarm = snapshot.leaves == ("exposed",)
    return alarm or snapshot.exposure in SAFE or snapshot.status is Status.FINAL


def time_alone_makes_it_safe(node: Node[Market], taken: Step | None) -> str:
    """With all answers withheld, timers lead to a covered position or to a person."""
    if taken is None or _is_safe_in_time(future(node.snapshot), _Unhashed(node.snapshot)):
        return ""
    return f"time alone does not lead out of {', '.join(node.snapshot.leaves)}"


CHECKS = (ends_covered, one_order_at_a_time, legs_are_placed_once, time_alone_makes_it_safe)

#: More mishaps than the cases below have; each one more takes about ten times as long.
MORE = int(os.environ.get("XARB_MISHAPS", "0"))

ONE_STRATEGY = {"hedge_order": ["unwind"], "max_restarts": 0}


@pytest.mark.parametrize(
    ("limits", "mishaps"),
    [
        ({}, 0),
        ({**ONE_STRATEGY, "hedge_before_known": True}, 0),
        ({**ONE_STRATEGY, "quote_watch": True}, 1),
        ({"hedge_order": []}, 1),
        ({**ONE_STRATEGY, "min_fill_ratio": "0.6"}, 1),
    ],
    ids=["two strategies", "hedge before known", "quote watch", "no strategy", "one strategy"],
)
def test_no_path_loses_sight_of_a_leg(limits: dict[str, Any], mishaps: int) -> None:
    snapshot, market = admitted(**limits)
    explorer = Explorer[Market](CHART, future, CHECKS)

    explorer.explore(snapshot, market, mishaps + MORE)

    assert explorer.nodes > 500


def test_the_search_comes_to_every_state_and_every_end() -> None:
    snapshot, market = admitted(**ONE_STRATEGY)
    explorer = Explorer[Market](CHART, future)

    explorer.explore(snapshot, market, 0)

    resting = {state.id for state in CHART.model.atomic()} - {"a_settled", "deciding"}
    assert resting - explorer.entered == {"admission", "rejected", "hedged", "watching"}


MISTAKES = {
    "a fill of leg A is not heard": (
        "leg_a.filled leg_a.cancelled leg_a.refused",
        "leg_a.cancelled leg_a.refused",
        "not foreseen",
    ),
    "leg B's deadline leads to a hedge at once": (
        "{event: ttl.leg_b, target: b_cancelling}",
        "{event: ttl.leg_b, target: h_planning}",
        "may still fill",
    ),
    "leg B's deadline leads to another try": (
        "{event: ttl.leg_b, target: b_cancelling}",
        "{event: ttl.leg_b, target: b_quoting}",
        "placed once",
    ),
    "a strategy may think for ever": (
        '          - send: {event: ttl.plan, id: ttl_plan, delayexpr: "plan_left"}\n',
        "",
        "time alone does not lead out",
    ),
    "an order may stay in doubt for ever": (
        "- {event: finality.leg_a, target: exposed,",
        "- {event: finality.leg_a, target: a_placing,",
        "time alone does not lead out",
    ),
    "an exposed execution closes by itself": (
        '{target: closed, cond: "is_flat"}',
        '{target: closed, cond: "not in_doubt"}',
        "closed unasked",
    ),
    "a reversal is not heard": (
        '- {event: leg_a leg_b hedge, target: deciding, cond: "not is_settled",',
        '- {event: no.such, target: deciding, cond: "not is_settled",',
        "only wait for finality when covered",
    ),
    "half a leg counts as nothing": (
        '- {target: b_quoting, cond: "legs.a.fill_ratio >= limits.min_fill_ratio"}',
        '- {target: aborted, cond: "legs.a.fill_ratio < 1"}\n      - {target: b_quoting}',
        "owns nothing",
    ),
}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_the_search_finds_what_is_wrong_with_a_chart(
    mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong, says = MISTAKES[mistake]
    text = CHART_FILE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    monkeypatch.setattr(f"{__name__}.CHART", compiled(text.replace(right, wrong)))
    _is_safe_in_time.cache_clear()
    snapshot, market = admitted(**ONE_STRATEGY)

    with pytest.raises(Failure, match=says) as found:
        Explorer[Market](CHART, future, CHECKS).explore(snapshot, market, 1)

    _is_safe_in_time.cache_clear()
    assert "start" in str(found.value)
