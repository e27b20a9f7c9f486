"""
A stand-in that answers ccxt's class of Polymarket: orders of one market, signed on chain 137.
"""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

from aiohttp import web
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import Signature
from eth_utils.crypto import keccak

from tests.ccxt_prediction.house import House, Refusal
from xarb_runtime.testing.clock import KitClock

KEY = "0x" + "11" * 32
WALLET = "0x" + "Ab" * 20
YES, NO = "7" * 76, "8" * 76
CONTRACTS = {
    False: "0xE111180000d2663C0091e4f400237545B87B996B",
    True: "0xe2222d279d744050d28e00520010520000310F59",
}
CREDENTIALS = {
    "apiKey": "a-key-of-polymarket",
    "secret": base64.urlsafe_b64encode(b"polymarket-secret").decode(),
    "passphrase": "a-phrase",
}
UNIT = 1_000_000
_FIELDS = (
    "salt:uint256 maker:address signer:address tokenId:uint256 makerAmount:uint256 "
    "takerAmount:uint256 side:uint8 signatureType:uint8 timestamp:uint256 metadata:bytes32 "
    "builder:bytes32"
)


def signed(order: dict[str, Any], *, neg_risk: bool) -> bytes:
    """Return the hash that an order is signed by, which is its id."""
    domain = {
        "name": "Polymarket CTF Exchange",
        "version": "2",
        "chainId": 137,
        "verifyingContract": CONTRACTS[neg_risk],
    }
    fields = [dict(zip(("name", "type"), it.split(":"), strict=True)) for it in _FIELDS.split()]
    message: dict[str, Any] = {}
    for field in fields:
        value = "0" if field["name"] == "side" else str(order[field["name"]])
        kind = field["type"]
        message[field["name"]] = int(value) if kind.startswith("uint") else value
        if kind == "bytes32":
            message[field["name"]] = bytes.fromhex(value.removeprefix("0x"))
    told = encode_typed_data(domain, {"Order": fields}, message)
    return keccak(b"\x19\x01" + told.header + told.body)


