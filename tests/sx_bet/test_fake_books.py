"""
Books and everything else that the stand-in tells anybody.
"""

from decimal import Decimal

import pytest

from tests.sx_bet.fake_world import MARKET, PERCENT, USDC, World, played

RESTING = {"timeInForce": "GTC", "percentageOdds": str(30 * PERCENT)}


@played()
async def test_a_book_states_what_makers_have_at_stake_best_first(world: World) -> None:
    book = await world.book()

    assert book["outcomeOne"] == [{"percentageOdds": str(45 * PERCENT), "size": str(300 * USDC)}]
    assert book["outcomeTwo"] == [
        {"percentageOdds": str(50 * PERCENT), "size": str(100 * USDC)},
        {"percentageOdds": str(49 * PERCENT), "size": str(98 * USDC)},
    ]
    assert (book["marketHash"], len(book["version"])) == (MARKET, 23)


@played()
async def test_takers_see_what_they_pay_lowest_first(world: World) -> None:
    book = await world.book(showTakerPerspective="true")

    assert book["outcomeOne"] == [
        {"percentageOdds": str(50 * PERCENT), "size": str(100 * USDC)},
        {"percentageOdds": str(51 * PERCENT), "size": str(102 * USDC)},
    ]
    assert book["outcomeTwo"][0]["percentageOdds"] == str(55 * PERCENT)


@played()
async def test_versions_grow_with_every_change_and_compare_as_texts(world: World) -> None:
    versions = [(await world.book())["version"]]
    rested = await world.me.place(**RESTING)
    versions.append((await world.book())["version"])
    await world.me.place()
    versions.append((await world.book())["version"])
    await world.me.cancel(rested["orderId"])
    versions.append((await world.book())["version"])

    assert sorted(set(versions)) == versions


