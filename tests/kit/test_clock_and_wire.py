"""
The kit's time and the kit's wire: a minute costs nothing, and every fault is the one meant.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from xarb_runtime.testing.clock import BEGINNING_MS, KitClock, KitLoop, StuckError
from xarb_runtime.testing.faults import RETRY_AFTER_S, Fault
from xarb_runtime.testing.forge import open_forger
from xarb_runtime.testing.wire import CALL, Call, Life, Pattern, Wire, pattern_of


def play(scene: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=KitLoop) as runner:
        return runner.run(scene)


# -- Time ----------------------------------------------------------------------------------------


def test_a_day_passes_without_waiting() -> None:
    async def scene() -> int:
        clock = KitClock()
        await clock.sleep_ms(86_400_000)
        return clock.now_ms()

    assert play(scene()) == BEGINNING_MS + 86_400_000


def test_sleepers_wake_in_order() -> None:
    async def scene() -> list[int]:
        clock, woken = KitClock(), []

        async def sleep(milliseconds: int) -> None:
            await clock.sleep_ms(milliseconds)
            woken.append(milliseconds)

        await asyncio.gather(*(sleep(one) for one in (300, 100, 200)))
        return woken

    assert play(scene()) == [100, 200, 300]


def test_time_stands_still_while_a_thread_works() -> None:
    async def scene() -> int:
        clock = KitClock()
        asyncio.get_running_loop().call_later(1, lambda: None)
        await asyncio.to_thread(time.sleep, 0.03)
        return clock.now_ms()

    assert play(scene()) == BEGINNING_MS


def test_a_clock_that_is_set_wakes_nobody() -> None:
    async def scene() -> tuple[int, int]:
        clock, other = KitClock(), KitClock()
        sleeping = asyncio.create_task(clock.sleep_ms(1_000))
        await asyncio.sleep(0)
        clock.step(3_600_000)
        await sleeping
        return clock.now_ms() - BEGINNING_MS, other.now_ms() - BEGINNING_MS

    assert play(scene()) == (3_601_000, 1_000)


def test_what_never_waits_is_found_out() -> None:
    async def scene() -> None:
        while True:  # noqa: ASYNC110 -- the fault that is meant
            await asyncio.sleep(0)

    with (
        pytest.raises(StuckError, match=r"for 0\.05 s something was always ready"),
        asyncio.Runner(loop_factory=lambda: KitLoop(stuck_s=0.05)) as runner,
    ):
        runner.run(scene())


def test_the_longest_stretch_is_measured() -> None:
    async def scene() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, KitLoop)
        await asyncio.sleep(0)
        loop.forget_longest()
        time.sleep(0.02)  # noqa: ASYNC251 -- this is what is measured
        await asyncio.sleep(0)
        return loop.longest_ms()

    assert play(scene()) >= 20


def test_time_in_which_others_have_the_core_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queued_s = 0.0
    monkeypatch.setattr("xarb_runtime.testing.clock._queued", lambda: queued_s)

    async def scene() -> int:
        nonlocal queued_s
        loop = asyncio.get_running_loop()
        assert isinstance(loop, KitLoop)
        loop.forget_longest()
        time.sleep(0.02)  # noqa: ASYNC251 -- as if we could have run
        queued_s = 600.0
        await asyncio.sleep(0)
        return loop.longest_ms()

    assert play(scene()) == 0


# -- What orders have in common --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learnt", "other"),
    [
        ("/orders", "/orders"),
        ("/orders-v3/", "/orders-v3/"),
        ("/orders/kit-0001%3A1%3A0", "/orders/kit-0002%3A1%3A0"),
        ("/markets/0xabcdef0123/orders", "/markets/0x0123456789/orders"),
    ],
)
def test_another_order_is_recognised(learnt: str, other: str) -> None:
    assert pattern_of("POST", learnt, "kit-0001:1:0").fits("POST", other)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/orders"), ("POST", "/heartbeat"), ("POST", "/orders/cancel"), ("POST", "/")],
)
def test_what_is_no_order_is_not_recognised(method: str, path: str) -> None:
    assert not pattern_of("POST", "/orders", "kit-0001:1:0").fits(method, path)


# -- Faults --------------------------------------------------------------------------------------


class _Scene:
    def __init__(
        self, wire: Wire, session: aiohttp.ClientSession, url: str, got: list[str]
    ) -> None:
        self.wire, self.session, self.url, self.got = wire, session, url, got

    async def ask(
        self, method: str = "POST", path: str = "/orders", call: str = "place"
    ) -> tuple[int, str]:
        CALL.set(Call(call))
        async with self.session.request(method, self.url + path, json={"a": 1}) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def scene_of(placing: Pattern | None = None) -> AsyncGenerator[_Scene, None]:
    got: list[str] = []

    async def take(request: web.Request) -> web.Response:
        got.append(f"{request.method} {request.path} {await request.text()}")
        return web.Response(text="taken")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with open_forger() as forger:
            wire, life = Wire(KitClock(), forger, placing), Life()
            async with wire.opener(life)() as session:
                yield _Scene(wire, session, url, got)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("fault", "status", "is_taken"),
    [
        (Fault.GATEWAY_AFTER, 502, True),
        (Fault.GATEWAY_BEFORE, 503, False),
        (Fault.GARBAGE_AFTER, 200, True),
        (Fault.HTML_AFTER, 200, True),
        (Fault.HTML_NOT_FOUND, 404, False),
        (Fault.TOO_MANY_BEFORE, 429, False),
        (Fault.SLOW, 200, True),
    ],
)
def test_forged_answers(fault: Fault, status: int, is_taken: bool) -> None:
    async def scene() -> None:
        async with scene_of() as on:
            disturbance = on.wire.disturb(fault, "place")
            found, text = await on.ask()
            assert (found, disturbance.struck, bool(on.got)) == (status, 1, is_taken)
            assert (text == "taken") == (fault is Fault.SLOW)
            assert await on.ask() == (200, "taken")

    play(scene())


@pytest.mark.parametrize(
    ("fault", "error", "is_taken"),
    [
        (Fault.LOST_ANSWER, aiohttp.ServerDisconnectedError, True),
        (Fault.RESET_BEFORE, aiohttp.ClientOSError, False),
        (Fault.SILENCE_AFTER, TimeoutError, True),
        (Fault.SILENCE_BEFORE, TimeoutError, False),
    ],
)
def test_answers_that_do_not_come(fault: Fault, error: type[Exception], is_taken: bool) -> None:
    async def scene() -> None:
        async with scene_of() as on:
            on.wire.disturb(fault, "place")
            with pytest.raises(error):
                await on.ask()
            assert bool(on.got) == is_taken

    play(scene())


def test_a_request_arrives_late() -> None:
    async def scene() -> None:
        async with scene_of() as on:
            on.wire.disturb(Fault.ARRIVES_LATE, "place", delay_ms=2_000)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await on.ask()
            assert on.got == []
            await on.wire.settle()
            assert on.got == ['POST /orders {"a": 1}']

    play(scene())


def test_the_header_says_how_long_to_wait() -> None:
    async def scene() -> str | None:
        async with scene_of() as on:
            on.wire.disturb(Fault.TOO_MANY_BEFORE, "place")
            CALL.set(Call("place"))
            async with on.session.post(on.url) as answer:
                return answer.headers.get("Retry-After")

    assert play(scene()) == str(RETRY_AFTER_S)


def test_only_what_is_meant_is_disturbed() -> None:
    async def scene() -> None:
        async with scene_of(Pattern("POST", ("", "orders"))) as on:
            on.wire.disturb(Fault.GATEWAY_BEFORE, "place")
            assert (await on.ask("GET", "/orders"))[0] == 200
            assert (await on.ask("POST", "/heartbeat"))[0] == 200
            assert (await on.ask(call="heartbeat"))[0] == 200
            assert (await on.ask())[0] == 503

    play(scene())


def test_everything_that_is_sent_is_heard() -> None:
    async def scene() -> None:
        async with scene_of() as on:
            await on.ask("GET", "/prices/1?x=2", "quote")
            call = Call("place")
            call.over = True
            CALL.set(call)
            await (await on.session.post(on.url + "/orders")).read()
            heard = [(sent.method, sent.path, sent.call, sent.late) for sent in on.wire.sent]
            assert heard == [
                ("GET", "/prices/1", "quote", False),
                ("POST", "/orders", "place", True),
            ]

    play(scene())


def test_a_cut_wire_lets_nothing_through() -> None:
    async def scene() -> None:
        async with scene_of() as on:
            on.wire.is_cut = True
            with pytest.raises(aiohttp.ClientOSError):
                await on.ask()
            on.wire.calm()
            assert await on.ask() == (200, "taken")
            assert len(on.got) == 1

    play(scene())
