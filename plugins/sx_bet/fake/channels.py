"""
The channels of the websocket: what was published, who hears it, and what goes wrong on the way.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

import msgspec

from xarb_runtime.plugins.simulator_script import FaultScript

from .house import House
from .model import Fill, Market, Order, Row
from .rows import best_row, book_row, fill_row, order_row, public_trade_row
from .settings import FakeSettings
from .signing import invented

_INSUFFICIENT_STATE = (3010, "insufficient state")
_KINDS = ("orderbook_v3:", "account:orders_v3_#", "account:fills_v3_#")
_GLOBAL = ("best_odds_v3:global", "recent_trades_v3:global")
_WITHOUT_HISTORY = "best_odds_v3:"

#: What happens to a publication on its way: it is lost, comes twice, comes after the next one, or
#: is changed. Its place in the history is not touched.
StreamFaultKind = Literal["drop", "repeat", "swap", "rewrite"]

#: In the words of the script.
_KINDS_OF: dict[str, StreamFaultKind] = {
    "drop_frame": "drop",
    "repeat_frame": "repeat",
    "stale_frame": "swap",
}


class StreamFault(msgspec.Struct, kw_only=True):
    """
    A fault of the next publications.

    Attributes:
        kind: what happens.
        channel: whose publications; `*` stands for anything.
        left: to how many it still happens.
        change: what a rewritten publication becomes.
    """

    kind: StreamFaultKind
    channel: str = "*"
    left: int = 1
    change: Callable[[Any], Any] | None = None


class Listener(Protocol):
    """A connection, as far as channels are concerned."""

    subscriptions: set[str]

    def send(self, word: Any) -> None:
        """Send something."""
        ...

    def tear(self) -> None:
        """Break the connection."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        ...


