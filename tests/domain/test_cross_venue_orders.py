"""
What the flow's context hears, and what it sends.
"""

from decimal import Decimal

import msgspec
import pytest

from tests.domain.executions import (
    admitted,
    event,
    opportunity,
    place,
    planned,
    report,
    selection,
    with_leg_a,
)
from xarb_runtime.domain.orders import Order
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case
from xarb_runtime.domain.steps import Command

# -- What is heard ---------------------------------------------------------------------------


def test_what_is_under_way_is_not_admitted_again() -> None:
    context = admitted()
    data = {"opportunity": opportunity(stake="900"), "gate": {}, "limits": {}}

    assert context.observe(event("opportunity.detected", data)) == ""
    assert context.stake_a == 100


def test_a_plan_or_a_refusal_of_another_strategy_is_stale() -> None:
    context = with_leg_a()

    assert planned(context, 1, 2, "total") == ""
    assert context.plan is None
    assert context.observe(event("hedge.no_plan", {"strategy": "total", "reason": "late"})) == ""
    assert context.observe(event("hedge.no_plan", {"strategy": "alt_line"})) == "hedge.no_plan"
    assert (
        context.observe(event("hedge.no_plan", {"reason": "nobody says whose"})) == "hedge.no_plan"
    )


def test_a_quote_for_something_else_is_stale() -> None:
    context = with_leg_a()
    data = {"selection": selection("azuro", "over"), "odds": "9", "min_stake": "1",
            "max_stake": "9", "time_ms": 1}  # fmt: skip

    assert context.observe(event("quote.received", data)) == ""
    assert context.quote is None


@pytest.mark.parametrize(
    "kind", ["order.unknown", "order.absent", "order.refused", "order.cancel_refused"]
)
def test_words_about_orders_that_are_not_ours_are_stale(kind: str) -> None:
    context = with_leg_a()

    assert context.observe(event(kind, {"client_id": "x-9:1:0"})) == ""


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        ("order.unknown", "leg_a.unknown"),
        ("order.absent", "leg_a.refused"),
        ("order.refused", "leg_a.refused"),
        ("order.cancel_refused", "leg_a.cancel_refused"),
    ],
)
def test_words_about_an_order_are_heard_while_it_is_in_doubt(kind: str, signal: str) -> None:
    context = admitted()
    place(context, "leg_a")
    data = {"client_id": context.orders[0].client_id, "code": "C", "reason": "r"}

    assert context.observe(event(kind, data)) == signal
    report(context, "filled", 100)
    assert context.observe(event(kind, data)) == ""


def test_an_event_without_the_data_it_should_have_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="status"):
        admitted().observe(event("order.report", {"client_id": "x", "sequence": 1, "time_ms": 1}))


# -- What is sent ----------------------------------------------------------------------------


def test_an_order_goes_out_under_the_key_of_its_command() -> None:
    context = admitted()

    sent = place(context, "leg_a", "x-1:7:0")

    assert (sent["client_id"], sent["stake"], sent["reduces"]) == ("x-1:7:0", "100.00", False)
    assert sent["expires_ms"] == 1100 + 800
    assert context.order("x-1:7:0") is context.orders[0]


def test_a_question_is_about_the_order_in_doubt_and_not_just_the_newest() -> None:
    context = with_leg_a(limits={"hedge_order": ["a", "b"]})
    for strategy in ("a", "b"):
        planned(context, 10, 2, strategy)
        place(context, "hedge", f"x-1:{strategy}:0")
        report(context, "cancelled", 0)
        context.next_strategy()
    context.orders[1].status = type(context.orders[1].status)("open")

    found = context.issued(Command("k", "venue", "cancel", {"leg": "hedge"}))

    assert (found["client_id"], found["selection"]["venue"]) == ("x-1:a:0", "other")
    assert msgspec.convert(found, Order, strict=False) == context.orders[1].order


@pytest.mark.parametrize("name", ["cancel", "find"])
def test_there_is_nothing_to_ask_about_an_order_that_was_never_sent(name: str) -> None:
    with pytest.raises(LookupError, match="leg_b"):
        with_leg_a().issued(Command("k", "venue", name, {"leg": "leg_b"}))


def test_a_hedge_cannot_be_placed_without_a_plan() -> None:
    with pytest.raises(LookupError, match="plan"):
        place(with_leg_a(), "hedge")


def test_looks_are_further_and_further_apart() -> None:
    context = admitted({"find_retry": "500ms", "find_retry_max": "3s"})
    place(context, "leg_a")
    pauses: list[str] = []
    for _ in range(5):
        context.issued(Command("k", "venue", "find", {"leg": "leg_a"}))
        pauses.append(context.find_pause)

    assert pauses == ["500ms", "1000ms", "2000ms", "3000ms", "3000ms"]


def test_a_strategy_is_asked_with_its_own_offers_and_all_fills() -> None:
    offer = {"selection": selection("azuro", "under"), "odds": "1.9"}
    hedges = [{"strategy": name, "offer": offer} for name in ("alt_line", "total")]
    context = with_leg_a(hedges=hedges)

    asked = context.issued(Command("k", "hedge", "plan", {}))

    assert (asked["strategy"], len(asked["offers"]), len(asked["fills"])) == ("alt_line", 1, 1)
    assert (
        worst_case(
            profit_by_scenario(
                [msgspec.convert(fill, Fill, strict=False) for fill in asked["fills"]],
                asked["scenarios"],
            )
        )
        == -100
    )


def test_other_commands_go_out_as_they_are() -> None:
    assert admitted().issued(Command("k", "bus", "publish", {"type": "x"})) == {"type": "x"}


# -- The legs --------------------------------------------------------------------------------


def test_a_leg_is_seen_as_a_whole() -> None:
    context = with_leg_a(40)
    leg, none = context.legs.a, context.legs.b

    assert (leg.placed, leg.count, leg.live, leg.filled) == (True, 1, 0, 40)
    assert (leg.fill_ratio, leg.status, leg.provisional) == (Decimal("0.4"), "cancelled", True)
    assert (none.placed, none.count, none.fill_ratio, none.status) == (False, 0, 0, "")
    assert (none.newest, none.in_question, none.fill.stake) == (None, None, 0)
