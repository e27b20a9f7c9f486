"""
The stand-in as whoever rehearses has it: every word for what may go wrong, and what it holds.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.sx_bet.fake_world import MARKET, PERCENT, World, played
from tests.sx_bet.test_fake_realtime import BOOK, connect

RESTING = {"timeInForce": "GTC", "percentageOdds": str(30 * PERCENT)}


async def said(world: World, *faults: dict[str, Any]) -> Any:
    """Say what shall go wrong; return what waits."""
    status, body = await world.nobody.ask("POST", "/sim/faults", json=list(faults))
    assert status == 200, body
    return body["waiting"]


async def outcome(world: World) -> tuple[int | str, bool, str]:
    """Place an order: its status, whether the exchange has it, and what it says of its end."""
    row = world.me.order()
    status: int | str
    try:
        status, body = await world.me.post(row)
    except aiohttp.ClientConnectionError:
        status, body = "broken", {}
    except msgspec.DecodeError:
        status, body = "no JSON", {}
    entries = body.get("data", {}).get("orders", [{}])
    end = entries[0].get("outcome", {}).get("state") or entries[0].get("reason", "")
    return status, bool(world.control.truth()), end


ORDERS = {
    "lost": ("broken", True, ""),
    "reset": ("broken", False, ""),
    "error": (503, False, ""),
    "error_after": (502, True, ""),
    "garbage": ("no JSON", True, ""),
    "refused": (200, False, "INVALID_MARKET"),
    "unfilled": (200, True, "CANCELLED"),
    "partial": (200, True, "PARTIAL_FILL_DONE"),
    "timeout": (200, True, "TIMEOUT"),
}


@pytest.mark.parametrize("word", ORDERS)
def test_a_word_about_an_order_happens_to_the_next_one(word: str) -> None:
    async def scenario(world: World) -> None:
        await said(world, {"fault": word})

        assert await outcome(world) == ORDERS[word]
        assert (await world.me.place())["outcome"]["state"] == "FULLY_FILLED"

    run(scenario)


def run(scenario: Callable[[World], Awaitable[None]]) -> None:
    played()(scenario)()


@played()
async def test_a_slow_answer_takes_as_long_as_is_said(world: World) -> None:
    await said(world, {"fault": "slow", "wait": "7s"})
    before_ms = world.clock.now_ms()
    await world.me.place()

    assert world.clock.now_ms() - before_ms >= 7_000


@played()
async def test_an_order_may_rest_be_taken_back_or_be_found_late(world: World) -> None:
    await said(
        world,
        {"fault": "rests"},
        {"fault": "taken_back"},
        {"fault": "late_index", "looks": 2},
    )
    resting = await world.me.place(waitForOutcome=False)
    await world.me.place()
    hidden = await world.me.place()
    looks = [(await world.me.ask("GET", f"/orders-v3/{hidden['orderId']}"))[0] for _ in range(3)]
    await world.wait(10)

    assert world.control.order(resting["orderId"]).open
    assert looks == [404, 404, 200]
    assert {fill["status"] for fill in await world.me.fills()} == {"FAILED", "LOCKED"}


@pytest.mark.parametrize(
    ("word", "heading", "still_open"),
    [
        ("cancel_unconfirmed", "unconfirmed", True),
        ("cancel_refused", "notCancelled", True),
        ("cancel_too_late", "notCancelled", False),
    ],
)
def test_a_word_about_a_cancel_happens_to_the_next_one(
    word: str, heading: str, still_open: bool
) -> None:
    async def scenario(world: World) -> None:
        entry = await world.me.place(**RESTING)
        await said(world, {"fault": word})
        found = await world.me.cancel(entry["orderId"])

        assert [name for name, rows in found.items() if rows] == [heading]
        assert world.control.order(entry["orderId"]).open == still_open

    run(scenario)


@played()
async def test_requests_are_too_many_for_as_long_as_is_said(world: World) -> None:
    await said(world, {"fault": "limit", "during": "10s"}, {"fault": "unavailable"})
    async with world.http.get(f"{world.simulated.url}/metadata/obv3") as answer:
        first = (answer.status, answer.headers["Retry-After"])
    await world.wait(10)
    statuses = [(await world.nobody.ask("GET", "/metadata/obv3"))[0] for _ in range(2)]

    assert first == (429, "10")
    assert statuses == [503, 200]


@played()
async def test_whoever_is_away_is_away_over_websockets_too(world: World) -> None:
    socket = await connect(world)
    await said(world, {"fault": "away", "during": "5s"})
    await socket.end()
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.nobody.ask("GET", "/metadata/obv3")
    with pytest.raises(aiohttp.ClientError):
        await world.http.ws_connect(world.simulated.section["realtime_url"])
    await world.wait(5)
    assert (await world.nobody.ask("GET", "/metadata/obv3"))[0] == 200


@played()
async def test_frames_get_lost_come_twice_and_come_late(world: World) -> None:
    await said(
        world,
        {"fault": "drop_frame", "only": "orderbook*"},
        {"fault": "repeat_frame", "only": "orderbook*"},
        {"fault": "stale_frame", "only": "orderbook*"},
    )
    socket = await connect(world)
    begin = (await socket.subscribe(BOOK))["offset"]
    for _ in range(4):
        world.control.rest(45, 10, on_one=True)
    offsets = [(await socket.push(BOOK))["offset"] - begin for _ in range(4)]

    assert offsets == [2, 2, 4, 3]


@played()
async def test_an_order_may_break_the_websockets(world: World) -> None:
    socket = await connect(world)
    await said(world, {"fault": "stream_break"})
    assert (await world.me.place())["outcome"]["state"] == "FULLY_FILLED"
    await socket.end()


@played(faults=[{"fault": "lost", "numbers": [2]}])
async def test_settings_may_say_it_from_the_start(world: World) -> None:
    ends = [(await outcome(world))[0] for _ in range(3)]

    assert ends == [200, "broken", 200]


@played(mix={"lost": 1000})
async def test_a_mix_stands_alone(world: World) -> None:
    assert {(await outcome(world))[0] for _ in range(5)} == {"broken"}


@played(mix={"lost": 0})
async def test_the_rest_of_a_mix_is_plain_fills(world: World) -> None:
    assert [(await outcome(world))[2] for _ in range(5)] == ["FULLY_FILLED"] * 5


@played()
async def test_it_tells_what_waits_what_happened_and_what_it_holds(world: World) -> None:
    waiting = await said(world, {"fault": "unfilled"}, {"fault": "limit", "during": "1h"})
    await world.nobody.ask("DELETE", "/sim/faults")
    await said(world, {"fault": "unfilled"})
    await world.me.place()
    entry = await world.me.place()
    _, told = await world.nobody.ask("GET", "/sim/faults")
    _, book = await world.nobody.ask("GET", "/sim/book")

    assert [it["fault"] for it in waiting] == ["unfilled", "limit"]
    assert told["waiting"] == []
    assert [it["fault"] for it in told["happened"]] == ["unfilled"]
    assert told["faults"]["unfilled"]["subject"] == "order"
    (market,) = book["markets"]
    assert (market["market"], market["state"]) == (MARKET, "ACTIVE")
    assert [(it["outcome"], it["odds"]) for it in market["outcomes"]] == [
        ("one", "2.0000"),
        ("two", "1.8181"),
    ]
    unfilled, filled = book["orders"]
    assert unfilled["state"] == "INACTIVE NO_LIQUIDITY"
    assert (filled["id"], filled["filled"]) == (entry["orderId"], "10")
    assert (filled["outcome"], filled["odds"]) == ("one", "2.0000")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("lost", "expected JSON, found something else"),
        ('{"fault": "lots"}', "faults[0].fault: expected one of away, cancel_refused, "),
        ('{"faults": [{"fault": "lost", "nxt": 1}]}', "faults[0].nxt: expected one of fault"),
        ('[{"fault": "slow", "wait": "5"}]', "faults[0].wait: expected a duration"),
    ],
)
def test_what_is_not_understood_is_said_and_changes_nothing(body: str, words: str) -> None:
    async def scenario(world: World) -> None:
        status, answer = await world.nobody.ask("POST", "/sim/faults", data=body)
        _, told = await world.nobody.ask("GET", "/sim/faults")

        assert (status, told["waiting"]) == (400, [])
        assert words in answer["error"]

    run(scenario)
