"""`xarb keys`: keys go in unseen and never come out."""

import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.deployed import told, xarb
from tests.ops.test_keystore import ADDRESS, KEY, PASSWORD
from xarb_runtime.ops.check import check_deployment
from xarb_runtime.ops.keystore import check_key_files
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

    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    secret = ["sx.json", "azuro.json", "keys/my-keystore.json", "UTC--2026-11-22T20-00-00Z--19e7"]
    secret += [".secrets.yaml", "var/sx.json", "keys/kalshi.pem"]
    shown = ["settings.yaml", "statecharts/flow.yaml", "plugins/mine/cases.json"]
    done = subprocess.run(
        ["git", "check-ignore", *secret, *shown],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.splitlines() == secret


def test_a_keystore_that_is_not_there_is_said_not_to_be_there(tmp_path: Path) -> None:
    result = xarb("keys", "show", tmp_path / "nothere.json")

    assert result.exit_code == 2
    assert "nothere.json: the keystore cannot be read." in told(result)
    assert "found No such file or directory" in told(result)
    assert "xarb keys new FILE" in told(result)


def test_keys_that_others_can_read_are_complained_about(tmp_path: Path) -> None:
    for name in ("open.json", "mine.json", "open.pem", "a.csv"):
        (tmp_path / name).write_text("{}")
        (tmp_path / name).chmod(0o600 if name == "mine.json" else 0o640)
    (tmp_path / "settings.yaml").write_text(
        """
        venues:
          a: {kind: ghost, keystore_file: open.json, wallet: {pem_file: open.pem}, csv_file: a.csv}
          b: {kind: ghost, keystore_file: mine.json}
          c: {kind: ghost, keystore_file: gone.json}
        """
    )
    settings = load_settings(tmp_path, {})

    found = {it.problem.where: it for it in check_key_files(tmp_path, settings)}

    assert set(found) == {"venues.a.keystore_file", "venues.a.wallet.pem_file"}
    keystore = found["venues.a.keystore_file"]
    assert keystore.severity == "warning"
    assert keystore.problem.found == "mode 0640"
    assert keystore.problem.do == f"Type: chmod 600 {tmp_path / 'open.json'}"
    told_of = [it.problem.where for it in check_deployment(tmp_path, {}).checks]
    assert set(found) <= set(told_of)
