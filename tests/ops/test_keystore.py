"""Keystores: only their owner reads them, and only with the password."""

import json
import stat
from pathlib import Path

import pytest

from xarb_runtime.ops.keystore import (
    address_of,
    is_open_to_others,
    key_from,
    make_key,
    write_keystore,
)
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.plugins.keys import KeyPlace, read_key

#: The first account of every development chain, and its address.
KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PASSWORD = "correct horse battery"


def test_what_is_written_is_what_a_venue_reads(tmp_path: Path) -> None:
    file = tmp_path / "var" / "sx.json"
    secrets: list[str] = []

    address = write_keystore(file, bytes.fromhex(KEY), PASSWORD)
    place = KeyPlace(keystore_file=str(file))
    read = read_key(place, {"XARB_KEYSTORE_PASSWORD": PASSWORD}, secrets.append)

    assert address == address_of(file) == ADDRESS
    assert read.secret.hex() == KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not is_open_to_others(file)
    written = json.loads(file.read_text())
    assert (written["version"], written["crypto"]["kdf"]) == (3, "scrypt")
    assert KEY not in file.read_text()
    assert PASSWORD not in file.read_text()


def test_a_keystore_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "sx.json"
    file.write_text("mine")

    with pytest.raises(ProblemError, match="a keystore is never overwritten"):
        write_keystore(file, bytes.fromhex(KEY), PASSWORD)

    assert file.read_text() == "mine"


def test_a_short_password_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="expected at least 8 characters, found 7"):
        write_keystore(tmp_path / "sx.json", bytes.fromhex(KEY), "seven77")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["", KEY[:-1], f"{KEY}00", f"g{KEY[1:]}", "0" * 64, "f" * 64, KEY.replace("a", " ", 1)],
)
def test_what_is_no_private_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        key_from(text, "variable SX")

    assert str(refused.value) == (
        "variable SX: this is no private key. expected 64 hexadecimal digits, found something else."
    )


@pytest.mark.parametrize("text", [KEY, f"0x{KEY}", f" {KEY.upper()}\n"])
def test_a_private_key_may_be_written_in_three_ways(text: str) -> None:
    assert key_from(text, "").hex() == KEY


def test_two_new_keys_are_two_keys() -> None:
    first, second = make_key(), make_key()

    assert first != second
    assert key_from(first.hex(), "") == first


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "00"}', "\x00\xff"])
def test_what_is_no_keystore_has_no_address(tmp_path: Path, text: str) -> None:
    file = tmp_path / "sx.json"
    file.write_text(text)

    with pytest.raises(ProblemError, match="this is no keystore"):
        address_of(file)
