"""The imitation as whoever rehearses has it: every word for what may go wrong, what it holds."""

from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession

from tests.azuro.outside import FOOTBALL, Bettor, decoded, followed, imitation
from tests.azuro.test_fake_feed import heard, subscription

GAS = "bet/gas-info"
WHERE = ("environment", "PolygonUSDT")


async def asked(bettor: Bettor, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Ask the simulator itself."""
    async with (
        ClientSession() as session,
        session.request(method, f"{bettor.url}/sim/{path}", json=body) as answer,
    ):
        return answer.status, decoded(await answer.read())


async def said(bettor: Bettor, *faults: dict[str, Any]) -> None:
    """Say what shall go wrong."""
    status, body = await asked(bettor, "POST", "faults", list(faults))
    assert status == 200, body


async def outcome(bettor: Bettor) -> tuple[int | str, bool, str]:
    """Bet: the answer's status, whether the backend has the order, and how it ends."""
    try:
        status, body = await bettor.bet()
    except ClientConnectionError:
        status, body = "broken", {}
    if isinstance(body, str):
        status = "no JSON"
    orders = bettor.control.orders
    if not orders:
        return status, False, ""
    return status, True, (await followed(bettor, orders[-1].id))["state"]


ORDERS = {
    "lost": ("broken", True, "Accepted"),
    "reset": ("broken", False, ""),
    "error": (502, False, ""),
    "error_after": (502, True, "Accepted"),
    "garbage": ("no JSON", True, "Accepted"),
    "refused": (201, True, "Rejected"),
    "unfilled": (201, True, "Rejected"),
    "rests": (201, True, "Created"),
}


@pytest.mark.parametrize("word", ORDERS)
async def test_a_word_about_an_order_happens_to_the_next_one(word: str) -> None:
    async with imitation() as bettor:
        await said(bettor, {"fault": word})

        assert await outcome(bettor) == ORDERS[word]
        assert await outcome(bettor) == (201, True, "Accepted")


async def test_an_order_may_be_found_late_and_be_taken_back() -> None:
    async with imitation() as bettor:
        await said(
            bettor,
            {"fault": "late_index", "looks": 2},
            {"fault": "taken_back", "wait": "40s"},
        )
        _, late = await bettor.bet()
        _, gone = await bettor.bet()
        looks = [(await bettor.get(f"bet/orders/{late['id']}"))[0] for _ in range(3)]
        accepted = (await followed(bettor, gone["id"]))["state"]
        bettor.clock.move(40_000)

        assert looks == [404, 404, 200]
        assert (accepted, await bettor.state(gone["id"])) == ("Accepted", "Canceled")


async def test_an_order_may_stick_for_ever_or_vanish() -> None:
    async with imitation() as bettor:
        await said(bettor, {"fault": "sticks"}, {"fault": "vanishes"})
        _, stuck = await bettor.bet()
        status, gone = await bettor.bet()
        bettor.clock.move(3_600_000)

        assert await bettor.state(stuck["id"]) == "Created"
        assert (status, gone["state"]) == (201, "Created")
        assert (await bettor.get(f"bet/orders/{gone['id']}"))[0] == 404


async def test_requests_are_too_many_for_as_long_as_is_said() -> None:
    async with imitation() as bettor:
        limit = {"fault": "limit", "during": "10s", "only": f"GET {GAS}"}
        await said(bettor, limit, {"fault": "unavailable"})
        async with (
            ClientSession() as session,
            session.get(f"{bettor.rest}/{GAS}", params=[WHERE]) as answer,
        ):
            first = (answer.status, answer.headers["Retry-After"])
        bettor.clock.move(10_000)
        statuses = [(await bettor.get(GAS, WHERE))[0] for _ in range(2)]

    assert first == (429, "10")
    assert statuses == [503, 200]


async def test_whoever_is_away_is_away_over_websockets_too() -> None:
    async with imitation() as bettor:
        async with bettor.listen() as socket:
            await said(bettor, {"fault": "away", "during": "5s"})
            assert (await socket.receive()).type.name.startswith("CLOS")
        with pytest.raises(ClientConnectionError):
            await bettor.get(GAS, WHERE)
        with pytest.raises(ClientConnectionError):
            async with bettor.listen():
                pass
        bettor.clock.move(5_000)

        assert (await bettor.get(GAS, WHERE))[0] == 200


async def test_frames_get_lost_come_twice_and_come_late() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        await heard(socket)
        await said(bettor, *({"fault": f"{it}_frame"} for it in ("drop", "repeat", "stale")))
        for price in ("1.60", "1.61", "1.62", "1.63"):
            bettor.control.move(FOOTBALL, 29, price)
        frames = [await heard(socket) for _ in range(4)]

    prices = [frame["data"]["outcomes"][0]["currentOdds"] for frame in frames]
    assert prices == ["1.61", "1.61", "1.63", "1.62"]


async def test_an_order_may_break_the_websockets() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await said(bettor, {"fault": "stream_break"})

        assert (await bettor.bet())[1]["state"] == "Created"
        assert (await socket.receive()).type.name.startswith("CLOS")


async def test_settings_may_say_it_from_the_start() -> None:
    async with imitation(faults=[{"fault": "lost", "numbers": [2]}]) as bettor:
        assert [(await outcome(bettor))[0] for _ in range(3)] == [201, "broken", 201]


async def test_a_mix_stands_alone() -> None:
    async with imitation(mix={"refused": 300, "taken_back": 300}, calibrated=True) as bettor:
        for _ in range(60):
            await bettor.bet()
        bettor.clock.move(120_000)
        states = [order.state for order in bettor.control.orders]

    assert set(states) == {"Rejected", "Canceled", "Accepted"}
    assert all(8 < states.count(state) < 40 for state in set(states))


async def test_it_tells_what_happened_and_what_it_holds() -> None:
    async with imitation() as bettor:
        await said(bettor, {"fault": "refused"}, {"fault": "lost"})
        await asked(bettor, "DELETE", "faults")
        await said(bettor, {"fault": "refused"})
        await outcome(bettor)
        await outcome(bettor)
        _, told = await asked(bettor, "GET", "faults")
        _, book = await asked(bettor, "GET", "book")

    assert told["waiting"] == []
    assert [it["fault"] for it in told["happened"]] == ["refused"]
    football = book["markets"][0]
    assert football["market"] == FOOTBALL
    assert football["title"] == "Kuopio PS - Shamrock Rovers FC: Full Time Result"
    assert (football["outcomes"][0]["outcome"], football["outcomes"][0]["odds"]) == ("29", "1.56")
    refused, taken = book["orders"]
    assert (refused["state"], refused["filled"]) == ("Rejected Condition is not active", "0")
    assert (taken["state"], taken["filled"], taken["odds"]) == ("Accepted", "10.000000", "1.56")


async def test_what_its_protocol_cannot_do_is_no_word_here() -> None:
    async with imitation() as bettor:
        status, answer = await asked(bettor, "POST", "faults", {"fault": "partial"})

    assert status == 400
    assert "expected one of away, drop_frame" in answer["error"]
