"""What is drawn: a time axis that goes forward, lanes in which nothing covers anything else."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.stage import START_MS, played
from xarb_runtime.domain.steps import Exposure
from xarb_runtime.simulation.axis import PAUSE_MS, QUIET_MS, Axis
from xarb_runtime.simulation.lanes import Chart, Lane, chart_of
from xarb_runtime.simulation.spans import Span, spans_of, time_in

moments = st.lists(st.integers(0, 300_000), max_size=30)


@given(moments, st.lists(st.integers(-10, 310_000), max_size=30))
def test_later_is_never_further_left(given_moments: list[int], asked: list[int]) -> None:
    axis = Axis(0, 300_000, given_moments, 100, 1100)

    places = [axis.x(moment) for moment in sorted(asked)]

    assert places == sorted(places)
    assert all(100 <= place <= 1100 for place in places)


@given(moments)
def test_the_axis_fills_its_width(given_moments: list[int]) -> None:
    axis = Axis(0, 300_000, given_moments, 100, 1100)

    assert axis.x(0) == 100
    assert axis.x(300_000) == 1100


@given(moments)
def test_labels_do_not_cover_each_other(given_moments: list[int]) -> None:
    places = sorted(tick.x for tick in Axis(0, 300_000, given_moments, 100, 1100).ticks)

    assert all(right - left >= 30 for left, right in pairwise(places))


def test_what_is_near_is_to_scale_and_pauses_are_short() -> None:
    axis = Axis(0, 62_000, [1_000, 2_000, 62_000], 0, 1000)

    assert abs(axis.x(2_000) - 2 * axis.x(1_000)) <= 0.2
    (pause,) = axis.pauses
    assert pause.text == "60 s"
    assert pause.right - pause.left < 2 * (axis.x(1_000) - axis.x(0))
    assert PAUSE_MS < QUIET_MS


def test_a_scenario_of_no_duration_has_an_axis() -> None:
    assert Axis(5, 5, [], 0, 100).x(5) == 0


def lane(chart: Chart, name: str) -> Lane:
    return next(it for it in chart.lanes if it.name == name)


def test_each_leg_has_its_lane(tmp_path: Path) -> None:
    chart = chart_of(played(tmp_path))

    assert [it.name for it in chart.lanes] == [
        "executions",
        "leg A",
        "leg B",
        "hedge",
        "supervisor",
    ]
    assert [bar.label for bar in lane(chart, "leg A").bars] == ["100.00"]
    assert [bar.label for bar in lane(chart, "leg B").bars] == ["98.05"]
    assert lane(chart, "hedge").bars == ()


def test_an_order_is_drawn_from_its_call_to_its_end_in_the_venues_book(tmp_path: Path) -> None:
    (bar,) = lane(chart_of(played(tmp_path)), "leg B").bars

    assert (bar.from_ms - START_MS, bar.to_ms - START_MS) == (280, 1180)
    assert [glyph.kind for glyph in bar.glyphs] == ["book-taken", "book-final"]


def test_exposure_is_shaded_by_the_worst(tmp_path: Path) -> None:
    shades = chart_of(played(tmp_path)).shades

    assert [(it.kind, it.to_ms - it.from_ms) for it in shades] == [
        ("shade-unknown", 60), ("shade-one_leg", 120), ("shade-one_leg", 900),
    ]  # fmt: skip


def test_deaths_pauses_and_words_are_marked(tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        "crashes": [{"kill": "after_commit:2", "pause": "500ms"}],
        "operator": [{"say": "pause", "at": "2s"}],
    }

    chart = chart_of(played(tmp_path, **parts))

    assert [mark.kind for mark in chart.marks] == ["crash", "operator"]
    assert [bar.to_ms - bar.from_ms for bar in chart.dead] == [500]
    assert [bar.label for bar in lane(chart, "supervisor").bars] == ["running", "paused"]


def test_the_stretches_of_an_execution_join_without_gaps(tmp_path: Path) -> None:
    spans = spans_of("x-o", played(tmp_path).recording)

    assert all(left.to_ms == right.from_ms for left, right in pairwise(spans))
    assert spans[0].from_ms == START_MS + 100


def test_time_on_one_leg_is_the_sum_of_its_stretches() -> None:
    def span(start: int, end: int, exposure: Exposure) -> Span:
        return Span(from_ms=start, to_ms=end, leaves=("s",), exposure=exposure)

    one, doubt = Exposure.ONE_LEG, Exposure.UNKNOWN
    spans = [span(0, 10, one), span(10, 15, doubt), span(15, 40, one)]

    assert (time_in(spans, one), time_in(spans, doubt)) == (35, 5)
