"""`xarb plugins new`: which names a plugin may have, and that it works from the first minute."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.cli.deployed import told, xarb
from tests.house.source import ROOT
from tests.ops.running import clean_environment

#: Building xarb and installing two packages takes a while on a busy machine.
PATIENCE = 300


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My-Venue", "small letters, digits and single underscores"),
        ("1venue", "small letters"),
        ("my__venue", "small letters"),
        ("venue_", "small letters"),
        ("class", "no word of Python"),
        ("json", "found a module of Python itself"),
        ("pytest", "found an installed package"),
        ("xarb_runtime", "found an installed package"),
        ("hedge_unwind", "found the plugin hedge_unwind"),
        ("ghost_town", "mode ghost lets them in, and nothing else. expected another name."),
    ],
)
def test_a_name_that_cannot_be_used_says_why(tmp_path: Path, name: str, expected: str) -> None:
    result = xarb("plugins", "new", name, "--into", tmp_path)

    assert result.exit_code == 2
    assert expected in told(result)
    assert list(tmp_path.iterdir()) == []


def test_a_kind_of_venue_that_there_is_is_taken(tmp_path: Path) -> None:
    result = xarb("plugins", "new", "ghost_remote", "--ghost", "--into", tmp_path)

    assert (result.exit_code, "found the plugin ghost (" in told(result)) == (2, True)


def test_a_ghost_is_begun_when_it_is_meant(tmp_path: Path) -> None:
    result = xarb("plugins", "new", "ghost_town", "--ghost", "--into", tmp_path)

    assert result.exit_code == 0
    assert (tmp_path / "xarb-ghost-town" / "src" / "ghost_town" / "__init__.py").is_file()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "xarb-toll").mkdir()

    result = xarb("plugins", "new", "toll", "--into", tmp_path)

    assert (result.exit_code, "xarb-toll: this is there already" in told(result)) == (2, True)
    assert list((tmp_path / "xarb-toll").iterdir()) == []


def test_nothing_of_the_template_is_left_unnamed(tmp_path: Path) -> None:
    result = xarb("plugins", "new", "tool_shed", "--into", tmp_path)
    folder = tmp_path / "xarb-tool-shed"
    files = {path for path in folder.rglob("*") if path.is_file()}
    texts = {path.relative_to(folder).as_posix(): path.read_text() for path in files}

    assert result.exit_code == 0
    assert {"tests/test_conformance.py", ".github/workflows/test.yml", ".gitignore"} <= set(texts)
    assert all(f"made  {path}" in result.stdout for path in files)
    for name, text in texts.items():
        assert not {"@name", "@NAME", "@Title", "@distribution", "@xarb"} & set(text.split()), name
        assert "lain" not in text.replace("plainest", ""), name
        if name.endswith(".py"):
            compile(text, name, "exec")


# -- As its author has it ------------------------------------------------------------------------


class Place:
    """An environment of its own, with xarb from a wheel and what tests need from ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
        site = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
        ours = sysconfig.get_paths()["purelib"]
        (site / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")

    def run(self, command: list[str]) -> str:
        """Run a command in the folder; return what it wrote."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env={**clean_environment(), "COLUMNS": "200"},
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, *words: object) -> str:
        """Run the environment's Python."""
        return self.run([str(self.folder / "venv" / "bin" / "python"), *map(str, words)])

    def xarb(self, *words: object) -> str:
        """Run its xarb."""
        return self.python("-P", "-m", "xarb_runtime.cli", *words)

    def install(self, what: Path) -> None:
        """Install a checkout, without what it needs: that is there."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder / "venv"), "install"]
        quiet = ["-qq", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
        self.run([*pip, *quiet, str(what)])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("author"))
    made.install(ROOT)
    made.xarb("plugins", "new", "toll")
    made.install(made.folder / "xarb-toll")
    return made


@pytest.mark.timeout(2 * PATIENCE)
def test_the_plugin_is_found_once_it_is_installed(place: Place) -> None:
    listed = place.xarb("plugins")
    (line,) = [each for each in listed.splitlines() if each.startswith("toll ")]

    assert "xarb_runtime" in place.python(
        "-P", "-c", "import xarb_runtime; print(xarb_runtime.__file__)"
    )
    assert line.split()[:6] == ["toll", "active", "entry", "point", "0.1.0", "venue:toll"]


@pytest.mark.timeout(2 * PATIENCE)
def test_its_own_tests_pass(place: Place) -> None:
    last = place.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "xarb-toll").splitlines()[
        -1
    ]

    assert " passed" in last
    assert "failed" not in last


@pytest.mark.timeout(2 * PATIENCE)
def test_it_can_be_trusted_with_money_from_the_first_minute(place: Place) -> None:
    checked = place.xarb("plugins", "check", "toll")

    assert "toll 0.1.0, kit " in checked
    assert ": gold (" in checked
    assert (place.folder / "conformance.json").is_file()
