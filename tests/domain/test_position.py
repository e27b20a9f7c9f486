"""
What fills are worth in each scenario, and what evens them out.
"""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case

SCENARIOS = ("low", "exact", "high")
CLOSE = Decimal("1e-15")

stakes = st.decimals(0, 10_000, places=2, allow_nan=False, allow_infinity=False)
odds = st.decimals("1.01", 50, places=3, allow_nan=False, allow_infinity=False)
fees = st.sampled_from([Decimal(0), Decimal("0.02"), Decimal("0.05")])
wins = st.sets(st.sampled_from(SCENARIOS), min_size=1, max_size=2).map(lambda s: tuple(sorted(s)))
fills = st.builds(Fill, stakes, odds, wins, fees)


def test_a_fill_wins_where_its_selection_wins_and_loses_elsewhere() -> None:
    profit = profit_by_scenario([Fill(Decimal(100), Decimal("2.5"), ("high",))], SCENARIOS)

    assert profit == {"low": -100, "exact": -100, "high": 150}


def test_a_fee_is_taken_from_profit_only() -> None:
    fill = Fill(Decimal(100), Decimal("2.5"), ("high",), Decimal("0.02"))

    assert profit_by_scenario([fill], SCENARIOS)["high"] == 147
    assert profit_by_scenario([fill], SCENARIOS)["low"] == -100


@given(st.lists(fills, max_size=5), st.lists(fills, max_size=5))
def test_positions_add_up(some: list[Fill], more: list[Fill]) -> None:
    together = profit_by_scenario([*some, *more], SCENARIOS)
    apart = profit_by_scenario(some, SCENARIOS), profit_by_scenario(more, SCENARIOS)

    assert all(abs(together[s] - sum(part[s] for part in apart)) < CLOSE for s in SCENARIOS)


@given(st.lists(fills, max_size=5).flatmap(lambda f: st.tuples(st.just(f), st.permutations(f))))
def test_the_order_of_fills_does_not_matter(orders: tuple[list[Fill], list[Fill]]) -> None:
    one, other = (profit_by_scenario(order, SCENARIOS) for order in orders)

    assert all(abs(one[s] - other[s]) < CLOSE for s in SCENARIOS)


def test_nothing_has_no_worst_case() -> None:
    assert worst_case({}) == 0
    assert worst_case(profit_by_scenario([], SCENARIOS)) == 0


@given(stakes, odds, odds)
def test_a_single_fill_is_levelled_by_equal_payout(s: Decimal, a: Decimal, b: Decimal) -> None:
    """The mission's formula: s_b = s_a · o_a / o_b."""
    profit = profit_by_scenario([Fill(s, a, ("high",))], ("low", "high"))

    stake = levelling_stake(profit, ("low",), b)

    assert abs(stake - s * a / b) < Decimal("1e-18")


@given(st.lists(fills, max_size=4), wins, odds, fees, st.decimals(-1, 1, places=3))
def test_no_other_stake_on_that_selection_is_better(
    held: list[Fill], on: tuple[str, ...], at: Decimal, fee: Decimal, aside: Decimal
) -> None:
    profit = profit_by_scenario(held, SCENARIOS)
    best = levelling_stake(profit, on, at, fee)

    def worst(stake: Decimal) -> Decimal:
        return worst_case(profit_by_scenario([*held, Fill(stake, at, on, fee)], SCENARIOS))

    assert best >= 0
    assert worst(best) >= worst(max(Decimal(0), best * (1 + aside))) - CLOSE
    assert worst(best) >= worst_case(profit) - CLOSE


def test_a_selection_that_wins_where_we_stand_better_levels_nothing() -> None:
    profit = profit_by_scenario([Fill(Decimal(100), Decimal(2), ("high",))], SCENARIOS)

    assert levelling_stake(profit, ("high",), Decimal(3)) == 0


def test_a_selection_that_wins_or_loses_everywhere_levels_nothing() -> None:
    profit = profit_by_scenario([Fill(Decimal(100), Decimal(2), ("high",))], SCENARIOS)

    assert levelling_stake(profit, SCENARIOS, Decimal(3)) == 0
    assert levelling_stake(profit, (), Decimal(3)) == 0
