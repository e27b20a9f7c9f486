"""
What a test may do to the exchange, and see of it.
"""

from decimal import Decimal
from typing import Any, cast

import msgspec

from .channels import StreamFault, StreamFaultKind
from .desk import Floor
from .faults import Fault, FaultKind, Rewrite
from .gate import Gate
from .model import Account, Fill, FillState, Market, Order, OrderFate, Outcome
from .odds import decimal_odds, units, usdc
from .realtime import Realtime
from .settings import FakeLevel, FakeMarket


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """
    The exchange's truth about one order.

    Attributes:
        id, client_id: its names.
        stake, filled: USDC; what was taken back is not filled.
        odds: average decimal odds of what is filled; 0 when nothing is.
        open: it may still fill.
        final: nothing of it can be taken back any more.
        reason: why it is inactive.
    """

    id: str
    client_id: str | None
    stake: Decimal
    filled: Decimal
    odds: Decimal
    open: bool
    final: bool
    reason: str | None


class Control:
    """
    Scripts faults, moves markets, tells the truth.

    Attributes:
        floor: everything behind the desks, for tests of the stand-in itself.
        gate, realtime: requests and websockets.
    """

    def __init__(self, floor: Floor, gate: Gate, realtime: Realtime) -> None:
        self.floor, self.gate, self.realtime = floor, gate, realtime

    # -- Faults ----------------------------------------------------------------------------------

    def next_order(self, fate: OrderFate) -> None:
        """Say what becomes of the next order, or the next but one if that is said already."""
        self.floor.faults.fates.append(fate)

    def fault(
        self,
        kind: FaultKind,
        route: str = "*",
        *,
        times: int = 1,
        status: int = 503,
        ms: int = 0,
        change: Rewrite | None = None,
    ) -> None:
        """Let something go wrong with the next requests of a route, e.g. `GET /orders-v3/*`."""
        fault = Fault(kind=kind, route=route, left=times, status=status, ms=ms, change=change)
        self.floor.faults.waiting.append(fault)

    def stream_fault(
        self,
        kind: StreamFaultKind,
        channel: str = "*",
        *,
        times: int = 1,
        change: Rewrite | None = None,
    ) -> None:
        """Let something go wrong with the next publications of a channel."""
        fault = StreamFault(kind=kind, channel=channel, left=times, change=change)
        self.floor.channels.faults.append(fault)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.floor.faults.waiting.clear()
        self.floor.faults.fates.clear()
        self.floor.channels.faults.clear()
        self.realtime.pings = True
        self.come_back()

    def silence(self) -> None:
        """Ping no websocket any more: whoever relies on pings should notice."""
        self.realtime.pings = False

    def go_away(self, *, everything: bool = False) -> None:
        """Refuse new websockets; or break every connection, until `come_back`."""
        self.realtime.away, self.gate.gone = True, everything
        self.drop_streams()

    def come_back(self) -> None:
        """Be there again."""
        self.realtime.away, self.gate.gone = False, False

    def drop_streams(self) -> None:
        """Break all websockets; new ones are welcome."""
        self.floor.channels.quake()

    async def close_streams(self, code: int = 3001, reason: str = "shutdown") -> None:
        """Close all websockets properly."""
        for connection in list(self.floor.channels.connections):
            await connection.close(code, reason)

    async def new_epoch(self, channel: str) -> None:
        """Lose the history of a channel: whoever comes back to it cannot recover."""
        await self.floor.channels.forget(channel)

    def say_again(self, channel: str, back: int = 0) -> None:
        """Publish something once more, as it was then: the newest, or so many before it."""
        self.floor.channels.say_again(channel, back)

    # -- Markets ---------------------------------------------------------------------------------

    def market(self, market_hash: str = "") -> Market:
        """Return a market; the first one if none is named."""
        markets = self.floor.house.markets
        return markets[market_hash] if market_hash else next(iter(markets.values()))

    def list_market(self, market: FakeMarket) -> None:
        """Open another market."""
        self.floor.house.list_market(market)

    def rest(self, percent: Decimal, size: Decimal, *, on_one: bool, market: str = "") -> None:
        """Put a maker's stake into a book."""
        level = FakeLevel(percent=percent, size=size)
        self.floor.house.rest(self.market(market), level, on_one=on_one)

    def empty(self, market: str = "") -> None:
        """Take all makers' stakes out of a book."""
        self.floor.house.withdraw(self.market(market))

    def halt(self, market: str = "") -> None:
        """Take no orders in a market any more."""
        self.floor.exchange.halt(self.market(market))

    def settle(self, outcome: Outcome, market: str = "") -> None:
        """Give a market its outcome: 0 void, 1, 2."""
        self.floor.exchange.settle(self.market(market), outcome)

    # -- Orders and money ------------------------------------------------------------------------

    def order(self, order_id: str) -> Order:
        """Return an order."""
        return self.floor.exchange.orders[order_id]

    def fill(self, order_id: str, stake: Decimal | None = None) -> None:
        """Fill an open order, or so much of it."""
        self.floor.exchange.fill(self.order(order_id), None if stake is None else units(stake))

    def end(self, order_id: str, reason: str = "SYSTEM") -> None:
        """Drop an open order."""
        self.floor.exchange.end(self.order(order_id), reason)

    def truth(self) -> list[Truth]:
        """Return every order that was ever taken, oldest first."""
        return [_truth(order) for order in self.floor.exchange.orders.values()]

    def account(self, address: str = "") -> Account:
        """Return an account; the first one if none is named."""
        accounts = self.floor.exchange.ledger.accounts[1:]
        return next(it for it in accounts if address in {"", it.address})

    def fills(self) -> list[Fill]:
        """Return both sides of every match, oldest first."""
        return self.floor.exchange.clearing.fills

    def money(self) -> int:
        """Return all money there is, in smallest units: always the same."""
        return self.floor.exchange.ledger.total()

    async def until_heard(self, channel: str) -> None:
        """Wait until somebody hears a channel."""
        await self.floor.channels.until_heard(channel)

    @property
    def beats(self) -> int:
        """How many heartbeats have arrived."""
        return self.floor.exchange.beats

    @property
    def requests(self) -> list[str]:
        """Method and path of every request that came, oldest first."""
        return self.gate.log

    @property
    def streams(self) -> int:
        """How many websockets are open."""
        return len(self.floor.channels.connections)


def _truth(order: Order) -> Truth:
    standing = [fill for fill in order.fills if fill.state is not FillState.FAILED]
    staked = sum(fill.stake for fill in standing)
    return Truth(
        id=order.id,
        client_id=order.client_id,
        stake=usdc(order.stake),
        filled=usdc(staked),
        odds=decimal_odds(staked, sum(fill.pot for fill in standing)),
        open=order.open,
        final=not order.open and all(it.state is not FillState.MATCHED for it in order.fills),
        reason=order.reason,
    )


def unknown_words(*names: str) -> Rewrite:
    """Return a change that puts a word nobody has heard of wherever one of these fields is."""
    return _everywhere(dict.fromkeys(names, "SOMETHING_NEW"))


def nulls(*names: str) -> Rewrite:
    """Return a change that puts null wherever one of these fields is."""
    return _everywhere(dict.fromkeys(names))


def _everywhere(words: dict[str, Any]) -> Rewrite:
    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(it) for it in cast("list[Any]", value)]
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            return {name: words.get(name, change(it)) for name, it in fields.items()}
        return value

    return change
