"""
A ghost as a process of its own: the same answers over HTTP, and a book that outlives its clients.
"""

import asyncio
import importlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.plugins.worlds import OVER, REGISTRY, ROOT, ghost, opening, order, settings
from tests.servers.ports import free_port
from xarb_runtime.domain.orders import Absent, Accepted, CancelRefused, Found, Refused, Unknown
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.settings import open_settings

FOLDER = (ROOT / "plugins" / "ghost").resolve()
server = importlib.import_module("xarb_plugins.ghost.server")
ID = "x-arb/1 ä:2:0"
QUICK = {"latency": "0ms"}


@asynccontextmanager
async def connect(url: str, **raw: Any) -> AsyncIterator[Any]:
    spec = REGISTRY.venue("ghost_remote")
    own = open_settings(spec, {"url": url, **raw}, "venues.far")
    async with spec.open(opening("far", own, server.WallClock())) as venue:
        yield venue


@asynccontextmanager
async def far(file: Path, **raw: Any) -> AsyncIterator[Any]:
    async with server.serve(settings(**QUICK | raw), 0, file) as url, connect(url) as venue:
        yield venue


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.jsonl"


async def listen(venue: Any, count: int) -> list[Any]:
    reports = aiter(venue.reports())
    return [await anext(reports) for _ in range(count)]


async def test_an_order_goes_there_and_back(file: Path) -> None:
    async with far(file) as venue:
        answer = await venue.place(order(ID))
        found = await venue.find(order(ID))
        (report,) = await listen(venue, 1)

    assert isinstance(answer, Accepted)
    assert ("filled", Decimal(100)) == (report.status.value, report.filled)
    assert Found(report) == found
    assert ghost.read_book(file).calls == {ID: 1}


async def test_each_answer_arrives_as_what_it_is(file: Path) -> None:
    orders = [
        {"answer": "refused", "code": "NO_LIQUIDITY", "reason": "nothing there"},
        {"answer": "unknown", "reason": "busy"},
        {"reports": [], "cancel": {"answer": "refused", "reason": "too late"}},
        {"reports": [], "cancel": {"answer": "unknown"}, "find": {"answer": "unknown"}},
    ]
    async with far(file, orders=orders) as venue:
        assert Refused("NO_LIQUIDITY", "nothing there") == await venue.place(order("a"))
        assert Unknown("HTTP 504: busy") == await venue.place(order("b"))
        await venue.place(order("c"))
        assert CancelRefused("too late") == await venue.cancel(order("c"))
        await venue.place(order("d"))
        assert isinstance(await venue.cancel(order("d")), Unknown)
        assert isinstance(await venue.find(order("d")), Unknown)
        assert isinstance(await venue.find(order("a")), Absent)
        await venue.place(order("e"))
        assert isinstance(await venue.cancel(order("e")), Accepted)


async def test_an_answer_that_is_lost_is_unknown_and_the_order_is_there(file: Path) -> None:
    async with far(file, orders=[{"answer": "error", "takes": True}]) as venue:
        assert isinstance(await venue.place(order(ID)), Unknown)
        assert isinstance(await venue.find(order(ID)), Found)


async def test_no_answer_is_unknown_at_the_deadline(file: Path) -> None:
    script = settings(orders=[{"answer": "silence", "takes": True}], **QUICK)
    async with server.serve(script, 0, file) as url, connect(url, timeout="1s") as venue:
        assert isinstance(await venue.place(order(ID)), Unknown)
        assert list(ghost.read_book(file).orders) == [ID]


async def test_a_venue_that_is_not_there_proves_nothing(file: Path) -> None:
    async with server.serve(settings(), free_port(), file) as url:
        pass
    async with connect(url) as venue:
        assert isinstance(await venue.place(order(ID)), Unknown)
        assert isinstance(await venue.cancel(order(ID)), Unknown)
        assert isinstance(await venue.find(order(ID)), Unknown)
        for call in (venue.quote(OVER), venue.heartbeat()):
            with pytest.raises(aiohttp.ClientError):
                await call


