"""
The server: all routes under one address, and what goes wrong on the way to them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, get_args

import msgspec
from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening
from xarb_runtime.plugins.simulator_desk import SIM, SimulatorDesk
from xarb_runtime.plugins.simulator_faults import ScriptedFault

from .bet_routes import BetRoutes
from .bodies import MalformedError
from .cashout import CashoutRoutes
from .control import Control
from .desk import Desk
from .drift import Drift
from .faults import FaultQueue, WireFault, too_many_requests
from .feed import Feed
from .market_routes import MarketRoutes
from .relayer import Relayer
from .replies import ProblemError
from .rpc import Rpc
from .settings import THROW_AWAY_KEY, FakeSettings, Word
from .settlement import Oracle
from .window import book_of, offers_of
from .world import World

LOOPBACK = "127.0.0.1"
REST, STREAMS, RPC = "/api/v1/public", "/v1/streams", "/rpc"
#: The variable that holds the key of the first bettor.
KEY_ENV = "AZURO_FAKE_KEY"

_FEED = "GET feed"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """
    The imitation as an application.

    Attributes:
        control: what a test may do to it.
    """

    def __init__(self, opening: SimulatorOpening) -> None:
        settings: FakeSettings = opening.settings
        self._clock = opening.clock
        self._latency_ms = parse_duration_ms(settings.latency)
        self.world = World(settings, opening.clock)
        self.feed, self._faults = Feed(opening.clock, self.world.script), FaultQueue()
        self._relayer, self._oracle = Relayer(self.world), Oracle(self.world)
        self._cashouts = CashoutRoutes(self.world)
        self.world.market.listen(self.feed.tell)
        if settings.drift is not None:
            Drift(self.world, settings.drift)
        self.control = Control(
            self.world, self._relayer, self._oracle, self._cashouts, self.feed, self._faults
        )

    def application(self) -> web.Application:
        """Return the application with all routes."""
        app = web.Application(middlewares=[self._meet])
        app.on_response_prepare.append(self._date)
        desk = Desk(self.world, self._relayer)
        app.router.add_routes(MarketRoutes(self.world).routes(REST))
        app.router.add_routes(BetRoutes(self.world, desk, self.feed).routes(REST))
        app.router.add_routes(self._cashouts.routes(REST))
        app.router.add_get(f"{STREAMS}/feed", self.feed.serve)
        app.router.add_post(RPC, Rpc(self.world, self._oracle).serve)
        app.router.add_routes(self._simulator_desk().routes())
        return app

    def _simulator_desk(self) -> SimulatorDesk:
        def begin(fault: ScriptedFault) -> None:
            if fault.fault == "away":
                self.feed.drop()

        return SimulatorDesk(
            self.world.script, FakeSettings, get_args(Word), lambda: book_of(self.world), begin
        )

    async def _date(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Every server tells its time; without this it would be that of the machine."""
        del request
        answer.headers["Date"] = formatdate(self._clock.now_ms() / 1000, usegmt=True)

    @web.middleware
    async def _meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(SIM):
            self.world.agenda.advance()
            return await handler(request)  # nothing goes wrong on the way of who rehearses
        route = f"{request.method} {_short(request.path)}"
        self.control.note(route)
        fault = self._faults.next_for(route) or self._scripted(route)
        pause_ms = self._latency_ms + (fault.delay_ms if fault else 0)
        if pause_ms:
            await self._clock.sleep_ms(pause_ms)
        self.world.agenda.advance()
        try:
            if fault is None:
                return await _handled(request, handler)
            return await _disturbed(request, handler, fault)
        except ConnectionResetError:
            return _abort(request)

    def _scripted(self, route: str) -> WireFault | None:
        script = self.world.script
        if script.strike("connection", route):
            return WireFault()
        told = None if route == _FEED else script.strike("request", route)
        if told is None:
            return None
        if told.fault == "limit":
            return too_many_requests(after_seconds=-(-script.limit_ms(told) // 1000))
        return WireFault(what="answer", status=503)


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ProblemError as error:
        return error.reply()
    except MalformedError as error:
        return ProblemError(HTTPStatus.BAD_REQUEST, error.faults).reply()
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        message = f"Cannot {request.method} {request.path}"
        return ProblemError(HTTPStatus.NOT_FOUND, message).reply()


async def _disturbed(
    request: web.Request, handler: Handler, fault: WireFault
) -> web.StreamResponse:
    answer = await _handled(request, handler) if fault.handled else None
    match fault.what:
        case "reset":
            return _abort(request)
        case "hang":
            await asyncio.Event().wait()
        case "answer":
            return web.Response(
                status=fault.status,
                text=fault.body,
                content_type=fault.content_type,
                headers=fault.headers,
            )
        case "cut" | "none":
            pass
    if answer is None:
        answer = await _handled(request, handler)
    if fault.what == "cut" and isinstance(answer, web.Response):
        return await _cut(request, _body(answer))
    if fault.rewrite is not None and isinstance(answer, web.Response):
        answer.body = msgspec.json.encode(fault.rewrite(msgspec.json.decode(_body(answer))))
    return answer


def _body(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""


def _abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
    answer.content_type = "application/json"
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.abort()
    return answer


def _short(path: str) -> str:
    for root in (f"{REST}/", f"{STREAMS}/", "/"):
        if path.startswith(root):
            return path.removeprefix(root)
    return path


@asynccontextmanager
async def serve(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """
    Serve the imitation on loopback for as long as the context lasts.

    Raises:
        OSError: the port is taken.
    """
    site = Site(opening)
    runner = web.AppRunner(
        site.application(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
    )
    await runner.setup()
    ticking = asyncio.ensure_future(site.world.agenda.run())
    try:
        await web.TCPSite(runner, LOOPBACK, opening.port).start()
        address = f"{LOOPBACK}:{runner.addresses[0][1]}"
        yield Simulated(
            url=f"http://{address}",
            section=section_of(opening.settings, address),
            environ={KEY_ENV: THROW_AWAY_KEY},
            control=site.control,
            offers=tuple(offers_of(site.world)),
        )
    finally:
        ticking.cancel()
        (ended,) = await asyncio.gather(ticking, return_exceptions=True)
        await site.feed.close()
        await runner.cleanup()
        if isinstance(ended, Exception):
            raise ended


def section_of(settings: FakeSettings, address: str) -> dict[str, Any]:
    """Return a section of the settings that reaches the imitation."""
    return {
        "environment": settings.environment,
        "url": f"http://{address}{REST}",
        "ws_url": f"ws://{address}{STREAMS}",
        "rpc_url": f"http://{address}{RPC}",
        "key_env": KEY_ENV,
        "cashout": settings.cashout,
    }
