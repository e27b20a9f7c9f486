"""Figures and coverage are computed from what was seen."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.stage import charts, played
from xarb_runtime.simulation.campaign import Report
from xarb_runtime.simulation.coverage import coverage_of
from xarb_runtime.simulation.evidence_markdown import markdown, money, seconds, share
from xarb_runtime.simulation.figures import figures_of, quantile


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_a_quantile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[int], percent: int
) -> None:
    found = quantile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_the_quantile_of_nothing_is_nothing() -> None:
    assert quantile([], 50) == 0


def test_a_clean_fill_has_its_figures(tmp_path: Path) -> None:
    figures = figures_of([played(tmp_path)])

    (journey,) = figures.journeys
    assert (journey.state, journey.took_ms, journey.naked_ms, journey.doubt_ms) == (
        "completed", 1260, 1020, 60,
    )  # fmt: skip
    assert figures.ends == {"completed": 1}
    assert figures.rollback_rate == 0
    assert {name: it.fill_ratio for name, it in figures.venues.items()} == {"sx": 1, "azuro": 1}


def test_a_refused_leg_b_is_a_hedge_and_half_a_fill_ratio(tmp_path: Path) -> None:
    venues = {"azuro": {"orders": [{"answer": "refused"}, {}]}}

    figures = figures_of([played(tmp_path, {"executions": {}}, venues=venues)])

    assert figures.rollback_rate == 1
    assert figures.venues["azuro"].orders == 2
    assert Decimal("0.5") < (figures.venues["azuro"].fill_ratio or 0) < Decimal("0.52")


def test_what_was_not_walked_through_is_named(tmp_path: Path) -> None:
    chart = charts().flow

    found = coverage_of(chart, played(tmp_path).recording.steps)

    assert "exposed" in found.states_missing
    assert "completed" not in found.states_missing
    assert 0 < found.transition_share < 0.5
    assert ("gate.duplicate", True) in found.outcomes_missing
    assert ("gate.duplicate", False) not in found.outcomes_missing
    assert any(str(it).startswith("a_placing: ttl.leg_a") for it in found.transitions_missing)


def test_the_first_state_counts_although_nothing_enters_it(tmp_path: Path) -> None:
    found = coverage_of(charts().flow, played(tmp_path).recording.steps)

    assert found.states["admission"] == 1


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(None, "-"), (0, "0 ms"), (999, "999 ms"), (61_250, "61.2 s")]
)
def test_durations_are_short(milliseconds: int | None, text: str) -> None:
    assert seconds(milliseconds) == text


def test_money_has_a_sign_and_shares_a_percent() -> None:
    assert [money(Decimal(x)) for x in ("1.005", "-2", "0")] == ["+1.00", "-2.00", "0.00"]
    assert [share(x) for x in (None, Decimal("0.5"), 0.955)] == ["-", "50.0 %", "95.5 %"]


def test_the_report_has_a_row_for_each_scenario_and_names_what_is_missing(report: Report) -> None:
    text = markdown(report)

    for played_one in report.played:
        assert f"| {played_one.scenario.name} |" in text
    for coverage in report.coverage:
        assert f"## Coverage of {coverage.chart}" in text
        for missing in coverage.transitions_missing:
            assert missing.path in text
