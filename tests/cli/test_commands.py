"""Commands that need no running service: what they write, and how they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.deployed import told, write_deployment, xarb
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
        bus={"url": "nats://guest:hunter2@127.0.0.1/"},
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
        "No plugin offers the bus 'nats'",
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


def test_nothing_that_is_secret_is_shown(tmp_path: Path) -> None:
    write_deployment(tmp_path)
    secrets = tmp_path / ".secrets.yaml"
    secrets.write_text(
        "venues:\n  sx:\n    latency: hunter-one\n"
        "bus:\n  url: amqp://user:hunter-two@host/\n"
        "store:\n  url: sqlite:///hunter-three/x.db?mode=1\n"
        "control:\n  token_file: hunter-four\n"
    )
    secrets.chmod(0o600)
    shown = [
        xarb(*words, "-C", tmp_path)
        for words in (
            ("check",),
            ("check", "--json"),
            ("run",),
            ("status",),
            ("executions",),
            ("plugins",),
            ("--debug", "incidents"),
        )
    ]

    assert "latency: expected a duration" in told(shown[0])
    assert all("hunter" not in told(result) for result in shown)


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
