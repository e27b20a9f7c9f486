"""Requests: an order is sent once, whatever comes back; only reading is tried again."""

import asyncio
import contextlib
import functools
import importlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.plugins.worlds import REGISTRY
from tests.sx_bet.client_scene import Scene, play
from xarb_runtime.domain.orders import Accepted, Found, Refused, Unknown
from xarb_runtime.testing.clock import KitClock, KitLoop

assert REGISTRY
rest = importlib.import_module("xarb_plugins.sx_bet.rest")
placing = importlib.import_module("xarb_plugins.sx_bet.placing")
silence = importlib.import_module("xarb_plugins.sx_bet.silence")


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
    [
        ("3", 3_000),
        ("0", 1_000),
        ("", 1_000),
        ("soon", 1_000),
        ("-5", 1_000),
        ("3600", 3_600_000),
        ("86400", 3_600_000),
        ("9" * 5_000, 3_600_000),
        ("Sun, 22 Nov 2026 20:02:00 GMT", 120_000),
        ("Sun, 22 Nov 2026 19:00:00 GMT", 1_000),
        ("Mon, 23 Nov 2026 20:00:00 GMT", 3_600_000),
    ],
)
@jumping
async def test_who_is_told_to_wait_waits(told: str, held_ms: int) -> None:
    """A moment is one of the exchange's clock, which tells the time in the same answer."""
    desk = Desk((429, {"Retry-After": told, "Date": "Sun, 22 Nov 2026 20:00:00 GMT"}))
    async with asking(desk) as asked:
        await asked.send("POST", "orders-v3", {})

        left_ms = asked.silences.left_ms(silence.Group.ORDERS)
        assert held_ms - 1_000 < left_ms <= held_ms


@jumping
async def test_a_moment_without_the_exchanges_time_is_one_of_ours() -> None:
    clock = KitClock()
    soon = formatdate(clock.now_ms() / 1000 + 600, usegmt=True)
    silences = silence.Silences(clock)
    silences.hear(silence.Group.ORDERS, {"Retry-After": soon})

    assert 598_000 < silences.left_ms(silence.Group.ORDERS) <= 600_000


@jumping
async def test_a_clock_that_is_set_back_makes_no_silence_longer() -> None:
    clock = KitClock()
    silences = silence.Silences(clock)
    silences.hear(silence.Group.ORDERS, {"Retry-After": "3600"})
    clock.step(-86_400_000)

    assert silences.left_ms(silence.Group.ORDERS) == 3_600_000


_REQUESTS = {
    "orders": ("POST", "orders-v3"),
    "cancels": ("DELETE", "orders-v3"),
    "looking orders up": ("GET", "orders-v3/0x1"),
    "reading fills": ("GET", "fills-v3"),
    "heartbeats": ("POST", "heartbeat/v3"),
    "prices and the account": ("GET", "orderbook-v3/snapshot"),
}


@pytest.mark.parametrize("held", _REQUESTS)
@jumping
async def test_silence_of_one_group_leaves_the_others_alone(held: str) -> None:
    async def ask(method: str, path: str) -> Any:
        return await (asked.get(path) if method == "GET" else asked.send(method, path, {}))

    desk = Desk((429, {"Retry-After": "3600"}))
    async with asking(desk) as asked:
        with contextlib.suppress(rest.HeldError):
            await ask(*_REQUESTS[held])
        for name, request in _REQUESTS.items():
            if name == held:
                with pytest.raises(rest.HeldError, match=f"UTC for {held}"):
                    await ask(*request)
            else:
                assert (await ask(*request)).status == 200

    assert len(desk.seen) == len(_REQUESTS)


@jumping
async def test_a_good_answer_counts_also_when_silence_was_asked_for_meanwhile() -> None:
    desk = Desk((429, {"Retry-After": "60"}))
    async with asking(desk) as asked:
        held, good = await asyncio.gather(
            asked.get("user/proxy"), asked.get("user/fees-v3"), return_exceptions=True
        )

    assert isinstance(held, rest.HeldError)
    assert good.status == 200