class Polymarket(House):
    """
    The exchange.

    Attributes:
        orders: by id, as it shows them; trades: as it lists them.
        asks: price and size.
        tick, neg_risk: of the market.
        refuses: what the next order is answered with.
        answered: the state that an order is answered with.
        hidden: orders are not shown at all.
        missing: the answer to who asks for an order that is not there.
        balance: of the wallet, in millionths.
    """

    yes, no = YES, NO
    placing = ("POST /clob/order",)

    def __init__(self, clock: KitClock) -> None:
        super().__init__(clock)
        self.environ = {"POLYMARKET_KEY": KEY}
        self.orders: dict[str, dict[str, Any]] = {}
        self.trades: list[dict[str, Any]] = []
        self.asks = [["0.60", "50"], ["0.49", "100"]]
        self.tick, self.neg_risk = "0.01", False
        self.refuses: Refusal | None = None
        self.answered = ""
        self.hidden = False
        self.missing: Refusal | None = Refusal(404, {"error": "order not found"})
        self.balance = 250 * UNIT
        self.unit = 1

    def section(self) -> dict[str, Any]:
        """Return the venue's settings."""
        return {
            "exchange": "polymarket",
            "urls": {name: f"{self.url}/{name}" for name in ("clob", "gamma", "data")},
            "key_env": "POLYMARKET_KEY",
            "wallet_address": WALLET,
        }

    def answers(self) -> dict[str, Any]:
        """Return who answers what."""
        private = {
            "POST /clob/order": self._place,
            "DELETE /clob/order": self._cancel,
            "GET /clob/data/order/{id}": self._order,
            "GET /clob/data/trades": self._trades,
            "GET /clob/balance-allowance": lambda *_: {"balance": str(self.balance)},
        }
        return {
            "GET /gamma/markets": self._markets,
            "GET /clob/time": lambda *_: self.clock.now_ms() // 1000,
            "GET /clob/book": self._book,
            "GET /clob/auth/derive-api-key": lambda *_: CREDENTIALS,
            **{route: self._checked(answer) for route, answer in private.items()},
        }

    def settle(self, state: str) -> None:
        """Say what became of all trades."""
        for trade in self.trades:
            trade["status"] = state

    # -- Answers ---------------------------------------------------------------------------------

    def _checked(self, answer: Any) -> Any:
        def checked(request: web.Request, body: Any) -> Any:
            told = request.headers
            path = request.path.removeprefix("/clob")
            text = told.get("POLY_TIMESTAMP", "") + request.method + path
            text += json.dumps(body, separators=(",", ":")) if body else ""
            key = base64.urlsafe_b64decode(CREDENTIALS["secret"])
            mark = hmac.new(key, text.encode(), hashlib.sha256).digest()
            if told.get("POLY_SIGNATURE") != base64.urlsafe_b64encode(mark).decode():
                raise Refusal(401, {"error": "Unauthorized/Invalid api key"})
            return answer(request, body)

        return checked

    def _markets(self, request: web.Request, body: Any) -> Any:
        if request.query["clob_token_ids"] not in {YES, NO}:
            return []
        market = {
            "id": "1",
            "conditionId": "0x" + "c0" * 32,
            "slug": "rain-in-new-york",
            "outcomes": json.dumps(["Yes", "No"]),
            "outcomePrices": json.dumps(["0.49", "0.51"]),
            "clobTokenIds": json.dumps([YES, NO]),
            "active": True,
            "closed": False,
            "orderPriceMinTickSize": self.tick,
            "orderMinSize": "5",
            "negRisk": self.neg_risk,
        }
        return [market]

    def _book(self, request: web.Request, body: Any) -> Any:
        asks = [{"price": price, "size": size} for price, size in self.asks]
        return {"timestamp": str(self.clock.now_ms()), "bids": [], "asks": asks}

    def _place(self, request: web.Request, body: Any) -> Any:
        order, kind = body["order"], body["orderType"]
        digest = signed(order, neg_risk=self.neg_risk)
        self._check_signature(order, digest)
        name = "0x" + digest.hex()
        if name in self.orders:
            raise Refusal(400, {"error": f"order {name} is invalid. Duplicated."})
        if self.refuses is not None:
            raise self.refuses
        cost, size = Decimal(order["makerAmount"]) / UNIT, Decimal(order["takerAmount"]) / UNIT
        if cost % Decimal("0.01"):
            raise Refusal(400, {"error": "invalid amounts, the market buy orders maker amount ..."})
        price = cost / size
        found = min(
            size, sum((Decimal(it[1]) for it in self.asks if Decimal(it[0]) <= price), Decimal(0))
        )
        if not found or (kind == "FOK" and found < size):
            words = "no orders found to match with FAK order. FAK orders are partially filled"
            raise Refusal(400, {"error": words if kind == "FAK" else "could not be fully filled"})
        self.orders[name] = {
            "id": name,
            "status": "MATCHED",
            "asset_id": order["tokenId"],
            "side": order["side"],
            "original_size": str(size * self.unit),
            "size_matched": str(found * self.unit),
            "price": str(price),
            "order_type": kind,
            "created_at": self.clock.now_ms() // 1000,
        }
        self._trade(name, order["tokenId"], found)
        return {
            "success": True,
            "errorMsg": "",
            "orderID": name,
            "status": self.answered or "matched",
            "makingAmount": str(cost),
            "takingAmount": str(found),
        }

    def _check_signature(self, order: dict[str, Any], digest: bytes) -> None:
        signature = bytes.fromhex(order["signature"].removeprefix("0x"))
        if order["signatureType"] == 3:
            # The wallet's contract is asked: the hashes are part of what it is given.
            told = keccak(b"\x19\x01" + signature[65:97] + signature[97:129])
            right = told == digest
        else:
            r, s = (int.from_bytes(signature[at : at + 32]) for at in (0, 32))
            parts = Signature(vrs=(signature[64] - 27, r, s))
            signer = parts.recover_public_key_from_msg_hash(digest).to_checksum_address()
            right = signer == Account.from_key(KEY).address == order["signer"]
        if not right or order["maker"].lower() != WALLET.lower():
            raise Refusal(400, {"error": "invalid signature"})

    def _trade(self, name: str, token: str, size: Decimal) -> None:
        half = size / 2
        for number in range(2):
            trade = {
                "id": f"trade-{len(self.trades)}",
                "taker_order_id": name,
                "asset_id": token,
                "side": "BUY",
                "size": str(half),
                "price": "0.49",
                "status": "MATCHED",
                "match_time": str(self.clock.now_ms() // 1000),
                "trader_side": "TAKER",
                "bucket_index": number,
            }
            self.trades.append(trade)

    def _order(self, request: web.Request, body: Any) -> Any:
        found = None if self.hidden else self.orders.get(request.match_info["id"])
        if found is None and self.missing is not None:
            raise self.missing
        return found

    def _trades(self, request: web.Request, body: Any) -> Any:
        wanted = request.query.get("asset_id")
        rows = [it for it in self.trades if wanted in {None, it["asset_id"]}]
        return {"data": rows, "next_cursor": "LTE="}

    def _cancel(self, request: web.Request, body: Any) -> Any:
        row = self.orders.get(body["orderID"])
        if row is None or row["status"] != "LIVE":
            return {"canceled": [], "not_canceled": {body["orderID"]: "already matched"}}
        row["status"] = "CANCELED"
        return {"canceled": [row["id"]], "not_canceled": {}}
