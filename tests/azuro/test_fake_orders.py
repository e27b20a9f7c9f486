"""An order's way from the request to the chain, and what stops it."""

from typing import Any

import pytest
from aiohttp import ServerDisconnectedError

from tests.azuro.outside import FOOTBALL, PREMATCH, TENNIS, WAY_MS, followed, imitation, odds
from xarb_plugins.azuro.fake.fates import OrderFate


async def test_an_order_goes_all_the_way_to_the_chain() -> None:
    async with imitation() as bettor:
        status, receipt = await bettor.bet()
        order = await followed(bettor, receipt["id"])
        held = bettor.control.order(receipt["id"])

    assert (status, receipt) == (201, {"id": receipt["id"], "state": "Created"})
    assert (order["state"], order["odds"], order["amount"]) == ("Accepted", 1.56, 10)
    assert (order["error"], order["errorMessage"], order["meta"]) == (None, None, None)
    assert isinstance(order["betId"], int)
    assert [state for _, state in held.states] == ["Created", "Placed", "Sent", "Accepted"]


async def test_a_transaction_hash_comes_before_the_bet() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(rests_at="Sent"))
        _, receipt = await bettor.bet()
        order = await followed(bettor, receipt["id"])
        unmined = await bettor.rpc("eth_getTransactionReceipt", order["txHash"])

    assert (order["state"], order["betId"]) == ("Sent", None)
    assert unmined["result"] is None


@pytest.mark.parametrize("seed", range(5))
async def test_acceptance_comes_ten_to_thirty_seconds_after_creation(seed: int) -> None:
    async with imitation(seed=seed) as bettor:
        _, receipt = await bettor.bet()
        bettor.clock.move(9_999)
        early = await bettor.state(receipt["id"])
        bettor.clock.move(20_001)
        late = await bettor.state(receipt["id"])
        took = [time_ms for time_ms, _ in bettor.control.order(receipt["id"]).states]

    assert (early != "Accepted", late) == (True, "Accepted")
    assert 10_000 <= took[-1] - took[0] <= 30_000


async def test_delays_can_be_scaled_away() -> None:
    async with imitation(delay_scale=0) as bettor:
        _, receipt = await bettor.bet()
        state = await bettor.state(receipt["id"])

    assert (receipt["state"], state) == ("Created", "Accepted")


CHANGES_BEFORE_SENDING: dict[str, tuple[Any, str, str]] = {
    "suspended": (lambda it: it.suspend(FOOTBALL), "BadData", "Condition is not active"),
    "outcome stopped": (
        lambda it: it.market.turn_outcome(FOOTBALL, 29, "Stopped"),
        "BadData",
        "Outcome not active",
    ),
    "odds fell": (
        lambda it: it.move(FOOTBALL, 29, "1.49"),
        "TooHighMinPrice",
        "Real odds less than min odds",
    ),
    "allowance gone": (
        lambda it: it.allow(next(iter(it.ledger.balances)), "0"),
        "TokenAllowance",
        "allowance",
    ),
    "game over": (
        lambda it: it.market.turn_game("1006000000000091146911", "Finished"),
        "BadData",
        "Condition is not active",
    ),
}


@pytest.mark.parametrize("case", CHANGES_BEFORE_SENDING)
async def test_everything_is_looked_at_again_when_an_order_is_sent(case: str) -> None:
    change, code, words = CHANGES_BEFORE_SENDING[case]
    async with imitation() as bettor:
        _, receipt = await bettor.bet()
        change(bettor.control)
        order = await followed(bettor, receipt["id"])

    assert receipt["state"] == "Created"
    assert (order["state"], order["error"], order["txHash"]) == ("Rejected", code, None)
    assert words in order["errorMessage"]


@pytest.mark.parametrize("moved", ["1.50", "1.71"])
async def test_odds_that_moved_within_the_limit_are_those_that_are_accepted(moved: str) -> None:
    async with imitation() as bettor:
        _, receipt = await bettor.bet()
        bettor.control.move(FOOTBALL, 29, moved)
        order = await followed(bettor, receipt["id"])

    assert order["state"] == "Accepted"
    assert (order["odds"], order["conditions"][0]["price"]) == (float(moved), moved.rstrip("0"))


CHANGES_BEFORE_MINING: dict[str, tuple[Any, str]] = {
    "money spent": (
        lambda it: it.fund(next(iter(it.ledger.balances)), "1"),
        "execution reverted",
    ),
    "decided": (
        lambda it: it.settle(FOOTBALL, 29),
        "execution reverted: ConditionNotRunning",
    ),
}