@jumping
async def test_whoever_has_to_wait_for_long_can_say_until_when() -> None:
    desk = Desk((429, {"Retry-After": "1"}), (429, {"Retry-After": "3600"}))
    group = silence.Group.ORDERS
    async with asking(desk) as asked:
        await asked.send("POST", "orders-v3", {})
        short = asked.silence(group)
        await asked.send("POST", "orders-v3", {})
        until_ms = asked.silences.left_ms(group) + asked._clock.now_ms()
        until = datetime.fromtimestamp(until_ms // 1000, UTC)

        assert short == ""
        assert f"silence until {until:%Y-%m-%d %H:%M}" in asked.silence(group)
        assert asked.silence(silence.Group.CANCELS) == ""


def test_a_silence_for_prices_stops_neither_heartbeats_nor_looks_nor_cancels() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(time_in_force="GTC") as venue:
            await venue.heartbeat()
            stage.fate(holds=True)
            await venue.place(stage.order())
            stage.control.fault("limit", "GET /user/*", ms=3_600_000)
            await stage.clock.sleep_ms(30_000)

            await venue.heartbeat()
            assert isinstance(await venue.find(stage.order()), Found)
            assert isinstance(await venue.cancel(stage.order()), Accepted)
            assert venue.figures()["groups_held"] == 1
            asked = stage.sent("GET /user/")
            await stage.clock.sleep_ms(3_000_000)
            assert stage.sent("GET /user/") == asked

    play(scene)


@pytest.mark.parametrize(
    ("route", "words"),
    [("POST /heartbeat/*", "heartbeats"), ("POST /orders-v3", "orders")],
)
def test_heartbeats_fail_with_the_moment_until_which_the_exchange_wants_silence(
    route: str, words: str
) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("limit", route, ms=1_800_000)
            await venue.place(stage.order())
            await stage.clock.sleep_ms(30_000)
            with contextlib.suppress(ConnectionError):
                await venue.heartbeat()
            asked, beats = stage.sent(route.rstrip("*")), stage.control.beats
            before_ms = stage.clock.now_ms()
            match = rf"silence until \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC for {words}"
            with pytest.raises(ConnectionError, match=match):
                await venue.heartbeat()
            assert stage.clock.now_ms() == before_ms
            assert stage.sent(route.rstrip("*")) == asked
            await stage.clock.sleep_ms(2_000_000)
            await venue.heartbeat()
            assert stage.control.beats > beats

    play(scene)


def test_our_orders_stay_alive_while_no_new_ones_are_wanted() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("limit", "POST /orders-v3", ms=1_800_000)
            await venue.place(stage.order())
            await stage.clock.sleep_ms(30_000)
            with pytest.raises(ConnectionError, match="silence"):
                await venue.heartbeat()

            assert stage.control.beats == 2

    play(scene)


def test_what_meets_a_silence_fails_at_once_with_words_that_say_so() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(realtime_url="") as venue:
            await venue.heartbeat()
            order = stage.order(within_ms=600_000)
            stage.control.fault("limit", "* /orders-v3*", ms=60_000, times=3)
            assert isinstance(await venue.place(order), Unknown)
            asked = {"find": venue.find, "cancel": venue.cancel, "place": venue.place}
            for ask in asked.values():
                await ask(order if ask != venue.place else stage.order("x-2"))
            sent, before_ms = stage.sent("POST /orders"), stage.clock.now_ms()

            found, cancelled = await venue.find(order), await venue.cancel(order)
            refused = await venue.place(stage.order("x-3", within_ms=600_000))

            assert stage.clock.now_ms() == before_ms
            assert isinstance(found, Unknown)
            assert found.reason.endswith("UTC for looking orders up")
            assert isinstance(cancelled, Unknown)
            assert cancelled.reason.endswith("UTC for cancels")
            assert isinstance(refused, Refused)
            assert refused.code == "RATE_LIMITED"
            assert refused.reason.endswith("UTC for orders; nothing was sent")
            assert stage.sent("POST /orders") == sent

    play(scene)


def test_a_status_that_the_exchange_repeats_is_said_once() -> None:
    body = b'{"error":"Too Many Requests","message":"Too Many Requests","statusCode":429}'

    assert rest.Answer(429, body, {}).said == "HTTP 429: Too Many Requests"


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
