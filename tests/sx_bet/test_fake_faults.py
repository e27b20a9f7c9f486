"""
What goes wrong with requests to the stand-in, as scripted.
"""

import asyncio
import importlib

import aiohttp
import msgspec
import pytest

from tests.sx_bet.fake_world import OrderFate, World, played

control = importlib.import_module("xarb_plugins.sx_bet.fake.control")


async def _breaks(world: World) -> bool:
    """Send an order; return whether the connection breaks."""
    try:
        await world.me.post(world.me.order())
    except aiohttp.ClientConnectionError:
        return True
    return False


@pytest.mark.parametrize(("kind", "taken"), [("reset", 0), ("lost", 1)])
def test_a_connection_breaks_before_or_after_the_order_is_taken(kind: str, taken: int) -> None:
    @played()
    async def by_route(world: World) -> None:
        world.control.fault(kind, "POST /orders-v3")

        assert await _breaks(world)
        assert len(world.control.truth()) == taken
        assert not await _breaks(world)

    @played()
    async def by_fate(world: World) -> None:
        world.control.next_order(OrderFate(answer=kind))

        assert await _breaks(world)
        assert len(world.control.truth()) == taken
        assert not await _breaks(world)

    by_route()
    by_fate()


@pytest.mark.parametrize(("kind", "taken"), [("error", 0), ("error_after", 1)])
def test_an_error_comes_before_or_after_the_order_is_taken(kind: str, taken: int) -> None:
    @played()
    async def scenario(world: World) -> None:
        world.control.fault(kind, "POST /orders-v3", status=504)
        world.control.next_order(OrderFate(answer=kind))
        by_route, body = await world.me.post(world.me.order())
        held = len(world.control.truth())
        world.control.clear_faults()
        world.control.next_order(OrderFate(answer=kind))
        by_fate, _ = await world.me.post(world.me.order())

        assert (by_route, body["statusCode"]) == (504, 504)
        assert by_fate in {502, 503}
        assert held == taken
        assert len(world.control.truth()) == 2 * taken

    scenario()


@pytest.mark.parametrize(("kind", "taken"), [("garbage_before", 0), ("garbage", 1)])
def test_an_answer_may_be_no_json(kind: str, taken: int) -> None:
    @played()
    async def scenario(world: World) -> None:
        world.control.fault(kind, "POST /orders-v3")
        with pytest.raises(msgspec.DecodeError):
            await world.me.post(world.me.order())

        assert len(world.control.truth()) == taken

    scenario()


@played()
async def test_the_fate_of_an_order_may_be_garbage_too(world: World) -> None:
    world.control.next_order(OrderFate(answer="garbage"))
    with pytest.raises(msgspec.DecodeError):
        await world.me.post(world.me.order())

    assert len(world.control.truth()) == 1


@played()
async def test_faults_end_after_their_times_and_keep_to_their_route(world: World) -> None:
    world.control.fault("error", "GET /orders-v3/*", times=2)
    entry = await world.me.place()
    path = f"/orders-v3/{entry['orderId']}"
    found = [(await world.me.ask("GET", path))[0] for _ in range(3)]
    other = await world.me.ask("GET", "/orders-v3")

    assert (found, other[0]) == ([503, 503, 200], 200)
    assert world.control.requests[-2:] == [f"GET {path}", "GET /orders-v3"]


@played()
async def test_too_many_requests_say_when_to_come_again(world: World) -> None:
    world.control.fault("limit", "* /fills-v3", ms=6_500)
    url = world.simulated.url + "/fills-v3"
    async with world.http.get(url, headers={"x-sx-api-key": world.me.api_key}) as answer:
        status, wait = answer.status, answer.headers["Retry-After"]

    assert (status, wait) == (429, "7")
    assert await world.me.fills() == []


@pytest.mark.parametrize(("kind", "taken"), [("late", 0), ("slow", 1)])
def test_a_request_may_be_late_or_its_answer_slow(kind: str, taken: int) -> None:
    @played()
    async def scenario(world: World) -> None:
        world.control.fault(kind, "POST /orders-v3", ms=5_000)
        posting = asyncio.create_task(world.me.post(world.me.order()))
        await world.wait(2)
        early = len(world.control.truth())
        answered = posting.done()
        status, _ = await posting

        assert (early, answered) == (taken, False)
        assert (status, len(world.control.truth())) == (200, 1)

    scenario()


@played()
async def test_a_request_arrives_although_nobody_waits_for_it_any_more(world: World) -> None:
    world.control.fault("late", "POST /orders-v3", ms=5_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await world.me.post(world.me.order())
    before = len(world.control.truth())
    await world.wait(5)

    assert before == 0
    assert len(world.control.truth()) == 1


@played()
async def test_an_order_may_be_answered_slowly_and_matched_as_usual(world: World) -> None:
    world.control.next_order(OrderFate(slow_ms=5_000))
    posting = asyncio.create_task(world.me.post(world.me.order()))
    await world.wait(1)
    (truth,) = world.control.truth()
    answered = posting.done()
    status, _ = await posting

    assert truth.filled == 10
    assert not answered
    assert status == 200


@played()
async def test_answers_may_have_unknown_words_and_nulls(world: World) -> None:
    entry = await world.me.place(clientOrderId="mine")
    path = f"/orders-v3/{entry['orderId']}"
    words, nulls = control.unknown_words("status"), control.nulls("clientOrderId", "expiry")
    world.control.fault("rewrite", "GET /orders-v3/*", change=words)
    odd = await world.me.get(path)
    world.control.fault("rewrite", "GET /orders-v3/*", change=nulls)
    empty = await world.me.get(path)
    usual = await world.me.get(path)

    assert odd == usual | {"status": "SOMETHING_NEW"}
    assert empty == usual | {"clientOrderId": None, "expiry": None}


@played()
async def test_the_exchange_may_be_gone_altogether(world: World) -> None:
    world.control.go_away(everything=True)
    assert await _breaks(world)
    world.control.clear_faults()
    assert not await _breaks(world)
