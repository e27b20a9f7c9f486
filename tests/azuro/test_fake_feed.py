"""The feed: who subscribed is told what changes, as badly as one asks for."""

from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.azuro.outside import FOOTBALL, FOOTBALL_GAME, START_MS, TENNIS, decoded, imitation


def subscription(*conditions: str, event: str = "SubscribeConditions") -> dict[str, Any]:
    data = {"conditionIds": list(conditions), "environment": "PolygonUSDT"}
    return {"event": event, "data": data}


async def heard(socket: Any) -> Any:
    return decoded((await socket.receive()).data.encode())


async def test_who_subscribes_is_told_what_changes() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        ack = await heard(socket)
        bettor.control.move(TENNIS, 377, "2.20")
        bettor.control.move(FOOTBALL, 29, "1.60")
        frame = await heard(socket)

    assert (ack["event"], ack["data"]) == ("SubscribedToConditions", {"conditionIds": [FOOTBALL]})
    assert (frame["id"], frame["event"]) == (FOOTBALL, "ConditionUpdated")
    data = frame["data"]
    assert (data["gameId"], data["state"], data["isLiveEnabled"]) == (FOOTBALL_GAME, "Active", True)
    assert data["outcomes"][0] == {
        "outcomeId": 29,
        "title": "1",
        "currentOdds": "1.6",
        "turnover": "0",
        "potentialLoss": "0",
        "state": "Active",
        "hidden": False,
    }


async def test_a_stopped_condition_says_that_its_outcomes_are_stopped() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        await heard(socket)
        bettor.control.suspend(FOOTBALL)
        stopped = (await heard(socket))["data"]
        bettor.control.resume(FOOTBALL)
        resumed = (await heard(socket))["data"]

    assert (stopped["state"], {it["state"] for it in stopped["outcomes"]}) == (
        "Stopped",
        {"Stopped"},
    )
    assert (resumed["state"], {it["state"] for it in resumed["outcomes"]}) == ("Active", {"Active"})


async def test_games_are_told_of_too() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        data = {"gameIds": [FOOTBALL_GAME], "environment": "PolygonUSDT"}
        await socket.send_json({"event": "SubscribeGames", "data": data})
        ack = await heard(socket)
        bettor.control.market.turn_game(FOOTBALL_GAME, "Finished")
        frame = await heard(socket)

    assert ack["event"] == "SubscribedToGames"
    assert (frame["event"], frame["data"]["state"]) == ("GameUpdated", "Finished")
    assert frame["data"]["startsAt"] == START_MS // 1000 - 1800


async def test_who_unsubscribes_is_told_no_more() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL, TENNIS))
        await socket.send_json(subscription(FOOTBALL, event="UnsubscribeConditions"))
        acks = [(await heard(socket))["event"] for _ in range(2)]
        bettor.control.move(FOOTBALL, 29, "1.60")
        bettor.control.move(TENNIS, 377, "2.20")
        frame = await heard(socket)

    assert acks == ["SubscribedToConditions", "UnsubscribedFromConditions"]
    assert frame["id"] == TENNIS


@pytest.mark.parametrize("nonsense", ["", "{", "[]", '{"event":"Else","data":{}}', '{"event":1}'])
async def test_nonsense_is_left_alone(nonsense: str) -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_str(nonsense)
        await socket.send_json(subscription("404"))
        ack = await heard(socket)

    assert ack["data"] == {"conditionIds": ["404"]}


async def test_frames_can_come_twice_and_in_the_wrong_order() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        await heard(socket)
        feed = bettor.control.feed
        feed.hold()
        bettor.control.move(FOOTBALL, 29, "1.60")
        bettor.control.move(FOOTBALL, 29, "1.61")
        feed.copies = 2
        feed.let_go(newest_first=True)
        told = [(await heard(socket))["data"]["outcomes"][0]["currentOdds"] for _ in range(4)]

    assert told == ["1.61", "1.61", "1.6", "1.6"]


async def test_it_can_fall_silent_and_break() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        await heard(socket)
        bettor.control.feed.silent = True
        bettor.control.move(FOOTBALL, 29, "1.60")
        bettor.control.feed.silent = False
        bettor.control.move(FOOTBALL, 29, "1.70")
        frame = await heard(socket)
        assert bettor.control.feed.listeners == 1
        dropped = bettor.control.feed.drop()
        end = await socket.receive()

    assert frame["data"]["outcomes"][0]["currentOdds"] == "1.7"
    assert dropped == 1
    assert end.type in {WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR}


async def test_what_it_tells_can_be_false() -> None:
    async with imitation() as bettor, bettor.listen() as socket:
        await socket.send_json(subscription(FOOTBALL))
        await heard(socket)
        bettor.control.move(FOOTBALL, 29, "9.99", in_truth=False, on_rest=False)
        lie = await heard(socket)
        bettor.control.feed.rewrite = lambda frame: frame | {"event": "Unheard"}
        bettor.control.move(FOOTBALL, 29, "1.60")
        strange = await heard(socket)
        bettor.control.feed.send_raw("no JSON")
        raw = (await socket.receive()).data

    assert lie["data"]["outcomes"][0]["currentOdds"] == "9.99"
    assert strange["data"]["outcomes"][0]["currentOdds"] == "1.6"
    assert (strange["event"], raw) == ("Unheard", "no JSON")


async def test_it_pings_as_time_goes_by() -> None:
    async with imitation() as bettor:
        address = f"{bettor.section['ws_url']}/feed"
        async with bettor._session.ws_connect(address, autoping=False) as socket:
            await bettor.clock.someone_sleeps.wait()
            bettor.clock.move(20_000)
            message = await socket.receive()

    assert message.type is WSMsgType.PING
