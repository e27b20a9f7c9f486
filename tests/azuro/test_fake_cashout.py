"""Cashouts: where they are served, and where every path of theirs is 404."""

from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError
from eth_account import Account

from tests.azuro.outside import (
    CHAINS,
    FOOTBALL,
    THROW_AWAY_ADDRESS,
    THROW_AWAY_KEY,
    Bettor,
    followed,
    imitation,
)
from xarb_plugins.azuro.fake.typed import cashout_order

POLYGON = CHAINS["PolygonUSDT"]


async def accepted(bettor: Bettor) -> Any:
    _, receipt = await bettor.bet()
    bettor.control.approve_cashout(THROW_AWAY_ADDRESS)
    return await followed(bettor, receipt["id"])


async def offered(bettor: Bettor, order: Any) -> tuple[int, Any]:
    wanted = {
        "environment": "PolygonUSDT",
        "owner": THROW_AWAY_ADDRESS,
        "betId": f"{POLYGON.core.lower()}_{order['betId']}",
    }
    return await bettor.post("cashout/get-calculation", wanted)


def signed(order: Any, offer: Any, raw: int, key: str = THROW_AWAY_KEY) -> Any:
    item = {"betId": order["betId"], "bettingContract": POLYGON.core, "minOdds": raw}
    message = cashout_order(137, POLYGON.cashout, "I sell", item, offer["expiredAt"])
    signature = Account.sign_message(message, key).signature.hex().removeprefix("0x")
    return {
        "calculationId": offer["calculationId"],
        "signature": {
            "verifyingContract": POLYGON.cashout,
            "bettingContract": POLYGON.core,
            "attention": "I sell",
            "chainId": 137,
            "ownerSignature": f"0x{signature}",
        },
    }


async def test_a_bet_is_sold_for_what_was_offered() -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        bettor.control.move(FOOTBALL, 29, "1.20")
        _, offer = await offered(bettor, order)
        _, created = await bettor.post("cashout/create", signed(order, offer, 1_230_000_000_000))
        bettor.clock.move(4_000)
        _, sold = await bettor.get(f"cashout/{created['id']}")
        mined = (await bettor.rpc("eth_getTransactionReceipt", sold["txHash"]))["result"]
        after = await bettor.order(order["id"])
        gone, _ = await offered(bettor, order)
        balance = bettor.control.ledger.balances[THROW_AWAY_ADDRESS]

    # 10 at 1.56, now 1.2: 1.3, less the margin.
    assert (offer["cashoutOdds"], offer["cashoutAmount"]) == ("1.23", "12.3")
    assert offer["approveExpiredAt"] // 1000 == offer["expiredAt"]
    assert (created["state"], sold["state"], sold["error"]) == ("PROCESSING", "ACCEPTED", None)
    assert len(mined["logs"]) == 1
    assert (after["state"], after["meta"]["isCashedOut"]) == ("Accepted", True)
    assert (after["meta"]["cashout"], gone) == ({"payout": "12.3"}, 404)
    assert balance == (100_000 - 10) * 10**6 + 12_300_000


async def test_a_bet_that_was_sold_is_not_taken_back() -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        _, offer = await offered(bettor, order)
        raw = int(Decimal(offer["cashoutOdds"]).scaleb(12))
        await bettor.post("cashout/create", signed(order, offer, raw))
        bettor.clock.move(4_000)
        assert (await bettor.order(order["id"]))["meta"]["isCashedOut"]
        balance = bettor.control.ledger.balances[THROW_AWAY_ADDRESS]

        bettor.control.reverse(order["id"])

        assert (await bettor.order(order["id"]))["state"] == "Accepted"
        assert balance == bettor.control.ledger.balances[THROW_AWAY_ADDRESS]


@pytest.mark.parametrize("path", ["get-available", "get-calculation", "create"])
async def test_without_cashouts_all_paths_are_404(path: str) -> None:
    async with imitation() as bettor:
        status, _ = await bettor.post(f"cashout/{path}", {"conditionIds": []})
        looked, _ = await bettor.get("cashout/PolygonUSDT_0x00_1")

    assert (status, looked) == (404, 404)


async def test_prices_are_told_by_condition() -> None:
    async with imitation(cashout=True) as bettor:
        body = {"conditionIds": [FOOTBALL, "404"]}
        _, active = await bettor.post("cashout/get-available", body)
        bettor.control.suspend(FOOTBALL)
        _, stopped = await bettor.post("cashout/get-available", body)
        bettor.control.cashouts.served = False
        status, _ = await bettor.post("cashout/get-available", body)

    assert active["availables"][0]["outcomes"][0] == {"outcomeId": 29, "price": "1.56"}
    told = [answer["availables"][0]["available"] for answer in (active, stopped)]
    assert (told, status) == ([True, False], 404)


async def test_a_suspended_condition_has_no_offer() -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        bettor.control.suspend(FOOTBALL)
        status, _ = await offered(bettor, order)

    assert status == 404


WRONG: dict[str, dict[str, Any]] = {
    "by somebody else": {"raw": 970_000_000_000, "key": "0x" + "11" * 32},
    "at other odds": {"raw": 980_000_000_000},
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_signature_sells_nothing(case: str) -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        _, offer = await offered(bettor, order)
        status, answer = await bettor.post("cashout/create", signed(order, offer, **WRONG[case]))
        sold = bettor.control.cashouts.orders

    assert (status, answer["message"], sold) == (400, "Owner signature is not verified", {})


def _withdraw_approval(control: Any) -> None:
    control.ledger.approvals.clear()


def _name_error(control: Any) -> None:
    control.cashouts.next_error = "RiskExceeded"


REJECTIONS = {
    "BetNotOwned": _withdraw_approval,
    "BetAlreadyResolved": lambda control: control.settle(FOOTBALL, 29),
    "RiskExceeded": _name_error,
}


@pytest.mark.parametrize("error", REJECTIONS)
async def test_a_sale_is_looked_at_again_when_it_is_mined(error: str) -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        _, offer = await offered(bettor, order)
        _, created = await bettor.post("cashout/create", signed(order, offer, 970_000_000_000))
        REJECTIONS[error](bettor.control)
        bettor.clock.move(4_000)
        _, sold = await bettor.get(f"cashout/{created['id']}")

    assert (sold["state"], sold["error"], sold["txHash"]) == ("REJECTED", error, None)


async def test_an_answer_to_a_sale_can_be_lost_and_a_second_one_is_a_conflict() -> None:
    async with imitation(cashout=True) as bettor:
        order = await accepted(bettor)
        _, offer = await offered(bettor, order)
        body = signed(order, offer, 970_000_000_000)
        bettor.control.cashouts.lost = True
        with pytest.raises(ServerDisconnectedError):
            await bettor.post("cashout/create", body)
        status, _ = await bettor.post("cashout/create", body)
        _, sold = await bettor.get(f"cashout/{offer['calculationId']}")

    assert (status, sold["state"]) == (409, "PROCESSING")
