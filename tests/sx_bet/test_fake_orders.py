"""
Orders at the stand-in: what is refused, what is answered, how long one waits.
"""

import asyncio
from typing import Any

import pytest

from tests.sx_bet.fake_world import MARKET, ONE, PERCENT, USDC, OrderFate, World, played

BASE_CHECKS: dict[str, tuple[dict[str, Any], str]] = {
    "base_token": ({"baseToken": "0x5c02932f8422D943647682E95c87ea0333191e08"}, "BAD_BASE_TOKEN"),
    "size": ({"totalBetSize": "999999"}, "TOTAL_BET_SIZE_TOO_LOW"),
    "odds": ({"percentageOdds": str(ONE)}, "PERCENTAGEODDS_UNDEFINED_OR_MALFORMED"),
    "ladder": ({"percentageOdds": str(50 * PERCENT + 10**15)}, "INVALID_ODDS"),
    "expiry": ({"expiry": 1_800_000_000}, "EXPIRED"),
    "market": ({"marketHash": "0x" + "00" * 32}, "INVALID_MARKET"),
    "signature": ({"orderSignature": "0x" + "1b" * 65}, "SIGNATURE_MISMATCH"),
    "balance": ({"totalBetSize": str(1001 * USDC)}, "INSUFFICIENT_BALANCE"),
}


# -- What is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("check", BASE_CHECKS)
def test_a_failed_check_is_told_where_the_settings_say(check: str) -> None:
    changes, code = BASE_CHECKS[check]

    @played(checks={check: "request"})
    async def in_the_request(world: World) -> None:
        status, body = await world.me.post(world.me.order(**changes))

        assert status == 400
        assert body["statusCode"] == 400
        assert body["error"] == "Bad Request"
        texts = {"expiry": "expiry must be", "balance": "Insufficient available balance"}
        assert texts.get(check, code) in str(body["message"])
        assert world.control.truth() == []

    @played(checks={check: "entry"})
    async def in_the_entry(world: World) -> None:
        entry = await world.me.place(**changes)

        assert (entry["status"], entry["reason"]) == ("FAILED", code)
        assert world.control.truth() == []

    in_the_request()
    in_the_entry()


@played()
async def test_a_malformed_request_is_refused_with_sentences(world: World) -> None:
    for body, sentence in (
        ({}, "orders must be an array"),
        ({"orders": {}}, "orders must be an array"),
        ({"orders": []}, "orders must be an array of 1 to 10 elements"),
        ({"orders": [{}] * 11}, "orders must be an array of 1 to 10 elements"),
        ({"orders": [7]}, "orders.0 must be an object"),
        ({"orders": [{}]}, "orders.0.marketHash must be a 32-byte hex string"),
        (
            {"orders": [world.me.order(expiry="soon", orderSignature="0x" + "00" * 65)]},
            "orders.0.expiry must be an integer number",
        ),
        (
            {"orders": [world.me.order(clientOrderId="a b")]},
            "orders.0.clientOrderId must be 1 to 64 characters A-Z, a-z, 0-9, _ or -",
        ),
        (
            {"orders": [world.me.order()], "maxWaitTime": 15_001},
            "maxWaitTime must be an integer number up to 15000",
        ),
    ):
        status, answer = await world.me.ask("POST", "/orders-v3", json=body)

        assert status == 400
        assert sentence in answer["message"]
    assert world.control.truth() == []


@played()
async def test_what_is_no_json_is_refused(world: World) -> None:
    status, answer = await world.me.ask("POST", "/orders-v3", data=b"{")

    assert (status, answer["statusCode"]) == (400, 400)


@played(accounts=[{"deployed": False, "balance": 1000}])
async def test_without_a_wallet_nothing_is_taken_until_it_is_made(world: World) -> None:
    status, body = await world.me.post(world.me.order())
    await world.me.ask("POST", "/user/deploy-proxy")
    early = (await world.me.get("/user/proxy"))["deployed"]
    await world.wait(2.1)
    entry = await world.me.place()

    assert (status, body["message"]) == (400, "PROXY_NOT_DEPLOYED")
    assert early is False
    assert entry["status"] == "SUBMITTED"


@played()
async def test_an_order_of_another_maker_is_not_taken_with_ones_own_key(world: World) -> None:
    status, body = await world.me.post(world.other.order())

    assert status == 200
    assert body["data"]["orders"][0]["reason"] == "SIGNATURE_MISMATCH"


