"""
Tokens of websocket connections: signed, and good for a while.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

#: Signs tokens of this stand-in, which open nothing anywhere.
_SECRET = b"sx-bet-simulator"
_HEADER = b'{"alg":"HS256","typ":"JWT"}'


class TokenError(ValueError):
    """That is no token of ours."""


class Tokens:
    """Makes and reads tokens."""

    def __init__(self, life_ms: int) -> None:
        self._life_ms = life_ms

    def make(self, address: str, now_ms: int) -> str:
        """Return a token for an account."""
        claims = {"sub": address, "iat": now_ms // 1000, "exp": (now_ms + self._life_ms) // 1000}
        text = f"{_packed(_HEADER)}.{_packed(msgspec.json.encode(claims))}"
        return f"{text}.{_seal(text)}"

    @staticmethod
    def read(token: Any, now_ms: int) -> tuple[str, bool]:
        """
        Return whose token it is, and whether it is still good.

        Raises:
            TokenError: it is none.
        """
        text, _, seal = str(token).rpartition(".")
        if not hmac.compare_digest(seal, _seal(text)):
            raise TokenError
        try:
            claims = msgspec.json.decode(_unpacked(text.partition(".")[2]), type=dict[str, Any])
        except (msgspec.DecodeError, binascii.Error) as error:
            raise TokenError from error
        return claims["sub"], claims["exp"] * 1000 > now_ms


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _seal(text: str) -> str:
    return _packed(hmac.new(_SECRET, text.encode(), hashlib.sha256).digest())
