"""
Fills at the stand-in: matched, locked or taken back, settled; and the money that moves with them.
"""

import pytest

from tests.sx_bet.fake_world import MARKET, PERCENT, USDC, OrderFate, World, played

STAKE = 10 * USDC
START = (1000 * USDC, 0, 0)


@played()
async def test_a_fill_is_matched_first_and_locked_a_moment_later(world: World) -> None:
    entry = await world.me.place()
    (matched,) = await world.me.fills(orderId=entry["orderId"])
    money_matched = await world.me.balance()
    await world.wait(5)
    (locked,) = await world.me.fills(orderId=entry["orderId"])

    assert (matched["status"], matched["txHash"]) == ("MATCHED", None)
    assert money_matched == (990 * USDC, STAKE, 0)
    assert (locked["status"], len(locked["txHash"])) == ("LOCKED", 66)
    assert await world.me.balance() == (990 * USDC, 0, STAKE)
    assert locked["id"] == f"{locked['matchId']}:{entry['orderId']}:{MARKET}"
    assert locked["updatedAt"] > locked["createdAt"] == matched["createdAt"]


@played(lock=["1s", "4s"])
async def test_locking_takes_between_one_and_four_seconds(world: World) -> None:
    for _ in range(10):
        await world.me.place(totalBetSize=str(USDC))
    await world.wait(5)
    took = {fill.updated_ms - fill.created_ms for fill in world.control.fills()}

    assert all(1000 <= ms <= 4000 for ms in took)
    assert len(took) > 5


@played()
async def test_a_match_may_be_taken_back_and_the_stake_returns(world: World) -> None:
    world.control.next_order(OrderFate(fails=True))
    entry = await world.me.place()
    await world.wait(5)
    (fill,) = await world.me.fills()
    (truth,) = world.control.truth()

    assert entry["outcome"]["state"] == "FULLY_FILLED"
    assert fill["status"] == "FAILED"
    assert await world.me.balance() == START
    assert (truth.filled, truth.odds, truth.final) == (0, 0, True)
    # Only the fills tell: the order itself still reads as filled.
    assert (await world.me.read(entry["orderId"]))["inactiveReason"] == "FILLED"


@pytest.mark.parametrize(("outcome", "paid", "fee"), [(1, 20 * USDC, 0), (2, 0, 0), (0, STAKE, 0)])
def test_a_market_is_settled(outcome: int, paid: int, fee: int) -> None:
    @played()
    async def scenario(world: World) -> None:
        await world.me.place()
        await world.wait(5)
        world.control.settle(outcome)
        (fill,) = await world.me.fills()
        (trade,) = (await world.me.get("/trades-v3", status="SETTLED"))["trades"]
        (position,) = (await world.me.get("/positions-v3", status="SETTLED"))["positions"]

        assert fill["status"] == "SETTLED"
        assert fill["settlement"]["outcome"] == outcome
        assert fill["settlement"]["settleReturnAmount"] == str(paid)
        assert fill["settlement"]["settleFeeAmount"] == str(fee)
        assert trade["settlement"]["settleReturnAmount"] == str(paid)
        assert position["pnl"] == str(paid - STAKE)
        assert await world.me.balance() == (990 * USDC + paid, 0, 0)
        (market,) = await world.me.get("/markets/find", marketHashes=MARKET)
        assert (market["status"], market["outcome"]) == ("INACTIVE", outcome)

    scenario()