@pytest.mark.parametrize("status", [200, 404, 409, 400, 500, 503])
@pytest.mark.parametrize("body", ["", "{}", "<html>gone</html>", '{"code": 7}'])
async def test_only_what_was_agreed_is_definite(status: int, body: str) -> None:
    async def anything(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", anything)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with connect(f"http://127.0.0.1:{runner.addresses[0][1]}") as venue:
        assert isinstance(await venue.place(order(ID)), Unknown)
        assert isinstance(await venue.cancel(order(ID)), Unknown)
        assert isinstance(await venue.find(order(ID)), Unknown)
    await runner.cleanup()


async def test_quotes_and_heartbeats_pass(file: Path) -> None:
    async with far(file, prices={"ou25/over": "1.95"}, heartbeat={"fail_from": "1h"}) as venue:
        quote = await venue.quote(OVER)
        await venue.heartbeat()
        with pytest.raises(LookupError, match="no price"):
            await venue.quote(OVER.__class__("far", "ou25", "none", ()))

    assert (OVER, Decimal("1.95")) == (quote.selection, quote.odds)


async def test_a_heartbeat_that_is_not_confirmed_raises(file: Path) -> None:
    async with far(file, heartbeat={"fail_from": "0ms"}) as venue:
        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            await venue.heartbeat()


async def test_a_new_client_hears_everything_again(file: Path) -> None:
    async with server.serve(settings(**QUICK), 0, file) as url:
        async with connect(url) as venue:
            await venue.place(order("a"))
            first = await listen(venue, 1)
        async with connect(url) as venue:
            await venue.place(order("b"))
            assert first == (await listen(venue, 2))[:1]


def set_back(file: Path, time_ms: int) -> None:
    file.write_text(file.read_text().replace(str(time_ms), str(time_ms - 3_600_001)))


async def test_a_new_client_hears_no_further_back_than_the_script_says(file: Path) -> None:
    async with far(file) as venue:
        await venue.place(order("long ago"))
        (report,) = await listen(venue, 1)
    set_back(file, report.time_ms)

    async with far(file, replays="1h") as venue:
        await venue.place(order("now"))
        assert [it.client_id for it in await listen(venue, 1)] == ["now"]


async def test_reports_arrive_while_somebody_listens(file: Path) -> None:
    async with far(file) as venue:
        listening = asyncio.create_task(listen(venue, 2))
        await venue.place(order("a"))
        await venue.place(order("b"))

        assert [report.client_id for report in await listening] == ["a", "b"]


async def test_a_listener_hears_from_a_venue_that_began_anew(file: Path) -> None:
    port = free_port()
    async with AsyncExitStack() as clients:
        async with server.serve(settings(**QUICK), port, file) as url:
            venue = await clients.enter_async_context(connect(url))
            for name in ("a", "b"):
                await venue.place(order(name))
            reports = aiter(venue.reports())
            assert [(await anext(reports)).client_id for _ in range(2)] == ["a", "b"]
        other = file.with_name("other.jsonl")
        async with server.serve(settings(**QUICK), port, other):
            await venue.place(order("c"))

            assert (await anext(reports)).client_id == "c"


async def test_a_venue_that_is_started_again_goes_on_where_its_book_ends(file: Path) -> None:
    orders = [{"reports": [{"after": "1h"}]}]
    async with far(file, orders=orders) as venue:
        await venue.place(order(ID))
    async with far(file, orders=orders) as venue:
        assert isinstance(await venue.place(order(ID)), Accepted)
        assert isinstance(await venue.cancel(order(ID)), Accepted)

    book = ghost.read_book(file)
    assert book.calls == {ID: 2}
    assert book.orders[ID].status.value == "cancelled"


async def test_the_book_can_be_asked_for(file: Path) -> None:
    async with server.serve(settings(**QUICK), 0, file) as url, connect(url) as venue:
        await venue.place(order(ID))
        async with aiohttp.ClientSession() as session, session.get(f"{url}/book") as answer:
            document = json.loads(await answer.read())

    assert document == ghost.read_book(file).to_json()
    assert document["positions"] == {"ou25/over": "100"}


async def test_what_cannot_be_read_is_refused_as_malformed(file: Path) -> None:
    async with (
        server.serve(settings(**QUICK), 0, file) as url,
        aiohttp.ClientSession() as session,
        session.post(f"{url}/orders", data=b'{"stake": 1}') as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (400, "MALFORMED")

    assert ghost.read_book(file).calls == {}


PROGRAM = """
import sys
from pathlib import Path

from xarb_runtime.plugins.candidates import load_file

ghost = load_file("ghost", Path(sys.argv[1]))
from xarb_plugins.ghost.server import run_server

script, book = ghost.GhostSettings(latency="0ms"), Path(sys.argv[2])
run_server(script, 0, book, on_ready=lambda url: print(url, flush=True))
"""


@pytest.fixture
def process(file: Path) -> Any:
    command = [sys.executable, "-c", PROGRAM, str(FOLDER / "__init__.py"), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        yield started
        started.kill()


def test_a_venue_that_is_killed_keeps_its_book(process: Any, file: Path) -> None:
    url = process.stdout.readline().strip()

    async def scene() -> None:
        async with connect(url) as venue:
            assert isinstance(await venue.place(order(ID)), Accepted)

    asyncio.run(scene())
    with urllib.request.urlopen(f"{url}/book", timeout=60) as answer:
        before = json.load(answer)
    process.kill()
    process.wait(timeout=60)

    assert before == ghost.read_book(file).to_json()
    assert before["calls"] == {ID: 1}


def test_a_module_is_loaded_once() -> None:
    assert ghost is load_file("ghost", FOLDER / "__init__.py")
