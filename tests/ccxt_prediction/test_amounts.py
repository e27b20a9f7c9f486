"""
Rounding is never worse: not the price, not the stake, not what is promised.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.ccxt_prediction.stage import amounts, dialects, order

STEPS = st.sampled_from([0.1, 0.01, 0.001, 0.0001, 0.00125])
SIZES = st.sampled_from([1, 0.01, 0.000001, 1e-6])
ODDS = st.decimals("1.01", "50", places=4)
STAKES = st.decimals("1", "5000", places=2)
NO_LIMITS: dict[str, Any] = {"limits": {"amount": {"min": None}, "cost": {"min": None}}}
SHARES, STAKED = dialects.DIALECTS["polymarket"], dialects.DIALECTS["sxbet"]


def steps(price: float, amount: float) -> dict[str, Any]:
    return {"precision": {"price": price, "amount": amount}}


@given(odds=ODDS, stake=STAKES, price=STEPS, amount=SIZES, stakes=st.booleans())
def test_no_worse_price_and_no_higher_cost(
    odds: Decimal, stake: Decimal, price: float, amount: float, stakes: bool
) -> None:
    wanted = order(stake=stake, min_odds=odds)
    try:
        found = amounts.terms(wanted, steps(price, amount), NO_LIMITS, stakes=stakes)
    except amounts.TermsError:
        assume(False)
        return
    cost = found.amount if stakes else found.amount * found.price

    assert Fraction(1) / Fraction(found.price) >= Fraction(odds)
    assert Fraction(cost) <= Fraction(stake)
    assert found.price % Decimal(str(price)) == 0
    assert found.amount % Decimal(str(amount)) == 0
    assert 0 < found.price < 1
    assert amounts.as_float(found.price) > 0
    # And not by more than a step.
    assert Fraction(1) / (Fraction(found.price) + Fraction(str(price))) < Fraction(odds)


@given(st.decimals("0.0001", "0.9999", places=4))
def test_whoever_asks_for_the_quoted_odds_pays_the_quoted_price(price: Decimal) -> None:
    odds = amounts.odds_of(price)
    wanted = order(stake=Decimal(1000), min_odds=odds)

    found = amounts.terms(wanted, steps(0.0001, 0.01), NO_LIMITS, stakes=False)

    assert Fraction(odds) <= Fraction(1) / Fraction(price)
    assert found.price >= price


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.1 + 0.2, "0.3"), (1e-6, "0.000001"), ("12.50", "12.50"), (None, "0"), ("", "0"), (7, "7")],
)
def test_numbers_of_ccxt_are_what_was_meant(value: Any, expected: str) -> None:
    assert amounts.exact(value) == Decimal(expected)


@given(st.integers(1, 10**13), st.integers(0, 6))
def test_what_comes_out_of_a_float_is_what_went_in(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)

    assert amounts.exact(amounts.as_float(value)) == value


def test_a_number_that_a_float_would_harm_is_not_sent() -> None:
    with pytest.raises(amounts.TermsError, match="too many digits"):
        amounts.as_float(Decimal("12345678901234567.89"))


@pytest.mark.parametrize(
    ("outcome", "market", "changes", "text"),
    [
        ({}, NO_LIMITS, {}, "in which steps its price"),
        (steps(0.01, 1), NO_LIMITS, {"stake": Decimal("0.4")}, "amount is less than one step"),
        (steps(0.1, 1), NO_LIMITS, {"min_odds": Decimal(11)}, "price is less than one step"),
        (steps(0.01, 1), {"limits": {"cost": {"min": 20}}}, {}, "takes costs from 20 on"),
        (steps(0.01, 1), {"limits": {"amount": {"min": 50}}}, {}, "takes amounts from 50 on"),
    ],
)
def test_what_the_exchange_cannot_take_is_not_sent(
    outcome: Any, market: Any, changes: Any, text: str
) -> None:
    with pytest.raises(amounts.TermsError, match=text):
        amounts.terms(order(**changes), outcome, market, stakes=False)


def fill(price: str, amount: str, state: str) -> Any:
    return amounts.Fill(Decimal(price), Decimal(amount), state)


def test_stakes_have_the_average_odds_of_their_fills() -> None:
    fills = [fill("0.5", "6", "LOCKED"), fill("0.4", "4", "MATCHED")]

    found = amounts.taken(Decimal(10), Decimal("0.5"), fills, STAKED, most=Decimal(10))

    assert (found.stake, found.odds) == (10, Decimal("2.2"))
    assert not found.settled
    assert not found.failed


def test_what_is_not_listed_yet_counts_at_the_limit() -> None:
    found = amounts.taken(
        Decimal(10), Decimal("0.5"), [fill("0.4", "4", "LOCKED")], STAKED, most=Decimal(10)
    )

    assert (found.stake, found.odds) == (10, Decimal("2.2"))
    assert not found.settled


def test_a_fill_that_was_taken_back_is_gone() -> None:
    fills = [fill("0.5", "6", "LOCKED"), fill("0.5", "4", "FAILED")]

    found = amounts.taken(Decimal(10), Decimal("0.5"), fills, STAKED, most=Decimal(10))

    assert (found.stake, found.odds, found.failed, found.settled) == (6, 2, True, True)


@given(st.lists(st.decimals("0.01", "0.5", places=2), min_size=1, max_size=4))
def test_shares_pay_what_they_pay_and_never_shrink_for_a_better_price(
    prices: list[Decimal],
) -> None:
    limit, total = Decimal("0.5"), Decimal(10 * len(prices))
    fills = [amounts.Fill(price, Decimal(10), "CONFIRMED") for price in prices]

    before = amounts.taken(total, limit, [], SHARES, most=total)
    after = amounts.taken(total, limit, fills, SHARES, most=total)

    assert before.stake == after.stake == total * limit
    assert after.stake * after.odds == total
    assert after.settled
