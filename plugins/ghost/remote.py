"""
The client of a ghost venue in another process.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote as escape

import aiohttp
import msgspec
from yarl import URL

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Clock, Venue, VenueOpening

from . import wire
from .remote_settings import RemoteSettings

T = TypeVar("T")

RETRY_MS = 200


class RemoteVenue(Venue):
    """A connection to a ghost venue over HTTP."""

    def __init__(
        self, name: str, settings: RemoteSettings, clock: Clock, session: aiohttp.ClientSession
    ) -> None:
        self._name, self._clock, self._session = name, clock, session
        self._url = URL(settings.url)
        self._timeout = aiohttp.ClientTimeout(total=parse_duration_ms(settings.timeout) / 1000)
        self._poll = aiohttp.ClientTimeout(total=parse_duration_ms(settings.poll_timeout) / 1000)

    async def place(self, order: Order) -> PlaceAnswer:
        """Send the order once. Cancelled or failed, it may have arrived; `find` tells."""
        try:
            status, body = await self._call("POST", "orders", data=msgspec.json.encode(order))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(_text(error))
        if status == wire.OK and (report := _read(body, OrderReport)):
            return Accepted(report)
        if status == wire.CONFLICT and (refusal := _read(body, wire.Refusal)):
            return Refused(refusal.code, refusal.reason)
        return Unknown(_said(status, body))

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask to cancel. Cancelled or failed, it may have taken effect; `find` tells."""
        try:
            status, body = await self._call("DELETE", _order(order.client_id))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(_text(error))
        if status == wire.OK and (report := _read(body, OrderReport)):
            return Accepted(report)
        if status == wire.CONFLICT and (refusal := _read(body, wire.Refusal)):
            return CancelRefused(refusal.reason)
        return Unknown(_said(status, body))

    async def find(self, order: Order) -> FindAnswer:
        """Look an order up; absent only if the venue says so in as many words."""
        try:
            status, body = await self._call("GET", _order(order.client_id))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(_text(error))
        if status == wire.OK and (report := _read(body, OrderReport)):
            return Found(report)
        refusal = _read(body, wire.Refusal)
        if status == wire.NOT_FOUND and refusal and refusal.code == wire.ABSENT:
            return Absent(refusal.reason)
        return Unknown(_said(status, body))

    async def quote(self, selection: Selection) -> Quote:
        """
        Ask for a price.

        Raises:
            LookupError: the venue has none.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        asked: list[tuple[str, str]] = [
            ("venue", selection.venue),
            ("market", selection.market),
            ("outcome", selection.outcome),
            *(("wins", scenario) for scenario in selection.wins),
        ]
        status, body = await self._call("GET", "quote", params=asked)
        quote = _read(body, Quote) if status == wire.OK else None
        if quote is None:
            raise LookupError(f"{self._name} gave no price: {_said(status, body)}")
        return quote

    async def heartbeat(self) -> None:
        """
        Send a heartbeat.

        Raises:
            ConnectionError: the venue did not confirm it.
            aiohttp.ClientError, TimeoutError: it cannot be reached.
        """
        status, body = await self._call("POST", "heartbeat")
        if status != wire.NO_CONTENT:
            raise ConnectionError(f"{self._name} did not confirm: {_said(status, body)}")

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield the log from its beginning; hearing a cumulative report again is harmless."""
        epoch = count = 0
        while True:
            piece = await self._listen(epoch, count)
            if piece is None:
                await self._clock.sleep_ms(RETRY_MS)
                continue
            epoch, count = piece.epoch, piece.count
            for report in piece.reports:
                yield report

    async def _listen(self, epoch: int, count: int) -> wire.Reports | None:
        asked = {"epoch": str(epoch), "after": str(count)}
        try:
            status, body = await self._call("GET", "reports", params=asked, timeout=self._poll)
        except (aiohttp.ClientError, TimeoutError):
            return None
        return _read(body, wire.Reports) if status == wire.OK else None

    async def _call(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 -- aiohttp's own deadline
        **asked: Any,
    ) -> tuple[int, bytes]:
        url = self._url.join(URL(path, encoded=True))
        async with self._session.request(
            method, url, timeout=timeout or self._timeout, **asked
        ) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def open_remote(opening: VenueOpening) -> AsyncGenerator[RemoteVenue, None]:
    """Open a connection to a venue; nothing is sent yet."""
    async with opening.http() as session:
        yield RemoteVenue(opening.name, opening.settings, opening.clock, session)


def _order(client_id: str) -> str:
    return f"orders/{escape(client_id, safe='')}"


def _read(body: bytes, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        return None  # a body that is not what was agreed proves nothing


def _said(status: int, body: bytes) -> str:
    refusal = _read(body, wire.Refusal)
    return f"HTTP {status}{f': {refusal.reason or refusal.code}' if refusal else ''}"


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
