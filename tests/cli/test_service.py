"""A running service and the commands that talk to it, each as a process or over its real API."""

import json
import signal
import sqlite3
import stat
from contextlib import closing
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

#: How long things take when nobody answers.
IMPATIENT = {"drain_deadline": "100ms", "call_deadline": "1500ms", "publish_deadline": "100ms"}


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
        pretty = xarb("submit", "-", *at, "--as-is", stdin=json.dumps([{}, {}], indent=2))
        letter = xarb("dead-letters", "show", 1, *at)
        replayed = xarb("dead-letters", "replay", 1, *at)
        unknown = xarb("show", "x-9", *at)
        fed = xarb("feed", "football-data", football(tmp_path, WITHOUT_MARGIN), *at)
        rejected = xarb("executions", *at, "--status", "final", "-n", 1)
        stopped = xarb("stop", *at, "--wait")
        code, out, error = run.end()
    over = [
        xarb(*words, *at)
        for words in (
            ("executions",),
            ("show", "x-1"),
            ("dead-letters", "list"),
            ("incidents", "--all"),
            ("show", "x-9"),
            ("pause",),
        )
    ]

    assert "control  http://127.0.0.1:" in announced
    assert "metrics  http://127.0.0.1:" in announced
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
    assert told(pretty).count("no event") == 2
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
    log = (tmp_path / "var" / "execution_service.log").read_text()
    assert '"message":"checkpoint"' in log
    assert token not in log
    assert all("this is read from the store" in each.stderr for each in over[:5])
    assert "x-3" in told(over[0])
    assert "final in completed" in told(over[1])
    assert over[2].stdout.splitlines()[1].startswith("     4")
    assert over[3].stdout == "There are no incidents.\n"
    assert (over[4].exit_code, "xarb executions lists them" in told(over[4])) == (2, True)
    assert (over[5].exit_code, "Start it: xarb run" in told(over[5])) == (1, True)


def test_sigterm_is_a_safe_stop_and_says_what_stays_open(tmp_path: Path) -> None:
    with service(tmp_path, SILENT, service=IMPATIENT) as run:
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
            assert run.process.poll() is None
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


def test_what_a_deployment_that_runs_refuses(tmp_path: Path) -> None:
    token = tmp_path / "var" / "control.token"
    with service(tmp_path) as run:
        second = xarb("run", "-C", tmp_path)
        token.chmod(0o644)
        open_to_all = xarb("status", "-C", tmp_path)
        token.chmod(0o600)
        token.write_text("0" * 64)
        wrong = xarb("status", "-C", tmp_path)
        run.kill(signal.SIGTERM)
        run.end()
    token.chmod(0o644)
    restarted = xarb("run", "-C", tmp_path)

    assert second.exit_code == 2
    assert "found it held by" in told(second)
    assert "Not started: 1 error" in told(second)
    assert (open_to_all.exit_code, "found mode 0644" in told(open_to_all)) == (2, True)
    assert wrong.exit_code == 2
    assert "not the token of this installation" in told(wrong)
    assert (restarted.exit_code, "found mode 0644" in told(restarted)) == (2, True)


def test_a_runtime_that_lost_its_store_stops_loudly(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        with closing(sqlite3.connect(tmp_path / "var" / "xarb.db")) as thief, thief:
            thief.execute("UPDATE lease SET epoch = epoch + 1")
        paused = xarb("pause", "-C", tmp_path)
        code, _, error = run.end()

    assert (paused.exit_code, "nothing was done" in told(paused)) == (1, True)
    assert code == 1
    assert "another runtime has taken over" in error
