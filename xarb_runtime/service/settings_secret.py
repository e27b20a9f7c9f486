"""
Secrets: values that must never be seen in a log, an error, a snapshot or on the console.

A value is secret when it comes from `.secrets.yaml`, or when its key says so: a single word with
token, password, secret or key in it. Names of files that hold a secret (`token_file`) are not
secrets themselves.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

#: What stands in the place of a secret.
HIDDEN = "***"

_SECRET_NAME = re.compile(r"^[\w-]*(?:token|passw|secret|key)[\w-]*$", re.IGNORECASE)
_PLACE_NAME = re.compile(r"_(file|folder|path)$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]*@")
_PRIVATE_KEY = re.compile(r"^\s*(?:0[xX])?[0-9a-fA-F]{64}\s*$")


class SecretText(str):
    """
    A text that hides itself from `repr`, and so from error messages, tracebacks and debug logs.

    `str(secret)` still gives the text, for whoever has to send it. msgspec refuses to encode it,
    so that it cannot get into a message or a snapshot by accident.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)


def is_secret_name(name: str) -> bool:
    """Whether a key with this name holds a secret."""
    return bool(_SECRET_NAME.search(name)) and not _PLACE_NAME.search(name)


def holds_private_key(value: Any) -> bool:
    """Whether a value, or one inside it, looks like a private key: 64 hexadecimal digits."""
    if isinstance(value, Mapping):
        return any(map(holds_private_key, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_private_key, value))
    return isinstance(value, str | int | Decimal) and bool(_PRIVATE_KEY.match(str(value)))


def hide_url_password(text: str) -> str:
    """Return `text` with the password of every `scheme://user:password@host` hidden."""
    return _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)


def redact(value: Any, path: str = "", secret_keys: Iterable[str] = ()) -> Any:
    """
    Return plain data in which every secret is hidden.

    Args:
        value: mappings, lists and scalars.
        path: the key path of `value`.
        secret_keys: further key paths that are secret, with all that lies below them.
    """
    hidden = frozenset(secret_keys)
    if path in hidden or isinstance(value, SecretText):
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            str(key): _redact_entry(str(key), entry, path, hidden) for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(entry, f"{path}[{index}]", hidden) for index, entry in enumerate(value)]
    return hide_url_password(value) if isinstance(value, str) else value


def _redact_entry(name: str, entry: Any, path: str, hidden: frozenset[str]) -> Any:
    if is_secret_name(name) and entry and not isinstance(entry, bool):
        return HIDDEN
    return redact(entry, f"{path}.{name}" if path else name, hidden)
