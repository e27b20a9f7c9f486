"""Whatever is sent to it, the imitation answers as a backend does, and never with a 500."""

import asyncio
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.azuro.outside import FOOTBALL, Bettor, imitation

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**300), 2**300)
    | st.text(max_size=5)
    | st.sampled_from([FOOTBALL, "29", "PolygonUSDT", "0x" + "00" * 20, "0x" + "11" * 65]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
#: Not `bettor`: the owner of a wallet may bet in its name.
FIELDS = st.sampled_from(
    ["environment", "betOwner", "bettorSignature", "clientBetData", "bonusId"]
    + [f"clientBetData.bet.{name}" for name in ("conditionId", "outcomeId", "minOdds", "nonce")]
    + [f"clientBetData.clientData.{name}" for name in ("core", "expiresAt", "chainId", "affiliate")]
    + ["clientBetData.bet", "clientBetData.bet.amount", "clientBetData.clientData"]
)
PATHS = st.sampled_from(
    [
        "bet/calculation",
        "bet/orders/ordinar",
        "bet/orders/combo",
        "market-manager/games-by-ids",
        "market-manager/conditions-by-game-ids",
        "market-manager/condition-batch",
        "cashout/get-available",
        "cashout/get-calculation",
        "cashout/create",
    ]
)
METHODS = st.sampled_from(
    ["eth_call", "eth_getLogs", "eth_getTransactionReceipt", "eth_sendRawTransaction", "eth_x"]
)
FINE = {200, 201, 400, 404, 409}


async def answered(bettor: Bettor, path: str, body: Any) -> int:
    status, _ = await bettor.post(path, body)
    assert status in FINE, (path, body)
    return status


@settings(max_examples=20)
@given(sent=st.lists(st.tuples(PATHS, JSON), min_size=1, max_size=10))
def test_any_json_is_answered(sent: list[tuple[str, Any]]) -> None:
    async def scenario() -> None:
        async with imitation(cashout=True) as bettor:
            for path, body in sent:
                await answered(bettor, path, body)

    asyncio.run(scenario())


@settings(max_examples=20)
@example(changes=[("clientBetData.bet.minOdds", FOOTBALL), ("clientBetData.bet.amount", FOOTBALL)])
@example(changes=[("clientBetData.clientData.expiresAt", number) for number in (-1, 2**300)])
@given(changes=st.lists(st.tuples(FIELDS, JSON), min_size=1, max_size=10))
def test_an_order_with_anything_in_one_field_is_answered_and_never_a_bet(
    changes: list[tuple[str, Any]],
) -> None:
    async def scenario() -> None:
        async with imitation() as bettor:
            unchanged = 0
            for path, value in changes:
                body = place = bettor.single()
                *parents, name = path.split(".")
                for parent in parents:
                    place = place[parent]
                unchanged += place.get(name) == value
                place[name] = value
                await answered(bettor, "bet/orders/ordinar", body)
            bettor.clock.move(60_000)
            bets = [order for order in bettor.control.orders if order.bet_id is not None]
            assert len(bets) == unchanged

    asyncio.run(scenario())


@settings(max_examples=20)
@given(sent=st.lists(st.tuples(METHODS, JSON), min_size=1, max_size=10))
def test_any_question_to_the_chain_is_answered(sent: list[tuple[str, Any]]) -> None:
    async def scenario() -> None:
        async with imitation() as bettor:
            for method, params in sent:
                answer = await bettor.rpc(method, params)
                assert "error" in answer or "result" in answer
                wrong = await bettor.rpc(method)
                assert "error" in wrong or "result" in wrong

    asyncio.run(scenario())


async def test_counts_in_a_query_are_numbers() -> None:
    async with imitation() as bettor:
        path, where = f"bet/orders/bettor/0x{'00' * 20}", ("environment", "PolygonUSDT")
        assert (await bettor.get(path, where, ("offset", "-1")))[0] == 400
        assert (await bettor.get(path, where, ("limit", "many")))[0] == 400
        assert (await bettor.get(path))[0] == 400
