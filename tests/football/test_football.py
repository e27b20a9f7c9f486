"""Real odds as opportunities: what a file yields, and what is said about a bad one."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.football.rows import MARKET, ROW, one, read
from xarb_runtime.domain.cross_venue import Admission, CrossVenue
from xarb_runtime.domain.opportunity import Gate, Limits, Opportunity
from xarb_runtime.simulation.football import (
    Feed,
    m_net,
    read_football,
)
from xarb_runtime.simulation.football_lines import derived_odds


def offers(opportunity: Opportunity) -> dict[str, list[tuple[str, str, str, Decimal]]]:
    found: dict[str, list[tuple[str, str, str, Decimal]]] = {}
    for hedge in opportunity.hedges:
        selection = hedge.offer.selection
        market = selection.market.removeprefix(f"{MARKET}-")
        line = (selection.venue, market, selection.outcome, hedge.offer.odds)
        found.setdefault(hedge.strategy, []).append(line)
    return found


# -- Legs ------------------------------------------------------------------------------------------


def test_the_legs_are_the_best_prices_before_the_match(tmp_path: Path) -> None:
    opportunity = one(tmp_path)

    a, b = opportunity.leg_a, opportunity.leg_b
    assert (a.selection.venue, a.selection.outcome, a.odds) == ("sx", "over", Decimal("2.26"))
    assert (b.selection.venue, b.selection.outcome, b.odds) == ("azuro", "under", Decimal("1.83"))
    assert a.settlement == b.settlement


def test_the_opportunity_is_named_after_the_match(tmp_path: Path) -> None:
    opportunity = one(tmp_path)

    assert opportunity.id == f"fd-{MARKET}"
    assert opportunity.event == "E0 2021-08-13 20:00 Ashford Utd - Bexley, goals 2.5"
    assert opportunity.leg_a.selection.market == f"{MARKET}-ou25"


def test_leg_b_is_quoted_at_the_best_closing_price_and_leg_a_where_it_was_seen(tmp_path) -> None:
    prices = read(tmp_path, ROW).prices

    assert prices[f"{MARKET}-ou25/over"] == Decimal("2.26")
    assert prices[f"{MARKET}-ou25/under"] == Decimal("1.75")


def test_the_side_with_the_longer_odds_goes_first(tmp_path: Path) -> None:
    """For the same payout it takes the smaller stake, so less is at risk between the legs."""
    opportunity = one(tmp_path, **{"Max>2.5": "1.71", "Max<2.5": "2.38"})

    assert opportunity.leg_a.selection.outcome == "under"
    assert opportunity.leg_a.odds == Decimal("2.38")


def test_of_equal_odds_over_goes_first(tmp_path: Path) -> None:
    opportunity = one(tmp_path, **{"Max>2.5": "2.02", "Max<2.5": "2.02"})

    assert opportunity.leg_a.selection.outcome == "over"


@pytest.mark.parametrize(
    ("first", "wins_a", "wins_b", "wins_alt"),
    [
        ("over", ("mid", "high"), ("low",), ("low", "mid")),
        ("under", ("low", "mid"), ("high",), ("mid", "high")),
    ],
)
def test_either_side_can_go_first(tmp_path, first, wins_a, wins_b, wins_alt) -> None:
    opportunity = one(tmp_path, Feed(first=first))

    assert opportunity.leg_a.selection.outcome == first
    assert opportunity.leg_a.selection.wins == wins_a
    assert opportunity.leg_b.selection.wins == wins_b
    wins = {hedge.strategy: hedge.offer.selection.wins for hedge in opportunity.hedges}
    assert wins == {"alt_line": wins_alt, "total": wins_b, "unwind": wins_b}


def test_stake_venues_and_fees_can_be_chosen(tmp_path: Path) -> None:
    feed = Feed(
        stake=Decimal("12.5"), venue_a="left", venue_b="right", fees={"left": Decimal("0.02")}
    )
    opportunity = one(tmp_path, feed)

    assert opportunity.stake == Decimal("12.5")
    assert (opportunity.leg_a.selection.venue, opportunity.leg_a.fee) == ("left", Decimal("0.02"))
    assert (opportunity.leg_b.selection.venue, opportunity.leg_b.fee) == ("right", Decimal(0))


def test_a_stake_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="stake: expected an amount above 0, found 0"):
        Feed(stake=Decimal(0))


def test_odds_are_the_texts_of_the_file(tmp_path: Path) -> None:
    opportunity = one(tmp_path, **{"Max>2.5": "2.10", "Max<2.5": "2"})

    assert str(opportunity.leg_a.odds) == "2.10"
    assert str(opportunity.leg_b.odds) == "2"


# -- Hedges ----------------------------------------------------------------------------------------


def test_hedges_have_the_prices_of_other_books_before_the_match(tmp_path: Path) -> None:
    found = offers(one(tmp_path))

    assert found["total"] == [
        ("sx", "ou25-bet365", "under", Decimal("1.72")),
        ("sx", "ou25-pinnacle", "under", Decimal("1.73")),
    ]
    assert found["unwind"] == [("sx", "ou25-average", "under", Decimal("1.73"))]
    assert [line[:3] for line in found["alt_line"]] == [("azuro", "ou35", "under")]


def test_hedges_are_quoted_at_closing_prices(tmp_path: Path) -> None:
    prices = read(tmp_path, ROW).prices

    assert prices[f"{MARKET}-ou25-bet365/under"] == Decimal("1.57")
    assert prices[f"{MARKET}-ou25-pinnacle/under"] == Decimal("1.62")
    assert prices[f"{MARKET}-ou25-average/under"] == Decimal("1.62")
    assert prices[f"{MARKET}-ou35/under"] == derived_odds(
        Decimal("2.33"), Decimal("1.62"), under_goals=3, side="under"
    )


def test_every_selection_of_an_opportunity_has_a_price(tmp_path: Path) -> None:
    for first in ("over", "under"):
        found = read(tmp_path, ROW, feed=Feed(first=first))
        (opportunity,) = found.opportunities
        selections = [
            opportunity.leg_a.selection,
            opportunity.leg_b.selection,
            *(hedge.offer.selection for hedge in opportunity.hedges),
        ]

        assert set(found.prices) == {f"{it.market}/{it.outcome}" for it in selections}
        assert len(found.prices) == len(selections)


def test_the_derived_line_can_be_left_out(tmp_path: Path) -> None:
    assert set(offers(one(tmp_path, Feed(alt_line=False)))) == {"total", "unwind"}


@pytest.mark.parametrize("column", ["B365<2.5", "B365C<2.5"])
@pytest.mark.parametrize("text", ["", "0", "1", "n/a", "-2", "NaN"])
def test_a_price_of_another_book_that_is_missing_is_noted(tmp_path, column, text) -> None:
    found = read(tmp_path, ROW | {column: text})

    (opportunity,) = found.opportunities
    assert [line[1] for line in offers(opportunity)["total"]] == ["ou25-pinnacle"]
    shown = repr(text) if text else "nothing"
    assert [str(note) for note in found.notes] == [
        f"line 2: {column}: expected decimal odds above 1, found {shown}"
    ]


def test_without_averages_there_is_neither_another_line_nor_an_unwind(tmp_path: Path) -> None:
    assert set(offers(one(tmp_path, **{"AvgC<2.5": ""}))) == {"total"}


# -- Other lines -----------------------------------------------------------------------------------


def test_another_line_is_derived_as_the_model_says() -> None:
    """Fair odds of 2 mean a mean of 2.674 goals; then under 3.5 has 71.7 %, over 1.5 74.7 %."""
    fair = Decimal(2)

    assert derived_odds(fair, fair, under_goals=3, side="under") == Decimal("1.39")
    assert derived_odds(fair, fair, under_goals=1, side="over") == Decimal("1.34")


_BOOK = st.decimals("1.05", "15", places=2)


@given(over=_BOOK, under=_BOOK)
def test_an_easier_line_has_shorter_odds(over: Decimal, under: Decimal) -> None:
    assert derived_odds(over, under, under_goals=3, side="under") <= under
    assert derived_odds(over, under, under_goals=1, side="over") <= over


@given(over=_BOOK, under=_BOOK)
def test_the_model_gives_back_the_price_it_was_made_from(over: Decimal, under: Decimal) -> None:
    if max(over, under) / min(over, under) < 6:  # beyond that the mean leaves its bounds
        again = derived_odds(over, under, under_goals=2, side="under")
        assert abs(again - under) <= Decimal("0.01")


# -- Margin ----------------------------------------------------------------------------------------


def test_the_margin_is_that_of_the_two_best_prices(tmp_path: Path) -> None:
    opportunity = one(tmp_path, **{"Max>2.5": "2.5", "Max<2.5": "2"})

    assert m_net(opportunity) == Decimal(1) / 9
    assert m_net(one(tmp_path, **{"Max>2.5": "2", "Max<2.5": "2"})) == 0
    assert m_net(one(tmp_path)) < Decimal("0.02")


def test_every_match_becomes_an_opportunity_whatever_its_margin(tmp_path: Path) -> None:
    rows = [
        ROW | {"HomeTeam": f"Team {number}", "Max>2.5": odds}
        for number, odds in enumerate(["1.5", "2.2", "2.26", "3"])
    ]
    margins = [m_net(it) for it in read(tmp_path, *rows).opportunities]

    assert [margin > 0 for margin in margins] == [False, False, True, True]


_ODDS = st.decimals("1.05", "20", places=2)


@given(over=_ODDS, under=_ODDS, stake=st.decimals("1", "1000", places=2))
@settings(max_examples=50)
def test_the_margin_is_the_one_that_admission_sees(tmp_path_factory, over, under, stake) -> None:
    changes = {"Max>2.5": str(over), "Max<2.5": str(under)}
    opportunity = one(tmp_path_factory.getbasetemp(), Feed(stake=stake), **changes)
    context = CrossVenue(admission=Admission(opportunity=opportunity, gate=Gate(), limits=Limits()))

    assert m_net(opportunity) == context.m_net


@pytest.mark.parametrize(
    ("first", "goals", "scenario"),
    [
        ("over", ("1", "1"), "low"),
        ("over", ("2", "1"), "mid"),
        ("over", ("3", "1"), "high"),
        ("under", ("1", "0"), "low"),
        ("under", ("1", "1"), "mid"),
        ("under", ("4", "3"), "high"),
    ],
)
def test_the_result_is_the_scenario_that_came_true(
    tmp_path: Path, first: str, goals: tuple[str, str], scenario: str
) -> None:
    row = {**ROW, "FTHG": goals[0], "FTAG": goals[1]}
    path = tmp_path / "odds.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row))
        writer.writeheader()
        writer.writerow(row)

    found = read_football(path, Feed(first=first))  # type: ignore[arg-type]

    assert found.results == {f"fd-{MARKET}": scenario}


def test_a_file_without_results_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, ROW).results == {}
