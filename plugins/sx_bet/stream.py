"""
The exchange's websocket: Centrifugo's protocol, in JSON.

Nothing is replayed after a break. A channel that is there (again) is told to whoever listens, who
then reads the present state over REST: that covers what was missed, however long it took.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec

from xarb_runtime.plugins.clock import Clock

from . import wire
from .rest import FORBIDDEN, OK, UNAUTHORIZED, NoAnswerError, Rest

TOKEN_PATH = "user/realtime-token-v3/api-key"  # noqa: S105 -- where one is had

_ALREADY_SUBSCRIBED, _TOKEN_EXPIRED = 105, 109
#: Codes of a closing server that ask to stay away.
_TERMINAL = (range(3500, 4000), range(4500, 5000))
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 500, 30_000
#: After words that will hardly change: a key that is not known, a server that wants us away.
_LONG_PAUSE_MS = 300_000
_PING_S, _GRACE_S = 30, 10


class _Stay(ConnectionError):
    """There is no point in trying again soon."""


class _Publication(msgspec.Struct, frozen=True):
    """Something new on a channel."""

    data: Any = None
    offset: int = 0


class _Push(msgspec.Struct, frozen=True):
    """Something that nobody asked for just now."""

    channel: str = ""
    pub: _Publication | None = None
    unsubscribe: dict[str, Any] | None = None
    disconnect: dict[str, Any] | None = None


class _Reply(msgspec.Struct, frozen=True):
    """One JSON object of a frame; which keys there are says what it is."""

    id: int = 0
    error: dict[str, Any] | None = None
    connect: dict[str, Any] | None = None
    subscribe: dict[str, Any] | None = None
    push: _Push | None = None


class Stream:
    """
    One websocket, opened again and again.

    Args:
        session: for the websocket.
        rest: for the token.
        clock: for pauses.
        url: where.
        on_data: told channel and data of every publication.
        on_live: told a channel that works (again); what was said before may have been missed.

    Attributes:
        problem: why it is down; empty while it is up.
        live: the channels that work.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        rest: Rest,
        clock: Clock,
        *,
        url: str,
        on_data: Callable[[str, Any], None],
        on_live: Callable[[str], None],
    ) -> None:
        self._session, self._rest, self._clock, self._url = session, rest, clock, url
        self._on_data, self._on_live = on_data, on_live
        self._wanted: dict[str, None] = {}
        self._changed = asyncio.Event()
        self._asked: dict[int, str] = {}
        self._sent: set[str] = set()
        self._offsets: dict[str, int] = {}
        self._last_id = 1
        self._quiet_s = float(_PING_S + _GRACE_S)
        self.live: set[str] = set()
        self.problem = "not connected yet"

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        return not self.problem

    def want(self, channel: str) -> None:
        """Subscribe, now or when there is a connection."""
        if channel not in self._wanted:
            self._wanted[channel] = None
            self._changed.set()

    def drop(self, channel: str) -> None:
        """Unsubscribe."""
        if channel in self._wanted:
            del self._wanted[channel]
            self._changed.set()

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        pause_ms = _FIRST_PAUSE_MS
        while True:
            reason, stay, was_up = "the connection ended", False, False
            try:
                await self._connected()
            except _Stay as error:
                reason, stay = str(error), True
            except (NoAnswerError, wire.WireError, aiohttp.ClientError, OSError) as error:
                reason = f"{type(error).__name__}: {error}"
            finally:
                was_up = self.up
                self.problem = reason
                self.live.clear()
            if was_up:
                pause_ms = _FIRST_PAUSE_MS
            await self._clock.sleep_ms(_LONG_PAUSE_MS if stay else pause_ms)
            pause_ms = min(pause_ms * 2, _LONGEST_PAUSE_MS)

    # -- One connection --------------------------------------------------------------------------

    async def _connected(self) -> None:
        token = await self._token()
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)  # pyright: ignore[reportCallIssue]
        async with self._session.ws_connect(
            self._url, timeout=timeout, max_msg_size=2**24
        ) as socket:
            self._asked.clear()
            self._sent.clear()
            self._offsets.clear()
            self._last_id = 1
            self._quiet_s = float(_PING_S + _GRACE_S)
            hello = {"id": 1, "connect": {"token": token, "name": "xarb"}}
            await socket.send_str(msgspec.json.encode(hello).decode())
            await self._listen(socket)

    async def _token(self) -> str:
        answer = await self._rest.get(TOKEN_PATH, private=True)
        if answer.status in {UNAUTHORIZED, FORBIDDEN}:
            raise _Stay(f"the API key opens no stream: {answer.said}")
        if answer.status != OK:
            raise NoAnswerError(answer.said)
        token = wire.read(answer.body, wire.Token).token
        return token or wire.read_data(answer.body, wire.Token).token

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        sender: asyncio.Task[None] | None = None
        try:
            async for reply in self._replies(socket):
                if reply.connect is not None:
                    self._quiet_s = _number(reply.connect.get("ping"), _PING_S) + _GRACE_S
                    self.problem = ""
                    self._changed.set()
                    sender = asyncio.create_task(self._keep_asking(socket))
                elif reply.error is not None:
                    self._refused(reply.id, reply.error)
                elif reply.subscribe is not None:
                    self._subscribed(reply.id, reply.subscribe)
                elif reply.push is not None:
                    self._pushed(reply.push)
        finally:
            if sender is not None:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _replies(self, socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[_Reply]:
        while True:
            try:
                frame = await socket.receive(timeout=self._quiet_s)
            except TimeoutError:
                raise NoAnswerError("the stream fell silent") from None
            if frame.type is not aiohttp.WSMsgType.TEXT:
                self._closed(socket.close_code or 0)
                return
            for line in frame.data.split("\n"):
                if line.strip() == "{}":
                    await socket.send_str("{}")
                elif line.strip():
                    yield wire.read(line.encode(), _Reply)

    def _closed(self, code: int) -> None:
        if any(code in codes for codes in _TERMINAL):
            raise _Stay(f"the exchange closed the stream for good: {code}")

    # -- Channels --------------------------------------------------------------------------------

    async def _keep_asking(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Subscribe to what is wanted, and unsubscribe from what is not any more."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for channel in [it for it in self._wanted if it not in self._sent]:
                self._sent.add(channel)
                words = {"channel": channel, "positioned": True, "recoverable": True}
                await self._ask(socket, channel, {"subscribe": words})
            for channel in [it for it in self._sent if it not in self._wanted]:
                self._sent.discard(channel)
                self.live.discard(channel)
                await self._ask(socket, "", {"unsubscribe": {"channel": channel}})

    async def _ask(
        self, socket: aiohttp.ClientWebSocketResponse, channel: str, command: dict[str, Any]
    ) -> None:
        self._last_id += 1
        self._asked[self._last_id] = channel
        await socket.send_str(msgspec.json.encode({"id": self._last_id, **command}).decode())

    def _subscribed(self, number: int, told: dict[str, Any]) -> None:
        channel = self._asked.pop(number, "")
        if channel in self._wanted:
            if told.get("positioned"):
                self._offsets[channel] = int(_number(told.get("offset"), 0))
            self.live.add(channel)
            self._on_live(channel)

    def _refused(self, number: int, error: dict[str, Any]) -> None:
        code, words = int(_number(error.get("code"), 0)), str(error.get("message", ""))
        channel = self._asked.pop(number, "")
        if code == _TOKEN_EXPIRED or number == 1:
            raise NoAnswerError(f"the stream refused us: {code} {words}")
        if code == _ALREADY_SUBSCRIBED:
            self.live.add(channel)
            self._on_live(channel)
        # Any other channel stays unheard: what it would have told is read over REST.

    def _pushed(self, push: _Push) -> None:
        channel, published = push.channel, push.pub
        if push.disconnect is not None:
            self._closed(int(_number(push.disconnect.get("code"), 0)))
            raise NoAnswerError("the exchange ends the connection")
        if push.unsubscribe is not None:
            self.live.discard(channel)
            self._sent.discard(channel)
            self._changed.set()
            return
        if channel not in self._wanted or published is None:
            return
        known = self._offsets.get(channel)
        if known is not None and published.offset:
            self._offsets[channel] = max(published.offset, known)
            if published.offset > known + 1:
                self._on_live(channel)  # something in between was lost
        self._on_data(channel, published.data)


def _number(value: object, otherwise: float) -> float:
    return value if isinstance(value, int | float) else otherwise
