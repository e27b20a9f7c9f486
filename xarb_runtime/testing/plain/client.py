"""
plain: a venue with the plainest protocol there could be.

| request | answer |
| --- | --- |
| `GET /prices/{market}/{outcome}` | 200 a price; 404: no such selection |
| `POST /orders` | 200 the order, also when it is placed again; 409 refused, with a code |
| `GET /orders/{client_id}` | 200 the order; 404 with `looked_at_ms`: what came later is not seen |
| `DELETE /orders/{client_id}` | 200 the order; 409 cannot be cancelled; 202 tried, nobody knows |
| `GET /changes?after=N` | 200 the orders that changed; waits for the next change |
| `POST /beats` | 204; orders are cancelled when beats stop |

Every request carries the key. A 429 was not looked at, and says in `Retry-After` how long to wait.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import quote as escape

import aiohttp
import msgspec

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
    OrderStatus,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import (
    Capabilities,
    Venue,
    VenueCheck,
    VenueOpening,
    VenueSpec,
)
from xarb_runtime.plugins.pacing import Pace

__version__ = "0.1.0"

OK, NO_CONTENT = 200, 204
UNAUTHORIZED, NOT_FOUND, CONFLICT, TOO_MANY = 401, 404, 409, 429
FAILURES = (aiohttp.ClientError, TimeoutError)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The venue's section of the settings.

    Attributes:
        url: where it is.
        key_env: the variable of the environment that holds the key.
        timeout: longest wait for an answer.
        retry: pause after the stream of changes broke.
        requests: most requests in a minute.
    """

    url: str
    key_env: str = "PLAIN_KEY"
    timeout: str = "5s"
    retry: str = "1s"
    requests: int = 240

    def __post_init__(self) -> None:
        for name in ("timeout", "retry"):
            try:
                parse_duration_ms(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error


class _Price(msgspec.Struct):
    odds: Decimal
    min_stake: Decimal
    max_stake: Decimal
    time_ms: int


class _Said(msgspec.Struct):
    """An order, as the venue states it."""

    client_id: str
    sequence: int
    time_ms: int
    status: OrderStatus
    filled: Decimal
    odds: Decimal
    final: bool
    code: str = ""
    reason: str = ""

    def report(self) -> OrderReport:
        return OrderReport(**msgspec.structs.asdict(self))


class _Refusal(msgspec.Struct):
    code: str
    reason: str = ""


class _NotFound(msgspec.Struct):
    looked_at_ms: int


class _Changes(msgspec.Struct):
    next: int
    orders: list[_Said]


class PlainVenue(Venue):
    """A connection to the venue."""

    def __init__(self, opening: VenueOpening, session: aiohttp.ClientSession) -> None:
        settings: Settings = opening.settings
        self._name, self._clock, self._session = opening.name, opening.clock, session
        self._trades, self._url = opening.trades, settings.url.rstrip("/")
        self._retry_ms = parse_duration_ms(settings.retry)
        self._pace = Pace(opening.clock, settings.requests, 60_000, kept=settings.requests // 4)

    async def place(self, order: Order) -> PlaceAnswer:
        """Send the order once. Cancelled or failed, it may have arrived; `find` tells."""
        if not self._trades:
            return Refused("SHADOW", "opened without trading")
        wanted = {
            "client_id": order.client_id,
            "market": order.selection.market,
            "outcome": order.selection.outcome,
            "stake": str(order.stake),
            "min_odds": str(order.min_odds),
            "expires_ms": order.expires_ms,
        }
        try:
            status, body = await self._call("POST", "orders", urgent=True, json=wanted)
        except FAILURES as error:
            return Unknown(_text(error))  # it may have arrived all the same
        if status == OK and (said := _read(body, _Said)):
            return Accepted(said.report())
        if status == CONFLICT and (refusal := _read(body, _Refusal)):
            return Refused(refusal.code, refusal.reason)
        if status == TOO_MANY:
            return Refused("TOO_MANY_REQUESTS", "it was not looked at")
        return Unknown(f"HTTP {status}")

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask to cancel. Cancelled or failed, it may have taken effect; `find` tells."""
        try:
            status, body = await self._call("DELETE", _path(order), urgent=True)
        except FAILURES as error:
            return Unknown(_text(error))
        if status == OK and (said := _read(body, _Said)):
            return Accepted(said.report())
        if status == CONFLICT and (refusal := _read(body, _Refusal)):
            return CancelRefused(f"{refusal.code} {refusal.reason}".strip())
        return Unknown(f"HTTP {status}")

    async def find(self, order: Order) -> FindAnswer:
        """Look an order up. Not found is absent only once the venue could not take it any more."""
        try:
            status, body = await self._call("GET", _path(order), urgent=True)
        except FAILURES as error:
            return Unknown(_text(error))
        if status == OK and (said := _read(body, _Said)):
            return Found(said.report())
        if status == NOT_FOUND and (answer := _read(body, _NotFound)):
            if answer.looked_at_ms > order.expires_ms:
                return Absent("not found, and expired")
            return Unknown("not found yet")
        return Unknown(f"HTTP {status}")

    async def quote(self, selection: Selection) -> Quote:
        """
        Ask for a price.

        Raises:
            LookupError: the venue has none.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        path = f"prices/{_escaped(selection.market)}/{_escaped(selection.outcome)}"
        status, body = await self._call("GET", path)
        price = _read(body, _Price) if status == OK else None
        if price is None:
            raise LookupError(f"{self._name} gave no price: HTTP {status}")
        return Quote(selection=selection, **msgspec.structs.asdict(price))

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield every change from the first one on; hearing one again is harmless."""
        after = 0
        while True:
            try:
                status, body = await self._call("GET", "changes", params={"after": after})
            except FAILURES:
                status, body = 0, b""
            changes = _read(body, _Changes) if status == OK else None
            if changes is None:
                await self._clock.sleep_ms(self._retry_ms)
                continue
            after = changes.next
            for said in changes.orders:
                yield said.report()

    async def heartbeat(self) -> None:
        """
        Tell the venue that we are alive.

        Raises:
            ConnectionError: the venue did not confirm it.
            aiohttp.ClientError, TimeoutError: it cannot be reached.
        """
        status, _ = await self._call("POST", "beats", urgent=True)
        if status != NO_CONTENT:
            raise ConnectionError(f"{self._name} did not confirm: HTTP {status}")

    async def check(self) -> tuple[VenueCheck, ...]:
        """
        Ask for an order that does not exist: whoever hears that has a key that is taken.

        Raises:
            ConnectionError: the venue does not say.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        if not self._trades:
            return ()  # without trading there need be no key
        status, _ = await self._call("GET", "orders/none")
        if status == UNAUTHORIZED:
            hint = "Compare it with the one that the venue has given you."
            return (
                VenueCheck(what="key", ok=False, found="the venue does not know it", hint=hint),
            )
        if status != NOT_FOUND:
            raise ConnectionError(f"{self._name} does not say: HTTP {status}")
        return (VenueCheck(what="key", ok=True, found="the venue knows it"),)

    async def _call(
        self, method: str, path: str, *, urgent: bool = False, **asked: Any
    ) -> tuple[int, bytes]:
        await self._pace.turn(urgent=urgent)
        async with self._session.request(method, f"{self._url}/{path}", **asked) as answer:
            if answer.status == TOO_MANY:
                self._pace.hold(_seconds(answer.headers.get("Retry-After", "")) * 1000)
            return answer.status, await answer.read()


def capabilities(settings: Settings) -> Capabilities:
    """Return what the venue can do."""
    del settings  # it can do the same wherever it is
    return Capabilities(
        partial_fills=True,
        cancel=True,
        dead_man_heartbeat=True,
        proves_absence=True,
        max_stake=Decimal(1000),
    )


@asynccontextmanager
async def open_plain(opening: VenueOpening) -> AsyncGenerator[PlainVenue, None]:
    """Open a connection; nothing is sent yet."""
    settings: Settings = opening.settings
    key = opening.environ.get(settings.key_env, "")
    if opening.trades and not key:
        raise ValueError(f"expected the key in the variable {settings.key_env}, found none")
    if key:
        opening.hide(key)
    timeout = aiohttp.ClientTimeout(total=parse_duration_ms(settings.timeout) / 1000)
    async with opening.http(headers={"X-Key": key}, timeout=timeout) as session:
        yield PlainVenue(opening, session)


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the venue."""
    yield VenueSpec(
        name="plain",
        version=__version__,
        capabilities=capabilities,
        settings=Settings,
        open=open_plain,
        api=API,
    )


def _read(body: bytes, shape: type[Any]) -> Any:
    """Return what a body says, or None: one that is not what was agreed proves nothing."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        return None


def _path(order: Order) -> str:
    return f"orders/{_escaped(order.client_id)}"


def _escaped(text: str) -> str:
    return escape(text, safe="")


def _seconds(text: str) -> int:
    return int(text) if text.isdecimal() else 1


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
