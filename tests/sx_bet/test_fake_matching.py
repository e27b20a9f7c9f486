"""
Matching at the stand-in: prices, stakes, what rests, who is first.
"""

from tests.sx_bet.fake_world import ONE, PERCENT, USDC, World, played


@played()
async def test_a_taker_gets_the_price_of_what_rests_even_if_it_would_pay_more(world: World) -> None:
    entry = await world.me.place(percentageOdds=str(60 * PERCENT))

    assert entry["outcome"] == {
        "state": "FULLY_FILLED",
        "remainingAmount": "0",
        "fillAmount": str(10 * USDC),
        "blendedOdds": str(50 * PERCENT),
        "matchIds": entry["outcome"]["matchIds"],
        "tradeId": entry["outcome"]["tradeId"],
    }
    assert len(entry["outcome"]["matchIds"]) == 1


@played()
async def test_a_taker_goes_through_the_book_best_price_first(world: World) -> None:
    entry = await world.me.place(totalBetSize=str(202 * USDC), percentageOdds=str(51 * PERCENT))
    fills = await world.me.fills(sortAsc="true")

    # 100 at 50 % and 102 at 51 %: what 98 USDC at 49 % leave room for
    assert [(fill["fillAmount"], fill["fillOdds"]) for fill in fills] == [
        (str(100 * USDC), str(50 * PERCENT)),
        (str(102 * USDC), str(51 * PERCENT)),
    ]
    assert entry["outcome"]["state"] == "FULLY_FILLED"
    assert int(entry["outcome"]["blendedOdds"]) == 202 * ONE // 400
    assert (await world.book())["outcomeTwo"] == []


@played()
async def test_nothing_is_matched_at_a_worse_price(world: World) -> None:
    entry = await world.me.place(percentageOdds=str(49_875 * 10**15))

    assert entry["outcome"]["state"] == "CANCELLED"
    assert entry["outcome"]["cancelReason"] == "NO_LIQUIDITY"
    assert entry["outcome"]["blendedOdds"] == "0"
    row = await world.me.read(entry["orderId"])
    assert (row["status"], row["inactiveReason"]) == ("INACTIVE", "NO_LIQUIDITY")


@played()
async def test_ioc_takes_what_is_there_and_drops_the_rest(world: World) -> None:
    entry = await world.me.place(totalBetSize=str(150 * USDC))
    row = await world.me.read(entry["orderId"])

    assert entry["outcome"]["state"] == "PARTIAL_FILL_DONE"
    assert entry["outcome"]["fillAmount"] == str(100 * USDC)
    assert entry["outcome"]["remainingAmount"] == str(50 * USDC)
    assert (row["status"], row["remainingSize"]) == ("INACTIVE", str(50 * USDC))


@played()
async def test_fok_takes_everything_or_nothing(world: World) -> None:
    too_much = await world.me.place(totalBetSize=str(150 * USDC), timeInForce="FOK")
    everything = await world.me.place(totalBetSize=str(100 * USDC), timeInForce="FOK")

    assert too_much["outcome"]["cancelReason"] == "NO_LIQUIDITY"
    assert too_much["outcome"]["fillAmount"] == "0"
    assert everything["outcome"]["state"] == "FULLY_FILLED"


@played()
async def test_gtc_crosses_first_and_rests_with_what_is_left(world: World) -> None:
    entry = await world.me.place(totalBetSize=str(150 * USDC), timeInForce="GTC")
    row = await world.me.read(entry["orderId"])

    assert entry["outcome"]["state"] == "PARTIAL_FILL_RESTED"
    assert (row["status"], row["remainingSize"]) == ("ACTIVE", str(50 * USDC))
    assert {"percentageOdds": str(50 * PERCENT), "size": str(50 * USDC)} in (await world.book())[
        "outcomeOne"
    ]


@played()
async def test_a_remainder_too_small_to_rest_is_dropped(world: World) -> None:
    entry = await world.me.place(totalBetSize=str(100 * USDC + 99_999), timeInForce="GTC")
    rested = await world.me.place(
        totalBetSize=str(USDC), timeInForce="GTC", percentageOdds=str(40 * PERCENT)
    )

    assert entry["outcome"]["state"] == "PARTIAL_FILL_DONE"
    assert not world.control.order(entry["orderId"]).open
    assert rested["outcome"]["state"] == "RESTED"


@played()
async def test_who_came_first_is_served_first_at_the_same_price(world: World) -> None:
    gtc = {"timeInForce": "GTC", "isMakerBettingOutcomeOne": False}
    first = await world.other.place(**gtc, percentageOdds=str(51 * PERCENT))
    second = await world.other.place(**gtc, percentageOdds=str(51 * PERCENT))
    await world.me.place(totalBetSize=str(9 * USDC))

    assert world.control.order(first["orderId"]).filled > 0
    assert world.control.order(second["orderId"]).filled == 0


@played()
async def test_two_users_meet_and_both_see_their_side(world: World) -> None:
    world.control.empty()
    maker = await world.other.place(
        timeInForce="GTC", isMakerBettingOutcomeOne=False, percentageOdds=str(60 * PERCENT)
    )
    taker = await world.me.place(totalBetSize=str(2 * USDC))
    (mine,), (theirs,) = await world.me.fills(), await world.other.fills()

    assert (mine["orderId"], mine["isMaker"]) == (taker["orderId"], False)
    assert (theirs["orderId"], theirs["isMaker"]) == (maker["orderId"], True)
    assert (mine["fillOdds"], theirs["fillOdds"]) == (str(40 * PERCENT), str(60 * PERCENT))
    assert (mine["fillAmount"], theirs["fillAmount"]) == (str(2 * USDC), str(3 * USDC))
    assert mine["matchId"] == theirs["matchId"]
    assert mine["tradeId"] != theirs["tradeId"]


@played()
async def test_nobody_bets_against_themselves(world: World) -> None:
    world.control.empty()
    await world.me.place(
        timeInForce="GTC", isMakerBettingOutcomeOne=False, percentageOdds=str(60 * PERCENT)
    )
    entry = await world.me.place()

    assert entry["outcome"]["cancelReason"] == "NO_LIQUIDITY"


@played()
async def test_a_maker_who_cannot_pay_any_more_is_dropped(world: World) -> None:
    poor = await world.other.place(
        timeInForce="GTC",
        isMakerBettingOutcomeOne=False,
        percentageOdds=str(60 * PERCENT),
        totalBetSize=str(900 * USDC),
    )
    await world.other.place(totalBetSize=str(100 * USDC))
    world.control.rest(50, 600, on_one=False)
    await world.other.place(totalBetSize=str(500 * USDC))
    entry = await world.me.place(totalBetSize=str(300 * USDC))

    row = await world.other.read(poor["orderId"])
    assert (row["status"], row["inactiveReason"]) == ("INACTIVE", "INSUFFICIENT_BALANCE")
    assert entry["outcome"]["blendedOdds"] == str(50 * PERCENT)
