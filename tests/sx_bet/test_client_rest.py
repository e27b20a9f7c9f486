"""Requests: an order is sent once, whatever comes back; only reading is tried again."""

import asyncio
import functools
import importlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.plugins.worlds import REGISTRY
from tests.sx_bet.client_scene import Scene, play
from xarb_runtime.domain.orders import Refused
from xarb_runtime.testing.clock import KitClock, KitLoop

assert REGISTRY
rest = importlib.import_module("xarb_plugins.sx_bet.rest")
placing = importlib.import_module("xarb_plugins.sx_bet.placing")


def jumping(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test's pauses take no time."""

    @functools.wraps(test)
    def played(*given: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=KitLoop) as runner:
            runner.run(test(*given, **named))

    return played


class Desk:
    """Answers as it is told to, and counts."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        key = request.headers.get("x-sx-api-key", "")
        self.seen.append((request.method, request.path, key))
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return web.Response(status=status, headers=headers, text='{"status":"success","data":{}}')


@asynccontextmanager
async def asking(desk: Desk, **changes: Any) -> AsyncIterator[Any]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", desk.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    facts: dict[str, Any] = {
        "url": f"http://127.0.0.1:{runner.addresses[0][1]}",
        "api_key": "key",
        "timeout_ms": 20_000,
        "limit": 100,
        "kept": 10,
        "fills_limit": 50,
    }
    try:
        async with aiohttp.ClientSession() as session:
            yield rest.Rest(session, KitClock(), **facts | changes)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@jumping
async def test_an_order_does_not_follow_redirects(status: int) -> None:
    desk = Desk((status, {"Location": "/elsewhere"}))
    async with asking(desk) as asked:
        answer = await asked.send("POST", "orders-v3", {})

    assert answer.status == status
    assert not placing.definite(answer)
    assert [path for _, path, _ in desk.seen] == ["/orders-v3"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@jumping
async def test_an_order_is_not_tried_again(status: int) -> None:
    desk = Desk((status, {"Retry-After": "1"}))
    async with asking(desk) as asked:
        assert (await asked.send("POST", "orders-v3", {})).status == status

    assert len(desk.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@jumping
async def test_reading_is_tried_again(status: int) -> None:
    desk = Desk((status, {}), (status, {}))
    async with asking(desk) as asked:
        assert (await asked.get("metadata/obv3")).status == 200

    assert len(desk.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@jumping
async def test_what_is_said_clearly_is_not_asked_again(status: int) -> None:
    desk = Desk((status, {}))
    async with asking(desk) as asked:
        assert (await asked.get("metadata/obv3")).status == status

    assert len(desk.seen) == 1


@jumping
async def test_the_key_goes_where_it_is_needed_only() -> None:
    desk = Desk()
    async with asking(desk) as asked:
        await asked.get("metadata/obv3")
        await asked.get("user/proxy", private=True)
        await asked.send("POST", "orders-v3", {})

    assert [key for _, _, key in desk.seen] == ["", "key", "key"]


@pytest.mark.parametrize(
    ("told", "held_ms"),
    [("3", 3_000), ("", 1_000), ("soon", 1_000), ("3600", 3_600_000), ("86400", 3_600_000)],
)
@jumping
async def test_who_is_told_to_wait_waits(told: str, held_ms: int) -> None:
    desk = Desk((429, {"Retry-After": told}))
    async with asking(desk) as asked:
        await asked.send("POST", "orders-v3", {})

        assert held_ms - 1_000 < asked.pace.wait_ms(urgent=True) <= held_ms
        assert asked.pace.left() == 0


@jumping
async def test_whoever_has_to_wait_for_long_can_say_until_when() -> None:
    desk = Desk((429, {"Retry-After": "2"}), (429, {"Retry-After": "3600"}))
    async with asking(desk) as asked:
        await asked.send("POST", "orders-v3", {})
        short = asked.silence
        await asked.send("POST", "orders-v3", {})
        until = datetime.fromtimestamp(asked._silent_until_ms // 1000, UTC)

        assert short == ""
        assert f"silence until {until:%Y-%m-%d %H:%M}" in asked.silence


def test_heartbeats_fail_with_the_moment_until_which_the_exchange_wants_silence() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("limit", "GET /user/*", ms=3_600_000)
            await stage.clock.sleep_ms(30_000)
            asked = len(stage.control.requests)
            with pytest.raises(ConnectionError, match=r"silence until \d{4}-\d\d-\d\d \d\d:\d\d"):
                await venue.heartbeat()
            await stage.clock.sleep_ms(3_000_000)
            assert len(stage.control.requests) == asked
            await stage.clock.sleep_ms(700_000)
            await venue.heartbeat()

    play(scene)


@pytest.mark.parametrize("told", ["", "yesterday", "Sun, 22 Nov 2026 20:00:00 GMT"])
@jumping
async def test_the_time_that_the_exchange_tells(told: str) -> None:
    desk = Desk((200, {"Date": told}))
    async with asking(desk) as asked:
        await asked.get("metadata/obv3")

        assert asked.date_ms == (1_795_377_600_000 if told.endswith("GMT") else None)


@jumping
async def test_nobody_there_is_no_answer() -> None:
    async with asking(Desk()) as asked:
        pass
    async with aiohttp.ClientSession() as session:
        gone = rest.Rest(
            session,
            KitClock(),
            url="http://127.0.0.1:9",
            api_key="",
            timeout_ms=100,
            limit=9,
            kept=1,
            fills_limit=9,
        )
        with pytest.raises(ConnectionError):
            await gone.send("POST", "orders-v3", {})

    assert asked.pace.left() == 100


@jumping
async def test_a_failing_status_is_no_success_whatever_the_body_says() -> None:
    found = importlib.import_module("xarb_plugins.sx_bet.evidence")
    body = b'{"status":"success","data":{"orders":[{"orderId":"0x1","status":"SUBMITTED"}]}}'

    with pytest.raises(ConnectionError):
        placing.answer_of(rest.Answer(503, body, {}), "0x1", found.Evidence(None), 0)


def test_an_order_that_has_waited_too_long_for_its_turn_is_not_sent() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            pace: Any = venue
            pace._rest.pace.hold(1_900)

            async def hold_on() -> None:
                await stage.clock.sleep_ms(1_000)
                pace._rest.pace.hold(5_000)

            holding = asyncio.create_task(hold_on())
            answer = await venue.place(stage.order(within_ms=2_000))
            await holding

            assert isinstance(answer, Refused)
            assert answer.code == "EXPIRED"
            assert stage.sent("POST /orders-v3") == 0

    play(scene)
