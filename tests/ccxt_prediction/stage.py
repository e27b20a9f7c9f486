"""
What the tests of prediction markets stand on: the plugin, and an exchange without a network.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec

from tests.plugins.worlds import BUILTIN
from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.contracts import VenueOpening

plugin = load_file("ccxt_prediction", (BUILTIN / "ccxt_prediction" / "__init__.py").resolve())


def part(name: str) -> Any:
    """Return a module of the plugin."""
    return import_module(f"{plugin.__name__}.{name}")


amounts, dialects, refusals = part("amounts"), part("dialects"), part("refusals")
connect, venue_module, wire = part("connect"), part("venue"), part("wire")
errors = import_module("ccxt.base.errors")

YES = Selection("market", "RAIN", "YES", ("rain",))
HANDLE = "RAIN:YES"


def order(client_id: str = "x-1:1:0", **changes: Any) -> Order:
    facts: dict[str, Any] = {
        "client_id": client_id,
        "selection": YES,
        "stake": Decimal(10),
        "min_odds": Decimal("2.00"),
        "reduces": True,
        "expires_ms": 2_000_000,
    }
    return Order(**facts | changes)


class Clock:
    """Sleeping moves it on; nothing else does."""

    def __init__(self) -> None:
        self.time_ms = 1_000_000

    def now_ms(self) -> int:
        return self.time_ms

    async def sleep_ms(self, milliseconds: int) -> None:
        self.time_ms += milliseconds


class Exchange:
    """
    As much of a ccxt exchange as the venue uses; orders are kept as ccxt's rows.

    Attributes:
        rows: the orders it has, by id.
        posted: what was sent with each order.
        answer: called when an order arrives; returns the row that is answered, or raises.
        status: of the answer to an order.
        broken: raised by everything that reads.
    """

    def __init__(self) -> None:
        self.has: dict[str, bool] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.fills: list[dict[str, Any]] = []
        self.posted: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Any] = lambda row: row
        self.status = 200
        self.broken: Exception | None = None
        self.unlisted: Exception | None = None
        self.last_response_headers: dict[str, str] = {}
        self.asks: list[list[float]] = [[0.4, 50.0], [0.5, 10.0]]
        self.markets = {"RAIN": {"limits": {"cost": {"min": 1}}}}

    async def fetch(self, url: str, method: str, headers: Any, body: Any) -> Any:
        if method != "POST":
            if self.broken is not None:
                raise self.broken
            return None
        self.on_rest_response(self.status)
        return self.answer(body)

    def on_rest_response(self, code: int, *rest: Any) -> Any:
        return rest

    def has_outcome(self, handle: str) -> bool:
        return handle == HANDLE

    async def load_outcome(self, handle: str) -> dict[str, Any]:
        if self.unlisted is not None:
            raise self.unlisted
        return {"market": "RAIN", "precision": {"price": 0.01, "amount": 0.01}}

    async def create_order(
        self, handle: str, kind: str, side: str, amount: float, price: float, params: dict[str, Any]
    ) -> Any:
        sent = {"handle": handle, "amount": amount, "price": price, **params}
        self.posted.append(sent)
        row = {
            "id": f"o{len(self.posted)}",
            "clientOrderId": params.get("client_order_id"),
            "status": "closed",
            "price": price,
            "amount": amount,
            "filled": amount,
            "info": {},
        }
        return await self.fetch("/orders", "POST", None, row)

    def keep(self, row: dict[str, Any]) -> dict[str, Any]:
        """Have an order from now on."""
        self.rows[row["id"]] = row
        return row

    async def fetch_order(self, order_id: str) -> dict[str, Any]:
        await self.fetch("/order", "GET", None, None)
        if order_id not in self.rows:
            raise errors.OrderNotFound(order_id)
        return self.rows[order_id]

    async def fetch_orders(self, handle: str) -> list[dict[str, Any]]:
        await self.fetch("/orders", "GET", None, None)
        return list(self.rows.values())

    fetch_open_orders = fetch_orders

    async def request(
        self, path: str, api: list[str], method: str, params: dict[str, Any], config: Any
    ) -> dict[str, Any]:
        return {"orders": await self.fetch_orders(path)}

    def parse_prediction_order(self, row: dict[str, Any], outcome: Any) -> dict[str, Any]:
        return row

    async def fetch_closed_orders(self, handle: str) -> list[dict[str, Any]]:
        return []

    async def fetch_my_trades(
        self, handle: None, since: None, limit: int, params: dict[str, Any]
    ) -> list[dict[str, Any]]:
        await self.fetch("/trades", "GET", None, None)
        return self.fills

    async def cancel_order(self, order_id: str) -> None:
        await self.fetch("/order", "DELETE", None, None)

    async def fetch_order_book(self, handle: str) -> dict[str, Any]:
        await self.fetch("/book", "GET", None, None)
        return {"asks": self.asks}

    async def fetch_status(self) -> None:
        await self.fetch("/status", "GET", None, None)


class Stage:
    """A venue on an exchange."""

    def __init__(self, name: str, exchange: Exchange, clock: Clock, **raw: Any) -> None:
        self.exchange, self.clock = exchange, clock
        settings = plugin.CcxtSettings(exchange=name, **raw)
        opening = VenueOpening(name="market", settings=settings, clock=clock)
        pace = connect.pace_of(settings, clock, 100)
        # A fake has nothing to sign with, and one list.
        dialect = msgspec.structs.replace(dialects.DIALECTS[name], digest=None)
        # What a wire has wrapped already would be wrapped again in the next life.
        for wrapped in ("fetch", "on_rest_response"):
            vars(exchange).pop(wrapped, None)
        wire.Wire(exchange, dialect, clock, pace)
        self.venue = venue_module.CcxtVenue(opening, exchange, dialect, pace)

    async def heard(self, count: int) -> list[Any]:
        """Return the next reports."""
        stream = self.venue.reports()
        found = [await anext(stream) for _ in range(count)]
        await stream.aclose()
        return found


def stage(name: str = "kalshi", exchange: Exchange | None = None, **raw: Any) -> Stage:
    return Stage(name, exchange or Exchange(), Clock(), **raw)


@asynccontextmanager
async def opened(section: dict[str, Any], **facts: Any) -> AsyncGenerator[Any, None]:
    """Open the plugin as the runtime does."""
    settings = plugin.CcxtSettings(**section)
    opening = VenueOpening(name="market", settings=settings, **{"clock": Clock(), **facts})
    async with plugin.open_prediction(opening) as venue:
        yield venue
