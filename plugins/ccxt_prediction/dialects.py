"""
What prediction exchanges do not have in common, as far as ccxt does not hide it.

The question that decides about an exchange is how one of *our* orders is known again: by a name
that we gave it (`named`), or only by the id that the exchange answered, which a lost answer takes
with it. Facts are as in ccxt 4.5.90; a test compares what can be compared.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from xarb_runtime.domain.orders import Order

from .draft import Draft, Row, part
from .exchanges import kalshi_price_step, keep_kalshi_key, polymarket_digest, salt_limitless

#: Seconds: an order that is looked for is not older than this when it expires, nor from later on.
_OLDEST_S = 3_600
_AHEAD_S = 300


def name_of(client_id: str) -> str:
    """Return the name that an order has at exchanges that let us give it one."""
    return str(uuid.UUID(bytes=hashlib.sha256(client_id.encode()).digest()[:16], version=4))


def salt_of(client_id: str) -> int:
    """Return a number for an order; below 2^52, because ccxt carries it through a float."""
    return int.from_bytes(hashlib.sha256(client_id.encode()).digest()[-8:], "big") >> 12


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """
    A list of orders that is read page by page, because ccxt's own method reads the first one only,
    and leaves out rows that it takes for another outcome.

    Attributes:
        path, api: the path, and ccxt's name of that API.
        rows, cursor: where the answer has its orders, and what the next page is asked for with.
        asks: what is asked for; given the order, and its outcome if that is known.
    """

    path: str
    api: str
    rows: str
    cursor: str
    asks: Callable[[Order, Row], dict[str, Any]]


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """
    One exchange.

    Attributes:
        stakes: ccxt's amounts are money at stake; elsewhere they are shares that pay 1 each.
        immediate: what `IOC` is called; `FOK` has the same name everywhere.
        stamp: what is sent along with an order so that the same order sent twice is one; given the
            order and its expiry, seconds.
        named: whether a row of an order is the order of ours, by the name we gave it; it answers
            None if the row tells no name. None where orders have no name of ours.
        lists: ccxt's methods that list orders, to look one up by its name.
        sparse: what these lists say of an order does not tell its name; it is read by its id.
        listing: a list that is read page by page, instead of `lists`.
        route: the path at which an order is found by its name, and ccxt's name of that API.
        digest: the id that the exchange will give an order, known before it is sent; given ccxt's
            exchange and what is asked for.
        refuses_twice: the exchange itself refuses the same order sent twice.
        cancels: orders can be cancelled.
        fills: the fills of an order can be read, with their true prices.
        cents: what an order costs at its limit must be whole cents.
        price_step: the step of a price, where ccxt tells the wrong one; given ccxt's row of the
            market.
        words: states of an order that ccxt does not know, in ccxt's words.
        says: words of errors that ccxt does not know, and the class of ccxt's that they are filed
            under: `exact`, and `broad` for what is part of a text.
        refuses: classes and statuses that prove a refusal here, besides those of `refusals`.
        settled, failed: raw states of a fill that is final, and of one that was taken back.
        final_at_once: a fill is never taken back.
        whole_list: outcomes are found in the list of all markets only.
        pulse: a cheap public call, ccxt's name of it.
        harmless: paths that may be written to without placing anything.
        prepare: changes ccxt's exchange before it is used.
        wallet: orders cannot be signed without knowing which address holds the money.
    """

    stakes: bool = False
    immediate: str = "IOC"
    stamp: Callable[[Order, int], dict[str, Any]]
    named: Callable[[Order, Row], bool | None] | None = None
    lists: tuple[str, ...] = ()
    sparse: bool = False
    listing: Listing | None = None
    route: tuple[str, str] | None = None
    digest: Callable[[Any, Draft], str] | None = None
    refuses_twice: bool = False
    cancels: bool = True
    fills: bool = False
    cents: bool = False
    price_step: Callable[[Row, Order], str | None] | None = None
    words: Mapping[str, str] = {}
    says: Mapping[str, Mapping[str, str]] = {}
    refuses: frozenset[tuple[str, int]] = frozenset()
    settled: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    final_at_once: bool = False
    whole_list: bool = False
    pulse: str
    harmless: tuple[str, ...] = ()
    prepare: Callable[[Any], None] | None = None
    wallet: bool = False

    @property
    def finds(self) -> bool:
        """Whether an order is found again whose answer was lost."""
        return self.named is not None or self.digest is not None


def _is(told: Any, name: object) -> bool | None:
    return None if told is None else str(told) == str(name)


def _has_name(order: Order, row: Row) -> bool | None:
    return _is(row.get("clientOrderId"), name_of(order.client_id))


def _sxbet(order: Order, expiry: int) -> dict[str, Any]:
    # Salt and expiry are signed: with them the same order has the same id.
    salt = str(salt_of(order.client_id))
    return {"clientOrderId": name_of(order.client_id), "salt": salt, "expiry": expiry}


def _kalshi(order: Order, expiry: int) -> dict[str, Any]:
    del expiry
    return {"client_order_id": name_of(order.client_id)}


def _kalshi_orders(order: Order, outcome: Row) -> dict[str, Any]:
    # Seconds. An order lives for seconds; the rest is for clocks that differ.
    seconds = order.expires_ms // 1000
    asked = {"min_ts": seconds - _OLDEST_S, "max_ts": seconds + _AHEAD_S}
    ticker = part(outcome, "info").get("ticker")
    return {"ticker": ticker, **asked} if ticker else asked


def _polymarket(order: Order, expiry: int) -> dict[str, Any]:
    del expiry
    # Both are signed: with them the same order has the same id, and is refused the second time.
    return {"salt": str(salt_of(order.client_id)), "timestamp": str(order.expires_ms)}


def _limitless(order: Order, expiry: int) -> dict[str, Any]:
    del expiry
    return {"salt": str(salt_of(order.client_id))}


def _has_salt(order: Order, row: Row) -> bool | None:
    told = part(part(part(row, "info"), "data"), "order").get("salt")
    return _is(told, salt_of(order.client_id))


def _myriad(order: Order, expiry: int) -> dict[str, Any]:
    del expiry
    # The other way is a transaction on the chain, in which no nonce of ours is signed.
    return {"nonce": str(salt_of(order.client_id)), "tradingModel": "ob"}


def _has_nonce(order: Order, row: Row) -> bool | None:
    told = part(part(row, "info"), "order").get("nonce")
    return _is(told, salt_of(order.client_id))


#: By ccxt's name. Not here: exchanges whose immediate orders have no price limit in ccxt, or that
#: have no immediate orders at all.
DIALECTS: dict[str, Dialect] = {
    "sxbet": Dialect(
        stakes=True,
        stamp=_sxbet,
        named=_has_name,
        route=("orders-v3/client/", "sxbet"),
        refuses_twice=True,
        fills=True,
        settled=frozenset({"LOCKED", "SETTLED"}),
        failed=frozenset({"FAILED"}),
        whole_list=True,
        pulse="sxbetPublicGetMetadataObv3",
    ),
    "kalshi": Dialect(
        stamp=_kalshi,
        named=_has_name,
        listing=Listing(
            path="portfolio/orders",
            api="kalshi",
            rows="orders",
            cursor="cursor",
            asks=_kalshi_orders,
        ),
        refuses_twice=True,
        price_step=kalshi_price_step,
        says={
            "exact": {
                "insufficient_balance": "InsufficientFunds",
                "immediate_or_cancel_insufficient_resting_volume": "OrderNotFillable",
            },
            "broad": {"already_exists": "DuplicateOrderId", "duplicate": "DuplicateOrderId"},
        },
        # What it kills, it answers with *conflict*; so is a name that it has already.
        refuses=frozenset({("OrderNotFillable", 409)}),
        final_at_once=True,
        pulse="fetch_status",
        prepare=keep_kalshi_key,
    ),
    "polymarket": Dialect(
        stamp=_polymarket,
        digest=polymarket_digest,
        refuses_twice=True,
        fills=True,
        cents=True,
        words={
            "order_status_live": "open",
            "order_status_matched": "closed",
            "order_status_canceled": "canceled",
            "order_status_canceled_market_resolved": "canceled",
            "canceled_market_resolved": "canceled",
            "order_status_invalid": "canceled",
            "invalid": "canceled",
        },
        says={
            "broad": {"Duplicated": "DuplicateOrderId", "lower than the minimum": "InvalidOrder"}
        },
        settled=frozenset({"CONFIRMED", "TRADE_STATUS_CONFIRMED"}),
        failed=frozenset({"FAILED", "TRADE_STATUS_FAILED"}),
        pulse="fetch_time",
        harmless=("/auth/",),
        wallet=True,
    ),
    "limitless": Dialect(
        stamp=_limitless,
        immediate="FAK",
        named=_has_salt,
        lists=("fetch_open_orders", "fetch_closed_orders"),
        sparse=True,
        harmless=("/orders/status/batch",),
        prepare=salt_limitless,
        wallet=True,
        pulse="limitlessPublicGetMarketsCategoriesCount",
    ),
    "myriad": Dialect(
        stamp=_myriad,
        immediate="FAK",
        named=_has_nonce,
        # *Closed* is what is filled; what was cancelled or killed is in neither.
        lists=("fetch_open_orders", "fetch_closed_orders", "fetch_orders"),
        refuses_twice=True,
        pulse="myriadPublicGetQuestions",
    ),
}
