"""
A stand-in that answers ccxt's class of Limitless: orders of one market.
"""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

from aiohttp import web
from eth_account import Account

from tests.ccxt_prediction.house import House, Refusal
from xarb_runtime.testing.clock import KitClock

KEY = "0x" + "11" * 32
API_KEY = "a-key-of-limitless"
SECRET = base64.b64encode(b"limitless-secret").decode()
SLUG, TOKENS = "rain-new-york", {"yes": "7" * 76, "no": "8" * 76}
UNIT = 1_000_000


class Limitless(House):
    """
    The exchange.

    Attributes:
        orders: newest last, as it tells who asks for one by its id.
        asks: price and size of YES.
        refuses: what the next order is answered with.
        settlement: the state of a match.
    """

    yes, no = "RAIN_NEW_YORK:YES", "RAIN_NEW_YORK:NO"
    placing = ("POST /orders",)

    def __init__(self, clock: KitClock) -> None:
        super().__init__(clock)
        self.environ = {"LIMITLESS_KEY": API_KEY, "LIMITLESS_SECRET": SECRET, "WALLET": KEY}
        self.orders: list[dict[str, Any]] = []
        self.asks = [["0.49", 100]]
        self.refuses: Refusal | None = None
        self.settlement = "MINED"

    def section(self) -> dict[str, Any]:
        """Return the venue's settings."""
        return {
            "exchange": "limitless",
            "urls": {"limitless": self.url},
            "api_key_env": "LIMITLESS_KEY",
            "api_secret_env": "LIMITLESS_SECRET",
            "key_env": "WALLET",
            "wallet_address": Account.from_key(KEY).address,
        }

    def answers(self) -> dict[str, Any]:
        """Return who answers what."""
        me = {"id": 7, "account": Account.from_key(KEY).address, "rank": {"feeRateBps": 0}}
        private = {
            "GET /profiles/me": lambda *_: me,
            "POST /orders": self._place,
            "DELETE /orders/{id}": self._cancel,
            "POST /orders/status/batch": self._batch,
            f"GET /markets/{SLUG}/user-orders": self._list,
        }
        return {
            "GET /markets/search": self._search,
            "GET /markets/categories/count": lambda *_: {"totalCount": 1},
            f"GET /markets/{SLUG}/orderbook": self._book,
            **{route: self._checked(answer) for route, answer in private.items()},
        }

    # -- Answers ---------------------------------------------------------------------------------

    def _checked(self, answer: Any) -> Any:
        def checked(request: web.Request, body: Any) -> Any:
            told = request.headers
            sent = json.dumps(body, separators=(",", ":")) if body else ""
            lines = (told.get("lmts-timestamp", ""), request.method, request.path_qs, sent)
            mark = hmac.new(base64.b64decode(SECRET), "\n".join(lines).encode(), hashlib.sha256)
            if told.get("lmts-signature") != base64.b64encode(mark.digest()).decode():
                raise Refusal(401, {"message": "Unauthorized"})
            return answer(request, body)

        return checked

    def _search(self, request: web.Request, body: Any) -> Any:
        market = {
            "slug": SLUG,
            "tokens": TOKENS,
            "status": "FUNDED",
            "collateralToken": {"decimals": "6"},
            "venue": {"exchange": "0x" + "e1" * 20},
        }
        return {"markets": [market]}

    def _book(self, request: web.Request, body: Any) -> Any:
        asks = [{"price": price, "size": str(size * UNIT)} for price, size in self.asks]
        return {"bids": [], "asks": asks}

    def _place(self, request: web.Request, body: Any) -> Any:
        if self.refuses is not None:
            raise self.refuses
        order = {
            **body["order"],
            "id": f"order-{len(self.orders) + 1}",
            "salt": str(body["order"]["salt"]),
            "makerAmount": str(body["order"]["makerAmount"]),
            "takerAmount": str(body["order"]["takerAmount"]),
            "orderType": body["orderType"],
            "createdAt": "2030-03-17T17:46:40.000Z",
        }
        size = Decimal(order["takerAmount"])
        offered = sum(size for price, size in self.asks if Decimal(price) <= order["price"])
        taken = min(size, Decimal(offered * UNIT))
        totals = {"contractsGross": str(taken), "usdGross": "0", "contractsFee": "0", "usdFee": "0"}
        execution = {"settlementStatus": self.settlement, "totalsRaw": totals}
        self.orders.append({"order": order, "execution": execution})
        return {"order": order}

    def _batch(self, request: web.Request, body: Any) -> Any:
        rows = {row["order"]["id"]: row for row in self.orders}
        asked = [it["orderId"] for it in body["items"] if it["orderId"] in rows]
        return {
            "results": [
                {"index": at, "status": "found", "orderId": name, "data": rows[name]}
                for at, name in enumerate(asked)
            ]
        }

    def _list(self, request: web.Request, body: Any) -> Any:
        if request.query.getall("statuses") != ["MATCHED"]:
            return []
        shown = ("id", "createdAt", "makerAmount", "takerAmount", "price")
        return [
            {**{name: row["order"][name] for name in shown}, "side": "BUY", "status": "MATCHED"}
            for row in self.orders
        ]

    def _cancel(self, request: web.Request, body: Any) -> Any:
        raise Refusal(400, {"message": "Order not found or already canceled"})
