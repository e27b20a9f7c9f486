"""
A plain venue: what is said in `client` about the protocol, from the other side.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from aiohttp import web

from xarb_runtime.domain.orders import OrderStatus
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.testing.bench import Fate

from .book import MARKET, MAX_STAKE, MIN_STAKE, ODDS, OUTCOMES, Book, Kept, RefusedError, Wanted

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY = "plain-key-without-worth"
RATE, RATE_MS = 240, 60_000
POLL_MS = 2_000
BEAT_TIMEOUT_MS = 10_000
TICK_MS, IDLE_MS = 100, 10_000


class PlainServer:
    """
    The venue behind its routes.

    Attributes:
        book: what it holds.
        beats: how many heartbeats have arrived.
        url: where it listens.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.book = Book(clock)
        self.beats = 0
        self.url = ""
        self._beat_ms: int | None = None
        self._seen: deque[int] = deque()
        self._polls: list[web.Request] = []

    def app(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/prices/{market}/{outcome}", self._price)
        app.router.add_post("/orders", self._place)
        app.router.add_get("/orders/{client_id}", self._find)
        app.router.add_delete("/orders/{client_id}", self._cancel)
        app.router.add_get("/changes", self._changes)
        app.router.add_post("/beats", self._beat)
        return app

    def drop_polls(self) -> None:
        """Break the connections of those who wait for changes."""
        for request in self._polls:
            if request.transport is not None:
                request.transport.abort()

    async def tick(self) -> None:
        """Let time pass for the orders, for ever."""
        while True:
            self.book.pass_time(self._beat_ms, BEAT_TIMEOUT_MS)
            async with self.book.changed:
                self.book.changed.notify_all()
            await self._clock.sleep_ms(TICK_MS if self.book.is_busy() else IDLE_MS)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        now_ms = self._clock.now_ms()
        while self._seen and self._seen[0] <= now_ms - RATE_MS:
            self._seen.popleft()
        if len(self._seen) >= RATE:
            wait_ms = self._seen[0] + RATE_MS - now_ms
            return web.Response(status=429, headers={"Retry-After": str(wait_ms // 1000 + 1)})
        self._seen.append(now_ms)
        if not request.path.startswith("/prices/") and request.headers.get("X-Key") != KEY:
            return web.json_response({"code": "WHO_ARE_YOU"}, status=401)
        self.book.pass_time(self._beat_ms, BEAT_TIMEOUT_MS)
        return await handler(request)

    async def _price(self, request: web.Request) -> web.Response:
        market, outcome = request.match_info["market"], request.match_info["outcome"]
        if market != MARKET or outcome not in OUTCOMES:
            return web.json_response({"code": "NO_SUCH_SELECTION"}, status=404)
        price = {"odds": ODDS, "min_stake": MIN_STAKE, "max_stake": MAX_STAKE}
        return _json({**price, "time_ms": self._clock.now_ms()})

    async def _place(self, request: web.Request) -> web.Response:
        try:
            wanted = msgspec.json.decode(await request.read(), type=Wanted)
        except msgspec.DecodeError as error:
            return _json({"code": "MALFORMED", "reason": str(error)}, 409)
        try:
            kept = self.book.take(wanted)
        except RefusedError as error:
            return _json({"code": str(error)}, 409)
        return await self._state(kept)

    async def _find(self, request: web.Request) -> web.Response:
        kept = self.book.orders.get(request.match_info["client_id"])
        if kept is None:
            return _json({"looked_at_ms": self._clock.now_ms()}, 404)
        if kept.hidden:
            kept.hidden -= 1
            return _json({"looked_at_ms": kept.taken_ms - 1}, 404)
        return await self._state(kept)

    async def _cancel(self, request: web.Request) -> web.Response:
        kept = self.book.orders.get(request.match_info["client_id"])
        if kept is None:
            return _json({"code": "NO_SUCH_ORDER"}, 409)
        if kept.status is OrderStatus.OPEN:
            if kept.fate is Fate.CANCEL_UNCONFIRMED:
                return web.Response(status=202)
            if kept.fate is Fate.FILL_DURING_CANCEL:
                self.book.fill(kept, kept.wanted.stake)
            else:
                self.book.cancel(kept, "CANCELLED")
        return await self._state(kept)

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        """Begin to answer at once, so that a connection that breaks is seen to break."""
        after = int(request.query["after"])
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        self._polls.append(request)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_MS / 1000), self.book.changed:
                    await self.book.changed.wait_for(lambda: len(self.book.changes) > after)
        finally:
            self._polls.remove(request)
        new = dict.fromkeys(self.book.changes[after:])
        orders = [self.book.orders[client_id].said() for client_id in new]
        said = {"next": len(self.book.changes), "orders": orders}
        with suppress(ConnectionError):
            await response.write(msgspec.json.encode(said))
        return response

    async def _beat(self, request: web.Request) -> web.Response:
        del request
        self.beats += 1
        self._beat_ms = self._clock.now_ms()
        return web.Response(status=204)

    async def _state(self, kept: Kept) -> web.Response:
        async with self.book.changed:
            self.book.changed.notify_all()
        return _json(kept.said())


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    encoded = msgspec.json.encode(body)
    return web.Response(body=encoded, status=status, content_type="application/json")


@asynccontextmanager
async def open_server(clock: Clock, port: int = 0) -> AsyncGenerator[PlainServer, None]:
    """Listen on a port of loopback; 0 takes a free one."""
    server = PlainServer(clock)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    ticking = asyncio.create_task(server.tick(), name="plain server")
    try:
        yield server
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        await runner.cleanup()
