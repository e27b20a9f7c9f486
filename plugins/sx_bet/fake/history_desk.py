"""
The desk for what has happened: fills, trades, positions.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms

from .desk import Floor, success
from .model import Account, Fill, FillState
from .reading import is_newest_first, moment, page
from .refusals import malformed
from .rows import common_state, fill_row, position_row, trade_row, trades_of


class HistoryDesk:
    """Answers about fills of the account of the key."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/fills-v3", self.fills),
            web.get("/trades-v3", self.trades),
            web.get("/positions-v3", self.positions),
        ]

    def _known(self, account: Account) -> list[Fill]:
        """Return the fills that readers are shown by now, oldest first."""
        seen_ms = self._floor.work.now_ms - parse_duration_ms(self._floor.settings.index)
        return [
            fill
            for fill in self._floor.exchange.clearing.fills
            if fill.order.account is account and fill.created_ms <= seen_ms and not fill.order.looks
        ]

    async def fills(self, request: web.Request) -> Any:
        """One's own side of matches."""
        query = request.query
        order = self._floor.exchange.orders.get(query.get("orderId", ""))
        if order is not None and order.hides():
            return success({"fills": [], "nextKey": None})
        found = [
            fill
            for fill in _between(self._known(self._floor.account_of(request)), query)
            if query.get("orderId") in {None, fill.order.id}
            and query.get("tradeId") in {None, fill.trade}
            and query.get("marketHash") in {None, fill.order.market}
        ]
        rows, key = page(found[::-1] if is_newest_first(query) else found, query)
        return success({"fills": [fill_row(fill) for fill in rows], "nextKey": key})

    async def trades(self, request: web.Request) -> Any:
        """One's own trades: fills of an order together."""
        query = request.query
        states = _states(query["status"]) if "status" in query else set(FillState)
        markets = self._floor.house.markets
        found = [
            trade
            for trade in trades_of(_between(self._known(self._floor.account_of(request)), query))
            if common_state(trade) in states
            and query.get("marketHash") in {None, trade[0].order.market}
            and query.get("eventId") in {None, markets[trade[0].order.market].settings.event}
        ]
        rows, key = page(found[::-1] if is_newest_first(query) else found, query)
        return success({"trades": [trade_row(trade) for trade in rows], "nextKey": key})

    async def positions(self, request: web.Request) -> Any:
        """What is at stake, market by market."""
        states = _states(request.query.get("status", ""))
        fills = [it for it in self._known(self._floor.account_of(request)) if it.state in states]
        fills.sort(key=lambda fill: fill.order.market)
        with_profit = states == {FillState.SETTLED}
        groups = [list(group) for _, group in groupby(fills, key=lambda fill: fill.order.market)]
        rows, key = page(groups, request.query)
        markets = self._floor.house.markets
        return success(
            {
                "positions": [
                    position_row(group, markets[group[0].order.market], with_profit=with_profit)
                    for group in rows
                ],
                "nextKey": key,
            }
        )


def _states(text: str) -> set[FillState]:
    known = {state.value: state for state in FillState}
    names = text.split(",")
    if not all(name in known for name in names):
        raise malformed(f"each value in status must be one of: {', '.join(known)}")
    return {known[name] for name in names}


def _between(fills: list[Fill], query: Mapping[str, str]) -> list[Fill]:
    start_ms, end_ms = moment(query, "startDate"), moment(query, "endDate")
    return [
        fill
        for fill in fills
        if (start_ms is None or fill.created_ms >= start_ms)
        and (end_ms is None or fill.created_ms <= end_ms)
    ]
