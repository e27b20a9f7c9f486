"""
What the flow's context computes: prices, sizes, what is owned, what a hedge is worth.
"""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.domain.executions import (
    admitted,
    event,
    opportunity,
    place,
    planned,
    quoted,
    report,
    selection,
    with_leg_a,
)
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.position import Fill, profit_by_scenario
from xarb_runtime.domain.steps import Command

odds = st.decimals("1.05", 20, places=2, allow_nan=False, allow_infinity=False)
stakes = st.decimals(10, 1000, places=2, allow_nan=False, allow_infinity=False)
fees = st.sampled_from(["0", "0.02"])
TICK = Decimal("0.01")


# -- Prices and sizes ------------------------------------------------------------------------


@given(stakes, odds, odds)
def test_margin_is_payout_over_total_stake(stake: Decimal, a: Decimal, b: Decimal) -> None:
    context = admitted(
        stake=str(stake),
        leg_a={"selection": selection("sx", "over"), "odds": str(a)},
        leg_b={"selection": selection("azuro", "under"), "odds": str(b)},
    )
    other = stake * a / b

    assert abs(context.m_net - (stake * a / (stake + other) - 1)) < Decimal("1e-15")


@given(stakes, st.decimals("0.2", 1, places=2), odds, odds, fees)
def test_leg_b_is_sized_to_equal_payout_of_what_leg_a_really_filled(
    stake: Decimal, share: Decimal, a: Decimal, b: Decimal, fee: str
) -> None:
    context = admitted(
        stake=str(stake),
        leg_a={"selection": selection("sx", "over"), "odds": str(a), "fee": fee},
        leg_b={"selection": selection("azuro", "under"), "odds": "2", "fee": fee},
    )
    place(context, "leg_a")
    report(context, "cancelled", stake * share, a)
    quoted(context, b)

    place(context, "leg_b")
    line = context.orders[-1]
    profit = profit_by_scenario(
        [context.orders[0].as_filled, Fill(line.stake, b, ("under",), Decimal(fee))],
        ["over", "under"],
    )

    assert 0 <= profit["over"] - profit["under"] <= TICK * (b + 1)
    assert line.stake % TICK == 0


def test_a_partial_fill_makes_leg_b_smaller() -> None:
    assert with_leg_a(50).stake_b == Decimal("51.21")
    assert with_leg_a(100).stake_b == Decimal("102.43")


@pytest.mark.parametrize(
    ("filled", "least", "most", "takes"),
    [
        (100, 1, 1000, True),
        (100, 103, 1000, False),
        (100, 1, 102, False),
        (100, 0, 0, False),
        (0, 0, 9, False),
    ],
)
def test_a_quote_must_take_the_stake_that_leg_b_needs(
    filled: int, least: int, most: int, takes: bool
) -> None:
    context = with_leg_a(filled)
    quoted(context, "2.05", least, most)

    assert context.quote_takes_stake is takes


def test_margin_now_counts_what_filled_and_the_live_price() -> None:
    context = with_leg_a(50)
    quoted(context, "1.80")

    assert context.m_net > 0 > context.m_net_now


def test_orders_accept_a_little_less_than_the_price_but_leg_a_does_not() -> None:
    context = with_leg_a()
    quoted(context, "2.05")

    assert context.orders[0].min_odds == Decimal("2.10")
    assert Decimal(place(context, "leg_b")["min_odds"]) == Decimal("2.0290")


def test_the_facts_of_an_admission() -> None:
    context = admitted({"max_age": "1s"})

    assert (context.is_stale, context.stakes_in_range, context.rules_match) == (False, True, True)
    context.now_ms = 2001
    assert context.is_stale
    assert not admitted(
        leg_b={
            "selection": selection("azuro", "under"),
            "odds": "2",
            "settlement": {"void": "half"},
        }
    ).rules_match
    narrow = {"opportunity": opportunity(), "gate": {"max_stake_b": "102"}, "limits": {}}
    other = CrossVenue(execution="x-1")
    other.observe(event("opportunity.detected", narrow))
    assert not other.stakes_in_range


# -- What we own -----------------------------------------------------------------------------


def test_nothing_is_flat_and_a_lone_leg_is_not_covered() -> None:
    context = admitted()
    assert (context.is_flat, context.is_settled, context.is_final) == (True, False, False)

    place(context, "leg_a")
    assert (context.is_flat, context.in_doubt) == (False, True)

    report(context, "filled", 100)
    assert (context.is_covered, context.is_settled, context.worst) == (False, False, -100)


