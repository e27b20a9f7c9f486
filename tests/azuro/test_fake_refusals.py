"""What an order is refused for, when, and in which words."""

from typing import Any

import pytest

from tests.azuro.outside import followed, imitation, odds
from xarb_plugins.azuro.fake.fates import OrderFate, Refusal

OTHER_KEY = "0x" + "11" * 32
ASYNC = dict.fromkeys(
    ("signature", "data", "state", "odds", "stake", "money", "fee", "expiry", "nonce"), "async"
)


REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another one signed": ({"key": OTHER_KEY}, "MessageNotVerified", "not verified"),
    "for another environment": ({"environment": "BaseWETH"}, "BadData", "Environment"),
    "for another core": ({"core": "0x" + "22" * 20}, "BadData", "Core"),
    "for another chain": ({"chainId": 8453}, "BadData", "Chain id"),
    "an unknown condition": ({"conditionId": "123"}, "BadData", "Condition not found"),
    "an unknown outcome": ({"outcomeId": 999}, "BadData", "Outcome not found"),
    "expired": ({"expiresAt": 1_790_000_000}, "BadData", "expired"),
    "odds too low": ({"minOdds": odds("1.57")}, "TooHighMinPrice", "Real odds less than min odds"),
    "a stake too small": ({"amount": "999999"}, "BadData", "min bet"),
    "a stake too large": ({"amount": "9000000000"}, "TooHighStake", "max bet"),
    "nonce zero": ({"nonce": "0"}, "TransactionFailed", "InvalidNonce"),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_what_is_wrong_is_refused_at_once(case: str) -> None:
    changes, code, words = REFUSALS[case]
    async with imitation(checks={"nonce": "sync"}) as bettor:
        status, receipt = await bettor.bet(**changes)
        order = await followed(bettor, receipt["id"])

    assert (status, receipt["state"], receipt["error"]) == (201, "Rejected", code)
    assert words in receipt["errorMessage"]
    assert (order["state"], order["betId"], order["txHash"]) == ("Rejected", None, None)


@pytest.mark.parametrize("case", REFUSALS)
async def test_what_is_wrong_is_rejected_later_where_it_is_set_so(case: str) -> None:
    changes, code, words = REFUSALS[case]
    async with imitation(checks=ASYNC) as bettor:
        _, receipt = await bettor.bet(**changes)
        order = await followed(bettor, receipt["id"])

    assert receipt["state"] == "Created"
    assert (order["state"], order["error"]) == ("Rejected", code)
    assert words in order["errorMessage"]


async def test_the_status_of_a_refusal_is_a_setting_and_so_is_its_trace() -> None:
    async with imitation(refusal_status=400, keeps_refused=False) as bettor:
        status, receipt = await bettor.bet(minOdds=odds("2"))
        found, _ = await bettor.get(f"bet/orders/{receipt['id']}")

    assert (status, receipt["error"], found) == (400, "TooHighMinPrice", 404)


async def test_the_fee_and_the_furthest_expiry_are_settings() -> None:
    async with imitation(relayer_fee="0.5", expires_ahead="2m") as bettor:
        _, cheap = await bettor.bet(expiresAt=1_790_000_100)
        _, far = await bettor.bet(relayerFeeAmount="500000")
        _, fine = await bettor.bet(relayerFeeAmount="500000", expiresAt=1_790_000_100)
        await followed(bettor, fine["id"])
        balance = next(iter(bettor.control.ledger.balances.values()))

    assert cheap["error"] == "TooLowRelayerFeeAmount"
    assert far["error"] == "ExpiresAtTooLarge"
    assert balance == (100_000 - 10) * 10**6 - 500_000


async def test_the_wallet_must_be_able_to_pay() -> None:
    async with imitation() as bettor:
        wallet = next(iter(bettor.control.ledger.balances))
        bettor.control.allow(wallet, "9.99")
        _, unallowed = await bettor.bet()
        bettor.control.allow(wallet, None)
        bettor.control.fund(wallet, "9.99")
        _, poor = await bettor.bet()

    assert (unallowed["error"], poor["error"]) == ("TokenAllowance", "TokenAllowance")


@pytest.mark.parametrize("fate", ["refusal", "rejection"])
async def test_any_refusal_can_be_destined(fate: str) -> None:
    refusal = Refusal("RiskExceeded", "Too many bets")
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(**{fate: refusal}))
        _, receipt = await bettor.bet()
        order = await followed(bettor, receipt["id"])
        _, next_one = await bettor.bet()

    assert receipt["state"] == ("Rejected" if fate == "refusal" else "Created")
    assert (order["error"], order["errorMessage"]) == ("RiskExceeded", "Too many bets")
    assert next_one["state"] == "Created"


MALFORMED: dict[str, tuple[str, Any, str]] = {
    "outcome as text": ("clientBetData.bet.outcomeId", "29", "must be a number"),
    "amount as number": ("clientBetData.bet.amount", 10, "must be a number string"),
    "condition as number": ("clientBetData.bet.conditionId", 300, "must be a number string"),
    "expiry as text": ("clientBetData.clientData.expiresAt", "1790000000", "must be a number"),
    "fee as number": ("clientBetData.clientData.relayerFeeAmount", 0, "must be a number string"),
    "long attention": ("clientBetData.clientData.attention", "x" * 161, "160 characters"),
    "flag as text": ("clientBetData.clientData.isFeeSponsored", "false", "must be a boolean"),
    "bettor with capitals": ("bettor", "0x2C7536E3605D9C16A7A3D7B1898E529396A65C23", "lower case"),
    "no signature": ("bettorSignature", None, "must be a signature"),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_body_is_a_400_that_lists_what_is_wrong(case: str) -> None:
    path, value, words = MALFORMED[case]
    async with imitation() as bettor:
        body = place = bettor.single()
        *parents, name = path.split(".")
        for parent in parents:
            place = place[parent]
        place[name] = value
        status, answer = await bettor.post("bet/orders/ordinar", body)
        orders = bettor.control.orders

    assert (status, answer["error"], answer["statusCode"]) == (400, "Bad Request", 400)
    assert [fault.split(" ")[0] for fault in answer["message"]] == [path]
    assert words in answer["message"][0]
    assert orders == []


async def test_a_bonus_that_is_none_is_not_found() -> None:
    async with imitation() as bettor:
        _, receipt = await bettor.post("bet/orders/ordinar", bettor.single() | {"bonusId": "1"})

    assert (receipt["state"], receipt["errorMessage"]) == ("Rejected", "Bonus not found")


async def test_the_pool_takes_no_more_than_it_could_pay() -> None:
    async with imitation(pool="5") as bettor:
        _, refused = await bettor.bet(amount="10000000")
        _, taken = await bettor.bet(amount="8000000")

    assert (taken["state"], refused["error"]) == ("Created", "PayoutNotGuaranteed")
