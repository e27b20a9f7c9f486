"""A running service and the commands that talk to it, each as a process or over its real API."""

import json
import signal
import stat
from pathlib import Path

from tests.cli.deployed import (
    BARE,
    EXPOSING,
    SILENT,
    WITHOUT_MARGIN,
    football,
    service,
    told,
    write_opportunities,
    xarb,
)


def test_a_day_of_a_service(tmp_path: Path) -> None:
    """One process for all that goes well: starting one takes longer than everything else here."""
    with service(tmp_path) as run:
        announced = "\n".join(run.announced)
        token = (tmp_path / "var" / "control.token").read_text().strip()
        at = ("-C", tmp_path)
        status = xarb("status", *at)
        paused = xarb("pause", *at, "-m", "lunch")
        resumed = xarb("resume", *at, "--json")
        submitted = xarb("submit", write_opportunities(tmp_path, "1", "2"), *at)
        piped = xarb("submit", "-", *at, stdin=json.dumps({**BARE, "id": "3"}))
        ends = [run.until(f"x-{number}") for number in (1, 2, 3)]
        listed = xarb("executions", *at)
        everything = xarb("executions", *at, "--all", "--json")
        shown = xarb("show", "x-1", *at)
        incidents = xarb("incidents", *at)
        letters = xarb("dead-letters", *at)
        broken = xarb("submit", "-", *at, "--as-is", stdin="{oops")
        letter = xarb("dead-letters", "show", 1, *at)
        replayed = xarb("dead-letters", "replay", 1, *at)
        unknown = xarb("show", "x-9", *at)
        fed = xarb("feed", "football-data", football(tmp_path, WITHOUT_MARGIN), *at)
        rejected = xarb("executions", *at, "--status", "final", "-n", 1)
        stopped = xarb("stop", *at, "--wait")
        code, out, error = run.end()

    assert "control  http://127.0.0.1:" in announced
    assert "venues   azuro (ghost), sx (ghost)" in announced
    assert "mode ghost" in announced
    assert stat.S_IMODE((tmp_path / "var" / "control.token").stat().st_mode) == 0o600
    assert (status.exit_code, "running" in told(status), "healthy" in told(status)) == (
        0,
        True,
        True,
    )
    assert "running -> paused. No new executions" in told(paused)
    assert json.loads(resumed.stdout)["level"] == "running"
    assert told(submitted) == "accepted 1 accepted 2"
    assert told(piped) == "accepted 3"
    assert ends == ["completed"] * 3
    assert "x-3" in told(listed)
    assert "supervisor" not in told(listed)
    assert {"x-1", "supervisor"} <= {row["id"] for row in json.loads(everything.stdout)}
    timeline = told(shown)
    assert "a_placing" in timeline
    assert "venue place 100.00 @ 2.1 or better at sx => order.report in" in timeline
    assert "leg_b" in timeline
    assert "(worst)" in timeline
    assert told(incidents) == "There are no open incidents."
    assert told(letters) == "There are no dead letters."
    assert "no event: xarb dead-letters" in told(broken)
    assert "{oops" in told(letter)
    assert "still cannot be read" in told(replayed)
    assert (unknown.exit_code, "no such execution" in told(unknown)) == (2, True)
    assert "Published 1 opportunities." in told(fed)
    assert "Ashford Utd - Bexley" in told(rejected)
    assert "m_net" in told(rejected)
    assert "-> stopping" in told(stopped) or "-> stopped" in told(stopped)
    assert (code, "Nothing is in flight." in out) == (0, True)
    everything_written = (
        announced
        + out
        + error
        + "".join(told(each) for each in (status, paused, resumed, shown, stopped))
    )
    assert token not in everything_written
    assert '"message":"checkpoint"' in error


