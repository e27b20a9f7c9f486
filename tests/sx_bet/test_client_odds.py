"""The ladder and the client's arithmetic: whole numbers, and never worse than asked for."""

import importlib
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import REGISTRY

assert REGISTRY
odds = importlib.import_module("xarb_plugins.sx_bet.odds")

SCALE = 10**20
STEP = odds.ladder_step(125)
STEPS = SCALE // STEP

on_the_ladder = st.integers(1, STEPS - 1).map(lambda number: number * STEP)
min_odds = st.decimals(Decimal("1.0001"), Decimal(700), places=6)


@pytest.mark.parametrize(
    ("total", "filled", "maker", "room"),
    [
        (542187500, 0, 86750000000000000000, 82812500),
        (100000000, 0, 52500000000000000000, 90476190),
        (50000000, 20000000, 51000000000000000000, 28823529),
        (4000000, 0, 40000000000000000000, 6000000),
    ],
)
def test_room_of_a_taker(total: int, filled: int, maker: int, room: int) -> None:
    assert odds.taker_room(total - filled, maker) == room


@pytest.mark.parametrize(
    ("percent", "floored"),
    [("50.200", "50.125"), ("67.800", "67.750"), ("54.3", "54.250"), ("52.5", "52.5")],
)
def test_makers_round_down_to_the_ladder(percent: str, floored: str) -> None:
    found = odds.floor_to_ladder(int(Decimal(percent) * 10**18), STEP)

    assert found == int(Decimal(floored) * 10**18)


def test_the_step_is_an_eighth_of_a_percent() -> None:
    assert STEP == 125000000000000000


@given(min_odds)
def test_a_limit_is_never_worse_than_the_odds_asked_for(asked: Decimal) -> None:
    limit = odds.limit_of(asked, STEP)

    assert limit % STEP == 0
    if limit:
        assert Fraction(SCALE, limit) >= Fraction(asked)


@given(min_odds)
def test_a_limit_gives_away_less_than_a_step(asked: Decimal) -> None:
    limit = odds.limit_of(asked, STEP)

    assert Fraction(SCALE, limit + STEP) < Fraction(asked) or limit == SCALE - STEP


@given(on_the_ladder)
def test_odds_that_are_quoted_lead_back_to_their_step(probability: int) -> None:
    """131 of 308 prices were lost by someone who rounded up at four places."""
    quoted = odds.decimal_odds(probability)

    assert odds.limit_of(quoted, STEP) == probability
    assert Fraction(quoted) <= Fraction(SCALE, probability)


@given(on_the_ladder, st.integers(4, 12))
def test_odds_that_were_cut_off_on_the_way_lead_back_as_well(probability: int, places: int) -> None:
    quoted = odds.decimal_odds(probability)
    cut = quoted.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)

    assert odds.limit_of(cut, STEP) == probability


def test_odds_rounded_up_lose_a_step() -> None:
    """The mistake that the rule above is there for."""
    lost = [
        step
        for step in range(307, 616)  # odds from 1.30 to 2.60
        if odds.limit_of(Decimal(-(-SCALE * 10**4 // (step * STEP))) / 10**4, STEP) < step * STEP
    ]

    assert len(lost) > 100


@pytest.mark.parametrize("asked", ["1", "0.5", "1.0000000001"])
def test_any_odds_will_do(asked: str) -> None:
    assert odds.limit_of(Decimal(asked), STEP) == SCALE - STEP


def test_odds_beyond_the_ladder_have_no_limit() -> None:
    assert odds.limit_of(Decimal(801), STEP) == 0
    assert odds.limit_of(Decimal(800), STEP) == STEP


@given(st.decimals(Decimal(0), Decimal(10**9), places=12))
def test_stakes_are_rounded_down(amount: Decimal) -> None:
    units = odds.to_units(amount, 6)

    assert odds.from_units(units, 6) <= amount < odds.from_units(units + 1, 6)


@given(st.lists(st.tuples(st.integers(1, 10**12), on_the_ladder), min_size=1, max_size=8))
def test_an_average_lies_between_its_parts(parts: list[tuple[int, int]]) -> None:
    average = odds.average_odds(parts)
    each = [odds.decimal_odds(probability) for _, probability in parts]

    assert min(each) <= average <= max(each)


def test_the_average_of_nothing_is_nothing() -> None:
    assert odds.average_odds([]) == 0


def test_a_payout_as_it_was_seen() -> None:
    assert 333334 * odds.decimal_odds(40 * 10**18) == 833335
