"""Every scenario of the project holds, and together they walk through the whole flow."""

import pytest

from tests.simulation.conftest import Playing
from tests.simulation.stage import SCENARIOS
from xarb_runtime.simulation.campaign import Report

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_scenario_holds(playing: Playing, name: str) -> None:
    played = playing(name)

    assert not played.unmet
    assert not played.recording.violations


def test_the_scenarios_are_numbered() -> None:
    assert [name.partition("_")[0] for name in NAMES] == [f"{n:02}" for n in range(1, 32)]


def test_every_scenario_says_what_happens_and_why_it_matters(report: Report) -> None:
    short = [
        it.scenario.name
        for it in report.played
        if not it.scenario.title or len(it.scenario.story.split()) < 20
    ]

    assert not short


def test_every_state_of_the_flow_is_entered(report: Report) -> None:
    assert not report.coverage[0].states_missing


def test_the_flow_is_walked_through(report: Report) -> None:
    """All of it today; whoever adds a transition has some room to add its scenario later."""
    flow = report.coverage[0]

    assert flow.chart == "cross_venue"
    assert flow.transition_share >= 0.95, [str(it) for it in flow.transitions_missing]
    assert flow.outcome_share >= 0.95, flow.outcomes_missing


def test_every_level_of_the_supervisor_is_entered(report: Report) -> None:
    assert not report.coverage[1].states_missing


def test_venues_health_is_walked_through_completely(report: Report) -> None:
    assert not report.coverage[2].states_missing
    assert not report.coverage[2].transitions_missing


def test_no_event_comes_unexpected_and_no_step_fails(report: Report) -> None:
    found = [
        (it.scenario.name, fact.execution, fact.signal, fact.before)
        for it in report.played
        for fact in it.recording.steps
        if fact.outcome.value in {"unexpected", "failed"}
    ]

    assert not found