@played(accounts=[{"balance": 1000, "taker_fee": "0.01"}])
async def test_a_fee_is_charged_on_the_profit(world: World) -> None:
    await world.me.place()
    world.control.settle(1)
    (fill,) = await world.me.fills()

    assert (await world.me.get("/user/fees-v3"))["takerPayoutFee"] == "0.01"
    assert fill["settlement"]["settleFeeAmount"] == str(STAKE // 100)
    assert await world.me.balance() == (1010 * USDC - STAKE // 100, 0, 0)


@played()
async def test_a_settled_market_takes_no_orders_and_drops_those_that_rest(world: World) -> None:
    rested = await world.me.place(timeInForce="GTC", percentageOdds=str(30 * PERCENT))
    world.control.settle(2)
    late = await world.me.place()

    assert (await world.me.read(rested["orderId"]))["inactiveReason"] == "EVENT_LIFECYCLE"
    assert late["reason"] == "INVALID_MARKET"


@played()
async def test_the_return_of_a_stake_is_what_its_odds_say(world: World) -> None:
    # The sample of the exchange's documentation: 333334 at 40 % return 833335.
    world.control.empty()
    world.control.rest(60, 100, on_one=True)
    entry = await world.me.place(
        isMakerBettingOutcomeOne=False, totalBetSize="1333334", percentageOdds=str(40 * PERCENT)
    )
    (fill,) = await world.me.fills(tradeId=entry["outcome"]["tradeId"])

    assert fill["fillOdds"] == str(40 * PERCENT)
    assert fill["returnAmount"] == str(1333334 * 10 // 4)


# -- Reading ---------------------------------------------------------------------------------------


@played()
async def test_fills_are_read_by_time_and_page_by_page(world: World) -> None:
    for _ in range(3):
        await world.me.place(totalBetSize=str(USDC))
        await world.wait(10)
    everything = await world.me.fills(sortAsc="true")
    dates = [fill["createdAt"] for fill in everything]
    first = await world.me.get("/fills-v3", perPage=2)
    second = await world.me.get("/fills-v3", perPage=2, nextKey=first["nextKey"])

    assert dates == sorted(dates)
    assert [it["id"] for it in first["fills"] + second["fills"]] == [
        it["id"] for it in reversed(everything)
    ]
    assert await world.me.fills(startDate=dates[1]) == everything[:0:-1]
    assert await world.me.fills(endDate=dates[0]) == everything[:1]


@played()
async def test_a_date_of_digits_is_refused(world: World) -> None:
    status, body = await world.me.ask("GET", "/fills-v3", params={"startDate": "1790000000"})

    assert status == 400
    assert body["message"] == ["startDate must be a valid ISO 8601 date string"]


@played(index="3s")
async def test_fills_may_be_indexed_late(world: World) -> None:
    entry = await world.me.place()
    row = await world.me.read(entry["orderId"])
    before = await world.me.fills()
    await world.wait(3.1)

    assert (row["inactiveReason"], before) == ("FILLED", [])
    assert len(await world.me.fills()) == 1


@played()
async def test_an_order_may_be_hidden_for_some_looks_and_its_fills_too(world: World) -> None:
    world.control.next_order(OrderFate(hidden_looks=3))
    entry = await world.me.place(clientOrderId="mine")
    looks = [
        (await world.me.ask("GET", path))[0]
        for path in (f"/orders-v3/{entry['orderId']}", "/orders-v3/client/mine")
    ]
    unfiltered = await world.me.fills()
    third = await world.me.fills(orderId=entry["orderId"])

    assert (looks, unfiltered, third) == ([404, 404], [], [])
    assert (await world.me.read(entry["orderId"]))["id"] == entry["orderId"]
    assert len(await world.me.fills(orderId=entry["orderId"])) == 1


@played()
async def test_positions_need_a_status_and_state_both_sides(world: World) -> None:
    status, _ = await world.me.ask("GET", "/positions-v3")
    await world.me.place()
    await world.me.place(isMakerBettingOutcomeOne=False, percentageOdds=str(55 * PERCENT))
    (position,) = (await world.me.get("/positions-v3", status="MATCHED,LOCKED"))["positions"]

    assert status == 400
    assert position["totalStake"] == str(2 * STAKE)
    assert position["odds"] == {
        "outcomeOne": str(50 * PERCENT),
        "outcomeTwo": str(10 * USDC * 10**20 // 18_181_818),  # whole units, rounded down
    }
    assert position["isOutcomeOneMaxWin"] is True
    assert (int(position["maxWin"]), int(position["maxLoss"])) == (0, -1818182)
    assert (position["tradeCount"], position["pnl"]) == (2, None)


@played()
async def test_the_tape_is_public_and_names_nobody(world: World) -> None:
    await world.me.place()
    (trade,) = (await world.nobody.get("/trades-v3/public", marketHash=MARKET))["trades"]

    assert trade["totalStake"] == str(STAKE)
    assert trade["outcomeLabel"] == "Los Angeles Rams"
    assert "userAddress" not in trade
