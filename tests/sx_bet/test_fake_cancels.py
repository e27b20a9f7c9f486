"""
The ends of orders at the stand-in: cancels and how they fail, heartbeats that stop.
"""

import asyncio

from tests.sx_bet.fake_world import PERCENT, USDC, OrderFate, World, played

RESTING = {"timeInForce": "GTC", "percentageOdds": str(30 * PERCENT)}


@played()
async def test_a_cancelled_order_is_out_of_the_book(world: World) -> None:
    entry = await world.me.place(**RESTING)
    found = await world.me.cancel(entry["orderId"])
    row = await world.me.read(entry["orderId"])

    assert found == {
        "cancelled": [{"orderId": entry["orderId"]}],
        "notCancelled": [],
        "unconfirmed": [],
    }
    assert (row["status"], row["inactiveReason"]) == ("INACTIVE", "USER_REQUESTED")
    assert len((await world.book())["outcomeOne"]) == 1


@played()
async def test_what_is_not_there_is_not_cancelled(world: World) -> None:
    filled = await world.me.place()
    foreign = await world.other.place(**RESTING)
    ids = (filled["orderId"], foreign["orderId"], "0x" + "00" * 32)
    found = await world.me.cancel(*ids)

    assert found["notCancelled"] == [{"orderId": it, "reason": "NOT_FOUND"} for it in ids]
    assert world.control.order(foreign["orderId"]).open


@played()
async def test_a_malformed_cancel_is_refused(world: World) -> None:
    for body in ({}, {"orders": []}, {"orders": [{}]}, {"orders": [{"orderId": "x"}] * 101}):
        status, answer = await world.me.ask("DELETE", "/orders-v3", json=body)

        assert (status, type(answer["message"])) == (400, list)


@played()
async def test_a_cancel_may_be_unconfirmed_and_have_no_effect(world: World) -> None:
    world.control.next_order(OrderFate(on_cancel="unconfirmed"))
    entry = await world.me.place(**RESTING)
    first = await world.me.cancel(entry["orderId"])
    still_open = world.control.order(entry["orderId"]).open
    second = await world.me.cancel(entry["orderId"])

    assert first["unconfirmed"] == [{"orderId": entry["orderId"]}]
    assert still_open
    assert second["cancelled"] == [{"orderId": entry["orderId"]}]


@played()
async def test_a_cancel_may_be_unconfirmed_and_have_worked(world: World) -> None:
    world.control.next_order(OrderFate(on_cancel="unconfirmed_done"))
    entry = await world.me.place(**RESTING)
    found = await world.me.cancel(entry["orderId"])

    assert found["unconfirmed"] == [{"orderId": entry["orderId"]}]
    assert not world.control.order(entry["orderId"]).open


@played()
async def test_a_cancel_may_be_refused_for_now(world: World) -> None:
    world.control.next_order(OrderFate(on_cancel="notCancelled"))
    entry = await world.me.place(**RESTING)
    found = await world.me.cancel(entry["orderId"])

    assert found["notCancelled"][0]["orderId"] == entry["orderId"]
    assert world.control.order(entry["orderId"]).open


@played()
async def test_a_fill_may_come_before_the_cancel(world: World) -> None:
    world.control.next_order(OrderFate(holds=True, on_cancel="filled"))
    entry = await world.me.place(timeInForce="GTC")
    found = await world.me.cancel(entry["orderId"])
    (fill,) = await world.me.fills(orderId=entry["orderId"])

    assert found["notCancelled"][0]["orderId"] == entry["orderId"]
    assert fill["fillAmount"] == str(10 * USDC)
    assert fill["isMaker"] is True


@played(matching="5s")
async def test_an_order_that_is_not_matched_yet_can_be_cancelled(world: World) -> None:
    placing = asyncio.create_task(world.me.place())
    await world.wait(1)
    (order,) = world.control.truth()
    found = await world.me.cancel(order.id)
    entry = await placing

    assert found["cancelled"] == [{"orderId": order.id}]
    assert entry["outcome"]["state"] == "CANCELLED"
    assert world.control.order(order.id).filled == 0


@played(most_cancels=2)
async def test_everything_is_cancelled_in_turns(world: World) -> None:
    for percent in (30, 31, 32):
        await world.me.place(timeInForce="GTC", percentageOdds=str(percent * PERCENT))
    _, first = await world.me.ask("DELETE", "/orders-v3/all")
    _, second = await world.me.ask("DELETE", "/orders-v3/all")

    assert (len(first["data"]["cancelledSubmitted"]), first["data"]["hasMore"]) == (2, True)
    assert (len(second["data"]["cancelledSubmitted"]), second["data"]["hasMore"]) == (1, False)
    assert not any(truth.open for truth in world.control.truth())


@played()
async def test_an_events_orders_are_cancelled(world: World) -> None:
    entry = await world.me.place(**RESTING)
    _, none = await world.me.ask("DELETE", "/orders-v3/event", params={"eventId": "L1"})
    _, found = await world.me.ask("DELETE", "/orders-v3/event", params={"eventId": "L18870109"})

    assert none["data"]["cancelledSubmitted"] == []
    assert found["data"]["cancelledSubmitted"] == [{"orderId": entry["orderId"]}]


# -- Heartbeats ------------------------------------------------------------------------------------


async def _beat(world: World, seconds: int) -> str | None:
    status, body = await world.me.ask("POST", "/heartbeat/v3", json={"timeoutSeconds": seconds})
    assert status == 200
    return body["data"]["expiresAt"]


@played()
async def test_orders_are_cancelled_when_heartbeats_stop(world: World) -> None:
    mine = await world.me.place(**RESTING, expiry=1_900_009_999)
    theirs = await world.other.place(**RESTING, expiry=1_900_009_999)
    for _ in range(3):
        await _beat(world, 10)
        await world.wait(9)
    alive = world.control.order(mine["orderId"]).open
    await world.wait(2)
    row = await world.me.read(mine["orderId"])

    assert alive
    assert (row["status"], row["inactiveReason"]) == ("INACTIVE", "HEARTBEAT_TIMEOUT")
    assert world.control.order(theirs["orderId"]).open
    assert world.control.beats == 3


@played()
async def test_a_heartbeat_of_zero_disarms(world: World) -> None:
    mine = await world.me.place(**RESTING, expiry=1_900_009_999)
    until = await _beat(world, 10)
    none = await _beat(world, 0)
    await world.wait(30)

    assert until is not None
    assert until.endswith("Z")
    assert none is None
    assert world.control.order(mine["orderId"]).open


@played()
async def test_a_malformed_heartbeat_is_refused(world: World) -> None:
    for body in ({}, {"timeoutSeconds": "60"}, {"timeoutSeconds": -1}, {"timeoutSeconds": 3601}):
        status, _ = await world.me.ask("POST", "/heartbeat/v3", json=body)

        assert status == 400
    assert world.control.beats == 0
