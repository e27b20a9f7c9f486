"""What the imitation shows of games, odds and limits, typed as it was captured."""

from typing import Any

import pytest

from tests.azuro.outside import (
    FOOTBALL,
    FOOTBALL_GAME,
    PREMATCH,
    START_MS,
    THROW_AWAY_ADDRESS,
    followed,
    imitation,
)

WHERE = ("environment", "PolygonUSDT")
FILTERS = {
    "environment": "PolygonUSDT",
    "gameState": "Live",
    "orderBy": "startsAt",
    "orderDirection": "asc",
    "page": "1",
}
LIMITS = {
    "bets": [{"conditionId": FOOTBALL, "outcomeId": 29}],
    "environment": "PolygonUSDT",
    "wallet": THROW_AWAY_ADDRESS,
}


async def test_a_page_of_games() -> None:
    async with imitation() as bettor:
        status, page = await bettor.get("market-manager/games-by-filters", *FILTERS.items())

    assert status == 200
    head = {name: value for name, value in page.items() if name != "games"}
    assert head == {"page": 1, "perPage": 10, "total": 2, "totalPages": 1}
    game = page["games"][0]
    assert game["gameId"] == FOOTBALL_GAME
    assert game["startsAt"] == str(START_MS // 1000 - 1800)
    assert (game["sport"]["sportId"], game["state"], game["turnover"]) == ("33", "Live", "0")


@pytest.mark.parametrize("missing", FILTERS)
async def test_a_page_without_one_of_its_filters_is_a_400(missing: str) -> None:
    asked = [pair for pair in FILTERS.items() if pair[0] != missing]
    async with imitation() as bettor:
        status, answer = await bettor.get("market-manager/games-by-filters", *asked)

    assert (status, answer["error"], len(answer["message"])) == (400, "Bad Request", 1)
    assert answer["message"][0].startswith(missing)


async def test_pages_are_chosen_sorted_and_at_least_ten_long() -> None:
    async with imitation() as bettor:
        path = "market-manager/games-by-filters"
        asked = [*FILTERS.items(), ("sportId", "45"), ("sportId", "31")]
        _, chosen = await bettor.get(path, *asked)
        _, empty = await bettor.get(path, *(FILTERS | {"page": "2"}).items())
        _, other = await bettor.get(path, *(FILTERS | {"environment": "BaseWETH"}).items())
        short, _ = await bettor.get(path, *FILTERS.items(), ("perPage", "9"))

    assert [game["sport"]["slug"] for game in chosen["games"]] == ["tennis"]
    assert (empty["games"], empty["total"], other["games"], short) == ([], 2, [], 400)


async def test_conditions_of_games() -> None:
    async with imitation() as bettor:
        body = {"gameIds": [FOOTBALL_GAME, "404"], "environment": "PolygonUSDT"}
        _, answer = await bettor.post("market-manager/conditions-by-game-ids", body)

    condition = answer["conditions"][0]
    assert len(answer["conditions"]) == 2
    assert (condition["margin"], condition["marketId"]) == (0, 3)
    outcome = condition["outcomes"][0]
    assert (outcome["outcomeId"], outcome["odds"], outcome["state"]) == ("29", "1.56", "Active")


async def test_conditions_that_only_the_api_knows_are_shown_on_request() -> None:
    games = [{"id": "1", "conditions": [{"id": "500", "outcomes": [{"id": 1, "odds": "2"}]}]}]
    async with imitation(games=games) as bettor:
        path, body = "market-manager/conditions-by-game-ids", {"gameIds": ["1"]}
        body["environment"] = "PolygonUSDT"
        _, plain = await bettor.post(path, body)
        _, extended = await bettor.post(path, body | {"extended": True})

    assert (len(plain["conditions"]), len(extended["conditions"])) == (0, 1)


async def test_the_batch_names_outcomes_by_their_index() -> None:
    async with imitation() as bettor:
        body = {"conditionIds": [FOOTBALL, "404"], "environment": "PolygonUSDT"}
        _, answer = await bettor.post("market-manager/condition-batch", body)

    (condition,) = answer["conditions"]
    assert (condition["state"], condition["conditionId"]) == ("Active", FOOTBALL)
    assert [outcome["id"] for outcome in condition["outcomes"]] == [
        f"{FOOTBALL}_{index}" for index in range(3)
    ]
    assert [outcome["odds"] for outcome in condition["outcomes"]] == ["1.56", "4.02", "6.54"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("condition-batch", {"environment": "PolygonUSDT"}),
        ("condition-batch", {"conditionIds": [1], "environment": "PolygonUSDT"}),
        ("condition-batch", {"conditionIds": ["1"]}),
        ("conditions-by-game-ids", {"gameIds": ["1"]}),
        ("games-by-ids", {"gameIds": "1"}),
    ],
)
async def test_lists_of_ids_are_lists_of_texts(path: str, body: Any) -> None:
    async with imitation() as bettor:
        status, answer = await bettor.post(f"market-manager/{path}", body)

    assert (status, answer["statusCode"]) == (400, 400)