@played()
async def test_changing_what_is_signed_breaks_the_signature(world: World) -> None:
    for name, value in (
        ("totalBetSize", str(11 * USDC)),
        ("percentageOdds", str(51 * PERCENT)),
        ("salt", "0x" + "ff" * 32),
        ("isMakerBettingOutcomeOne", False),
    ):
        _, body = await world.me.post({**world.me.order(), name: value})

        assert body["data"]["orders"][0]["reason"] == "SIGNATURE_MISMATCH"


@played()
async def test_the_time_in_force_is_not_signed(world: World) -> None:
    _, body = await world.me.post({**world.me.order(), "timeInForce": "FOK"})

    assert body["data"]["orders"][0]["status"] == "SUBMITTED"


@played(rates={"orders": 2})
async def test_too_many_orders_are_refused_for_a_while(world: World) -> None:
    for _ in range(2):
        await world.me.place()
    url = world.simulated.url + "/orders-v3"
    async with world.http.post(url, headers={"x-sx-api-key": world.me.api_key}) as answer:
        status, wait = answer.status, int(answer.headers["Retry-After"])
    await world.wait(wait)
    entry = await world.me.place()

    assert status == 429
    assert 58 <= wait <= 60
    assert entry["status"] == "SUBMITTED"


# -- The same order again --------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["request", "entry", "existing"])
def test_the_same_order_is_taken_once(told: str) -> None:
    @played(checks={"duplicate": told})
    async def scenario(world: World) -> None:
        row = world.me.order()
        _, first = await world.me.post(row)
        status, second = await world.me.post({**row, "timeInForce": "GTC"})

        assert len(world.control.truth()) == 1
        if told == "request":
            assert (status, second["message"]) == (400, "ORDERS_ALREADY_EXIST")
        elif told == "entry":
            assert second["data"]["orders"][0]["reason"] == "ORDERS_ALREADY_EXIST"
        else:
            assert second == first

    scenario()


# -- Waiting ---------------------------------------------------------------------------------------


@played(matching="5s")
async def test_without_waiting_the_answer_has_no_outcome(world: World) -> None:
    begun = world.clock.now_ms()
    _, body = await world.me.post(world.me.order(), waitForOutcome=False)
    entry = body["data"]["orders"][0]

    assert world.clock.now_ms() - begun < 1000
    assert "outcome" not in entry
    assert entry["status"] == "SUBMITTED"
    assert (await world.me.read(entry["orderId"]))["status"] == "PENDING"


@played(matching="5s")
async def test_a_wait_that_is_too_short_says_so_and_the_order_goes_on(world: World) -> None:
    status, body = await world.me.post(world.me.order(), maxWaitTime=1000)
    entry = body["data"]["orders"][0]
    await world.wait(5)

    assert status == 200
    assert entry["outcome"] == {"state": "TIMEOUT"}
    assert (await world.me.read(entry["orderId"]))["inactiveReason"] == "FILLED"


