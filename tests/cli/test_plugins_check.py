"""`xarb plugins check`: what it finds, what it writes, and how it ends."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.deployed import told, write_deployment, xarb
from xarb_runtime.ops.template import begin_plugin
from xarb_runtime.plugins.registry import Registry

KEY = "toll-key-without-worth"
REFUSED = 'return Refused(said["code"], said.get("reason", ""))'
#: Two cases: one about prices, one about refusals.
FEW = ("--only", "XV-040", "--only", "XV-060")

ELSEWHERE = """\
import msgspec
from xarb_runtime.testing.plain.bench import PlainBench

EXEMPT = {"XV-060": "elsewhere"}


class Elsewhere(PlainBench):
    spec = msgspec.structs.replace(PlainBench.spec, name="toll")
"""


@pytest.fixture
def toll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new plugin, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # a bench elsewhere is looked for here too
    return begin_plugin("toll", tmp_path, Registry()).folder


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def client_of(toll: Path) -> Path:
    return toll / "src" / "toll" / "client.py"


def bench_of(toll: Path) -> Path:
    return toll / "src" / "toll" / "bench.py"


@pytest.mark.parametrize(
    "place", ["xarb-toll", "xarb-toll/src/toll", "./xarb-toll/src/toll/__init__.py"]
)
def test_a_plugin_is_found_by_any_of_its_paths(toll: Path, place: str) -> None:
    result = xarb("plugins", "check", place, *FEW, "--json", "report.json")
    report = json.loads(Path("report.json").read_text())

    assert result.exit_code == 0, told(result)
    assert "toll 0.1.0 (file, " in told(result)
    assert "XV-060 bronze passed A refusal that proves something is Refused" in told(result)
    assert [each["verdict"] for each in report["outcomes"]] == ["passed", "passed"]
    assert (report["plugin"], report["version"]) == ("toll", "0.1.0")


def test_a_plugin_of_a_deployment_is_found_by_its_name_and_by_that_of_its_kind(toll: Path) -> None:
    desk = write_deployment(Path("desk"))
    (desk / "plugins").mkdir()
    (toll / "src" / "toll").rename(desk / "plugins" / "booth")

    by_name, by_kind = (
        xarb("plugins", "check", name, "-C", desk, *FEW) for name in ("booth", "toll")
    )

    assert (by_name.exit_code, by_kind.exit_code) == (0, 0)
    assert "booth 0.1.0 (folder, " in told(by_name)
    assert by_name.stdout == by_kind.stdout


def test_a_case_that_fails_says_what_was_expected_and_found(toll: Path) -> None:
    change(client_of(toll), REFUSED, 'return Unknown(said["code"])')

    result = xarb("plugins", "check", toll, *FEW, "--json", "report.json")
    (found,) = [
        each
        for each in json.loads(Path("report.json").read_text())["outcomes"]
        if each["id"] == "XV-060"
    ]

    assert result.exit_code == 1
    assert "expected Refused found Unknown(reason='CLOSED')" in told(result)
    assert "bronze needs XV-060" in told(result)
    assert (found["verdict"], found["expected"]) == ("failed", "Refused")


def test_a_part_of_the_cases_is_only_written_where_one_says(toll: Path) -> None:
    result = xarb("plugins", "check", toll, *FEW)

    assert "wrote" not in told(result)
    assert not Path("conformance.json").exists()


def test_a_key_of_the_bench_is_never_shown(toll: Path) -> None:
    change(client_of(toll), REFUSED, f'return Unknown("{KEY}")')

    result = xarb("plugins", "check", toll, *FEW, "--json", "report.json")

    assert "found Unknown(reason='***')" in told(result)
    assert KEY not in told(result) + Path("report.json").read_text()


def test_an_exemption_has_its_reason_in_the_table(toll: Path) -> None:
    change(client_of(toll), REFUSED, 'return Unknown(said["code"])')
    change(bench_of(toll), "EXEMPT: dict[str, str] = {}", 'EXEMPT = {"XV-060": "it never refuses"}')

    result = xarb("plugins", "check", toll, *FEW)

    assert result.exit_code == 0
    assert "XV-060 bronze exempt" in told(result)
    assert "it never refuses" in told(result)


@pytest.mark.parametrize(
    ("exempt", "expected"),
    [
        ('{"XV-999": "why not"}', "expected the number of a case, found XV-999"),
        ('{"XV-060": " "}', "XV-060: expected a reason, found an empty text"),
        ('{"XV-060": None}', "Expected `str`, got `null`"),
        ('["XV-060"]', "Expected `object`, got `array`"),
    ],
)
def test_an_exemption_that_is_none_is_bad_input(toll: Path, exempt: str, expected: str) -> None:
    change(bench_of(toll), "EXEMPT: dict[str, str] = {}", f"EXEMPT = {exempt}")

    result = xarb("plugins", "check", toll, *FEW)

    assert (result.exit_code, f"bench.py: EXEMPT: {expected}" in told(result)) == (2, True)
    assert "--debug" not in told(result)


def test_a_number_that_no_case_has_is_bad_input(toll: Path) -> None:
    result = xarb("plugins", "check", toll, "--only", "XV-99")

    assert result.exit_code == 2
    assert "--only XV-99: no case of the kit begins like this. expected one of XV-0" in told(result)


# -- Plugins that cannot be checked ----------------------------------------------------------------


def test_a_plugin_that_is_broken_is_bad_input(toll: Path) -> None:
    client_of(toll).write_text("import nothing_like_it\n")

    result = xarb("plugins", "check", toll)

    assert result.exit_code == 2
    assert "toll (file, " in told(result)
    assert "XP101 toll: expected to import" in told(result)
    assert not Path("conformance.json").exists()


def test_a_plugin_whose_name_is_taken_is_bad_input(toll: Path) -> None:
    change(client_of(toll), 'name="toll"', 'name="ghost"')

    result = xarb("plugins", "check", toll)

    assert (result.exit_code, "XP106 toll: expected one provider" in told(result)) == (2, True)


def test_a_plugin_that_the_settings_block_is_bad_input(toll: Path) -> None:
    desk = write_deployment(Path("desk"), plugins={"block": ["hedge_total"]})

    result = xarb("plugins", "check", "hedge_total", "-C", desk)

    assert (result.exit_code, "blocked" in told(result)) == (2, True)


def test_a_plugin_without_a_venue_has_nothing_to_play(toll: Path) -> None:
    result = xarb("plugins", "check", "hedge_total")

    assert result.exit_code == 0
    assert "It offers no venue: there is nothing more to check." in told(result)


def test_a_name_that_no_plugin_has_lists_those_that_there_are(toll: Path) -> None:
    result = xarb("plugins", "check", "hedge_totl")

    assert result.exit_code == 2
    assert "Did you mean 'hedge_total'?" in told(result)


@pytest.mark.parametrize("project", ["", '[project.entry-points."xarb.plugins"]\ntoll = "lost"\n'])
def test_a_folder_without_a_plugin_says_what_one_is(toll: Path, project: str) -> None:
    (toll / "pyproject.toml").write_text(project)

    result = xarb("plugins", "check", toll)

    assert result.exit_code == 2
    assert "there is no plugin here" in told(result)
    assert "xarb plugins new NAME begins one" in told(result)


# -- Benches ---------------------------------------------------------------------------------------


def test_without_a_bench_it_says_what_to_write(toll: Path) -> None:
    bench_of(toll).unlink()
    has_simulator = told(xarb("plugins", "check", toll))
    change(toll / "src" / "toll" / "__init__.py", "simulator=open_simulator", "simulator=None")
    begun_anew = (toll / "src" / "toll").rename(toll / "src" / "tolls")
    has_none = told(xarb("plugins", "check", begun_anew))

    assert "toll: there is no bench to check the venue on." in has_simulator
    assert "xarb_runtime.testing.bench.Bench, with running, destine, held and fill" in has_simulator
    assert "start the simulator that the plugin already has" in has_simulator
    assert "It starts a server that speaks the venue's protocol" in has_none


def test_a_plugin_of_one_file_is_told_to_be_a_folder(toll: Path) -> None:
    alone = Path("alone.py")
    alone.write_text(client_of(toll).read_text().replace('name="toll"', 'name="alone"'))

    result = xarb("plugins", "check", "alone.py")

    assert result.exit_code == 2
    assert "(with the plugin as alone/__init__.py)" in told(result)


def test_of_two_benches_one_has_to_be_named(toll: Path) -> None:
    key = "environ = {'TOLL_KEY': 'plain-key-without-worth'}"
    add_bench(toll, f"class Other(PlainBench):\n    spec = TollBench.spec\n    {key}\n")

    result = xarb("plugins", "check", toll)
    named = xarb("plugins", "check", toll, "--bench", "Other", *FEW)

    assert result.exit_code == 2
    assert "expected one class that inherits" in told(result)
    assert "found TollBench, Other. Name one with --bench CLASS" in told(result)
    assert named.exit_code == 0, told(named)


def test_a_bench_that_inherits_from_another_one_is_a_variant(toll: Path) -> None:
    add_bench(toll, "class Broken(TollBench):\n    unknown = TollBench.selection\n")

    meant = xarb("plugins", "check", toll, *FEW)
    variant = xarb("plugins", "check", toll, "--bench", "Broken", *FEW)

    assert (meant.exit_code, variant.exit_code) == (0, 1)


def add_bench(toll: Path, text: str) -> None:
    line = "from xarb_runtime.testing.plain.bench import PlainBench"
    bench_of(toll).write_text(f"{bench_of(toll).read_text()}\n\n{line}\n\n\n{text}")


def test_a_bench_elsewhere_is_named(toll: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere_bench.py").write_text(ELSEWHERE)

    result = xarb("plugins", "check", toll, "--bench", "elsewhere_bench:Elsewhere", *FEW)
    monkeypatch.delitem(sys.modules, "elsewhere_bench")

    assert result.exit_code == 0, told(result)
    assert "XV-060 bronze exempt" in told(result)


@pytest.mark.parametrize(
    ("bench", "expected"),
    [
        ("tests.bench", "tests.bench: this names no bench. expected CLASS or MODULE:CLASS"),
        ("Nothing", "Nothing: this is no bench"),
        ("not_there:Bench", "found ModuleNotFoundError: No module named 'not_there'"),
        ("json:dumps", "json:dumps: this is no bench"),
        ("json:Bench", "found nothing of this name"),
        (
            "xarb_runtime.testing.plain.bench:PlainBench",
            "the bench is that of another venue. expected a spec of toll, found plain",
        ),
    ],
)
def test_a_bench_that_is_none_is_bad_input(toll: Path, bench: str, expected: str) -> None:
    result = xarb("plugins", "check", toll, "--bench", bench)

    assert (result.exit_code, expected in told(result)) == (2, True), told(result)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "self._server.nowhere",
            ".bench:TollBench: the kit cannot be run on this bench. found",
        ),
        ("self._server.[", ".bench: the bench cannot be imported. found SyntaxError"),
    ],
)
def test_a_bench_that_breaks_is_bad_input(toll: Path, line: str, expected: str) -> None:
    change(bench_of(toll), "self._server.url", line)

    result = xarb("plugins", "check", toll, *FEW)

    assert result.exit_code == 2
    assert expected in told(result)
