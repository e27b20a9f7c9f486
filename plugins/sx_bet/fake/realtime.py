"""
The websocket: Centrifugo's bidirectional protocol in JSON.

Several commands or answers may share a frame, one a line; an empty object is a ping and its answer.
"""

import asyncio
import contextlib
import itertools
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from xarb_runtime.domain.money import parse_duration_ms

from .channels import Channels
from .clockwork import Clockwork
from .reading import fields_of
from .settings import FakeSettings
from .tokens import TokenError, Tokens

#: Subscriptions of one connection.
_MOST_SUBSCRIPTIONS = 512

_INVALID_TOKEN = (3500, "invalid token")
_BAD_REQUEST = (3501, "bad request")
_NO_PONG = (3012, "no pong")

_ERRORS = {
    102: "unknown channel",
    103: "permission denied",
    104: "method not found",
    105: "already subscribed",
    106: "limit exceeded",
    107: "bad request",
    109: "token expired",
}


class _CommandError(Exception):
    """A command is answered with an error."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(_ERRORS[code])


class Connection:
    """
    One websocket.

    Attributes:
        subscriptions: the channels it hears.
        address: whose token it came with; empty before.
    """

    def __init__(
        self,
        number: int,
        socket: web.WebSocketResponse,
        request: web.Request,
        *,
        shares_frames: bool,
    ) -> None:
        self._shares_frames = shares_frames
        self.number, self.subscriptions, self.address = number, set[str](), ""
        self.ponged = asyncio.Event()
        self._socket, self._request = socket, request
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, word: Any) -> None:
        """Send something, with whatever else there is to send."""
        self._outbox.put_nowait(word)

    def tear(self) -> None:
        """Break the connection, without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Close the connection properly."""
        await self._socket.close(code=code, message=reason.encode())

    async def write(self) -> None:
        """Write what is to be sent, for ever."""
        while True:
            words = [await self._outbox.get()]
            while self._shares_frames and not self._outbox.empty():
                words.append(self._outbox.get_nowait())
            frame = "\n".join(msgspec.json.encode(word).decode() for word in words)
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return

    async def read(self) -> "list[Any] | None":
        """Return the objects of the next frame; None when the connection has ended."""
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            return None
        text: str = message.data
        try:
            return [msgspec.json.decode(line) for line in text.split("\n") if line]
        except msgspec.DecodeError:
            await self.close(*_BAD_REQUEST)
            return None


class Realtime:
    """
    All websockets.

    Attributes:
        pings: whether the connections are pinged.
        away: new connections are refused with a 503.
    """

    def __init__(
        self, settings: FakeSettings, work: Clockwork, channels: Channels, tokens: Tokens
    ) -> None:
        self._settings, self._work = settings, work
        self._channels, self._tokens = channels, tokens
        self._numbers = itertools.count(1)
        self.pings, self.away = True, False

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve a websocket until it ends."""
        if self.away:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        shares = self._settings.shared_frames
        connection = Connection(next(self._numbers), socket, request, shares_frames=shares)
        self._channels.connections.add(connection)
        try:
            async with asyncio.TaskGroup() as tasks:
                aside = [
                    tasks.create_task(connection.write()),
                    tasks.create_task(self._ping(connection)),
                ]
                await self._serve(connection)
                for task in aside:
                    task.cancel()
        finally:
            self._channels.part(connection)
        return socket

    async def _serve(self, connection: Connection) -> None:
        while (words := await connection.read()) is not None:
            for word in words:
                if word == {}:
                    connection.ponged.set()
                elif not await self._obey(connection, word):
                    return

    async def _ping(self, connection: Connection) -> None:
        while True:
            await self._work.pause(self._settings.ping)
            if self.pings and connection.address:
                connection.ponged.clear()
                connection.send({})
                in_time = parse_duration_ms(self._settings.pong)
                if not await self._work.happens(connection.ponged, in_time):
                    with contextlib.suppress(ConnectionError):
                        await connection.close(*_NO_PONG)
                    return

    # -- Commands --------------------------------------------------------------------------------

    async def _obey(self, connection: Connection, command: Any) -> bool:
        """Carry out a command; return whether the connection goes on."""
        fields = fields_of(command)
        number = fields.get("id")
        if not isinstance(number, int) or not (connection.address or "connect" in fields):
            await connection.close(*_BAD_REQUEST)
            return False
        try:
            answer = self._answer(connection, fields)
        except _CommandError as error:
            answer = {"error": {"code": error.code, "message": str(error)}}
        except TokenError:
            await connection.close(*_INVALID_TOKEN)
            return False
        connection.send({"id": number, **answer})
        return True

    def _answer(self, connection: Connection, command: dict[str, Any]) -> dict[str, Any]:
        if "connect" in command:
            return {"connect": self._greet(connection, fields_of(command["connect"]))}
        if "subscribe" in command:
            return {"subscribe": self._subscribe(connection, fields_of(command["subscribe"]))}
        if "unsubscribe" in command:
            left = fields_of(command["unsubscribe"]).get("channel")
            self._channels.leave(connection, str(left))
            return {"unsubscribe": {}}
        raise _CommandError(104)

    def _greet(self, connection: Connection, wish: dict[str, Any]) -> dict[str, Any]:
        address, alive = self._tokens.read(wish.get("token"), self._work.now_ms)
        if not alive:
            raise _CommandError(109)
        connection.address = address
        return {
            "client": f"client-{connection.number}",
            "version": "6.0.0",
            "ping": max(1, parse_duration_ms(self._settings.ping) // 1000),
            "pong": True,
        }

    def _subscribe(self, connection: Connection, wish: dict[str, Any]) -> dict[str, Any]:
        name: Any = wish.get("channel")
        if not isinstance(name, str) or not name:
            raise _CommandError(107)
        if name in connection.subscriptions:
            raise _CommandError(105)
        if len(connection.subscriptions) >= _MOST_SUBSCRIPTIONS:
            raise _CommandError(106)
        if not self._channels.exists(name):
            raise _CommandError(102)
        if not self._channels.may_hear(name, connection.address):
            raise _CommandError(103)
        self._channels.join(connection, name)
        channel = self._channels.channel(name)
        return channel.position(wish)
