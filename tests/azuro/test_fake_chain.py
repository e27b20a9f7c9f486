"""The chain that is large enough: reads, receipts, logs, and a bettor's own transactions."""

from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_utils.crypto import keccak

from tests.azuro.outside import (
    CHAINS,
    FOOTBALL,
    THROW_AWAY_ADDRESS,
    THROW_AWAY_KEY,
    Bettor,
    followed,
    imitation,
)
from xarb_plugins.azuro.fake.contracts import arguments_of
from xarb_plugins.azuro.fake.fates import OrderFate

POLYGON = CHAINS["PolygonUSDT"]
TOPICS = {
    "NewLiveBet": "0xf9a74a182f01361c747de3eaf11c1d78de0a89ce8b395bcdab60563aaff299e3",
    "BetCashedOut": "0x0b821dc7c594696cfbe1bc08aeab8b3598cfc96eb21f7f4485be88ff5c505662",
}
#: Selectors as they were read from the contracts' ABIs.
SELECTORS = {
    "allowance(address,address)": "dd62ed3e",
    "balanceOf(address)": "70a08231",
    "nonces(address,uint256)": "502e1a16",
    "bets(uint256)": "22af00fa",
    "isOutcomeWinning(uint256,uint128)": "5d311bdd",
    "isConditionCanceled(uint256)": "d8da4bab",
    "cores(address)": "85ad32c4",
    "viewPayout(address,uint256)": "25aa820b",
    "ownerOf(uint256)": "6352211e",
    "isApprovedForAll(address,address)": "e985e9c5",
    "_CLIENTBETDATA_TYPEHASH()": "704dcb9e",
    "_CLIENTDATA_TYPEHASH()": "bd4f4b25",
    "_SUBBET_TYPEHASH()": "3514eb40",
    "_COMBOPART_TYPE_TYPEHASH()": "b09b14cf",
}
TYPE_HASHES = {
    "_CLIENTBETDATA_TYPEHASH()": "c4a3918dcfe0523203c35fa17d06e6f1eb007646cd3b66ba01296631bc098e51",
    "_CLIENTDATA_TYPEHASH()": "176eecf3e3a6313504ae79798e2c87536cb20eb364b64f7001c7c780f5d3154d",
    "_SUBBET_TYPEHASH()": "3db4c6f0fa66c93eff32759448e8d4f472140b902b943c223c607ff2681ecfe6",
    "_COMBOPART_TYPE_TYPEHASH()": (
        "b2323c50ba3de00dc17111ecb24e5200916d50b33f50f9647f234c1d9e8e6da9"
    ),
}


def call_data(name: str, *arguments: Any) -> str:
    return "0x" + (keccak(text=name)[:4] + encode(arguments_of(name), arguments)).hex()


async def called(bettor: Bettor, contract: str, name: str, *arguments: Any) -> Any:
    call = {"to": contract, "data": call_data(name, *arguments)}
    return await bettor.rpc("eth_call", call, "latest")


async def number(bettor: Bettor, contract: str, name: str, *arguments: Any) -> int:
    return int((await called(bettor, contract, name, *arguments))["result"], 16)


async def accepted(bettor: Bettor, **changes: Any) -> Any:
    _, receipt = await bettor.bet(**changes)
    return await followed(bettor, receipt["id"])


def test_methods_are_those_of_the_contracts() -> None:
    assert {name: keccak(text=name)[:4].hex() for name in SELECTORS} == SELECTORS


@pytest.mark.parametrize("name", TYPE_HASHES)
async def test_the_relayer_tells_the_hashes_of_its_types(name: str) -> None:
    async with imitation() as bettor:
        answer = await called(bettor, POLYGON.relayer, name)

    assert answer["result"] == f"0x{TYPE_HASHES[name]}"


async def test_a_wallet_reads_what_it_may_spend() -> None:
    async with imitation(bettors=[{"balance": "12.5", "allowance": "7"}]) as bettor:
        owner = THROW_AWAY_ADDRESS
        balance = await number(bettor, POLYGON.stakes_in, "balanceOf(address)", owner)
        spendable = "allowance(address,address)"
        allowed = await number(bettor, POLYGON.stakes_in, spendable, owner, POLYGON.relayer)
        others = await number(bettor, POLYGON.stakes_in, spendable, owner, POLYGON.lp)
        nobodys = await number(bettor, POLYGON.stakes_in, "balanceOf(address)", POLYGON.lp)
        decimals = await number(bettor, POLYGON.stakes_in, "decimals()")

    assert (balance, allowed, others, nobodys, decimals) == (12_500_000, 7_000_000, 0, 0, 6)


