"""
A stand-in that answers ccxt's class of Kalshi: orders of one market, signed with RSA.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.ccxt_prediction.house import House, Refusal
from xarb_runtime.testing.clock import KitClock

API = "/trade-api/v2"
TICKER = "KXRAIN-26NOV23-NYC"
KEY_ID = "a-key-of-kalshi"


@cache
def private_key() -> rsa.RSAPrivateKey:
    """Return a key, the same in all tests; a short one, for ccxt reads it for every request."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def write_key(folder: Path) -> Path:
    """Write the key as Kalshi gives it away."""
    pem = private_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    file = folder / "kalshi.pem"
    file.write_bytes(pem)
    return file


def refusal(status: int, code: str) -> Refusal:
    """Return an error as Kalshi words it."""
    return Refusal(status, {"error": {"code": code, "message": code.replace("_", " ")}})


class Kalshi(House):
    """
    The exchange.

    Attributes:
        orders: as it lists them.
        yes_bids, no_bids: the book; who buys NO at a price sells YES at 1 minus it.
        ranges: of prices, and their steps.
        rests: the next orders wait to be filled.
        refuses: what the next order is answered with.
        hidden: that many looks for an order find nothing.
        legacy: `side` and `action` of an order that buys NO, in the words that are going away.
        page: orders a page.
        balance: cents.
        said: what is answered to who asks for orders.
    """

    yes, no = TICKER, f"{TICKER}-NO"
    placing = (f"POST {API}/portfolio/events/orders",)

    def __init__(self, clock: KitClock) -> None:
        super().__init__(clock)
        self.environ = {"KALSHI_KEY": KEY_ID}
        self.orders: list[dict[str, Any]] = []
        self.yes_bids = [["0.3900", "50.00"]]
        self.no_bids = [["0.5000", "100.00"], ["0.6000", "5.00"]]
        self.ranges = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
        self.rests = False
        self.refuses: Refusal | None = None
        self.hidden = 0
        self.legacy: dict[str, str] = {"side": "yes", "action": "sell"}
        self.page, self.balance = 100, 100_000
        self.said: Any = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Answer requests, and have a key lie about meanwhile."""
        with TemporaryDirectory() as folder:
            self.pem_file = str(write_key(Path(folder)))
            async with super().running():
                yield

    def section(self) -> dict[str, Any]:
        """Return the venue's settings."""
        return {
            "exchange": "kalshi",
            "urls": {"kalshi": self.url + API},
            "api_key_env": "KALSHI_KEY",
            "pem_file": self.pem_file,
        }

    def answers(self) -> dict[str, Any]:
        """Return who answers what."""
        public = {
            "GET /exchange/status": lambda *_: {"exchange_active": True, "trading_active": True},
            "GET /markets/{ticker}": self._market,
            "GET /markets/{ticker}/orderbook": self._book,
        }
        private = {
            "GET /portfolio/balance": lambda *_: {"balance": self.balance},
            "GET /portfolio/orders": self._list,
            "GET /portfolio/orders/{id}": self._order,
            "POST /portfolio/events/orders": self._place,
            "DELETE /portfolio/events/orders/{id}": self._cancel,
        }
        signed = {route: self._signed(answer) for route, answer in private.items()}
        return {route.replace(" ", f" {API}", 1): it for route, it in (public | signed).items()}

    def fill(self, count: str) -> None:
        """Fill so much of the newest order."""
        self._take(self.orders[-1], Decimal(count))

    # -- Answers ---------------------------------------------------------------------------------

    def _signed(self, answer: Any) -> Any:
        def checked(request: web.Request, body: Any) -> Any:
            told = request.headers
            signature = base64.b64decode(told.get("KALSHI-ACCESS-SIGNATURE", ""))
            text = told.get("KALSHI-ACCESS-TIMESTAMP", "") + request.method + request.path
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            public = private_key().public_key()
            try:
                public.verify(signature, text.encode(), pss, hashes.SHA256())
            except InvalidSignature:
                raise refusal(401, "authentication_error") from None
            if told.get("KALSHI-ACCESS-KEY") != KEY_ID:
                raise refusal(401, "authentication_error")
            return answer(request, body)

        return checked

    def _market(self, request: web.Request, body: Any) -> Any:
        if request.match_info["ticker"] != TICKER:
            raise refusal(404, "not_found")
        market = {
            "ticker": TICKER,
            "event_ticker": "KXRAIN-26NOV23",
            "subtitle": "New York",
            "status": "active",
            "price_ranges": self.ranges,
        }
        return {"market": market}

    def _book(self, request: web.Request, body: Any) -> Any:
        return {"orderbook_fp": {"yes_dollars": self.yes_bids, "no_dollars": self.no_bids}}

    def _place(self, request: web.Request, body: Any) -> Any:
        if any(row["client_order_id"] == body["client_order_id"] for row in self.orders):
            raise refusal(409, "order_already_exists")
        if self.refuses is not None:
            raise self.refuses
        self._check_step(Decimal(body["price"]))
        row = self._row(body)
        free = Decimal(row["initial_count_fp"]) if self.rests else self._offered(body)
        kills = body["time_in_force"] == "fill_or_kill"
        if kills and free < Decimal(row["initial_count_fp"]):
            raise refusal(409, "fill_or_kill_insufficient_resting_volume")
        self.orders.append(row)
        if not self.rests:
            self._take(row, free)
            self._end(row)
        return {
            "order_id": row["order_id"],
            "client_order_id": row["client_order_id"],
            "fill_count": row["fill_count_fp"],
            "remaining_count": row["remaining_count_fp"],
            "ts_ms": self.clock.now_ms(),
        }

    def _check_step(self, price: Decimal) -> None:
        here = [it for it in self.ranges if Decimal(it["start"]) <= price <= Decimal(it["end"])]
        if not any(price % Decimal(it["step"]) == 0 for it in here):
            raise refusal(400, "invalid_price")

    def _row(self, body: Any) -> dict[str, Any]:
        bids, price = body["side"] == "bid", Decimal(body["price"])
        legacy = {"side": "yes", "action": "buy"} if bids else self.legacy
        count = Decimal(body["count"])
        return {
            "order_id": f"order-{len(self.orders) + 1}",
            "client_order_id": body["client_order_id"],
            "ticker": body["ticker"],
            **legacy,
            "outcome_side": "yes" if bids else "no",
            "book_side": body["side"],
            "type": "limit",
            "status": "resting",
            "yes_price_dollars": f"{price:.4f}",
            "no_price_dollars": f"{1 - price:.4f}",
            "initial_count_fp": f"{count:.2f}",
            "fill_count_fp": "0.00",
            "remaining_count_fp": f"{count:.2f}",
            "created_time": "2030-03-17T17:46:40Z",
            "created_s": self.clock.now_ms() // 1000,
        }

    def _offered(self, body: Any) -> Decimal:
        limit = Decimal(body["price"])
        if body["side"] == "bid":
            sizes = [Decimal(size) for price, size in self.no_bids if 1 - Decimal(price) <= limit]
        else:
            sizes = [Decimal(size) for price, size in self.yes_bids if Decimal(price) >= limit]
        return sum(sizes, Decimal(0))

    def _take(self, row: dict[str, Any], count: Decimal) -> None:
        asked, had = Decimal(row["initial_count_fp"]), Decimal(row["fill_count_fp"])
        filled = min(asked, had + count)
        row["fill_count_fp"] = f"{filled:.2f}"
        row["remaining_count_fp"] = f"{asked - filled:.2f}"
        row["status"] = "executed" if filled == asked else row["status"]

    def _end(self, row: dict[str, Any]) -> None:
        if row["status"] == "resting":
            row["status"], row["remaining_count_fp"] = "canceled", "0.00"

    def _shown(self) -> list[dict[str, Any]]:
        if self.hidden:
            self.hidden -= 1
            return []
        return self.orders

    def _list(self, request: web.Request, body: Any) -> Any:
        if self.said is not None:
            return self.said
        asked = request.query
        rows = [
            row
            for row in reversed(self._shown())
            if row["ticker"] == asked.get("ticker", row["ticker"])
            and int(asked.get("min_ts", 0)) <= row["created_s"] <= int(asked.get("max_ts", 1e12))
        ]
        begin = int(asked.get("cursor") or 0)
        rest = str(begin + self.page) if len(rows) > begin + self.page else ""
        return {"orders": rows[begin : begin + self.page], "cursor": rest}

    def _order(self, request: web.Request, body: Any) -> Any:
        wanted = request.match_info["id"]
        for row in self._shown():
            if row["order_id"] == wanted:
                return {"order": row}
        raise refusal(404, "not_found")

    def _cancel(self, request: web.Request, body: Any) -> Any:
        row = self._order(request, body)["order"]
        if row["status"] != "resting":
            raise refusal(404, "not_found")
        reduced = row["remaining_count_fp"]
        self._end(row)
        return {"order_id": row["order_id"], "reduced_by": reduced}
