"""
A server that answers as it is told, and the least protocol that there can be for it.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.plugins.test_pacing import Clock
from xarb_runtime.domain.orders import (
    Absent,
    Order,
    OrderReport,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Capabilities, VenueOpening
from xarb_runtime.plugins.http_protocol import Ask, HttpProtocol
from xarb_runtime.plugins.http_venue import HttpVenue, http_spec
from xarb_runtime.plugins.settings import open_settings

KEY = "toll-key-without-worth"
SELECTION = Selection("toll", "a/b", "home", ("home",))
ORDER = Order(
    client_id="x:1",
    selection=SELECTION,
    stake=Decimal("12.50"),
    min_odds=Decimal("2.1"),
    reduces=False,
    expires_ms=5_000,
)


def report(client_id: str = "x:1", sequence: int = 1, *, final: bool = False) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "sequence": sequence,
        "time_ms": 1,
        "status": "open",
        "final": final,
    }


class Toll(HttpProtocol):
    """The least that an author may write."""

    def capabilities(self) -> Capabilities:
        return Capabilities(proves_absence=True)

    async def place(self, order: Order, ask: Ask) -> OrderReport | Refused | Unknown | None:
        answer = await ask("POST", "orders", order.client_id, json={"stake": order.stake})
        if answer.status == 409:
            return Refused(answer.read(dict[str, str])["code"])
        return answer.read(OrderReport) if answer.status == 200 else None

    async def find(self, order: Order, ask: Ask) -> OrderReport | Absent | Unknown | None:
        answer = await ask("GET", "orders", order.client_id)
        if answer.status == 404:
            return Absent("gone")
        return answer.read(OrderReport) if answer.status == 200 else None

    async def quote(self, selection: Selection, ask: Ask) -> Quote | None:
        await ask("GET", "prices", selection.market, query={"for": selection.outcome})
        return None

    async def beat(self, ask: Ask) -> bool:
        return (await ask("GET", "balance")).status == 200


class Modest(Toll):
    """It says nothing of what it can do."""

    def capabilities(self) -> Capabilities:
        return Capabilities()


class House:
    """
    A server that answers as it is told, and remembers what it was asked.

    Attributes:
        asked: requests, as `POST /orders/7`, with what they carried.
        says: answers, the last one again and again.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.says: list[Callable[[], web.StreamResponse]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = f"{request.method} {request.raw_path}"
        self.asked.append((asked, dict(request.headers), await request.read()))
        return (self.says.pop(0) if len(self.says) > 1 else self.says[0])()

    def lines(self) -> list[str]:
        return [line for line, _, _ in self.asked]


def says(body: object = None, status: int = 200, **headers: str) -> Callable[[], web.Response]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        return lambda: web.Response(text=body, status=status, headers=names)
    return lambda: web.json_response(body, status=status, headers=names)


@asynccontextmanager
async def opened(
    *answers: Callable[[], web.Response],
    protocol: type[HttpProtocol] = Toll,
    trades: bool = True,
    **section: Any,
) -> AsyncGenerator[tuple[HttpVenue, House, Clock], None]:
    house, clock = House(), Clock()
    house.says = list(answers)
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", house.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    house.url = "http://{}:{}".format(*runner.addresses[0][:2])
    spec = http_spec(protocol, name="toll", version="1")
    settings = open_settings(spec, {"url": f"{house.url}/v1/", **section}, "venues.toll")
    opening = VenueOpening(
        name="toll", settings=settings, clock=clock, trades=trades, environ={"TOLL_KEY": KEY}
    )
    try:
        async with spec.open(opening) as venue:
            assert isinstance(venue, HttpVenue)
            yield venue, house, clock
    finally:
        await runner.cleanup()