class Channel:
    """
    What was published in a channel.

    Attributes:
        epoch: changes when the history is lost.
        offset: of the newest publication.
        history: (offset, data), oldest first.
    """

    def __init__(self, epoch: str, most: int) -> None:
        self.epoch, self.offset = epoch, 0
        self.history: deque[tuple[int, Any]] = deque(maxlen=most)

    def add(self, data: Any) -> dict[str, Any]:
        """Publish something; return the publication."""
        if not self.history.maxlen:
            return {"data": data}
        self.offset += 1
        self.history.append((self.offset, data))
        return {"data": data, "offset": self.offset}

    def position(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Return where a subscription begins, and what it missed if it wants to know."""
        if not self.history.maxlen:
            return {}
        found: dict[str, Any] = {"epoch": self.epoch, "offset": self.offset}
        found |= {name: True for name in ("positioned", "recoverable") if wish.get(name)}
        if wish.get("recover"):
            after: int = wish.get("offset") or 0
            oldest = self.offset - len(self.history)
            recovered = wish.get("epoch") == self.epoch and oldest <= after <= self.offset
            missed = [{"data": it, "offset": at} for at, it in self.history if at > after]
            found |= {"was_recovering": True, "recovered": recovered}
            found["publications"] = missed if recovered else []
        return found


class Channels:
    """
    All channels; told what happens on the exchange, they publish it.

    Attributes:
        connections: who is connected.
        faults: what goes wrong with the next publications; what the script says comes after it.
    """

    def __init__(self, settings: FakeSettings, script: FaultScript) -> None:
        self._script = script
        self.connections: set[Listener] = set()
        self.faults: list[StreamFault] = []
        self.house: House | None = None
        self._settings = settings
        self._channels: dict[str, Channel] = {}
        self._epochs = 0
        self._swapped: dict[str, dict[str, Any]] = {}
        self._heard: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    # -- News ------------------------------------------------------------------------------------

    def order(self, order: Order) -> None:
        """Tell an order's owner about it."""
        self._tell(f"account:orders_v3_#{order.account.address}", self.order_row(order))

    def fill(self, fill: Fill) -> None:
        """Tell a fill's owner about it."""
        self._tell(f"account:fills_v3_#{fill.order.account.address}", fill_row(fill))

    def book(self, market: Market) -> None:
        """Publish a book, and the best of it."""
        self._tell(f"orderbook_v3:{market.settings.hash}", book_row(market))
        self._tell("best_odds_v3:global", best_row(market))

    def trade(self, fills: list[Fill]) -> None:
        """Publish a trade on the tape."""
        market = self._market(fills[0].order)
        self._tell("recent_trades_v3:global", {"trade": public_trade_row(fills, market)})

    def quake(self) -> None:
        """Break all connections."""
        for connection in list(self.connections):
            connection.tear()

    def order_row(self, order: Order) -> Row:
        """Return an order as readers get it."""
        return order_row(order, self._market(order).settings.event)

    def _market(self, order: Order) -> Market:
        if self.house is None:
            message = "the channels have not been told where the markets are"
            raise RuntimeError(message)
        return self.house.markets[order.market]

    # -- Channels --------------------------------------------------------------------------------

    @staticmethod
    def exists(name: str) -> bool:
        """Return whether there is such a channel."""
        return name.startswith(_KINDS) or name in _GLOBAL

    @staticmethod
    def may_hear(name: str, address: str) -> bool:
        """Return whether an account may hear a channel: not those of others."""
        return not name.startswith("account:") or name.endswith(f"#{address}")

    def join(self, listener: Listener, name: str) -> None:
        """Let a connection hear a channel."""
        listener.subscriptions.add(name)
        self._heard[name].set()

    def leave(self, listener: Listener, name: str) -> None:
        """Let a connection hear a channel no more."""
        listener.subscriptions.discard(name)
        if not any(name in other.subscriptions for other in self.connections):
            self._heard[name].clear()

    def part(self, listener: Listener) -> None:
        """Forget a connection that has ended."""
        self.connections.discard(listener)
        for name in list(listener.subscriptions):
            self.leave(listener, name)

    async def until_heard(self, name: str) -> None:
        """Wait until somebody hears a channel."""
        await self._heard[name].wait()

    def channel(self, name: str) -> Channel:
        """Return a channel."""
        if name not in self._channels:
            most = 0 if name.startswith(_WITHOUT_HISTORY) else self._settings.history
            self._channels[name] = Channel(self._epoch(), most)
        return self._channels[name]

    def _epoch(self) -> str:
        self._epochs += 1
        return invented("epoch", self._settings.seed, self._epochs)[2:6]

    async def forget(self, name: str) -> None:
        """Lose a channel's history: it begins anew, and whoever hears it has to come again."""
        self._channels.pop(name, None)
        for connection in list(self.connections):
            if name in connection.subscriptions:
                await connection.close(*_INSUFFICIENT_STATE)

    def say_again(self, name: str, back: int) -> None:
        """Send a publication of the past once more, as it was then: 0 is the newest."""
        offset, data = self.channel(name).history[-1 - back]
        self._send(name, {"data": data, "offset": offset})

    # -- On the way ------------------------------------------------------------------------------

    def _tell(self, name: str, data: Any) -> None:
        publication = self.channel(name).add(data)
        fault = self._fault(name)
        earlier = self._swapped.pop(name, None)
        self._send_as(name, publication, fault)
        if earlier is not None:
            self._send(name, earlier)

    def _fault(self, name: str) -> StreamFault | None:
        fault = next((it for it in self.faults if fnmatchcase(name, it.channel)), None)
        if fault is not None:
            fault.left -= 1
            self.faults = [it for it in self.faults if it.left > 0]
            return fault
        told = self._script.strike("frame", name)
        return None if told is None else StreamFault(kind=_KINDS_OF[told.fault])

    def _send_as(self, name: str, publication: dict[str, Any], fault: StreamFault | None) -> None:
        kind = "" if fault is None else fault.kind
        if kind == "swap":
            self._swapped[name] = publication
        elif kind != "drop":
            if fault is not None and fault.change is not None:
                publication = {**publication, "data": fault.change(publication["data"])}
            for _ in range(2 if kind == "repeat" else 1):
                self._send(name, publication)

    def _send(self, name: str, publication: dict[str, Any]) -> None:
        for connection in self.connections:
            if name in connection.subscriptions:
                connection.send({"push": {"channel": name, "pub": publication}})
