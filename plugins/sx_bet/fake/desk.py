"""
What all desks share: who asks, what they sent, and how they are answered.
"""

import re
from typing import Any

import msgspec
from aiohttp import web

from .channels import Channels
from .checks import Checks
from .clockwork import Clockwork
from .exchange import Exchange
from .faults import Faults
from .house import House
from .model import Account
from .refusals import Refusal
from .settings import FakeSettings
from .tokens import Tokens

_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the desks work with."""

    settings: FakeSettings
    work: Clockwork
    house: House
    exchange: Exchange
    checks: Checks
    faults: Faults
    channels: Channels
    tokens: Tokens

    def account_of(self, request: web.Request) -> Account:
        """
        Return who asks.

        Raises:
            Refusal: nobody that is known here.
        """
        key = request.headers.get("x-sx-api-key", "")
        if not _KEY.fullmatch(key):
            raise Refusal(401, "BAD_AUTH")
        account = self.exchange.ledger.by_key(key)
        if account is None:
            raise Refusal(401, "INVALID_USER")
        return account


async def body_of(request: web.Request) -> Any:
    """
    Return what was sent; None when nothing was.

    Raises:
        Refusal: it is no JSON.
    """
    content = await request.read()
    try:
        return msgspec.json.decode(content) if content else None
    except msgspec.DecodeError as error:
        raise Refusal(400, "Unexpected token in JSON") from error


def success(data: Any) -> dict[str, Any]:
    """Return data in the envelope."""
    return {"status": "success", "data": data}
