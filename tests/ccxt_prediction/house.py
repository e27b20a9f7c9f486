"""
What the stand-ins of exchanges have in common: an HTTP server on loopback, and ways to spoil it.

They answer as ccxt's classes expect the exchanges to. They are no simulators of the exchanges.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.ccxt_prediction.stage import opened
from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.testing.clock import BEGINNING_MS, KitClock, KitLoop

#: Before the request is heard, and after it was.
BEFORE, AFTER = {"reset", "error"}, {"lost", "error_after", "garbage"}


class Refusal(Exception):
    """An answer with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class House:
    """
    An exchange's server.

    Attributes:
        url: where it is.
        requests: what was asked, `METHOD /path`.
        clock: the time.
    """

    def __init__(self, clock: KitClock) -> None:
        self.clock, self.url = clock, ""
        self.requests: list[str] = []
        self._faults: list[tuple[str, str]] = []

    def fault(self, kind: str, request: str, times: int = 1) -> None:
        """Spoil the next requests that begin so, a regular expression: `METHOD /path`."""
        assert kind in BEFORE | AFTER
        self._faults += [(kind, request)] * times

    def answers(self) -> dict[str, Callable[..., Any]]:
        """Return who answers what: `METHOD /path/{name}`."""
        raise NotImplementedError

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Answer requests."""
        app = web.Application()
        for route, answer in self.answers().items():
            method, _, path = route.partition(" ")
            app.router.add_route(method, path, self._handler(answer))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()

    def _handler(self, answer: Callable[..., Any]) -> Callable[..., Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            self.requests.append(f"{request.method} {request.path}")
            kind = self._spoilt(self.requests[-1])
            if kind in BEFORE:
                return _broken(request, kind)
            body = await request.json() if request.can_read_body else {}
            try:
                said: Any = answer(request, body)
                status = 200
            except Refusal as refusal:
                said, status = refusal.body, refusal.status
            return _broken(request, kind) if kind else web.json_response(said, status=status)

        return handle

    def _spoilt(self, asked: str) -> str:
        for fault in self._faults:
            if re.match(fault[1], asked):
                self._faults.remove(fault)
                return fault[0]
        return ""


def _broken(request: web.Request, kind: str) -> web.Response:
    if kind in {"reset", "lost"}:
        assert request.transport is not None
        request.transport.close()
        return web.Response()
    if kind == "garbage":
        return web.Response(text="<html>nothing</html>", content_type="text/html")
    return web.json_response({"message": "away"}, status=502)


class Scene:
    """
    An exchange, and as many lives of the plugin as one likes.

    Args:
        house: the exchange.
        section: the venue's settings, once the exchange runs.
        environ: where its keys are.
    """

    def __init__(self, house: Any, section: dict[str, Any], environ: dict[str, str]) -> None:
        self.house, self.clock = house, house.clock
        self.section, self.environ = section, environ

    @asynccontextmanager
    async def life(self, **raw: Any) -> AsyncGenerator[Any, None]:
        """Open the plugin."""
        section = {**self.section, **raw}
        async with opened(section, environ=self.environ, clock=self.clock) as venue:
            yield venue

    def order(self, client_id: str = "x-1:1:0", outcome: str = "", **changes: Any) -> Order:
        facts: dict[str, Any] = {
            "client_id": client_id,
            "selection": Selection("market", "", outcome or self.house.yes, ("one",)),
            "stake": Decimal(10),
            "min_odds": Decimal("2.00"),
            "reduces": True,
            "expires_ms": BEGINNING_MS + 60_000,
        }
        return Order(**facts | changes)

    async def settled(self, venue: Any) -> list[Any]:
        """Return reports until one is final."""
        reports: list[Any] = []
        async for report in venue.reports():
            reports.append(report)
            if report.final:
                break
        return reports

    def posted(self) -> int:
        """Return how often an order has arrived."""
        return sum(asked in self.house.placing for asked in self.house.requests)


def play(made: Callable[[KitClock], Any], scene: Callable[[Scene], Awaitable[None]]) -> None:
    """Play a scene at an exchange, in time that costs nothing."""

    async def all_of_it() -> None:
        house = made(KitClock())
        async with house.running():
            await scene(Scene(house, house.section(), house.environ))

    with asyncio.Runner(loop_factory=KitLoop) as runner:
        runner.run(all_of_it())