@played(markets=[{"hash": MARKET, "live": True, "two": [{"percent": 50, "size": 100}]}])
async def test_live_orders_wait_for_the_betting_delay(world: World) -> None:
    begun = world.clock.now_ms()
    entry = await world.me.place()
    _, early = await world.me.post(world.me.order(expiry=world.clock.now_ms() // 1000 + 9))

    assert world.clock.now_ms() - begun > 10_000
    assert entry["outcome"]["state"] == "FULLY_FILLED"
    assert early["message"] == ["expiry must be in the future, beyond the betting delay"]


@played(
    markets=[{"hash": MARKET, "live": True, "two": [{"percent": 50, "size": 100}]}],
    delays={"live_by_league": {243: "2s"}, "live_by_sport": {8: "5s"}},
)
async def test_a_leagues_delay_comes_before_the_sports(world: World) -> None:
    begun = world.clock.now_ms()
    await world.me.place()
    delays = (await world.nobody.get("/metadata/obv3"))["bettingDelay"]

    assert 2_000 < world.clock.now_ms() - begun < 3_000
    assert delays["leagueIdToMs"] == {"243": 2000}
    assert delays["sportIdToMs"] == {"8": 5000}


@played(markets=[{"hash": MARKET, "live": True, "two": [{"percent": 50, "size": 100}]}])
async def test_a_market_that_halts_during_the_delay_takes_nothing(world: World) -> None:
    placing = asyncio.create_task(world.me.place())
    await world.wait(5)
    world.control.halt()
    entry = await placing

    assert entry["outcome"]["state"] == "CANCELLED"
    assert (await world.me.read(entry["orderId"]))["inactiveReason"] == "MARKET_HALTED"


@played()
async def test_an_order_expires(world: World) -> None:
    entry = await world.me.place(timeInForce="GTC", percentageOdds=str(40 * PERCENT))
    await world.wait(61)
    row = await world.me.read(entry["orderId"])

    assert (row["status"], row["inactiveReason"]) == ("INACTIVE", "EXPIRED")
    assert len((await world.book())["outcomeOne"]) == 1


# -- Several, and reading --------------------------------------------------------------------------


@played()
async def test_orders_of_one_request_have_entries_of_their_own(world: World) -> None:
    good, bad = (
        world.me.order(clientOrderId="good"),
        world.me.order(orderSignature="0x" + "1b" * 65),
    )
    status, body = await world.me.post(good, bad)

    assert status == 200
    assert [entry["status"] for entry in body["data"]["orders"]] == ["SUBMITTED", "FAILED"]
    assert body["data"]["orders"][0]["clientOrderId"] == "good"
    assert (await world.me.get("/orders-v3/client/good"))["clientOrderId"] == "good"


@played()
async def test_only_resting_orders_are_listed_page_by_page(world: World) -> None:
    for percent in (30, 31, 32):
        await world.me.place(timeInForce="GTC", percentageOdds=str(percent * PERCENT))
    await world.me.place()
    first = await world.me.get("/orders-v3", perPage=2)
    second = await world.me.get("/orders-v3", perPage=2, nextKey=first["nextKey"])
    odds = [int(row["percentageOdds"]) // PERCENT for row in first["orders"] + second["orders"]]

    assert odds == [32, 31, 30]
    assert second["nextKey"] is None
    assert (await world.me.get("/orders-v3", marketHash="0x" + "00" * 32))["orders"] == []
    status, body = await world.me.ask("GET", "/orders-v3", params={"perPage": 101})
    assert (status, body["message"][0][:12]) == (400, "perPage must")


@played()
async def test_orders_of_others_are_not_found(world: World) -> None:
    entry = await world.me.place()
    for trader, order_id in ((world.other, entry["orderId"]), (world.me, "0x" + "00" * 32)):
        status, body = await trader.ask("GET", f"/orders-v3/{order_id}")

        assert status == 404
        assert body == {"error": "Not Found", "message": "Order not found", "statusCode": 404}


# -- Fates -----------------------------------------------------------------------------------------


@played()
async def test_a_rejected_order_is_never_taken(world: World) -> None:
    world.control.next_order(OrderFate(reject="INSUFFICIENT_BALANCE"))
    entry = await world.me.place()

    assert (entry["status"], entry["reason"]) == ("FAILED", "INSUFFICIENT_BALANCE")
    assert world.control.truth() == []


@played()
async def test_a_part_is_there(world: World) -> None:
    world.control.next_order(OrderFate(most_percent=40))
    entry = await world.me.place()

    assert entry["outcome"]["fillAmount"] == str(4 * USDC)


@played()
async def test_an_order_that_is_held_stays_open_until_it_is_filled_by_hand(world: World) -> None:
    for time_in_force, state in (("IOC", "PENDING"), ("GTC", "ACTIVE")):
        world.control.next_order(OrderFate(holds=True))
        _, body = await world.me.post(world.me.order(timeInForce=time_in_force), maxWaitTime=500)
        order_id = body["data"]["orders"][0]["orderId"]
        before = await world.me.read(order_id)
        world.control.fill(order_id, 4)
        halfway = await world.me.read(order_id)
        world.control.fill(order_id)
        after = await world.me.read(order_id)

        assert before["status"] == state
        assert halfway["remainingSize"] == str(6 * USDC)
        assert (after["status"], after["inactiveReason"]) == ("INACTIVE", "FILLED")


@played()
async def test_the_engine_may_drop_an_order(world: World) -> None:
    world.control.next_order(OrderFate(cancelled="ENGINE_SHUTDOWN"))
    entry = await world.me.place()

    assert entry["outcome"]["cancelReason"] == "ENGINE_SHUTDOWN"
    assert (await world.me.read(entry["orderId"]))["inactiveReason"] == "SYSTEM"


@played()
async def test_the_outcome_may_be_forgotten_and_the_order_filled(world: World) -> None:
    world.control.next_order(OrderFate(forgets=True))
    entry = await world.me.place()
    await world.wait(1)

    assert entry["outcome"] == {"state": "TIMEOUT"}
    assert (await world.me.read(entry["orderId"]))["inactiveReason"] == "FILLED"
