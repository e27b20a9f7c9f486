"""
The feed: a websocket that tells changes of conditions and games to whoever subscribed.

There is no snapshot, no sequence and no time in its frames.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, cast

import msgspec
from aiohttp import WSMsgType, web

from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.simulator_script import FaultScript

from .units import to_json

_EVENTS = {
    "SubscribeConditions": ("conditionIds", "SubscribedToConditions"),
    "UnsubscribeConditions": ("conditionIds", "UnsubscribedFromConditions"),
    "SubscribeGames": ("gameIds", "SubscribedToGames"),
    "UnsubscribeGames": ("gameIds", "UnsubscribedFromGames"),
}
_AWAY = 1001
_PING_MS = 20_000


class _Listener:
    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket, self.transport = socket, transport
        self.ids: set[str] = set()
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()


class Feed:
    """
    All who listen.

    Args:
        clock: says when to ping them.
        script: says what goes wrong with what is told.

    Attributes:
        silent: nothing is told any more, the connections stay.
        copies: how often each change is told.
        rewrite: changes a frame before it is told.
        subscriptions: how many messages with subscriptions have arrived.
    """

    def __init__(self, clock: Clock, script: FaultScript) -> None:
        self._clock, self._script = clock, script
        self._stale: dict[str, bytes] = {}
        self._listeners: list[_Listener] = []
        self._held: list[tuple[str, bytes]] | None = None
        self._numbers = count(1)
        self.silent = False
        self.copies = 1
        self.rewrite: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.subscriptions = 0

    @property
    def listeners(self) -> int:
        """How many are connected."""
        return len(self._listeners)

    def tell(self, about: str, data: dict[str, Any]) -> None:
        """Tell a change of a condition or a game."""
        event = "ConditionUpdated" if "outcomes" in data else "GameUpdated"
        frame: dict[str, Any] = {"id": about, "event": event, "data": data}
        told = to_json(self.rewrite(frame) if self.rewrite else frame)
        if self._held is not None:
            self._held.append((about, told))
        else:
            self._send_as(about, told)

    def _send_as(self, about: str, told: bytes) -> None:
        fault = self._script.strike("frame", about)
        earlier = self._stale.pop(about, None)
        match fault.fault if fault else "":
            case "drop_frame":
                pass
            case "stale_frame":
                self._stale[about] = told
            case "repeat_frame":
                self._send(about, told)
                self._send(about, told)
            case _:
                self._send(about, told)
        if earlier is not None:
            self._send(about, earlier)

    def hold(self) -> None:
        """Keep changes back until `let_go`."""
        self._held = []

    def let_go(self, *, newest_first: bool = False) -> None:
        """Tell what was kept back, in order or the other way round."""
        held, self._held = self._held or [], None
        for about, told in reversed(held) if newest_first else held:
            self._send(about, told)

    def send_raw(self, text: str) -> None:
        """Send any text to all who listen."""
        for listener in self._listeners:
            listener.queue.put_nowait(text.encode())

    def drop(self) -> int:
        """Break all connections at once, without a farewell; return how many."""
        dropped = len(self._listeners)
        for listener in self._listeners:
            if listener.transport is not None:
                listener.transport.abort()
        return dropped

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        socket = web.WebSocketResponse(autoping=True, heartbeat=None)
        await socket.prepare(request)
        listener = _Listener(socket, request.transport)
        self._listeners.append(listener)
        company = [
            asyncio.ensure_future(self._write(listener)),
            asyncio.ensure_future(self._ping(listener)),
        ]
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._hear(listener, cast("str", message.data))
        finally:
            self._listeners.remove(listener)
            for task in company:
                task.cancel()
            await asyncio.gather(*company, return_exceptions=True)
        return socket

    async def close(self) -> None:
        """Say farewell to all who listen."""
        for listener in tuple(self._listeners):
            await listener.socket.close(code=_AWAY)

    def _send(self, about: str, told: bytes) -> None:
        if self.silent:
            return
        for listener in self._listeners:
            if about in listener.ids:
                for _ in range(self.copies):
                    listener.queue.put_nowait(told)

    async def _write(self, listener: _Listener) -> None:
        while True:
            told = await listener.queue.get()
            try:
                await listener.socket.send_str(told.decode())
            except ConnectionError:
                return

    async def _ping(self, listener: _Listener) -> None:
        while True:
            await self._clock.sleep_ms(_PING_MS)
            try:
                await listener.socket.ping()
            except ConnectionError:
                return

    def _hear(self, listener: _Listener, text: str) -> None:
        try:
            said: Any = msgspec.json.decode(text)
            key, answer = _EVENTS[said["event"]]
            ids = [str(one) for one in said["data"][key]]
        except (msgspec.DecodeError, LookupError, TypeError):
            return  # what it does not understand it leaves alone
        self.subscriptions += 1
        if said["event"].startswith("Sub"):
            listener.ids.update(ids)
        else:
            listener.ids.difference_update(ids)
        # The ids are echoed, not looked at.
        ack = {"id": str(next(self._numbers)), "event": answer, "data": {key: ids}}
        if not self.silent:
            listener.queue.put_nowait(to_json(ack))