def test_two_legs_are_covered_and_final_when_both_venues_say_so() -> None:
    context = with_leg_a()
    place(context, "leg_b")
    report(context, "filled", "102.43", "2.05")
    assert (context.is_settled, context.is_final) == (True, False)

    report(context, "filled", "102.43", "2.05", final=True)
    assert not context.is_final

    context.orders.reverse()
    report(context, "filled", 100, final=True)
    assert context.is_final


def test_what_is_reversed_for_good_is_not_final_but_uncovered() -> None:
    context = with_leg_a()
    report(context, "filled", 100, final=True)
    place(context, "leg_b")
    report(context, "filled", "102.43", "2.05")

    report(context, "reversed", 0, final=True)

    assert (context.is_settled, context.is_final) == (False, False)


@pytest.mark.parametrize(("strategy", "covered"), [("alt_line", False), ("unwind", True)])
def test_a_larger_loss_is_accepted_only_once_an_unwind_has_filled(
    strategy: str, covered: bool
) -> None:
    context = with_leg_a(limits={"hedge_order": [strategy]})
    planned(context, "110", "1.9", strategy)
    place(context, "hedge")
    report(context, "filled", 110, "1.75")  # -17.5 of 210 where "under" wins

    assert context.worst == Decimal("-17.50")
    assert (context.is_covered, context.was_hedged) == (covered, True)
    assert context.was_unwound is (strategy == "unwind")


# -- Hedging ---------------------------------------------------------------------------------


@given(
    stakes,
    st.decimals("0.8", "1.2", places=2),
    st.decimals("1.8", 4, places=2),
    st.sampled_from(["alt_line", "unwind"]),
)
def test_a_safe_plan_that_fills_completely_covers(
    filled: Decimal, share: Decimal, at: Decimal, strategy: str
) -> None:
    context = with_leg_a(filled, stake=str(filled), limits={"hedge_order": [strategy]})
    stake = (share * filled * Decimal("2.1") / at).quantize(TICK)
    planned(context, stake, at, strategy)
    assume(context.plan_is_safe)
    before = context.worst

    place(context, "hedge")
    report(context, "filled", stake, context.orders[-1].min_odds)

    assert context.is_covered
    assert context.worst > before


def test_a_plan_is_judged_by_what_we_own_and_not_by_what_it_says() -> None:
    context = with_leg_a()
    planned(context, "103", "2.03")
    assert context.plan_is_safe

    place(context, "leg_b")
    report(context, "filled", "102.43", "2.05")  # leg B filled after all

    assert not context.plan_is_safe


@pytest.mark.parametrize(
    ("stake", "at"), [("0", "2.0"), ("-5", "2.0"), ("103", "1.5"), ("20", "2.0")]
)
def test_a_plan_that_does_not_bring_the_worst_case_inside_is_not_safe(stake: str, at: str) -> None:
    context = with_leg_a()
    planned(context, stake, at)

    assert not context.plan_is_safe


def test_a_live_hedge_helps_until_the_position_it_is_for_is_gone() -> None:
    context = with_leg_a()
    planned(context, "103", "2.03")
    place(context, "hedge")
    assert context.hedge_helps

    leg_a = context.orders[0]
    data = {"client_id": leg_a.client_id, "sequence": 9, "time_ms": 1, "status": "reversed"}
    assert context.observe(event("order.report", data)) == "leg_a.reversed"

    assert not context.hedge_helps


def test_leg_b_in_doubt_counts_as_filled_unless_the_gamble_is_wanted() -> None:
    for gamble, stake in ((False, Decimal("102.43")), (True, Decimal(0))):
        context = with_leg_a(limits={"hedge_before_known": gamble})
        place(context, "leg_b")

        assert context.to_hedge[-1].stake == stake
        assert context.hedges_before_known is gamble


def test_strategies_have_their_turn_in_order() -> None:
    context = admitted({"hedge_order": ["a", "b"]})
    turns = [context.strategy]
    while context.has_strategy:
        context.next_strategy()
        turns.append(context.strategy)

    assert turns == ["a", "b", ""]


def test_reversals_start_the_strategies_over_only_so_often() -> None:
    context = admitted({"max_restarts": 2})
    turns: list[bool] = []
    for _ in range(4):
        context.restart_strategies()
        turns.append(context.has_strategy)

    assert turns == [True, True, False, False]
    context.retry_strategies()
    assert context.has_strategy


def test_a_strategy_does_not_get_more_time_by_being_asked_again() -> None:
    context = with_leg_a(limits={"ttl_plan": "1s"})
    ask = Command("k", "hedge", "plan", {})

    context.issued(ask)
    context.now_ms += 700
    context.issued(ask)
    assert context.plan_left == "300ms"

    context.next_strategy()
    context.issued(ask)
    assert context.plan_left == "1000ms"
