"""
The gate: every request passes it on its way in, and every answer on its way out.

Who asks is looked at here, how often they ask, and what a test wants to go wrong.
"""

import re
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

import msgspec
from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.simulator_desk import SIM

from .clockwork import Clockwork
from .desk import Floor
from .faults import Fault
from .refusals import BrokenLinkError, GarbageError, Refusal
from .settings import FakeRates

_PRIVATE = (
    "/user/",
    "/orders-v3",
    "/fills-v3",
    "/positions-v3",
    "/trades-v3",
    "/heartbeat/",
    "/orderbook-v3/snapshot/event",
)
_PUBLIC = ("/trades-v3/public",)
_RETIRED = re.compile(r"/orders(/.*)?|/metadata")
_WEBSOCKET = "/connection/websocket"
_GARBAGE = "<html><body>upstream sent too big header</body></html>"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Turnstile:
    """Counts requests by group in a sliding window."""

    def __init__(self, rates: FakeRates, work: Clockwork) -> None:
        self._limits = {"orders": rates.orders, "trades": rates.trades, "other": rates.other}
        self._window_ms = parse_duration_ms(rates.window)
        self._work = work
        self._seen: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)

    def enter(self, group: str, who: str) -> None:
        """
        Count a request.

        Raises:
            Refusal: there have been too many.
        """
        now_ms, seen = self._work.now_ms, self._seen[group, who]
        while seen and seen[0] <= now_ms - self._window_ms:
            seen.popleft()
        if len(seen) >= self._limits[group]:
            raise too_many(seen[0] + self._window_ms - now_ms)
        seen.append(now_ms)


def too_many(wait_ms: int) -> Refusal:
    """Return the refusal of a request too many."""
    seconds = -(-wait_ms // 1000)
    return Refusal(429, "Too Many Requests", {"Retry-After": str(seconds)})


class Gate:
    """
    The gate.

    Attributes:
        log: method and path of every request that came, oldest first.
        gone: no request is answered at all, every connection breaks.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor, self._work = floor, floor.work
        self._turnstile = Turnstile(floor.settings.rates, floor.work)
        self.log: list[str] = []
        self.gone = False

    def middleware(self) -> Any:
        """Return the gate as aiohttp wants it."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(SIM):
                return await handler(request)  # nothing goes wrong on the way of who rehearses
            try:
                return await self._pass(request, handler)
            except BrokenLinkError as error:
                if request.transport is not None:
                    request.transport.abort()
                raise web.HTTPServiceUnavailable from error

        return gate

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = f"{request.method} {request.path}"
        if self.gone or self._floor.faults.script.strike("connection", route):
            raise BrokenLinkError
        if request.path == _WEBSOCKET:
            return await handler(request)
        try:
            await request.read()  # what has arrived is there, also when the sender hangs up
        except ConnectionError as error:
            raise BrokenLinkError from error
        self.log.append(route)
        faults = self._floor.faults.of_request(route)
        await self._work.pause(self._floor.settings.latency)
        try:
            await _on_the_way_in(faults, self._work)
            answer: Any = await self._answer(request, handler)
            for fault in faults:
                answer = fault.change(answer) if fault.change else answer
            status, headers = 200, {}
        except Refusal as refusal:
            answer, status, headers = refusal.body(), refusal.status, refusal.headers
        except GarbageError:
            return self._response(200, _GARBAGE.encode(), "text/html")
        try:
            await _on_the_way_out(faults, self._work)
        except Refusal as refusal:
            answer, status, headers = refusal.body(), refusal.status, refusal.headers
        except GarbageError:
            return self._response(200, _GARBAGE.encode(), "text/html")
        return self._response(status, msgspec.json.encode(answer), headers=headers)

    def _response(
        self,
        status: int,
        content: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        # The exchange's own time, not the machine's.
        told = {"Date": formatdate(self._work.now_ms / 1000, usegmt=True), **(headers or {})}
        return web.Response(status=status, headers=told, body=content, content_type=kind)

    async def _answer(self, request: web.Request, handler: Handler) -> Any:
        path = request.path
        if _RETIRED.fullmatch(path):
            raise Refusal(400, "OrderBook V2 is no longer supported")
        key = request.headers.get("x-sx-api-key", "")
        if path.startswith(_PRIVATE) and path not in _PUBLIC:
            self._floor.account_of(request)
        self._turnstile.enter(_group(request.method, path), key)
        try:
            # Handlers return data; only the gate makes an answer of it.
            return await handler(request)
        except web.HTTPNotFound as error:
            raise Refusal(404, f"Cannot {request.method} {path}") from error
        except web.HTTPMethodNotAllowed as error:
            raise Refusal(404, f"Cannot {request.method} {path}") from error


def _group(method: str, path: str) -> str:
    if method == "POST" and path == "/orders-v3":
        return "orders"
    return "trades" if path.startswith(("/fills-v3", "/trades-v3")) else "other"


async def _on_the_way_in(faults: list[Fault], work: Clockwork) -> None:
    for fault in faults:
        match fault.kind:
            case "reset":
                raise BrokenLinkError
            case "error":
                raise Refusal(fault.status, "Internal server error")
            case "garbage_before":
                raise GarbageError
            case "limit":
                raise too_many(fault.ms)
            case "late":
                await work.sleep(fault.ms)
            case _:
                pass  # happens on the other way


async def _on_the_way_out(faults: list[Fault], work: Clockwork) -> None:
    for fault in faults:
        match fault.kind:
            case "lost":
                raise BrokenLinkError
            case "error_after":
                raise Refusal(fault.status, "Internal server error")
            case "garbage":
                raise GarbageError
            case "slow":
                await work.sleep(fault.ms)
            case _:
                pass  # has happened on the way in