@pytest.mark.parametrize("case", CHANGES_BEFORE_MINING)
async def test_a_transaction_can_still_revert(case: str) -> None:
    change, words = CHANGES_BEFORE_MINING[case]
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(accepted_after_ms=10_000))
        _, receipt = await bettor.bet()
        bettor.clock.move(5_000)
        assert await bettor.state(receipt["id"]) == "Sent"
        change(bettor.control)
        order = await followed(bettor, receipt["id"])
        mined = await bettor.rpc("eth_getTransactionReceipt", order["txHash"])

    assert (order["state"], order["error"]) == ("Rejected", "TransactionFailed")
    assert (order["errorMessage"], order["betId"]) == (words, None)
    assert (mined["result"]["status"], mined["result"]["logs"]) == ("0x0", [])


@pytest.mark.parametrize("stage", ["Created", "Placed", "Sent"])
async def test_an_order_that_rests_goes_on_when_it_is_let_go(stage: Any) -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(rests_at=stage))
        _, receipt = await bettor.bet()
        resting = (await followed(bettor, receipt["id"]))["state"]
        bettor.control.release(receipt["id"])
        state = await bettor.state(receipt["id"])

    assert (resting, state) == (stage, "Accepted")


@pytest.mark.parametrize("stage", ["Created", "Placed", "Sent"])
async def test_an_order_that_rests_ends_with_its_expiry(stage: Any) -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(rests_at=stage))
        _, receipt = await bettor.bet()
        bettor.clock.move(300_000)
        order = await bettor.order(receipt["id"])

    assert order["state"] == "Rejected"
    assert (order["txHash"] is not None) == (stage == "Sent")


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [("existing", 201, None), ("conflict", 409, "Conflict"), ("invalid_nonce", 201, None)],
)
async def test_what_a_repeated_order_is_answered_is_a_setting(
    mode: str, status: int, error: str | None
) -> None:
    async with imitation(repeats=mode) as bettor:
        body = bettor.single()
        _, first = await bettor.post("bet/orders/ordinar", body)
        code, second = await bettor.post("bet/orders/ordinar", body)
        order = await followed(bettor, first["id"])
        orders = bettor.control.orders

    assert code == status
    assert (len(orders), order["state"]) == (1, "Accepted")
    if mode == "conflict":
        assert second["error"] == error
    else:
        assert second["state"] == ("Created" if mode == "existing" else "Rejected")
        assert second["id"] == first["id"]


async def test_a_combo_multiplies_and_asks_the_fee_once() -> None:
    async with imitation() as bettor:
        body = bettor.combo([(FOOTBALL, 29), (TENNIS, 377)], minOdds=odds("3.3"))
        _, receipt = await bettor.post("bet/orders/combo", body)
        order = await followed(bettor, receipt["id"])

    assert (order["betType"], order["state"], order["odds"]) == ("COMBO", "Accepted", 3.3)
    assert [leg["price"] for leg in order["conditions"]] == ["1.56", "2.08"]


async def test_a_combo_is_of_different_games_that_allow_it() -> None:
    async with imitation() as bettor:
        same = bettor.combo([(FOOTBALL, 29), (FOOTBALL, 30)])
        status, answer = await bettor.post("bet/orders/combo", same)
        orders = bettor.control.orders

    assert (status, answer["errorMessage"]) == (409, "Different games in one order")
    assert orders == []


async def test_prematch_is_told_from_live() -> None:
    async with imitation() as bettor:
        _, receipt = await bettor.bet(conditionId=PREMATCH, outcomeId=6983)
        order = await followed(bettor, receipt["id"])

    assert (order["state"], order["conditions"][0]["gameState"]) == ("Accepted", "Prematch")


async def test_a_lost_answer_leaves_an_order() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(lost=True))
        body = bettor.single()
        with pytest.raises(ServerDisconnectedError):
            await bettor.post("bet/orders/ordinar", body)
        _, again = await bettor.post("bet/orders/ordinar", body)
        order = await followed(bettor, again["id"])

    assert (again["state"], order["state"]) == ("Created", "Accepted")


async def test_an_order_may_be_shown_late() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(unseen=3))
        _, receipt = await bettor.bet()
        path = f"bet/orders/{receipt['id']}"
        query = ("environment", "PolygonUSDT")
        listed = (await bettor.get(f"bet/orders/bettor/{receipt['id'][:42]}", query))[1]["orders"]
        looks = [(await bettor.get(path))[0] for _ in range(4)]

    assert (listed, looks) == ([], [404, 404, 404, 200])


