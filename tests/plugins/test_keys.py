"""
A key comes from a keystore or the environment, and never shows itself.
"""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account

from xarb_runtime.plugins.keys import KeyPlace, KeyProblemError, PrivateKey, read_key

KEY = "11" * 32
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "sx.json"
    file.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=10)))
    return file


def read(place: KeyPlace, **environ: str) -> tuple[PrivateKey, list[str]]:
    hidden: list[str] = []
    return read_key(place, environ, hidden.append), hidden


@pytest.mark.parametrize("text", [KEY, f"0x{KEY}", f"  0x{KEY}\n"])
def test_a_key_is_read_from_the_environment(text: str) -> None:
    key, hidden = read(KeyPlace(key_env="SX_KEY"), SX_KEY=text)

    assert key.secret.hex() == KEY
    assert KEY in hidden
    assert text in hidden


def test_what_reads_keystores_leaves_the_stack_alone(keystore: Path) -> None:
    """The package behind it allows 100,000 calls; a message of brackets would then be the end."""
    script = (
        "import sys\n"
        "from xarb_runtime.plugins.keys import KeyPlace, read_key\n"
        "before = sys.getrecursionlimit()\n"
        "read_key(KeyPlace(keystore_file=sys.argv[1], password_env='P'), {'P': sys.argv[2]}, str)\n"
        "assert 'eth_keyfile' in sys.modules\n"
        "assert sys.getrecursionlimit() == before\n"
    )
    subprocess.run([sys.executable, "-c", script, str(keystore), PASSWORD], check=True)


def test_a_key_is_read_from_a_keystore(keystore: Path) -> None:
    place = KeyPlace(keystore_file=str(keystore), password_env="PASS")

    key, hidden = read(place, PASS=PASSWORD)

    assert key.secret.hex() == KEY
    assert {KEY, PASSWORD} <= set(hidden)


def test_a_key_does_not_show_itself() -> None:
    key, _ = read(KeyPlace(key_env="SX_KEY"), SX_KEY=KEY)

    assert KEY not in repr(key)
    assert KEY not in f"{key}"
    with pytest.raises(TypeError, match="not to be copied"):
        pickle.dumps(key)


def wrong(keystore: Path) -> dict[str, tuple[KeyPlace, dict[str, str]]]:
    here = str(keystore)
    return {
        "expected one of keystore_file and key_env, found neither": (KeyPlace(), {}),
        "expected one of keystore_file and key_env, found both": (
            KeyPlace(keystore_file=here, key_env="A"),
            {},
        ),
        "expected the variable A in the environment": (KeyPlace(key_env="A"), {}),
        "expected 64 hexadecimal digits in the variable A": (
            KeyPlace(key_env="A"),
            {"A": "0x" + "zz" * 32},
        ),
        "expected the variable P in the environment": (
            KeyPlace(keystore_file=here, password_env="P"),
            {},
        ),
        "or the password is wrong": (
            KeyPlace(keystore_file=here, password_env="P"),
            {"P": "another password"},
        ),
        "No such file": (KeyPlace(keystore_file=here + "x", password_env="P"), {"P": PASSWORD}),
    }


@pytest.mark.parametrize("expected", list(wrong(Path("unused"))))
def test_what_is_wrong_is_said_without_the_secret(expected: str, keystore: Path) -> None:
    place, environ = wrong(keystore)[expected]

    with pytest.raises(KeyProblemError, match=expected) as raised:
        read(place, **environ)

    assert not any(secret in str(raised.value) for secret in environ.values())


def test_a_file_that_is_no_keystore_is_named(tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    file.write_text('{"private": "' + KEY + '"}')

    with pytest.raises(KeyProblemError, match=r"plain\.json is none") as raised:
        read(KeyPlace(keystore_file=str(file), password_env="P"), P=PASSWORD)

    assert KEY not in str(raised.value)
