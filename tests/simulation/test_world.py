"""The world outlives the runtime: a crash leaves the disk, the venues and the bus as they were."""

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.stage import START_MS, charts, make_stage, played, scenario
from xarb_runtime.simulation.death import MortalKillPoints, SimulatedCrash
from xarb_runtime.simulation.play import Played, play

POINTS = [
    f"{point}:{count}"
    for point, counts in {
        "before_commit": 6,
        "after_commit": 6,
        "before_wire:place": 2,
        "after_wire:place": 2,
    }.items()
    for count in range(1, counts + 1)
]
ENDED = {"completed", "hedged", "aborted", "unwound"}


def with_crash(folder: Path, kill: str, **parts: Any) -> Played:
    return played(folder, crashes=[{"kill": kill, "pause": "300ms"}], until="12s", **parts)


@pytest.mark.parametrize("kill", POINTS)
def test_a_crash_anywhere_loses_nothing_and_sends_nothing_twice(tmp_path: Path, kill: str) -> None:
    result = with_crash(tmp_path, kill)

    assert len(result.recording.crashes) == 1
    assert not result.recording.violations
    (end,) = result.ending.executions
    assert set(end.leaves) <= ENDED
    assert all(count == 1 for _, _, count in result.books[end.id].placed)


def test_a_message_that_was_not_acknowledged_is_delivered_again(tmp_path: Path) -> None:
    result = with_crash(tmp_path, "before_commit:1")

    (message,) = result.recording.messages
    assert message.times == 2
    assert message.acknowledged_ms == START_MS + 400


def test_a_message_that_was_committed_and_not_acknowledged_begins_nothing_twice(
    tmp_path: Path,
) -> None:
    result = with_crash(tmp_path, "after_commit:1")

    (message,) = result.recording.messages
    assert message.times == 2
    assert len(result.ending.executions) == 1


def test_what_was_committed_and_not_seen_is_found_in_the_journal(tmp_path: Path) -> None:
    result = with_crash(tmp_path, "after_commit:1")

    found = [it for it in result.recording.lines if it.fields.get("found") == "in the journal"]
    assert [it.message for it in found] == ["admission -> a_placing"]
    assert "x-o:1:0" in result.recording.commands


def test_the_dead_send_nothing() -> None:
    died: list[str] = []
    life = MortalKillPoints("before_wire:place:2", lambda: died.append("once"))
    life.reach("before_wire", "place")

    with pytest.raises(SimulatedCrash):
        life.reach("before_wire", "place")
    with pytest.raises(SimulatedCrash):
        life.reach("before_commit")
    with pytest.raises(SimulatedCrash):
        life.must_live()
    assert died == ["once"]


def test_nothing_catches_a_death_by_accident() -> None:
    assert not issubclass(SimulatedCrash, Exception)


def test_a_runtime_that_fails_is_a_violation_and_ends_the_scenario(tmp_path: Path) -> None:
    """Whatever the reason: here the store's file is gone."""
    stage = make_stage(tmp_path)
    stage.store.write_bytes(b"this is not a store")

    result = play(scenario(), stage, START_MS, tmp_path / "played")

    (violation,) = result.recording.violations
    assert violation.invariant == "the runtime lives"
    assert "StoreError" in violation.text
    assert not result.passed


def test_the_same_scenario_gives_the_same_recording(tmp_path: Path) -> None:
    first = with_crash(tmp_path / "1", "after_wire:place:1")
    second = with_crash(tmp_path / "2", "after_wire:place:1")

    assert first.recording == second.recording
    assert first.books == second.books


def test_a_clock_that_is_set_is_not_noticed_while_running(tmp_path: Path) -> None:
    result = played(tmp_path, clock=[{"at": "300ms", "forward": "1h"}])

    assert result.passed
    assert [mark.text for mark in result.recording.marks] == ["clock set by 3600000 ms"]


def test_a_venue_may_go_on_while_nobody_listens(tmp_path: Path) -> None:
    """The fill happens while the runtime is dead, and is found by looking it up."""
    result = with_crash(
        tmp_path,
        "after_wire:place:1",
        venues={"sx": {"orders": [{"reports": [{"after": "200ms"}]}], "replays_reports": False}},
    )

    assert not result.recording.violations
    assert "a_reconciling" in [s for it in result.recording.steps for s in it.visited]


def test_a_secret_that_is_written_down_is_found(tmp_path: Path) -> None:
    """Not the one of a venue's error, which is hidden, but one that stands in an opportunity."""
    error = {"answer": "error", "takes": False, "reason": "wss://desk:hunter2@sx: closed"}
    hidden = played(tmp_path / "1", secrets=["hunter2"], venues={"sx": {"orders": [error]}})
    seen = played(tmp_path / "2", secrets=["Lakers"])

    assert not hidden.recording.violations
    assert {it.invariant for it in seen.recording.violations} == {"no secret"}
    assert not any("Lakers" in it.text for it in seen.recording.violations)


def test_charts_are_shared(tmp_path: Path) -> None:
    assert make_stage(tmp_path).charts is charts()