async def test_a_bet_is_on_the_chain_with_its_nonce() -> None:
    async with imitation() as bettor:
        order = await accepted(bettor)
        nonce = int(order["id"].rpartition("_")[2])
        known = "nonces(address,uint256)"
        used = await number(bettor, POLYGON.core, known, THROW_AWAY_ADDRESS, nonce)
        unused = await number(bettor, POLYGON.core, known, THROW_AWAY_ADDRESS, nonce + 1)
        owner = await number(bettor, POLYGON.nft, "ownerOf(uint256)", order["betId"])
        stored = (await called(bettor, POLYGON.core, "bets(uint256)", order["betId"]))["result"]

    types = ["uint256", "uint128", "uint128", "uint128", "uint64", "bool", "uint64"]
    condition, amount, payout, outcome, _, paid, _ = decode(types, bytes.fromhex(stored[2:]))
    assert (used, unused, owner) == (1, 0, int(THROW_AWAY_ADDRESS, 16))
    assert (str(condition), outcome, paid) == (FOOTBALL, 29, False)
    # The contract keeps what is left after its fee, and the whole payout.
    assert (amount, payout) == (9_900_000, 15_600_000)


async def test_the_log_of_a_bet_is_found_by_its_bettor() -> None:
    async with imitation() as bettor:
        order = await accepted(bettor)
        mined = (await bettor.rpc("eth_getTransactionReceipt", order["txHash"]))["result"]
        padded = "0x" + THROW_AWAY_ADDRESS[2:].rjust(64, "0")
        topics = [TOPICS["NewLiveBet"], None, padded]
        wanted = {"address": POLYGON.core, "fromBlock": "earliest", "topics": topics}
        mine = (await bettor.rpc("eth_getLogs", wanted))["result"]
        topics[2] = "0x" + "0" * 64
        others = (await bettor.rpc("eth_getLogs", wanted))["result"]

    assert (mined["status"], mined["to"]) == ("0x1", POLYGON.relayer.lower())
    (log,) = mined["logs"]
    assert (mine, others) == ([log], [])
    assert int(log["topics"][1], 16) == order["betId"]
    types = ["uint8", "uint256", "uint128", "(uint256,uint256,uint8,uint128,uint64)[]", "uint128"]
    kind, nonce, amount, legs, _ = decode(types, bytes.fromhex(log["data"][2:]))
    assert (kind, amount) == (0, 10_000_000)
    assert order["id"].endswith(f"_{nonce}")
    assert legs == ((1006000000000091146911, int(FOOTBALL), 1, 29, 1_560_000_000_000),)


REVERTS = {
    "BetNotExists": (0, "0xf67321e5"),
    "ConditionNotFinished": (184_467, "0xacb88053"),
}


@pytest.mark.parametrize("error", REVERTS)
async def test_a_payout_that_is_not_due_reverts_with_its_reason(error: str) -> None:
    token, selector = REVERTS[error]
    async with imitation() as bettor:
        await accepted(bettor)
        answer = await called(
            bettor, POLYGON.lp, "viewPayout(address,uint256)", POLYGON.core, token
        )

    assert answer["error"] == {"code": 3, "message": "execution reverted", "data": selector}


async def test_blocks_come_with_time() -> None:
    async with imitation() as bettor:
        first = int((await bettor.rpc("eth_blockNumber"))["result"], 16)
        bettor.clock.move(60_000)
        last = int((await bettor.rpc("eth_blockNumber"))["result"], 16)
        block = (await bettor.rpc("eth_getBlockByNumber", "latest", False))["result"]
        future = (await bettor.rpc("eth_getBlockByNumber", hex(last + 1), False))["result"]

    assert last - first == 30
    assert int(block["timestamp"], 16) == bettor.clock.now_ms() // 1000
    assert future is None


