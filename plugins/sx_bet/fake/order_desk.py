"""
The desk for orders: place, read, cancel.
"""

from typing import Any

from aiohttp import web

from .desk import Floor, body_of, success
from .model import Account, Draft, Order, OrderFate, OrderState, Row
from .reading import is_newest_first, page, read_ids, read_placing
from .refusals import BrokenLinkError, GarbageError, Refusal
from .rows import best_row, book_row, outcome_row

_MOST_HASHES = 100


class OrderDesk:
    """Answers about orders of the account of the key, and about books in bulk."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._exchange = floor.exchange

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/orders-v3", self.place),
            web.get("/orders-v3", self.list_orders),
            web.delete("/orders-v3", self.cancel),
            web.delete("/orders-v3/all", self.cancel_all),
            web.delete("/orders-v3/event", self.cancel_event),
            web.get("/orders-v3/odds/best", self.best_odds),
            web.get("/orders-v3/client/{id}", self.find_by_client_id),
            web.get("/orders-v3/{id}", self.find),
            web.get("/orderbook-v3/snapshot/event", self.books),
        ]

    # -- Placing ---------------------------------------------------------------------------------

    async def place(self, request: web.Request) -> Any:
        """Take orders, and wait for what becomes of them if one wants to know."""
        account = self._floor.account_of(request)
        wish = read_placing(await body_of(request), self._floor.settings.most_orders)
        drafts = [self._floor.checks.named(draft) for draft in wish.drafts]
        for draft in drafts:
            self._floor.checks.check_request(account, draft, self._floor.work.now_ms)
        fates = [self._fate(draft) for draft in drafts]
        _before(fates)
        entries = [
            self._take(account, draft, fate) for draft, fate in zip(drafts, fates, strict=True)
        ]
        if wish.waits:
            await self._wait(entries, wish.wait_ms)
        await self._floor.work.sleep(max(fate.slow_ms for fate in fates))
        _after(fates)
        rows = [
            _entry(draft, entry, wish.waits) for draft, entry in zip(drafts, entries, strict=True)
        ]
        return success({"orders": rows})

    def _fate(self, draft: Draft) -> OrderFate:
        if draft.id in self._exchange.orders:
            return OrderFate()
        return self._floor.faults.of_order(draft.client_id or draft.id)

    def _take(self, account: Account, draft: Draft, fate: OrderFate) -> Order | str:
        """Return the order, or the code of its refusal."""
        now_ms = self._floor.work.now_ms
        if problem := self._floor.checks.entry_problem(account, draft, now_ms) or fate.reject:
            return problem
        known = self._exchange.orders.get(draft.id)
        return known or self._exchange.take(account, draft, fate)

    async def _wait(self, entries: list[Order | str], wait_ms: int) -> None:
        until_ms = self._floor.work.now_ms + wait_ms
        for entry in entries:
            left_ms = until_ms - self._floor.work.now_ms
            if isinstance(entry, Order) and left_ms > 0 and not entry.fate.forgets:
                await self._floor.work.happens(entry.decided, left_ms)

    # -- Reading ---------------------------------------------------------------------------------

    def _row(self, order: Order) -> Row:
        return self._floor.channels.order_row(order)

    async def list_orders(self, request: web.Request) -> Any:
        """The orders that rest."""
        account, query = self._floor.account_of(request), request.query
        found = [
            row
            for order in self._exchange.orders.values()
            if order.account is account and order.state is OrderState.ACTIVE and not order.looks
            for row in [self._row(order)]
            if query.get("marketHash") in {None, row["marketHash"]}
            and query.get("eventId") in {None, row["eventId"]}
        ]
        rows, key = page(found[::-1] if is_newest_first(query) else found, query)
        return success({"orders": rows, "nextKey": key})

    async def find(self, request: web.Request) -> Any:
        """One order, ended or not."""
        order = self._exchange.orders.get(request.match_info["id"])
        return success(self._seen(order, self._floor.account_of(request)))

    async def find_by_client_id(self, request: web.Request) -> Any:
        """One order by the client's own id; the newest where there are several."""
        account, wanted = self._floor.account_of(request), request.match_info["id"]
        orders = reversed(list(self._exchange.orders.values()))
        mine = (it for it in orders if it.client_id == wanted and it.account is account)
        return success(self._seen(next(mine, None), account))

    def _seen(self, order: Order | None, account: Account) -> Row:
        if order is None or order.account is not account or order.hides():
            raise Refusal(404, "Order not found")
        return self._row(order)

    # -- Cancelling ------------------------------------------------------------------------------

    async def cancel(self, request: web.Request) -> Any:
        """Cancel some orders."""
        account = self._floor.account_of(request)
        wanted = read_ids(await body_of(request), self._floor.settings.most_cancels)
        found: dict[str, list[Row]] = {"cancelled": [], "notCancelled": [], "unconfirmed": []}
        for order_id in wanted:
            order = self._exchange.orders.get(order_id)
            heading = "notCancelled"
            if order is not None and order.account is account and order.open:
                self._floor.faults.of_cancel(order)
                heading = self._exchange.cancel(order)
            row = {"orderId": order_id}
            if heading == "notCancelled":
                row["reason"] = "NOT_FOUND"
            found[heading].append(row)
        return success(found)

    async def cancel_all(self, request: web.Request) -> Any:
        """Cancel everything."""
        return self._submit(self._exchange.open_orders(self._floor.account_of(request)))

    async def cancel_event(self, request: web.Request) -> Any:
        """Cancel everything of an event."""
        event = request.query.get("eventId")
        if not event:
            raise Refusal(400, ["eventId must be a string"])
        orders = self._exchange.open_orders(self._floor.account_of(request))
        return self._submit([it for it in orders if self._row(it)["eventId"] == event])

    def _submit(self, orders: list[Order]) -> Any:
        most = self._floor.settings.most_cancels
        for order in orders[:most]:
            self._exchange.cancel(order)
        submitted = [{"orderId": order.id} for order in orders[:most]]
        return success({"cancelledSubmitted": submitted, "hasMore": len(orders) > most})

    # -- Books in bulk ---------------------------------------------------------------------------

    async def best_odds(self, request: web.Request) -> Any:
        """The best levels of several markets."""
        hashes = request.query.get("marketHashes", "").split(",")
        if not 0 < len(hashes) <= _MOST_HASHES:
            raise Refusal(400, "BAD_MARKET_HASHES")
        found = [self._floor.house.market(it) for it in hashes]
        return success({"bestOdds": [best_row(market) for market in found if market is not None]})

    async def books(self, request: web.Request) -> Any:
        """The books of an event."""
        event = request.query.get("eventId")
        markets = [it for it in self._floor.house.markets.values() if it.settings.event == event]
        rows, key = page(markets, request.query)
        return success({"markets": [book_row(market) for market in rows], "nextKey": key})


def _before(fates: list[OrderFate]) -> None:
    answers = {fate.answer for fate in fates}
    if "reset" in answers:
        raise BrokenLinkError
    if "error" in answers:
        raise Refusal(503, "Service Unavailable")


def _after(fates: list[OrderFate]) -> None:
    answers = {fate.answer for fate in fates}
    if "lost" in answers:
        raise BrokenLinkError
    if "error_after" in answers:
        raise Refusal(502, "Bad Gateway")
    if "garbage" in answers:
        raise GarbageError


def _entry(draft: Draft, entry: Order | str, waits: bool) -> Row:
    row: Row = {"orderId": draft.id, "clientOrderId": draft.client_id}
    if isinstance(entry, str):
        return row | {"status": "FAILED", "reason": entry}
    row |= {"status": "SUBMITTED", "commandId": entry.command}
    return row | {"outcome": outcome_row(entry)} if waits else row