@pytest.mark.parametrize(
    ("cancel", "states", "has_hash"),
    [
        ("before_chain", ["Created", "Placed", "Canceled"], False),
        ("pending", ["Created", "Placed", "Sent", "Accepted", "PendingCancel", "Canceled"], True),
        (
            "failed",
            ["Created", "Placed", "Sent", "Accepted", "PendingCancel", "CancelFailed"],
            True,
        ),
    ],
)
async def test_cancellations_come_from_the_other_side(
    cancel: Any, states: list[str], has_hash: bool
) -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(cancel=cancel))
        _, receipt = await bettor.bet()
        bettor.clock.move(60_000)
        order = await bettor.order(receipt["id"])
        held = bettor.control.order(receipt["id"])

    assert [state for _, state in held.states] == states
    assert (order["txHash"] is not None) == has_hash
    assert order["result"] == ("Canceled" if cancel == "pending" else None)


async def test_the_oracle_takes_back_what_was_accepted() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(reversed_after_ms=5_000))
        _, receipt = await bettor.bet()
        bettor.clock.move(40_000)
        order = await bettor.order(receipt["id"])
        bettor.control.withdraw(receipt["id"])
        balance = next(iter(bettor.control.ledger.balances.values()))

    assert (order["state"], order["result"], order["payout"]) == ("Canceled", "Canceled", 10)
    assert order["txHash"] is not None
    assert balance == 100_000 * 10**6


async def test_what_nobody_has_heard_of_can_be_shown() -> None:
    async with imitation() as bettor:
        fate = OrderFate(strange_state="Frozen", strange_looks=1, nulls=("odds", "conditions"))
        bettor.control.next_order(fate)
        _, receipt = await bettor.bet()
        strange = await followed(bettor, receipt["id"])
        later = await bettor.order(receipt["id"])

    assert (strange["state"], strange["odds"], strange["conditions"]) == ("Frozen", None, None)
    assert later["state"] == "Accepted"


async def test_lists_are_filtered_by_repeated_states() -> None:
    async with imitation() as bettor:
        ids = [(await bettor.bet())[1]["id"] for _ in range(3)]
        _, refused = await bettor.bet(minOdds=odds("2"))
        bettor.clock.move(WAY_MS)
        _, open_one = await bettor.bet()
        path = f"bet/orders/bettor/{ids[0][:42]}"
        where = ("environment", "PolygonUSDT")
        states = [("states", "Accepted"), ("states", "Rejected")]
        _, chosen = await bettor.get(path, where, *states)
        _, page = await bettor.get(path, where, ("offset", "1"), ("limit", "2"))
        _, other = await bettor.get(path, ("environment", "BaseWETH"))
        _, nobody = await bettor.get(f"bet/orders/bettor/0x{'00' * 20}", where)

    assert [order["id"] for order in chosen["orders"]] == [refused["id"], *reversed(ids)]
    assert [order["id"] for order in page["orders"]] == [refused["id"], ids[2]]
    assert (other["orders"], nobody["orders"]) == ([], [])
    assert open_one["id"] not in [order["id"] for order in chosen["orders"]]


async def test_an_order_that_is_lost_is_known_to_nobody_and_never_sent() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(rests_at="Placed"))
        _, receipt = await bettor.bet()
        bettor.control.lose(receipt["id"])
        bettor.clock.move(WAY_MS)
        status, _ = await bettor.get(f"bet/orders/{receipt['id']}")

        assert (status, bettor.control.orders) == (404, [])
        assert bettor.control.ledger.bets == {}


async def test_a_bet_cannot_be_lost() -> None:
    async with imitation(delay_scale=0) as bettor:
        _, receipt = await bettor.bet()
        await bettor.state(receipt["id"])
        with pytest.raises(ValueError, match="without a bet"):
            bettor.control.lose(receipt["id"])


async def test_an_order_that_is_stuck_stays_as_it_is_until_it_is_released() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(rests_at="Created"))
        _, receipt = await bettor.bet()
        bettor.control.stick(receipt["id"])
        bettor.clock.move(3_600_000)
        stuck = await bettor.state(receipt["id"])
        bettor.control.release(receipt["id"])
        late = await bettor.state(receipt["id"])

    assert (stuck, late) == ("Created", "Rejected")
