"""
Laws of every hedge strategy, and what tells the shipped ones apart.
"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import REGISTRY
from xarb_runtime.domain.opportunity import HedgePlan, LegOffer
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case
from xarb_runtime.plugins.contracts import HedgeRequest

NAMES = ("alt_line", "total", "unwind")
SCENARIOS = ("low", "middle", "high")
STRATEGIES = {name: REGISTRY.hedge(name).create() for name in NAMES}

cents = st.integers(0, 50_000).map(lambda value: Decimal(value) / 100)
odds = st.integers(101, 1200).map(lambda value: Decimal(value) / 100)
fees = st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.05")])
wins = st.lists(st.sampled_from(SCENARIOS), min_size=1, max_size=3, unique=True).map(tuple)
fills = st.lists(st.builds(Fill, stake=cents, odds=odds, wins=wins, fee=fees), max_size=3)


@st.composite
def markets(draw: Any) -> tuple[tuple[LegOffer, ...], tuple[Quote, ...]]:
    offers: list[LegOffer] = []
    quotes: list[Quote] = []
    for index in range(draw(st.integers(0, 3))):
        selection = Selection("sx", f"m{index}", "o", draw(wins))
        offers.append(LegOffer(selection=selection, odds=Decimal(2), fee=draw(fees)))
        if draw(st.booleans()):
            quotes.append(quote(selection, draw(odds), draw(cents), draw(cents)))
    return tuple(offers), tuple(draw(st.permutations(quotes)))


def quote(selection: Selection, price: Any, least: Any = 1, most: Any = 10_000) -> Quote:
    return Quote(
        selection=selection,
        odds=Decimal(price),
        min_stake=Decimal(least),
        max_stake=Decimal(most),
        time_ms=0,
    )


def request(name: str, position: Any, offers: Any, tick: str = "0.01") -> HedgeRequest:
    return HedgeRequest(
        strategy=name,
        scenarios=SCENARIOS,
        fills=tuple(position),
        offers=tuple(offers),
        stake_tick=Decimal(tick),
    )


def plan(
    name: str, position: Any, *lines: tuple[tuple[str, ...], Any], **limits: Any
) -> HedgePlan | None:
    selections = [Selection("sx", f"m{i}", "o", line[0]) for i, line in enumerate(lines)]
    offers = [LegOffer(selection=it, odds=Decimal(2)) for it in selections]
    quotes = tuple(quote(it, line[1], **limits) for it, line in zip(selections, lines, strict=True))
    return STRATEGIES[name].plan(request(name, position, offers), quotes)


OVER = [Fill(Decimal(100), Decimal("2.1"), ("middle", "high"))]


@pytest.mark.parametrize("name", NAMES)
@given(position=fills, market=markets(), tick=st.sampled_from(["0.01", "0.5", "7"]))
def test_a_plan_raises_the_worst_case_inside_the_limits(
    name: str, position: list[Fill], market: Any, tick: str
) -> None:
    offers, quotes = market
    made = STRATEGIES[name].plan(request(name, position, offers, tick), quotes)
    if made is None:
        return
    price = next(it for it in quotes if it.selection == made.selection)
    offer = next(it for it in offers if it.selection == made.selection)
    filled = Fill(made.stake, made.odds, made.selection.wins, made.fee)

    assert price.min_stake <= made.stake <= price.max_stake
    assert made.stake % Decimal(tick) == 0
    assert (name, price.odds, offer.fee) == (made.strategy, made.odds, made.fee)
    assert made.worst_case == worst_case(profit_by_scenario([*position, filled], SCENARIOS))
    assert made.worst_case > worst_case(profit_by_scenario(position, SCENARIOS))


@pytest.mark.parametrize("name", NAMES)
@given(position=fills, market=markets())
def test_the_order_of_quotes_does_not_matter(name: str, position: list[Fill], market: Any) -> None:
    offers, quotes = market
    made = STRATEGIES[name].plan(request(name, position, offers), quotes)

    assert made == STRATEGIES[name].plan(request(name, position, offers), quotes[::-1])


@pytest.mark.parametrize("name", ["alt_line", "total"])
@given(position=fills, market=markets())
def test_only_unwinding_stakes_more_than_it_takes(
    name: str, position: list[Fill], market: Any
) -> None:
    offers, quotes = market
    made = STRATEGIES[name].plan(request(name, position, offers), quotes)
    if made is None:
        return
    filled = Fill(made.stake, made.odds, made.selection.wins, made.fee)
    after = profit_by_scenario([*position, filled], SCENARIOS)

    where_wins = min(value for key, value in after.items() if key in made.selection.wins)
    assert made.worst_case == where_wins


@pytest.mark.parametrize("name", NAMES)
@given(position=fills, market=markets())
def test_unwinding_goes_at_least_as_far_as_the_others(
    name: str, position: list[Fill], market: Any
) -> None:
    offers, quotes = market
    other = STRATEGIES[name].plan(request(name, position, offers), quotes)
    unwind = STRATEGIES["unwind"].plan(request("unwind", position, offers), quotes)

    assert other is None or (unwind is not None and unwind.worst_case >= other.worst_case)


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_opposite_levels_the_position(name: str) -> None:
    made = plan(name, OVER, (("low",), "2.0"))

    assert made is not None
    assert (Decimal("105.00"), Decimal("5.00")) == (made.stake, made.worst_case)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("lines", "limits"),
    [
        ([], {}),
        ([(("middle", "high"), "3.0")], {}),
        ([(("low", "middle", "high"), "1.5")], {}),
        ([(("low",), "2.0")], {"most": 0}),
        ([(("low",), "1.0")], {}),
    ],
    ids=["no offers", "the same side", "no side", "suspended", "no odds"],
)
def test_there_is_no_plan_when_nothing_gets_better(name: str, lines: Any, limits: Any) -> None:
    assert plan(name, OVER, *lines, **limits) is None


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_plan_without_a_position(name: str) -> None:
    assert plan(name, [], (("low",), "2.0")) is None


@pytest.mark.parametrize("name", NAMES)
def test_the_best_worst_case_wins(name: str) -> None:
    made = plan(name, OVER, (("low",), "1.8"), (("low",), "2.0"), (("low",), "1.9"))

    assert made is not None
    assert made.selection.market == "m1"


@pytest.mark.parametrize("name", NAMES)
def test_a_stake_is_cut_to_the_maximum(name: str) -> None:
    made = plan(name, OVER, (("low",), "2.0"), most=40)

    assert made is not None
    assert (Decimal(40), Decimal(-60)) == (made.stake, made.worst_case)


def test_of_two_lines_with_equal_worst_case_the_better_middle_is_taken() -> None:
    made = plan("alt_line", OVER, (("low",), "2.0"), (("low", "middle"), "2.0"))

    assert made is not None
    assert made.selection.market == "m1"


def test_a_total_that_leaves_a_gap_is_not_taken() -> None:
    position = [
        Fill(Decimal(100), Decimal(3), ("high",)),
        Fill(Decimal(10), Decimal(3), ("middle",)),
    ]

    assert plan("alt_line", position, (("low",), "2.0")) is not None
    assert plan("total", position, (("low",), "2.0")) is None
    assert plan("total", position, (("low", "middle"), "2.0")) is not None


def test_only_unwinding_stakes_up_to_the_minimum() -> None:
    made = plan("unwind", OVER, (("low",), "2.0"), least=120)

    assert [plan(name, OVER, (("low",), "2.0"), least=120) for name in NAMES[:2]] == [None, None]
    assert made is not None
    assert (Decimal(120), Decimal(-10)) == (made.stake, made.worst_case)


def test_unwinding_to_the_minimum_must_still_be_better() -> None:
    assert plan("unwind", OVER, (("low",), "2.0"), least=300) is None


@pytest.mark.parametrize("name", NAMES)
def test_the_quotes_that_are_wanted_are_those_of_the_offers(name: str) -> None:
    selections = tuple(Selection("sx", f"m{i}", "o", ("low",)) for i in range(2))
    offers = [LegOffer(selection=it, odds=Decimal(2)) for it in selections]

    assert selections == STRATEGIES[name].wanted(request(name, OVER, offers))
