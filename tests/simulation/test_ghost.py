"""`run_ghost`: plays, writes, and says how it went, without a word of its own."""

from pathlib import Path

import pytest
import structlog
import yaml

from tests.simulation.stage import ROOT, SCENARIOS
from xarb_runtime.simulation.campaign import run_scenarios
from xarb_runtime.simulation.evidence import MARKDOWN, PAGE
from xarb_runtime.simulation.ghost import GhostStatus, run_ghost
from xarb_runtime.simulation.overhear import overheard
from xarb_runtime.simulation.play import Played
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.scenario_file import ScenarioError


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, scenario: Scenario, number: int, count: int) -> None:
        self.told.append(f"{number}/{count} {scenario.name}")

    def finished(self, played: Played, number: int, count: int) -> None:
        self.told.append(f"{number}/{count} {'holds' if played.passed else 'fails'}")


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """A folder of two scenarios; the second expects what does not happen."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    usual = {
        "title": "a title",
        "story": "a story",
        "opportunities": [{"id": "o"}],
        "until": "3s",
        "expect": {"executions": {"o": {"state": "completed"}}},
    }
    (folder / "01_right.yaml").write_text(yaml.safe_dump(usual))
    usual["expect"] = {"executions": {"o": {"state": "hedged"}}}
    (folder / "02_wrong.yaml").write_text(yaml.safe_dump(usual))
    return folder


def test_a_scenario_that_does_not_hold_is_told_and_shown(scenarios: Path, tmp_path: Path) -> None:
    run = run_ghost(ROOT, tmp_path / "out", folder=scenarios)

    assert run.status == GhostStatus.FAILS == 1
    assert [it.scenario.name for it in run.report.failed] == ["02_wrong"]
    text = (tmp_path / "out" / MARKDOWN).read_text()
    assert text.startswith("# Ghost report: 1 of 2 scenarios hold")
    assert "* o: state: expected hedged, found completed" in text
    assert "expected hedged, found completed" in (tmp_path / "out" / PAGE).read_text()


def test_a_run_of_some_writes_no_evidence(scenarios: Path, tmp_path: Path) -> None:
    run = run_ghost(ROOT, tmp_path / "out", folder=scenarios, only="right")

    assert run.status == GhostStatus.HOLDS == 0
    assert run.files == ()
    assert not (tmp_path / "out").exists()


def test_nothing_is_printed(
    scenarios: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_ghost(ROOT, tmp_path / "out", folder=scenarios)

    assert capfd.readouterr() == ("", "")


def test_whoever_watches_is_told_about_each_scenario(scenarios: Path) -> None:
    watching = Watching()

    run_ghost(ROOT, None, watching, folder=scenarios)

    assert watching.told == ["1/2 01_right", "1/2 holds", "2/2 02_wrong", "2/2 fails"]


def test_a_wrong_scenario_stops_everything_before_it_begins(scenarios: Path) -> None:
    (scenarios / "03_broken.yaml").write_text("title: [")
    watching = Watching()

    with pytest.raises(ScenarioError, match=r"03_broken\.yaml"):
        run_ghost(ROOT, None, watching, folder=scenarios)

    assert watching.told == []


def test_a_deployment_without_scenarios_plays_those_that_ship(tmp_path: Path) -> None:
    charts = tmp_path / "statecharts"
    charts.mkdir()
    for chart in SCENARIOS.parent.glob("*.yaml"):
        (charts / chart.name).write_text(chart.read_text())

    run = run_ghost(tmp_path, None, only="01_")

    assert [it.scenario.name for it in run.report.played] == ["01_clean_fill"]


def test_a_scenario_begins_at_the_same_hour_whether_alone_or_not(scenarios: Path) -> None:
    both = run_scenarios(ROOT, Watching(), folder=scenarios).played
    (alone,) = run_scenarios(ROOT, Watching(), folder=scenarios, only="wrong").played

    assert alone.recording == both[1].recording


def test_logs_go_back_to_where_they_went_before() -> None:
    before = list(structlog.get_config()["processors"])
    heard: list[tuple[str, str, dict[str, object]]] = []

    with overheard(lambda *line: heard.append(line)):
        structlog.get_logger("xarb.test").warning("something", number=1)

    assert heard == [("warning", "something", {"number": 1})]
    assert structlog.get_config()["processors"] == before
