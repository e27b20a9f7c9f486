"""A scenario that is not as it says is told what was expected and what was found."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.simulation.stage import played
from xarb_runtime.simulation.expectations import unmet
from xarb_runtime.simulation.play import Played
from xarb_runtime.simulation.scenario import Expected


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A scenario in which everything fills."""
    return played(tmp_path_factory.mktemp("usual"))


def compare(result: Played, expect: Any) -> list[str]:
    expected = msgspec.convert(expect, Expected, strict=False)
    return unmet(expected, result.recording, result.ending, lambda end: result.books[end.id])


RIGHT: dict[str, Any] = {"executions": {"o": {"state": "completed"}}}


def execution(**wanted: Any) -> dict[str, Any]:
    return {"executions": {"o": {"state": "completed", **wanted}}}


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ({"executions": {"o": {"state": "hedged"}}},
         "o: state: expected hedged, found completed (no reason)"),
        (execution(reason="stale"), "o: reason: expected stale, found none"),
        (execution(through=["b_placing", "h_placing"]), "o: states: expected b_placing ... h_pla"),
        (execution(through=["b_placing", "b_quoting"]), "o: states: expected b_placing ... b_quo"),
        (execution(orders={"sx": 2}), "o: orders: expected {'sx': 2}, found {'azuro': 1, 'sx': 1}"),
        (execution(profit_at_least=5), "o: worst case: expected at least 5, found 3.93"),
        (execution(profit_at_most=1), "o: worst case: expected at most 1, found 3.93"),
        (execution(naked_at_least="2s"), "o: on one leg: expected at least 2s, found 1020ms"),
        (execution(naked_at_most="1s"), "o: on one leg: expected at most 1s, found 1020ms"),
        (execution(doubt_at_most="50ms"), "o: in doubt: expected at most 50ms, found 60ms"),
        (execution(count=2), "executions named o: expected 2, found 1"),
        ({"executions": {"p*": {"state": "completed"}}}, "executions named p*: expected 1, fou"),
        ({}, "o: expected no such execution, found it in completed"),
        ({**RIGHT, "incidents": [{"kind": "exposed", "execution": "o"}]},
         "incident exposed of o, open: expected, found none"),
        ({**RIGHT, "supervisor": "paused"}, "supervisor: expected paused, found running"),
        ({**RIGHT, "levels": ["running", "paused"]},
         "levels: expected running paused, found running"),
        ({**RIGHT, "venues": {"sx": "down"}}, "venue sx: expected down, found healthy"),
        ({**RIGHT, "venues": {"bx": "healthy"}}, "venue bx: expected healthy, found no such venue"),
        ({**RIGHT, "ended": True}, "the runtime has ended by itself: expected True, found False"),
        ({**RIGHT, "crashes": 1}, "crashes: expected 1, found 0"),
        ({**RIGHT, "dead_letters": 1}, "dead letters: expected 1, found 0"),
        ({**RIGHT, "dropped": 1}, "messages dropped: expected 1, found 0"),
        ({**RIGHT, "repeated": 1}, "messages seen before: expected 1, found 0"),
        ({**RIGHT, "waiting": 1}, "messages waiting: expected 1, found 0"),
    ],
)  # fmt: skip
def test_what_is_not_as_expected_is_told(usual: Played, expect: Any, text: str) -> None:
    found = compare(usual, expect)

    assert any(it.startswith(text) for it in found), found


def test_an_incident_that_was_not_expected_is_told(tmp_path: Path) -> None:
    refuse = {"answer": "refused"}
    venues = {"sx": {"orders": [{}, refuse]}, "azuro": {"default": refuse}}

    found = played(tmp_path, venues=venues).unmet

    assert "incident exposed of o, open: not expected" in found


def test_nothing_is_told_where_all_is_as_expected(usual: Played) -> None:
    expect = execution(
        reason="",
        through=["a_placing", "b_placing"],
        orders={"sx": 1, "azuro": 1},
        profit_at_least=3,
        profit_at_most=4,
        naked_at_least="1s",
        naked_at_most="1.1s",
        doubt_at_most="60ms",
    )

    assert compare(usual, expect) == []
    assert usual.passed
