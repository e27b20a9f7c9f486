"""
Hides secrets in whatever is shown or written.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_secret import HIDDEN, SecretText, holds_private_key, redact

#: Shorter texts are too common to be searched for; their key still hides them.
SHORTEST_SECRET = 6

#: In whatever is to be hidden there is one of these, or a secret itself: a superset, quick to tell.
_SUSPECT = re.compile("token|pass|secret|key|://", re.IGNORECASE)


class Redaction:
    """Hides secrets in anything that is logged: by the key's name, and by the secret itself."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        # A URL may be shown in another form, e.g. with an absolute path.
        parts = {part for secret in secrets for part in (secret, secret.rpartition(":///")[2])}
        forms = (form for part in parts for form in _forms(part))
        long_enough = {form for form in forms if len(form) >= SHORTEST_SECRET}
        self._secrets = sorted(long_enough, key=len, reverse=True)
        self._escaped = [_escaped(secret) for secret in self._secrets]

    def add(self, secret: str) -> None:
        """Hide one more text from now on."""
        if len(secret) < SHORTEST_SECRET or secret in self._secrets:
            return
        known = {*self._secrets, *_forms(secret)}
        self._secrets = sorted(known, key=len, reverse=True)
        self._escaped = [_escaped(each) for each in self._secrets]

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self._inside(text)

    def hide(self, value: Any) -> Any:
        """Return plain data without secrets."""
        return self._inside(redact(_plain(value)))

    def json(self, value: Any) -> str:
        """
        Return plain data without secrets as JSON.

        Most lines of a log have nothing to hide: they are told by one look at the finished text.
        """
        text = msgspec.json.encode(value, enc_hook=repr).decode()
        if not _SUSPECT.search(text) and not any(secret in text for secret in self._escaped):
            return text
        return msgspec.json.encode(self.hide(value)).decode()

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, HIDDEN)
            return value
        if isinstance(value, dict):
            return {self._inside(name): self._inside(inner) for name, inner in value.items()}
        return [self._inside(inner) for inner in value] if isinstance(value, list) else value


def _forms(secret: str) -> Iterator[str]:
    """The secret itself; a private key also as others write it."""
    yield str(secret)
    if holds_private_key(secret):
        digits = secret.strip().lower().removeprefix("0x")
        yield from (digits, digits.upper(), str(int(digits, 16)))


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Return every secret text in the settings."""
    return tuple(_secret_texts(msgspec.structs.asdict(settings)))


def _secret_texts(value: Any) -> Iterator[str]:
    if isinstance(value, SecretText):
        yield str(value)
    elif isinstance(value, msgspec.Struct):
        yield from _secret_texts(msgspec.structs.asdict(value))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secret_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secret_texts(inner)


def _escaped(text: str) -> str:
    """Return a text as it stands inside JSON."""
    return msgspec.json.encode(text).decode()[1:-1]


def _plain(value: Any) -> Any:
    # What cannot be made plain is shown by its repr; a log line must never raise.
    return msgspec.to_builtins(value, enc_hook=repr, str_keys=True)
