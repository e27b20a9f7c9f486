"""A service in mode shadow says so wherever one looks, and its store is for no other mode."""

import json
from pathlib import Path

from tests.cli.deployed import BOTH, football, service, told, write_opportunities, xarb
from tests.ops.running import write_deployment


def test_a_shadow_says_what_it_is_and_keeps_its_store(tmp_path: Path) -> None:
    with service(tmp_path, mode="shadow") as run:
        at = ("-C", tmp_path)
        announced = "\n".join(run.announced)
        status = xarb("status", *at)
        as_json = json.loads(xarb("status", *at, "--json").stdout)
        submitted = xarb("submit", write_opportunities(tmp_path, "1"), *at)
        state = run.until("x-1")
        xarb("stop", *at, "--wait")
        code, _, error = run.end()

    assert "runs in mode shadow" in announced
    assert "SHADOW: orders are simulated against live prices. None leaves the house." in announced
    assert "SHADOW: orders are simulated against live prices." in told(status)
    assert as_json["mode"] == "shadow"
    assert submitted.exit_code == 0
    assert state == "completed"
    assert code == 0
    assert "shadow_mode" in error
    lines = (tmp_path / "var" / "execution_service.log").read_text().splitlines()
    orders = [it["fields"] for it in map(json.loads, lines) if it["message"] == "shadow_order"]
    assert [it["status"] for it in orders] == ["filled", "filled"]

    write_deployment(tmp_path, BOTH, mode="ghost")
    checked, started = xarb("check", *at), xarb("run", *at)
    for refused in (checked, started):
        assert refused.exit_code == 2
        assert "expected a store of mode ghost, found one of mode shadow" in told(refused)


def test_a_check_tells_when_nothing_can_fill_and_stops_nothing(tmp_path: Path) -> None:
    venues = {name: section | {"shadow_delay": "1h"} for name, section in BOTH.items()}
    write_deployment(tmp_path, venues, mode="shadow")

    checked = xarb("check", "-C", tmp_path)

    assert checked.exit_code == 0
    assert "warning settings limits.ttl_leg_a: XC301 expected more than" in told(checked)
    assert "Nothing stops a start, 5 warnings." in told(checked)


def test_a_ghost_is_no_shadow(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        status = xarb("status", "-C", tmp_path)
        xarb("stop", "-C", tmp_path, "--wait")
        _, _, error = run.end()

    assert "SHADOW" not in "\n".join(run.announced) + told(status) + error


def test_a_rehearsal_in_virtual_time_is_the_same_in_every_mode(tmp_path: Path) -> None:
    """Its venues are ghosts that fail as real ones do; a shadow would smooth that over."""
    reports = []
    for mode in ("ghost", "shadow"):
        folder = write_deployment(tmp_path / mode, mode=mode)
        file = football(folder, *[{}] * 12)
        fed = xarb("feed", "football-data", file, "--offline", "--json", "-C", folder)
        assert fed.exit_code == 0, told(fed)
        reports.append(json.loads(fed.stdout))

    assert reports[0] == reports[1]
    assert reports[0]["executed"] > 0
