"""
A ghost venue as a process of its own: HTTP on loopback, the book in a file that survives a kill.

Start it with `run_server`, or `serve` it inside a running loop.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    Order,
    OrderReport,
    Quote,
    Refused,
    Selection,
    Unknown,
)

from . import wire
from .exchange import GhostExchange, open_exchange
from .file import kept_book
from .settings import GhostSettings
from .venue import GhostVenue

#: How long a request for reports waits before it returns with nothing.
POLL_SECONDS = 10.0
LOOPBACK = "127.0.0.1"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WallClock:
    """Real time: this process stands for the outside world."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    async def sleep_ms(self, milliseconds: int) -> None:
        """Wait."""
        await asyncio.sleep(milliseconds / 1000)


class GhostDesk:
    """The handlers: each asks the venue and puts its answer on the wire."""

    def __init__(self, exchange: GhostExchange) -> None:
        self._exchange = exchange
        self._venue = GhostVenue(exchange)

    def application(self) -> web.Application:
        """Return the application with all routes."""
        app = web.Application(middlewares=[_out_of_reach])
        app.router.add_post("/orders", self.place)
        app.router.add_delete("/orders/{id}", self.cancel)
        app.router.add_get("/orders/{id}", self.find)
        app.router.add_get("/quote", self.quote)
        app.router.add_post("/heartbeat", self.heartbeat)
        app.router.add_get("/reports", self.reports)
        app.router.add_get("/book", self.book)
        return app

    async def place(self, request: web.Request) -> web.Response:
        """Place an order."""
        order = msgspec.json.decode(await request.read(), type=Order)
        return _reply(await self._venue.place(order))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel an order."""
        return _reply(await self._venue.cancel_by_id(request.match_info["id"]))

    async def find(self, request: web.Request) -> web.Response:
        """Find an order."""
        return _reply(await self._venue.find_by_id(request.match_info["id"]))

    async def quote(self, request: web.Request) -> web.Response:
        """Quote a selection."""
        asked = request.query
        wins = tuple(asked.getall("wins", []))
        selection = Selection(asked["venue"], asked["market"], asked["outcome"], wins)
        try:
            return _json(wire.OK, await self._venue.quote(selection))
        except LookupError as error:
            return _json(wire.NOT_FOUND, wire.Refusal("NO_PRICE", str(error)))

    async def heartbeat(self, _: web.Request) -> web.Response:
        """Take a heartbeat."""
        await self._venue.heartbeat()
        return web.Response(status=wire.NO_CONTENT)

    async def reports(self, request: web.Request) -> web.Response:
        """Return the log beyond a count, or nothing after a while."""
        epoch, log = self._exchange.work.opened_ms, self._exchange.log
        known = request.query.get("epoch") == str(epoch)
        after = end = int(request.query["after"]) if known else self._first_heard()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await log.wait_beyond(after)
                await self._exchange.until_reachable()
                end = len(log.entries)
        return _json(wire.OK, wire.Reports(epoch, end, log.entries[after:end]))

    def _first_heard(self) -> int:
        """Where the log begins for a new connection."""
        replays = self._exchange.settings.replays
        if replays is None:
            return 0
        since_ms = self._exchange.work.now_ms - parse_duration_ms(replays)
        return self._exchange.log.count_before(since_ms)

    async def book(self, _: web.Request) -> web.Response:
        """Return the venue's truth; also while it is out of reach."""
        return _json(wire.OK, self._exchange.book.to_json())


@web.middleware
async def _out_of_reach(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except msgspec.DecodeError as error:
        return _json(web.HTTPBadRequest.status_code, wire.Refusal("MALFORMED", str(error)))
    except ConnectionError as error:
        # What breaks inside a ghost breaks on the wire: whoever asked learns nothing.
        if request.transport is not None:
            request.transport.abort()
        raise web.HTTPServiceUnavailable(text=str(error)) from error


def _reply(answer: Accepted | Found | Refused | CancelRefused | Absent | Unknown) -> web.Response:
    match answer:
        case Accepted() | Found():
            return _json(wire.OK, answer.report)
        case Refused():
            return _json(wire.CONFLICT, wire.Refusal(answer.code, answer.reason))
        case CancelRefused():
            return _json(wire.CONFLICT, wire.Refusal("NOT_CANCELLED", answer.reason))
        case Absent():
            return _json(wire.NOT_FOUND, wire.Refusal(wire.ABSENT, answer.reason))
        case Unknown():
            return _json(wire.UNKNOWN, wire.Refusal("UNKNOWN", answer.reason))


def _json(
    status: int, body: OrderReport | Quote | wire.Refusal | wire.Reports | dict[str, Any]
) -> web.Response:
    content = msgspec.json.encode(body)
    return web.Response(status=status, body=content, content_type="application/json")


@asynccontextmanager
async def serve(
    settings: GhostSettings, port: int, book_file: Path, *, name: str = "ghost"
) -> AsyncGenerator[str, None]:
    """
    Serve a venue on loopback for as long as the context lasts; yield its URL.

    A port of 0 takes any that is free. A venue that is started again goes on where its book ends.

    Raises:
        OSError: the port is taken, or the book cannot be written.
        ValueError: the file is not a book.
    """
    with kept_book(book_file) as book:
        async with open_exchange(name, settings, WallClock(), book) as exchange:
            runner = web.AppRunner(
                GhostDesk(exchange).application(),
                access_log=None,
                handler_cancellation=True,
                shutdown_timeout=0.1,
            )
            await runner.setup()
            try:
                site = web.TCPSite(runner, LOOPBACK, port)
                await site.start()
                yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
            finally:
                await runner.cleanup()


def run_server(
    settings: GhostSettings,
    port: int,
    book_file: Path,
    *,
    on_ready: Callable[[str], object],
) -> None:
    """
    Serve a venue until the process is killed; `on_ready` is told its URL.

    Raises:
        OSError, ValueError: as `serve`.
    """

    async def for_ever() -> NoReturn:
        async with serve(settings, port, book_file) as url:
            on_ready(url)
            while True:
                await asyncio.Event().wait()

    asyncio.run(for_ever())