async def test_a_search_needs_three_letters() -> None:
    async with imitation() as bettor:
        path = "market-manager/search"
        status, _ = await bettor.get(path, WHERE, ("request", "ku"))
        _, found = await bettor.get(path, WHERE, ("request", "KUO"))

    assert status == 400
    assert ([game["gameId"] for game in found["games"]], list(found)) == (
        [FOOTBALL_GAME],
        ["games"],
    )


async def test_limits_are_numbers_and_the_payout_is_a_text() -> None:
    async with imitation() as bettor:
        _, answer = await bettor.post("bet/calculation", LIMITS)

    assert answer["response"] == {
        "environment": "PolygonUSDT",
        "minBet": 1,
        "maxBet": 8928.57,
        "maxPayout": "13928.5692",
    }


async def test_limits_are_the_wallets_own() -> None:
    async with imitation() as bettor:
        bettor.control.limit(THROW_AWAY_ADDRESS, "12.345")
        _, mine = await bettor.post("bet/calculation", LIMITS)
        _, anyones = await bettor.post("bet/calculation", LIMITS | {"wallet": "0x" + "11" * 20})
        unsaid = {name: value for name, value in LIMITS.items() if name != "wallet"}
        _, nobodys = await bettor.post("bet/calculation", unsaid)

    limits = [answer["response"]["maxBet"] for answer in (mine, anyones, nobodys)]
    assert limits == [12.34, 8928.57, 8928.57]


async def test_limits_shrink_with_what_the_pool_may_lose() -> None:
    async with imitation() as bettor:
        _, receipt = await bettor.bet(amount="8000000000")
        await followed(bettor, receipt["id"])
        _, answer = await bettor.post("bet/calculation", LIMITS)

    assert answer["response"]["maxBet"] == 928.57


@pytest.mark.parametrize("state", ["Stopped", "Resolved", "Canceled", "Removed"])
async def test_the_limit_of_what_cannot_be_bet_on_is_nothing(state: str) -> None:
    async with imitation() as bettor:
        bettor.control.market.turn(FOOTBALL, state)
        _, answer = await bettor.post("bet/calculation", LIMITS)

    assert (answer["response"]["maxBet"], answer["response"]["maxPayout"]) == (0, "0")


@pytest.mark.parametrize("outcome", ["29", None, True])
async def test_the_outcome_of_a_calculation_is_a_number(outcome: Any) -> None:
    bets = [{"conditionId": FOOTBALL, "outcomeId": outcome}]
    async with imitation() as bettor:
        status, answer = await bettor.post("bet/calculation", LIMITS | {"bets": bets})

    assert status == 400
    assert answer["message"][0].startswith("bets.0.outcomeId must be a number")


async def test_live_only_and_prematch_only() -> None:
    shut = [
        {
            "id": "1",
            "state": state,
            "conditions": [{"id": state_id, name: False, "outcomes": [{"id": 1, "odds": "2"}]}],
        }
        for state, state_id, name in (("Live", "31", "live"), ("Prematch", "32", "prematch"))
    ]
    for game, words in zip(shut, ("Live not available", "Condition is not active"), strict=True):
        async with imitation(games=[game]) as bettor:
            condition = game["conditions"][0]["id"]
            _, receipt = await bettor.bet(conditionId=condition, outcomeId=1)
            assert receipt["errorMessage"] == words


async def test_what_rest_shows_may_be_stale() -> None:
    async with imitation() as bettor:
        bettor.control.move(PREMATCH, 6983, "1.95", on_rest=False)
        body = {"conditionIds": [PREMATCH], "environment": "PolygonUSDT"}
        _, answer = await bettor.post("market-manager/condition-batch", body)
        _, receipt = await bettor.bet(conditionId=PREMATCH, outcomeId=6983, minOdds="1950000000000")

    assert answer["conditions"][0]["outcomes"][0]["odds"] == "1.9"
    assert receipt["state"] == "Created"


async def test_the_fee_is_told_in_base_units_and_for_people() -> None:
    async with imitation(relayer_fee="0.0125") as bettor:
        _, fee = await bettor.get("bet/gas-info", WHERE)
        status, _ = await bettor.get("bet/gas-info", ("environment", "BaseWETH"))

    assert (fee["relayerFeeAmount"], fee["beautyRelayerFeeAmount"]) == ("12500", "0.0125")
    assert (fee["symbol"], fee["decimals"], fee["gasLimit"]) == ("USDT", 6, 715097)
    assert status == 400


async def test_unknown_paths_are_404_as_the_framework_words_them() -> None:
    async with imitation() as bettor:
        status, answer = await bettor.get("bet/nothing")
        unknown, none = await bettor.get("bet/orders/0x00_1")

    assert (status, answer["message"]) == (404, "Cannot GET /api/v1/public/bet/nothing")
    assert (unknown, none["statusCode"]) == (404, 404)


async def test_a_wrong_method_is_an_unknown_path() -> None:
    async with imitation() as bettor:
        status, answer = await bettor.get("bet/calculation")

    assert (status, answer["message"]) == (404, "Cannot GET /api/v1/public/bet/calculation")
