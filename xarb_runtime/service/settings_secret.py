"""
Secrets: values that must never be seen in a log, an error, a snapshot or on the console.

A value is secret when it comes from `.secrets.yaml`, or when its key says so: a single word with
token, password, secret or key in it. What only says where a secret is, is none itself: the name of
a file (`token_file`), and that of a variable of the environment (`key_env`), as long as it looks
like one. A password that was written in its place stays hidden.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

#: What stands in the place of a secret.
HIDDEN = "***"

_SECRET_NAME = re.compile(r"^[\w-]*(?:token|passw|passphrase|secret|key)[\w-]*$", re.IGNORECASE)
_PLACE_NAME = re.compile(r"_(file|folder|path)$", re.IGNORECASE)
_VARIABLE_NAME = re.compile(r"_env$", re.IGNORECASE)
#: A variable, as people name them: SX_KEY, SX_KEY_2, SXKEY. Capitals with digits but without a line
#: between them are rather a key that was pasted.
_VARIABLE = re.compile(r"(?=[A-Z]+$|[A-Z0-9]*_)[A-Z_][A-Z0-9_]{0,63}")
#: Names of secrets and of nothing else, unlike `routing_key` or `max_tokens`.
_CREDENTIAL = re.compile(
    r"(?:^|[\w-]*[_-])(?:api_?key|api_?secret|private_?key|secret_?key|access_?key"
    r"|password|passwd|passphrase|secret)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?:^|[_-])token$", re.IGNORECASE)
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
#: A shorter text is rather the name of a currency.
_SHORTEST_TOKEN = 16
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


def is_secret_name(name: str, value: Any = None) -> bool:
    """Whether a key with this name holds a secret; of some names it depends on the value."""
    if not _SECRET_NAME.search(name) or _PLACE_NAME.search(name):
        return False
    return not names_variable(name, value)


def names_variable(name: str, value: Any) -> bool:
    """Whether a key holds the name of a variable of the environment, and not what is in it."""
    is_text = isinstance(value, str) and bool(_VARIABLE.fullmatch(value))
    return is_text and bool(_VARIABLE_NAME.search(name))


def is_credential(name: str, value: Any) -> bool:
    """Whether a key holds a secret beyond doubt, written out: an API key, a password, a token."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return False
    if _TOKEN.search(name):
        text = str(value)
        return len(text) >= _SHORTEST_TOKEN and not _ADDRESS.fullmatch(text)
    return bool(_CREDENTIAL.search(name))


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
    if is_secret_name(name, entry) and entry and not isinstance(entry, bool):
        return HIDDEN
    return redact(entry, f"{path}.{name}" if path else name, hidden)
