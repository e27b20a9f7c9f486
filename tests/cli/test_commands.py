"""Commands that need no running service: what they write, and how they end."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.deployed import BARE, WITHOUT_MARGIN, football, told, write_deployment, xarb
from xarb_runtime.bundle import bundled
from xarb_runtime.cli.main import app
from xarb_runtime.ops.layout import lay_out

BAD = Path(__file__).parents[1] / "charts_bad"


def test_help_imports_no_engine() -> None:
    """A command imports what it needs when it runs; so `xarb --help` is quick."""
    heavy = "aiohttp, sqlalchemy, statemachine, structlog, msgspec"
    program = (
        f"import sys; from xarb_runtime.cli.main import app; "
        f"print([name for name in '{heavy}'.split(', ') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"


def test_every_command_explains_itself() -> None:
    for command in app.registered_commands:
        result = xarb(command.name, "--help")

        assert result.exit_code == 0
        assert "Usage" in result.stdout


def test_version() -> None:
    assert told(xarb("version")).startswith("xarb ")


@pytest.mark.parametrize("words", [["nonsense"], ["show"], ["run", "--nonsense"], ["submit"]])
def test_a_command_that_is_written_wrong_is_bad_input(words: list[str]) -> None:
    assert xarb(*words).exit_code == 2


@pytest.mark.parametrize("command", ["run", "check", "status", "executions", "pause", "incidents"])
def test_a_folder_that_is_no_deployment_says_how_to_make_one(tmp_path: Path, command: str) -> None:
    result = xarb(command, "-C", tmp_path)

    assert result.exit_code == 2
    assert "this is no deployment" in told(result)
    assert "xarb init DIR" in told(result)


# -- init and check --------------------------------------------------------------------------------


def test_init_lays_out_what_check_has_nothing_against(tmp_path: Path) -> None:
    folder = tmp_path / "my desk"
    made = xarb("init", folder)
    checked = xarb("check", "-C", folder)
    as_json = xarb("check", "-C", folder, "--json")

    assert made.exit_code == 0
    assert f"xarb run --folder '{folder}'" in told(made)
    assert {path.name for path in folder.iterdir()} >= {
        "settings.yaml",
        "statecharts",
        "plugins",
        ".gitignore",
    }
    scenarios = bundled("statecharts") / "scenarios"
    assert len(list((folder / "statecharts" / "scenarios").glob("*.yaml"))) == len(
        list(scenarios.glob("*.yaml"))
    )
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "Nothing stops a start.")
    assert {each["severity"] for each in json.loads(as_json.stdout)} == {"ok"}
    assert not (folder / "var").exists()


def test_init_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    result = xarb("init", tmp_path)

    assert result.exit_code == 2
    assert "this folder is not empty" in told(result)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_init_with_force_adds_and_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("mode: ghost\n")

    result = xarb("init", tmp_path, "--force")

    assert "kept settings.yaml" in told(result)
    assert (tmp_path / "settings.yaml").read_text() == "mode: ghost\n"
    assert (tmp_path / "statecharts" / "cross_venue.yaml").is_file()


def test_init_over_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert xarb("init", tmp_path / "file").exit_code == 2


def test_check_lists_everything_that_is_wrong_in_one_go(tmp_path: Path) -> None:
    token = tmp_path / "var" / "control.token"
    token.parent.mkdir(parents=True)
    token.write_text("ab" * 32)
    token.chmod(0o644)
    write_deployment(
        tmp_path,
        {"sx": {"kind": "ghost", "latencyy": "5ms"}, "azuro": {"kind": "ghostly"}},
        charts={"folder": "none"},
        bus={"url": "amqp://guest:hunter2@127.0.0.1/"},
        plugins={"required": []},
        logging={"file": "settings.yaml/log"},
    )

    result = xarb("check", "-C", tmp_path)
    text = told(result)

    assert result.exit_code == 2
    for expected in (
        "latency",
        "'ghostly'. Did you mean 'ghost'?",
        "cross_venue.yaml: cannot be read",
        "No plugin offers the bus 'amqp'",
        "found mode 0644",
        "logging.file",
        "a start would be refused",
    ):
        assert expected in text
    assert "hunter2" not in text
    assert "abab" not in text


def test_check_names_a_setting_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("limits:\n  ttl_leg_a: 800\n  max_stak: 5\n")

    result = xarb("check", "-C", tmp_path)

    assert result.exit_code == 2
    assert "settings.yaml:2" in told(result)
    assert "a duration such as 800ms" in told(result)
    assert "max_stak" in told(result)


def test_check_shows_what_lint_has_against_a_chart(tmp_path: Path) -> None:
    lay_out(tmp_path / "d")
    chart = tmp_path / "d" / "statecharts" / "cross_venue.yaml"
    chart.write_text(chart.read_text().replace("target: b_quoting", "target: b_quotng"))

    result = xarb("check", "-C", tmp_path / "d")

    assert result.exit_code == 2
    assert "b_quotng" in told(result)
    assert "cross_venue.yaml:" in told(result)


def test_run_starts_nothing_when_check_finds_an_error(tmp_path: Path) -> None:
    write_deployment(tmp_path, {"sx": {"kind": "ghost_ship"}})

    result = xarb("run", "-C", tmp_path)

    assert result.exit_code == 2
    assert "No plugin offers the kind of venue 'ghost_ship'" in told(result)
    assert "Not started" in told(result)
    assert not (tmp_path / "var").exists()


# -- Charts and plugins ----------------------------------------------------------------------------


def test_lint_has_nothing_against_the_charts_that_ship() -> None:
    charts = sorted(bundled("statecharts").glob("*.yaml"))

    result = xarb("lint", *charts)

    assert result.exit_code == 0, result.stdout


def test_lint_finds_what_is_wrong_and_says_so_in_three_ways() -> None:
    (bad, *_) = sorted(BAD.glob("XS1*.yaml"))

    text, found, sarif = (xarb("lint", bad, "--format", how) for how in ("text", "json", "sarif"))

    assert (text.exit_code, found.exit_code, sarif.exit_code) == (2, 2, 2)
    code = bad.name[:5]
    assert code in text.stdout
    assert code in {each["code"] for each in json.loads(found.stdout)["findings"]}
    assert json.loads(sarif.stdout)["runs"][0]["results"]


def test_lint_of_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    result = xarb("lint", tmp_path / "none.yaml")

    assert result.exit_code == 2
    assert "No such file" in told(result)


def test_graph_draws_svg_and_mermaid(tmp_path: Path) -> None:
    chart = bundled("statecharts") / "supervisor.yaml"
    written = xarb("graph", chart, "-o", tmp_path / "pictures" / "supervisor.svg")
    mermaid = xarb("graph", chart, "--format", "mermaid")

    assert written.exit_code == 0
    assert (tmp_path / "pictures" / "supervisor.svg").read_text().startswith("<svg")
    assert mermaid.stdout.startswith("stateDiagram-v2")


def test_plugins_lists_what_is_broken_and_ends_with_2(tmp_path: Path) -> None:
    write_deployment(tmp_path)
    plugin = tmp_path / "plugins" / "broken.py"
    plugin.parent.mkdir()
    plugin.write_text("import nothing_like_it\n")

    good = xarb("plugins")
    bad = xarb("plugins", "-C", tmp_path)
    listed = xarb("plugins", "-C", tmp_path, "--json")

    assert (good.exit_code, "venue:ghost" in told(good)) == (0, True)
    assert bad.exit_code == 2
    assert "XP101" in told(bad)
    assert {each["name"]: each["status"] for each in json.loads(listed.stdout)}[
        "broken"
    ] == "broken"


@pytest.mark.parametrize("what", ["chart", "message"])
def test_schemas_are_json_schemas(what: str) -> None:
    assert "$defs" in json.loads(xarb("schema", what).stdout)


def test_the_reference_of_settings_has_every_key() -> None:
    text = told(xarb("schema", "settings"))

    assert "limits.ttl_leg_a = 800ms" in text
    assert "control.token_file" in text


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
    command = [sys.executable, "-m", "xarb_runtime", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        query = "venue=sx&market=m1&outcome=over&wins=over"
        with urllib.request.urlopen(f"{url}/quote?{query}", timeout=5) as answer:
            quote = json.load(answer)
        process.kill()

    assert quote["odds"] == "2.10"
