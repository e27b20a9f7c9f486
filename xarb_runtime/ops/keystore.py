"""
Keystores: private keys in encrypted JSON files (Web3 Secret Storage, version 3, scrypt).

What a venue's `keystore_file` names. The key itself is never shown and never written elsewhere.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from xarb_runtime.ops.findings import Check
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.process_wide import process_kept
from xarb_runtime.service.settings_model import Settings

LEAST_PASSWORD = 8
_BYTES = 32
_OWNER_ONLY = 0o600
_KEY_FILE = re.compile(r"(?:^|_)(?:keystore|key|pem|secret|password)_file$")
#: Private keys are numbers below the order of the curve secp256k1.
_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def make_key() -> bytes:
    """Return a new private key, from the system's source of chance."""
    return (1 + secrets.randbelow(_ORDER - 1)).to_bytes(_BYTES, "big")


def key_from(text: str, where: str) -> bytes:
    """
    Return the private key that a text of 64 hexadecimal digits is.

    Raises:
        ProblemError: it is none; the text is not repeated.
    """
    try:
        key = bytes.fromhex(text.strip().removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != _BYTES or not 0 < int.from_bytes(key, "big") < _ORDER:
        problem = Problem(
            what="this is no private key",
            where=where,
            expected="64 hexadecimal digits",
            found="something else",
        )
        raise ProblemError(problem)
    return key


def write_keystore(file: Path, key: bytes, password: str) -> str:
    """
    Write a key into a new file that only its owner can read, and return its address.

    Raises:
        ProblemError: there is such a file, the password is too short, or the folder cannot be used.
    """
    refuse_existing(file)
    if len(password) < LEAST_PASSWORD:
        problem = Problem(
            what="this password is too short",
            expected=f"at least {LEAST_PASSWORD} characters",
            found=str(len(password)),
        )
        raise ProblemError(problem)
    with _installed():
        from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 -- an extra

        made = create_keyfile_json(key, password.encode(), kdf="scrypt")
    _write_new(file, json.dumps(made, indent=2) + "\n")
    return _checksummed(str(made["address"]))


def refuse_existing(file: Path) -> None:
    """
    Make sure that nothing would be overwritten.

    Raises:
        ProblemError: there is such a file.
    """
    if os.path.lexists(file):
        problem = Problem(
            what="a keystore is never overwritten",
            where=str(file),
            expected="a new file",
            found="one that is there",
            do="Name another file",
        )
        raise ProblemError(problem)


def _write_new(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            os.fchmod(handle, _OWNER_ONLY)  # whatever the process's mask is
            out.write(text)
            out.flush()
            os.fsync(handle)
    except FileExistsError:
        refuse_existing(file)
        raise
    except OSError as error:
        problem = Problem(
            what="the keystore cannot be written",
            where=str(file),
            found=error.strerror or str(error),
        )
        raise ProblemError(problem) from error


def address_of(file: Path) -> str:
    """
    Return the address that a keystore says it is for; its password is not needed.

    Raises:
        ProblemError: it cannot be read, or is no keystore.
    """
    try:
        found: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        problem = Problem(
            what="the keystore cannot be read",
            where=str(file),
            expected="a file that this user may read",
            found=error.strerror or str(error),
            do="`xarb keys new FILE` makes one, `xarb keys import FILE` takes a key that you have",
        )
        raise ProblemError(problem) from error
    except ValueError as error:
        raise ProblemError(_no_keystore(file, "something else")) from error
    address = found.get("address") if isinstance(found, dict) else None
    if not isinstance(address, str) or not isinstance(found.get("crypto"), dict):
        raise ProblemError(_no_keystore(file, "one without address or crypto"))
    return _checksummed(address)


def _no_keystore(file: Path, found: str) -> Problem:
    return Problem(
        what="this is no keystore",
        where=str(file),
        expected="an encrypted JSON keystore, version 3",
        found=found,
    )


def check_key_files(folder: Path, settings: Settings) -> Iterator[Check]:
    """Complain about venues' files of keys that others than their owner can read."""
    for name in sorted(settings.venues):
        for key, file in _key_files(settings.venue_own(name), folder, f"venues.{name}"):
            with suppress(OSError):  # that it is not there, the venue says itself
                if not is_open_to_others(file):
                    continue
                mode = stat.S_IMODE(file.stat().st_mode)
                problem = Problem(
                    what=f"others can read {file}",
                    where=key,
                    expected="a file that only its owner can read (mode 0600)",
                    found=f"mode {mode:04o}",
                    do=f"Type: chmod 600 {file}",
                )
                yield Check(area="venues", severity="warning", problem=problem)


def _key_files(section: Mapping[str, Any], folder: Path, where: str) -> Iterator[tuple[str, Path]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _key_files(cast("Mapping[str, Any]", value), folder, f"{where}.{name}")
        elif _KEY_FILE.search(name) and isinstance(value, str) and value:
            yield f"{where}.{name}", folder / value


def is_open_to_others(file: Path) -> bool:
    """Tell whether others than its owner may read a file."""
    return bool(stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))


def _checksummed(address: str) -> str:
    with _installed():
        from eth_utils.address import to_checksum_address  # noqa: PLC0415 -- an extra

        return str(to_checksum_address(f"0x{address.removeprefix('0x')}"))


@contextmanager
def _installed() -> Iterator[None]:
    """Say which extra is missing where something cannot be imported."""
    try:
        with process_kept():
            yield
    except ImportError as error:
        problem = Problem(
            what="a keystore needs the extra evm", do="Install it: pip install 'xarb[evm]'"
        )
        raise ProblemError(problem) from error