def test_what_was_done_is_read_from_the_store_when_no_runtime_runs(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        xarb("submit", write_opportunities(tmp_path, "1"), "-C", tmp_path)
        run.until("x-1")
        run.kill(signal.SIGTERM)
        run.end()

    listed = xarb("executions", "-C", tmp_path)
    shown = xarb("show", "x-1", "-C", tmp_path, "--json")
    letters = xarb("dead-letters", "list", "-C", tmp_path)
    incidents = xarb("incidents", "--all", "-C", tmp_path)
    unknown = xarb("show", "x-9", "-C", tmp_path)
    paused = xarb("pause", "-C", tmp_path)

    assert "x-1" in told(listed)
    assert "No runtime is running; this is read from the store." in listed.stderr
    assert json.loads(shown.stdout)["execution"]["leaves"] == ["completed"]
    assert letters.stdout == "There are no dead letters.\n"
    assert incidents.stdout == "There are no incidents.\n"
    assert (unknown.exit_code, "xarb executions lists them" in told(unknown)) == (2, True)
    assert (paused.exit_code, "Start it: xarb run" in told(paused)) == (1, True)


def test_sigterm_is_a_safe_stop_and_says_what_stays_open(tmp_path: Path) -> None:
    sections = {"service": {"drain_deadline": "100ms"}}
    with service(tmp_path, SILENT, **sections) as run:
        xarb("submit", write_opportunities(tmp_path, "1"), "-C", tmp_path)
        run.until("x-1", "a_placing")
        run.kill(signal.SIGTERM)
        code, out, error = run.end()

    assert code == 3
    assert "SIGTERM: stopping safely" in error
    assert "In flight: 1" in out
    assert "x-1" in out
    assert "The next start continues with them." in out
    assert "Open on one side, or nobody knows: 1" in error


def test_a_second_signal_ends_it_at_once_and_says_what_remains(tmp_path: Path) -> None:
    with service(tmp_path, SILENT) as run:
        xarb("submit", write_opportunities(tmp_path, "1"), "-C", tmp_path)
        run.until("x-1", "a_placing")
        run.kill(signal.SIGINT)
        while '"stopping"' not in xarb("status", "-C", tmp_path, "--json").stdout:
            pass
        run.kill(signal.SIGTERM)
        code, out, _ = run.end()

    assert code == 1
    assert "nothing was drained" in out
    assert "In flight: 1" in out


def test_an_exposed_execution_is_tried_again_and_resolved(tmp_path: Path) -> None:
    at = ("-C", tmp_path)
    with service(tmp_path, EXPOSING) as run:
        xarb("submit", write_opportunities(tmp_path, "1"), *at)
        assert run.until("x-1", "exposed") == "exposed"
        status = xarb("status", *at)
        retried = xarb("retry", "x-1", *at, "-m", "again")
        assert run.until("x-1", "exposed") == "exposed"
        listed = xarb("incidents", *at)
        (incident,) = json.loads(xarb("incidents", *at, "--json").stdout)
        without = xarb("resolve", incident["id"], *at)
        resolved = xarb("resolve", incident["id"], *at, "-m", "hedged by hand")
        again = xarb("resolve", incident["id"], *at, "-m", "hedged by hand")
        shown = xarb("show", "x-1", *at)
        run.kill(signal.SIGTERM)
        code, _, _ = run.end()

    assert "x-1" in told(status)
    assert "Open on one side" in told(status)
    assert "exposed -> h_planning" in told(retried)
    assert "exposed" in told(listed)
    assert (without.exit_code, "--note" in told(without)) == (2, True)
    assert told(resolved) == "The incident is closed and the execution has ended: closed."
    assert (again.exit_code, "closed already" in told(again)) == (1, True)
    assert "hedged by hand" in told(shown)
    assert code == 0


def test_a_second_runtime_on_the_same_deployment_is_refused(tmp_path: Path) -> None:
    with service(tmp_path):
        second = xarb("run", "-C", tmp_path)
        check = xarb("check", "-C", tmp_path)

    assert (second.exit_code, check.exit_code) == (2, 2)
    assert "found it held by" in told(second)
    assert "Not started: 1 error" in told(second)


def test_a_wrong_token_is_refused_with_the_reason(tmp_path: Path) -> None:
    with service(tmp_path):
        path = tmp_path / "var" / "control.token"
        path.write_text("0" * 64)
        status = xarb("status", "-C", tmp_path)

    assert status.exit_code == 2
    assert "not the token of this installation" in told(status)


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        path = tmp_path / "var" / "control.token"
        path.chmod(0o644)
        status = xarb("status", "-C", tmp_path)
        run.kill(signal.SIGTERM)
        run.end()
    second = xarb("run", "-C", tmp_path)

    assert (status.exit_code, "found mode 0644" in told(status)) == (2, True)
    assert (second.exit_code, "found mode 0644" in told(second)) == (2, True)