async def test_what_it_does_not_know_it_says() -> None:
    async with imitation() as bettor:
        assert (await bettor.rpc("eth_mining"))["error"]["code"] == -32601
        assert (await bettor.rpc("eth_call"))["error"]["code"] == -32602
        none = await called(bettor, POLYGON.core, "balanceOf(address)", POLYGON.core)
        assert none["error"]["data"] == "0x"
        batch = [{"jsonrpc": "2.0", "id": n, "method": "eth_chainId"} for n in range(2)]
        async with bettor._session.post(bettor.section["rpc_url"], json=batch) as answer:
            assert [(it["id"], it["result"]) for it in await answer.json()] == [
                (0, "0x89"),
                (1, "0x89"),
            ]


async def transact(bettor: Bettor, contract: str, name: str, *arguments: Any) -> Any:
    count = int((await bettor.rpc("eth_getTransactionCount", THROW_AWAY_ADDRESS))["result"], 16)
    transaction = {
        "type": 2,
        "chainId": 137,
        "nonce": count,
        "to": checksum(contract),
        "data": call_data(name, *arguments),
        "gas": 200_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "value": 0,
    }
    signed = Account.sign_transaction(transaction, THROW_AWAY_KEY).raw_transaction
    sent = await bettor.rpc("eth_sendRawTransaction", "0x" + signed.hex().removeprefix("0x"))
    return (await bettor.rpc("eth_getTransactionReceipt", sent["result"]))["result"]


def checksum(address: str) -> str:
    digits, low = keccak(text=address[2:].lower()).hex(), address[2:].lower()
    pairs = zip(low, digits, strict=False)
    return "0x" + "".join(char.upper() if int(digit, 16) > 7 else char for char, digit in pairs)


async def test_an_approval_lets_the_relayer_take_stakes() -> None:
    async with imitation(bettors=[{"allowance": "0"}]) as bettor:
        _, before = await bettor.bet()
        approve = "approve(address,uint256)"
        mined = await transact(bettor, POLYGON.stakes_in, approve, POLYGON.relayer, 10_000_000)
        order = await accepted(bettor)
        _, after = await bettor.bet()

    assert (before["error"], mined["status"]) == ("TokenAllowance", "0x1")
    assert (order["state"], after["error"]) == ("Accepted", "TokenAllowance")


async def test_what_was_won_is_withdrawn_by_a_transaction_once() -> None:
    async with imitation() as bettor:
        order = await accepted(bettor)
        withdraw = "withdrawPayouts(address,uint256[])"
        early = await transact(bettor, POLYGON.lp, withdraw, POLYGON.core, [order["betId"]])
        bettor.control.settle(FOOTBALL, 29)
        mined = await transact(bettor, POLYGON.lp, withdraw, POLYGON.core, [order["betId"]])
        again = await transact(bettor, POLYGON.lp, withdraw, POLYGON.core, [order["betId"]])
        owner = THROW_AWAY_ADDRESS
        balance = await number(bettor, POLYGON.stakes_in, "balanceOf(address)", owner)
        settled = await bettor.order(order["id"])

    assert [it["status"] for it in (early, mined, again)] == ["0x0", "0x1", "0x0"]
    assert balance == 100_005_600_000
    assert (settled["state"], settled["result"], settled["payout"]) == ("Settled", "Won", 15.6)
    assert settled["redeemedAt"] is not None


async def test_a_wallet_without_coins_sends_nothing() -> None:
    async with imitation(bettors=[{"native": "0"}]) as bettor:
        with pytest.raises(KeyError):
            await transact(bettor, POLYGON.nft, "setApprovalForAll(address,bool)", POLYGON.lp, True)


async def test_a_bet_that_reverted_has_no_log_and_no_nonce() -> None:
    async with imitation() as bettor:
        bettor.control.next_order(OrderFate(reverts=True))
        order = await accepted(bettor)
        nonce = int(order["id"].rpartition("_")[2])
        used = await number(
            bettor, POLYGON.core, "nonces(address,uint256)", THROW_AWAY_ADDRESS, nonce
        )
        mined = (await bettor.rpc("eth_getTransactionReceipt", order["txHash"]))["result"]

    assert (order["state"], order["errorMessage"]) == ("Rejected", "execution reverted")
    assert (used, mined["status"], mined["logs"]) == (0, "0x0", [])
