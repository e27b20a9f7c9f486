"""
Private keys: from an encrypted keystore file or from the environment, and from nowhere else.

A key is never a setting. What a venue's section holds is where the key is: the name of a file, and
the names of variables in the environment.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.plugins.process_wide import process_kept

_BYTES = 32


class KeyProblemError(ValueError):
    """There is no key where one should be, or it cannot be read; the text has no secret in it."""


class KeyPlace(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where a private key is. One of `keystore_file` and `key_env` is set.

    Attributes:
        keystore_file: an encrypted JSON keystore (Web3 Secret Storage, version 3).
        password_env: the variable of the environment that holds the keystore's password.
        key_env: the variable of the environment that holds the key itself, 64 hexadecimal digits.
    """

    keystore_file: str = ""
    password_env: str = "XARB_KEYSTORE_PASSWORD"  # noqa: S105 -- the name of a variable
    key_env: str = ""


class PrivateKey:
    """
    32 bytes that never show themselves.

    Attributes:
        secret: the key, for whoever signs.
    """

    __slots__ = ("secret",)

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "PrivateKey(***)"

    def __reduce__(self) -> Any:
        message = "a private key is not to be copied or written down"
        raise TypeError(message)


def read_key(
    place: KeyPlace, environ: Mapping[str, str], hide: Callable[[str], None]
) -> PrivateKey:
    """
    Return the private key of a venue.

    Args:
        place: where it is.
        environ: the environment.
        hide: told the key and the password, so that they are never shown.

    Raises:
        KeyProblemError: says what was expected and what to do.
    """
    if bool(place.keystore_file) == bool(place.key_env):
        message = "expected one of keystore_file and key_env, found " + (
            "both" if place.key_env else "neither"
        )
        raise KeyProblemError(message)
    if place.key_env:
        return _from_text(place.key_env, _variable(place.key_env, environ), hide)
    return _from_keystore(Path(place.keystore_file), place.password_env, environ, hide)


def _variable(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "")
    if not value:
        message = f"expected the variable {name} in the environment, found none"
        raise KeyProblemError(message)
    return value


def _from_text(name: str, text: str, hide: Callable[[str], None]) -> PrivateKey:
    hide(text)
    digits = text.strip().removeprefix("0x")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        message = f"expected 64 hexadecimal digits in the variable {name}, found something else"
        raise KeyProblemError(message)
    hide(digits)
    return PrivateKey(secret)


def _from_keystore(
    file: Path, password_env: str, environ: Mapping[str, str], hide: Callable[[str], None]
) -> PrivateKey:
    try:
        with process_kept():
            from eth_keyfile.keyfile import (  # noqa: PLC0415 -- an extra: for who has keys
                extract_key_from_keyfile,
            )
    except ImportError as error:
        message = "a keystore needs the extra evm: pip install 'xarb[evm]'"
        raise KeyProblemError(message) from error
    password = _variable(password_env, environ)
    hide(password)
    try:
        decoded: Any = extract_key_from_keyfile(str(file), password.encode())
    except OSError as error:
        message = f"expected a keystore file at {file}, found {error.strerror}"
        raise KeyProblemError(message) from error
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        # What the reader says may quote the file.
        message = (
            f"expected an encrypted keystore, version 3, that the password in {password_env} opens:"
            f" {file} is none, or the password is wrong"
        )
        raise KeyProblemError(message) from error
    secret = bytes(decoded)
    hide(secret.hex())
    return PrivateKey(secret)
