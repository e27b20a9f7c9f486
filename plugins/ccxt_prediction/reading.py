"""
Reading: outcomes, orders and fills of an exchange, whatever ccxt's way to them is.
"""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.plugins.contracts import Clock

from .amounts import Fill, exact
from .book import Entry
from .dialects import Dialect, Listing, name_of
from .draft import Draft, Row, part
from .wire import listening

#: Markets are listed again for an outcome that is not there, but not more often.
_LIST_AGAIN_MS = 60_000
_MANY = 100
#: So many pages of a list are read, in search of one order.
_MOST_PAGES = 10
#: So many orders are read one by one, in search of one of them.
_MOST_ALIKE = 20
_NOT_FOUND = 404
#: Orders that are older than this are not taken for one that may have been sent before.
_ALIKE_MS = 600_000


def errors() -> Any:
    """Return ccxt's exceptions."""
    return import_module("ccxt.base.errors")


def outcome_of(selection: Selection) -> str:
    """
    Return ccxt's handle of an outcome: `MARKET:LABEL`, or an id.

    A selection's outcome is the label alone, or the whole handle, or an id of digits or hex.
    """
    outcome = selection.outcome
    whole = (
        ":" in outcome
        or not selection.market
        or outcome.startswith((selection.market, "0x"))
        or outcome.isdecimal()
    )
    return outcome if whole else f"{selection.market}:{outcome}"


class Reader:
    """
    Asks an exchange.

    Args:
        exchange: ccxt's.
        dialect: what is special about it.
        clock: the time.
    """

    def __init__(self, exchange: Any, dialect: Dialect, clock: Clock) -> None:
        self._exchange, self._dialect, self._clock = exchange, dialect, clock
        self._listed_ms: int | None = None
        self._listing = asyncio.Lock()

    async def outcome(self, selection: Selection) -> Row:
        """
        Return ccxt's row of an outcome.

        Raises:
            BadSymbol: there is none.
        """
        handle = outcome_of(selection)
        if not self._exchange.has_outcome(handle) and self._dialect.whole_list:
            await self.list_markets()
        return await self._exchange.load_outcome(handle)

    async def list_markets(self) -> None:
        """Read all markets, unless that was done just now."""
        # Not ccxt's own load_markets: who is cancelled there cancels all others that wait for it.
        async with self._listing:
            now_ms = self._clock.now_ms()
            if self._listed_ms is not None and now_ms - self._listed_ms < _LIST_AGAIN_MS:
                return
            self._exchange.set_markets(await self._exchange.fetch_markets())
            self._listed_ms = now_ms

    def market(self, outcome: Row) -> Row:
        """Return ccxt's row of an outcome's market."""
        markets: dict[str, Any] = self._exchange.markets or {}
        return part(markets, str(outcome.get("market")))

    async def row(self, entry: Entry) -> Row | None:
        """Return an order as the exchange has it; None when it does not find it."""
        if entry.venue_id:
            return await self._by_id(entry.venue_id)
        if entry.digest:
            return await self._by_id(entry.digest) or await self._by_fills(entry)
        try:
            return await self._by_name(entry)
        except errors().OrderNotFound:
            return None

    async def fills(self, venue_id: str, selection: Selection) -> list[Fill]:
        """Return the fills of an order that the exchange lists."""
        if not self._dialect.fills:
            return []
        if self._exchange.has.get("fetchOrderTrades"):
            rows = await self._exchange.fetch_order_trades(venue_id, outcome_of(selection))
        else:
            asked = {"orderId": venue_id}
            rows = await self._exchange.fetch_my_trades(None, None, _MANY, asked)
        return [
            Fill(exact(row["price"]), exact(row["amount"]), str(row["info"].get("status")))
            for row in rows
            if row.get("order") == venue_id
        ]

    async def alike(self, order: Order, draft: Draft) -> str:
        """
        Return the id of an order that looks like one of ours, and may be it; empty if none does.

        For exchanges that do not refuse the same order sent twice.
        """
        since_ms = order.expires_ms - _ALIKE_MS
        named = self._dialect.named
        for row in await self._listed(draft.handle):
            same = (exact(row.get("price")), exact(row.get("amount"))) == (
                draft.price,
                draft.amount,
            )
            if not same or (row.get("timestamp") or since_ms) < since_ms:
                continue
            found = str(row.get("id"))
            whole = await self._by_id(found) if named is not None else None
            if whole is None or named is None or named(order, whole) is not False:
                return found
        return ""

    async def _by_id(self, venue_id: str) -> Row | None:
        with listening() as heard:
            try:
                row = await self._exchange.fetch_order(venue_id)
            except errors().OrderNotFound:
                return None
            except errors().BaseError:
                # ccxt has other names for it: an unknown symbol, an exchange that is away.
                if heard.status == _NOT_FOUND:
                    return None
                raise
        return row if row.get("id") else None

    async def _by_fills(self, entry: Entry) -> Row | None:
        """Return what the fills prove of an order that is not found: it is there, and no more."""
        fills = await self.fills(entry.digest, entry.order.selection)
        if not fills:
            return None
        return {"id": entry.digest, "filled": str(sum(fill.amount for fill in fills))}

    async def _by_name(self, entry: Entry) -> Row | None:
        order = entry.order
        if self._dialect.route is not None:
            path, api = self._dialect.route
            answer = await self._exchange.request(
                path + name_of(order.client_id), [api, "private"], "GET", {}, {}
            )
            data = part(answer, "data")
            return self._exchange.parse_prediction_order(part(data, "order") or data)
        named = self._dialect.named
        if named is None:
            return None
        if self._dialect.listing is not None:
            async for row in self._pages(self._dialect.listing, order):
                if named(order, row):
                    return row
            return None
        rows = await self._listed(outcome_of(order.selection))
        if self._dialect.sparse:
            rows = await self._whole(entry, rows)
        return next((row for row in rows if named(order, row)), None)

    async def _whole(self, entry: Entry, rows: list[Row]) -> list[Row]:
        """Return what the exchange says of the newest that are for as much."""
        alike = [row for row in rows if exact(row.get("amount")) == entry.asked or not entry.asked]
        newest = sorted(alike, key=lambda row: row.get("timestamp") or 0, reverse=True)
        found = [await self._by_id(str(row["id"])) for row in newest[:_MOST_ALIKE]]
        return [row for row in found if row is not None]

    async def _pages(self, listing: Listing, order: Order) -> AsyncIterator[Row]:
        outcome: Row = {}
        try:
            outcome = await self.outcome(order.selection)
        except errors().BadSymbol:
            pass  # it is traded no more: its orders are looked for among all
        asked = listing.asks(order, outcome)
        for _ in range(_MOST_PAGES):
            answer = await self._exchange.request(
                listing.path, [listing.api, "private"], "GET", asked, {}
            )
            for raw in answer.get(listing.rows) or ():
                yield self._exchange.parse_prediction_order(raw, outcome or None)
            cursor = answer.get(listing.cursor)
            if not cursor:
                return
            asked = {**asked, listing.cursor: cursor}

    async def _listed(self, handle: str) -> list[Row]:
        await self._exchange.load_outcome(handle)
        rows: list[Row] = []
        for method in self._dialect.lists:
            rows += await getattr(self._exchange, method)(handle)
        return rows
