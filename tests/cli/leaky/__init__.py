"""
A venue that lets its secrets slip wherever it can: in errors, logs, refusals, reports and checks.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import structlog

from xarb_runtime.domain.orders import (
    Accepted,
    CancelRefused,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueCheck, VenueOpening, VenueSpec
from xarb_runtime.plugins.keys import KeyPlace, read_key


class LeakySettings(KeyPlace, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where the keys are.

    Attributes:
        api_key_env: the variable with the API key.
        refuses_to_open: whether it raises instead of being opened.
    """

    api_key_env: str = "LEAKY_API_KEY"
    refuses_to_open: bool = False


class LeakyError(RuntimeError):
    """An error that quotes what it should not."""


class Leaky(Venue):
    """Says everything it knows, always."""

    def __init__(self, opening: VenueOpening) -> None:
        own: LeakySettings = opening.settings
        environ = opening.environ
        key = read_key(own, environ, opening.hide).secret.hex()
        for name in (own.api_key_env, own.password_env):
            opening.hide(environ[name])
        password, api_key = environ[own.password_env], environ[own.api_key_env]
        self.name = opening.name
        self.said = f"key 0x{key} {key.upper()} password {password} api {api_key}"
        self.placed = 0
        self.clock = opening.clock
        self.news: asyncio.Queue[OrderReport] = asyncio.Queue()

    def slip(self) -> LeakyError:
        """Say it to every kind of log, and in an error."""
        logging.getLogger("leaky").warning("signing with %s", self.said)
        structlog.get_logger("leaky").error("signing", with_what=self.said, more=[{"x": self.said}])
        return LeakyError(self.said)

    async def place(self, order: Order) -> Any:
        """Refuse, report or raise, each with the secret."""
        self.placed += 1
        if self.placed == 1:
            return Refused("SIGNATURE", self.said)
        report = OrderReport(
            client_id=order.client_id,
            sequence=1,
            time_ms=self.clock.now_ms(),
            status=OrderStatus.CANCELLED,
            final=True,
            code=f"BAD {self.said}",
            reason=self.said,
        )
        if self.placed == 2:
            return Accepted(report)
        if self.placed == 3:
            self.news.put_nowait(report)
            return Unknown(self.said)
        raise self.slip()

    async def cancel(self, order: Order) -> Any:
        """Refuse with the secret."""
        return CancelRefused(self.said)

    async def find(self, order: Order) -> Any:
        """Raise with the secret."""
        raise self.slip() from ValueError(self.said)

    async def quote(self, selection: Selection) -> Quote:
        """Raise with the secret."""
        raise self.slip()

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield reports with the secret, and break with it."""
        while True:
            yield await self.news.get()
            raise self.slip()

    async def heartbeat(self) -> None:
        """Confirm a while, then raise with the secret."""
        if self.placed > 3:
            raise self.slip()

    async def check(self) -> tuple[VenueCheck, ...]:
        """Say it to whoever checks."""
        self.slip()
        return (
            VenueCheck(what="signer", ok=True, found=self.said),
            VenueCheck(what="allowance", ok=False, found=self.said, hint=self.said),
        )

    def figures(self) -> Mapping[str, Decimal | int]:
        """Count, and say it in a name."""
        return {"orders_placed": self.placed, self.said: 1, self.said.split("0x")[1][:64]: 2}


@asynccontextmanager
async def opened(opening: VenueOpening) -> AsyncIterator[Venue]:
    """Open it, or fail with the secret."""
    venue = Leaky(opening)
    if opening.settings.refuses_to_open:
        raise venue.slip()
    yield venue


@hookimpl
def xarb_venues() -> Any:
    """Offer it."""
    yield VenueSpec(
        name="leaky",
        version="0",
        capabilities=lambda _: Capabilities(cancel=True),
        settings=LeakySettings,
        open=opened,
        api=API,
    )