@played()
async def test_a_level_is_the_sum_of_what_is_left_of_its_orders(world: World) -> None:
    for trader in (world.me, world.other, world.me):
        await trader.place(**RESTING)
    await world.other.place(
        isMakerBettingOutcomeOne=False,
        percentageOdds=str(70 * PERCENT),
        totalBetSize=str(310 * 55 * USDC // 45),
    )
    market = world.control.market()
    sums: dict[tuple[bool, int], int] = {}
    for order in market.orders:
        key = (order.on_one, order.odds)
        sums[key] = sums.get(key, 0) + order.remaining
    book = await world.book()

    shown = {
        (side == "outcomeOne", int(level["percentageOdds"])): int(level["size"])
        for side in ("outcomeOne", "outcomeTwo")
        for level in book[side]
    }
    assert shown == sums
    assert (True, 45 * PERCENT) not in shown


@played(markets=[{"hash": MARKET, "two": [{"percent": 50, "size": 100}], "refill": "2s"}])
async def test_what_is_taken_comes_back_if_the_settings_say_so(world: World) -> None:
    await world.me.place(totalBetSize=str(60 * USDC))
    taken = (await world.book())["outcomeTwo"]
    await world.wait(2.1)

    assert taken == [{"percentageOdds": str(50 * PERCENT), "size": str(40 * USDC)}]
    assert (await world.book())["outcomeTwo"][0]["size"] == str(100 * USDC)


@played()
async def test_a_market_that_does_not_exist_has_an_empty_book(world: World) -> None:
    book = await world.nobody.get("/orderbook-v3/snapshot", marketHash="0x" + "00" * 32)

    assert (book["outcomeOne"], book["outcomeTwo"]) == ([], [])


@played(unlisted={"one": [{"percent": 40, "size": 10}]})
async def test_one_market_may_stand_in_for_all_others(world: World) -> None:
    other = "0x" + "5e" * 32
    book = await world.nobody.get("/orderbook-v3/snapshot", marketHash=other)
    entry = await world.me.place(
        marketHash=other,
        isMakerBettingOutcomeOne=False,
        percentageOdds=str(60 * PERCENT),
        totalBetSize=str(15 * USDC),
    )
    nonsense = await world.nobody.get("/orderbook-v3/snapshot", marketHash="0xzz")

    assert book["outcomeOne"][0]["size"] == str(10 * USDC)
    assert entry["outcome"]["state"] == "FULLY_FILLED"
    assert nonsense["outcomeOne"] == []


@played()
async def test_books_in_bulk_need_a_key(world: World) -> None:
    best = await world.me.get("/orders-v3/odds/best", marketHashes=MARKET + ",0x00")
    books = await world.me.get("/orderbook-v3/snapshot/event", eventId="L18870109")
    status, body = await world.nobody.ask("GET", "/orders-v3/odds/best")

    assert best["bestOdds"] == [
        {
            "marketHash": MARKET,
            "outcomeOne": {"percentageOdds": str(45 * PERCENT), "size": str(300 * USDC)},
            "outcomeTwo": {"percentageOdds": str(50 * PERCENT), "size": str(100 * USDC)},
        }
    ]
    assert books["markets"] == [await world.book()]
    assert status == 401
    assert body == {"error": "Unauthorized", "message": "BAD_AUTH", "statusCode": 401}


@played()
async def test_the_house_can_leave_and_come_back(world: World) -> None:
    world.control.empty()
    empty = await world.book()
    world.control.rest(Decimal("48.5"), Decimal(20), on_one=False)

    assert (empty["outcomeOne"], empty["outcomeTwo"]) == ([], [])
    assert (await world.book())["outcomeTwo"] == [
        {"percentageOdds": str(48_500 * 10**15), "size": str(20 * USDC)}
    ]


# -- What one has to know --------------------------------------------------------------------------


@played()
async def test_metadata_hold_together(world: World) -> None:
    data = await world.nobody.get("/metadata/obv3")

    assert data["domain"]["chainId"] == data["chainId"] == 4162
    assert data["domain"]["version"] == "1"
    assert data["activeAsset"]["escrowAddress"] == data["domain"]["verifyingContract"]
    assert data["oddsLadderStepSize"] == 125
    assert data["limits"]["orderSizeMinimumBaseUnits"] == "1000000"
    assert data["limits"]["minRestingOrderSizeBaseUnits"] == "100000"
    assert data["bettingDelay"]["liveMsDefault"] == 10_000


@played()
async def test_sports_leagues_events_and_markets(world: World) -> None:
    assert await world.nobody.get("/sports") == [{"sportId": 8, "label": "Sport 8"}]
    (league,) = await world.nobody.get("/leagues", sportId="8")
    (active,) = await world.nobody.get("/leagues/active")
    (fixture,) = await world.nobody.get("/fixture/active", leagueId="243")
    (market,) = (await world.nobody.get("/markets/active"))["markets"]

    assert league["leagueId"] == active["leagueId"] == 243
    assert await world.nobody.get("/leagues", sportId="1") == []
    assert (fixture["eventId"], fixture["status"]) == ("L18870109", 1)
    assert (market["marketHash"], market["status"]) == (MARKET, "ACTIVE")
    assert await world.nobody.get("/fixture/status", sportXEventIds="L18870109") == {"L18870109": 1}
    assert len((await world.nobody.get("/leagues/teams/243"))["teams"]) == 2
    assert (await world.nobody.get("/markets/active", liveOnly="true"))["markets"] == []
    assert (await world.nobody.get("/markets/active", eventId="L1"))["markets"] == [market]


@played(markets=[{"hash": f"0x{number:064x}"} for number in range(3)])
async def test_markets_come_page_by_page(world: World) -> None:
    first = await world.nobody.get("/markets/active", pageSize=2)
    second = await world.nobody.get("/markets/active", pageSize=2, paginationKey=first["nextKey"])

    assert len(first["markets"] + second["markets"]) == 3
    assert "nextKey" not in second
    hashes = ",".join(["0x00"] * 31)
    status, body = await world.nobody.ask("GET", f"/markets/find?marketHashes={hashes}")
    assert (status, body["message"]) == (400, "BAD_MARKET_HASHES")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orders"),
        ("POST", "/orders/new"),
        ("POST", "/orders/fill/v2"),
        ("POST", "/orders/cancel/v2"),
        ("GET", "/metadata"),
    ],
)
def test_routes_of_v2_are_gone(method: str, path: str) -> None:
    @played()
    async def scenario(world: World) -> None:
        status, body = await world.me.ask(method, path)

        assert (status, body["error"]) == (400, "Bad Request")
        assert body["message"] == "OrderBook V2 is no longer supported"

    scenario()


@played()
async def test_what_there_never_was_is_not_found(world: World) -> None:
    for path in ("/trades", "/nonsense"):
        status, body = await world.me.ask("GET", path)

        assert (status, body["message"]) == (404, f"Cannot GET {path}")


@played()
async def test_who_has_no_key_or_a_foreign_one_is_refused(world: World) -> None:
    private = ("/user/proxy", "/orders-v3", "/fills-v3", "/positions-v3", "/trades-v3")
    for path in private:
        nothing = await world.nobody.ask("GET", path)
        world.nobody.api_key = "no such key"
        malformed = await world.nobody.ask("GET", path)
        world.nobody.api_key = "some-other-key"
        foreign = await world.nobody.ask("GET", path)
        world.nobody.api_key = ""

        assert (nothing[0], nothing[1]["message"]) == (401, "BAD_AUTH")
        assert (malformed[0], malformed[1]["message"]) == (401, "BAD_AUTH")
        assert (foreign[0], foreign[1]["message"]) == (401, "INVALID_USER")
