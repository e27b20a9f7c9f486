"""`xarb keys`: keys go in unseen and never come out."""

import stat
from pathlib import Path

import pytest

from tests.cli.deployed import told, xarb
from tests.ops.test_keystore import ADDRESS, KEY, PASSWORD
from xarb_runtime.ops.layout import lay_out
from xarb_runtime.service.settings import load_settings


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XARB_KEYSTORE_PASSWORD", raising=False)


def test_a_key_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sx.json"
    monkeypatch.setenv("SX_KEY", f"0x{KEY}")
    monkeypatch.setenv("XARB_KEYSTORE_PASSWORD", PASSWORD)

    made = xarb("keys", "import", file, "--env", "SX_KEY")
    shown = xarb("keys", "show", file)
    again = xarb("keys", "import", file, "--env", "SX_KEY")

    assert (made.exit_code, shown.exit_code, again.exit_code) == (0, 0, 2)
    assert made.stdout == shown.stdout == f"{ADDRESS}\n"
    assert "a keystore is never overwritten" in told(again)
    assert not any(KEY in told(it) or PASSWORD in told(it) for it in (made, shown, again))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    file.chmod(0o644)
    assert "Others can read this file. Type: chmod 600" in told(xarb("keys", "show", file))


def test_what_is_typed_is_not_shown(tmp_path: Path) -> None:
    made = xarb("keys", "import", tmp_path / "sx.json", stdin=f"{KEY}\n{PASSWORD}\n{PASSWORD}\n")

    assert made.exit_code == 0
    assert ADDRESS in made.stdout
    assert KEY not in told(made)
    assert PASSWORD not in told(made)


def test_a_password_is_typed_twice(tmp_path: Path) -> None:
    made = xarb("keys", "new", tmp_path / "sx.json", stdin=f"{PASSWORD}\nanother one\n")

    assert made.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_a_new_key_is_another_one_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XARB_KEYSTORE_PASSWORD", PASSWORD)

    first, second = (xarb("keys", "new", tmp_path / f"{name}.json") for name in "ab")

    assert first.stdout != second.stdout
    assert first.stdout.startswith("0x")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--env", "NOT_THERE"), "expected the variable NOT_THERE, found none"),
        (("--env", "HALF_A_KEY"), "variable HALF_A_KEY: this is no private key"),
    ],
)
def test_what_cannot_be_imported_is_said_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], text: str
) -> None:
    monkeypatch.setenv("HALF_A_KEY", KEY[:32])
    monkeypatch.setenv("XARB_KEYSTORE_PASSWORD", PASSWORD)

    made = xarb("keys", "import", tmp_path / "sx.json", *words)

    assert made.exit_code == 2
    assert text in told(made)
    assert KEY[:32] not in told(made)
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_no_argument(tmp_path: Path) -> None:
    assert xarb("keys", "import", tmp_path / "sx.json", KEY).exit_code == 2


def test_variables_that_hold_keys_are_no_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(
        "venues: {sx: {kind: ghost, wallet: {password_env: XARB_SX_PASSWORD}}}"
    )
    environ = {"XARB_KEYSTORE_PASSWORD": "a", "XARB_SX_PASSWORD": "b", "XARB_MODE": "live"}

    assert load_settings(tmp_path, environ).mode == "live"


def test_a_deployment_keeps_its_keystores_to_itself(tmp_path: Path) -> None:
    lay_out(tmp_path)

    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert {"/var/", "*keystore*.json"} <= set(ignored)
