"""Messages, feeds and rehearsals: what is wrong is told, and nothing is half done."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.deployed import BARE, WITHOUT_MARGIN, football, told, write_deployment, xarb
from xarb_runtime.ops.layout import lay_out

# -- Messages --------------------------------------------------------------------------------------


def test_messages_that_do_not_fit_are_all_named_before_anything_is_sent(tmp_path: Path) -> None:
    write_deployment(tmp_path)
    token = tmp_path / "var" / "control.token"
    token.parent.mkdir()
    token.write_text("ab" * 32)
    token.chmod(0o600)
    (tmp_path / "var" / "control.token.address").write_text('{"url":"http://127.0.0.1:9","pid":1}')
    lines = [
        json.dumps(BARE),
        json.dumps({**BARE, "stake": -1}),
        "{oops",
        '{"specversion": "1.0", "data": {}}',
    ]
    file = tmp_path / "messages.jsonl"
    file.write_text("\n".join(lines))

    result = xarb("submit", file, "-C", tmp_path)

    assert result.exit_code == 2
    assert "message 2: data.stake: expected an amount above 0" in told(result)
    assert "message 3: expected JSON" in told(result)
    assert "message 4: id: expected a text" in told(result)
    assert "Nothing was sent: 3 of 4" in told(result)


def test_submit_without_a_runtime_says_how_to_start_one(tmp_path: Path) -> None:
    write_deployment(tmp_path)

    result = xarb("submit", "-", "-C", tmp_path, stdin=json.dumps(BARE))

    assert (result.exit_code, "Start it: xarb run" in told(result)) == (1, True)


def test_executions_of_a_deployment_that_never_ran(tmp_path: Path) -> None:
    write_deployment(tmp_path)

    result = xarb("executions", "-C", tmp_path)

    assert result.exit_code == 1
    assert "expected a store, found no such file" in told(result)


def test_a_status_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    write_deployment(tmp_path)

    result = xarb("executions", "-C", tmp_path, "--status", "open")

    assert (result.exit_code, "running, final, quarantined" in told(result)) == (2, True)


# -- The feed --------------------------------------------------------------------------------------


def test_a_feed_runs_offline_and_adds_up(tmp_path: Path) -> None:
    lay_out(tmp_path / "d")
    good = {"Max>2.5": "2.20", "Max<2.5": "2.05", "MaxC>2.5": "2.20", "MaxC<2.5": "2.05"}
    file = football(
        tmp_path,
        {**good, "FTHG": "4"},
        {**good, "HomeTeam": "Corby", "FTHG": "0"},
        {**WITHOUT_MARGIN, "HomeTeam": "Derby"},
    )
    words = ("feed", "football-data", file, "-C", tmp_path / "d", "--offline", "--venues", "ideal")

    shown = xarb(*words)
    again = xarb(*words, "--json")
    found = json.loads(again.stdout)

    assert (found["opportunities"], found["executed"]) == (3, 2)
    assert found["ends"] == {"completed": 2, "rejected": 1}
    assert found["rejected"] == {"m_net": 1}
    assert float(found["worst"]) > 0
    assert found["realised"] is not None
    assert found["one_leg_ms"] > 0
    assert "2 completed" in told(shown) or "completed 2" in told(shown)
    assert "realised" in told(shown)


def test_a_feed_from_another_kind_of_file_is_bad_input(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")

    result = xarb("feed", "football-data", file, "--offline")

    assert result.exit_code == 2
    assert "expected the columns" in told(result)


@pytest.mark.parametrize("stake", ["0", "-1", "much", "NaN"])
def test_a_stake_is_an_amount_above_0(tmp_path: Path, stake: str) -> None:
    result = xarb("feed", "football-data", football(tmp_path, {}), "--stake", stake)

    assert (result.exit_code, "an amount above 0" in told(result)) == (2, True)


def test_closing_prices_are_written_for_ghost_venues(tmp_path: Path) -> None:
    prices = tmp_path / "var" / "prices.json"

    result = xarb("feed", "football-data", football(tmp_path, {}), "--prices", prices)

    assert result.exit_code == 0
    assert "1.75" in json.loads(prices.read_text()).values()


# -- Rehearsals ------------------------------------------------------------------------------------


def test_a_rehearsal_of_one_scenario_writes_no_evidence(tmp_path: Path) -> None:
    lay_out(tmp_path / "d")
    words = ("ghost", "-C", tmp_path / "d", "--only", "01_")

    shown = xarb(*words)
    found = json.loads(xarb(*words, "--json").stdout)

    assert shown.exit_code == 0
    assert "1 of 1 scenarios hold" in told(shown)
    assert (found["status"], found["files"]) == ("holds", [])
    assert not (tmp_path / "d" / "evidence").exists()


def test_a_scenario_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    lay_out(tmp_path / "d")

    result = xarb("ghost", "-C", tmp_path / "d", "--only", "no such thing")

    assert (result.exit_code, "expected scenarios" in told(result)) == (2, True)


def test_a_scenario_that_is_wrong_is_bad_input(tmp_path: Path) -> None:
    lay_out(tmp_path / "d")
    scenario = tmp_path / "d" / "statecharts" / "scenarios" / "01_clean_fill.yaml"
    scenario.write_text(scenario.read_text() + "\nnonsense: 1\n")

    result = xarb("ghost", "-C", tmp_path / "d", "--only", "01_")

    assert result.exit_code == 2
    assert "nonsense" in told(result)


def test_a_ghost_venue_whose_script_is_wrong_does_not_start(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("latencyy: 5ms\n")

    result = xarb("ghost-venue", "--book", tmp_path / "book", "--settings", script)

    assert result.exit_code == 2
    assert "Did you mean 'latency'?" in told(result)


def test_a_ghost_venue_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("latency: 0ms\nprices: {m1/over: 2.10}\n")
    words = ["ghost-venue", "--book", str(tmp_path / "book"), "--settings", str(script)]
    command = [sys.executable, "-m", "xarb_runtime.cli", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        query = "venue=sx&market=m1&outcome=over&wins=over"
        with urllib.request.urlopen(f"{url}/quote?{query}", timeout=60) as answer:
            quote = json.load(answer)
        process.kill()

    assert quote["odds"] == "2.10"
