"""
Accounts at the stand-in: wallets, fees, and money that is moved.
"""

from typing import Any

from eth_account import Account

from tests.sx_bet.fake_world import KEY, USDC, World, played

TOKEN = "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B"
EXECUTOR = "0x38aef22152BC8965bf0af7Cf53586e4b0C4E9936"
_PERMIT = ("owner", "address"), ("spender", "address"), ("value", "uint256")
_TYPES = {
    "Permit": [
        {"name": name, "type": kind}
        for name, kind in (*_PERMIT, ("nonce", "uint256"), ("deadline", "uint256"))
    ]
}


def permit(world: World, *, nonce: int = 0, **changes: Any) -> dict[str, str]:
    """Return a request to move 100 USDC, signed."""
    body = {
        "owner": world.me.address,
        "spender": EXECUTOR,
        "tokenAddress": TOKEN,
        "value": str(100 * USDC),
        "deadline": str(world.clock.now_ms() // 1000 + 60),
    } | changes
    domain = {"name": "USD Coin", "version": "1", "chainId": 4162, "verifyingContract": TOKEN}
    message = {
        "owner": body["owner"],
        "spender": body["spender"],
        "value": int(body["value"]),
        "nonce": nonce,
        "deadline": int(body["deadline"]),
    }
    signed = Account.sign_typed_data(KEY, domain, _TYPES, message)
    return body | {"signature": "0x" + signed.signature.hex()}


async def move(world: World, body: dict[str, str]) -> tuple[int, Any]:
    return await world.me.ask("POST", "/user/transfer-to-proxy", json=body)


@played(accounts=[{"balance": 0, "wallet": 150}])
async def test_money_arrives_in_the_wallet_a_moment_after_the_permit(world: World) -> None:
    status, body = await move(world, permit(world))
    session = body["data"]["sessionId"]
    (pending,) = await world.me.get("/user/transfer-to-proxy/pending")
    before = await world.me.balance()
    await world.wait(2.1)
    done = await world.me.get("/user/transfer-to-proxy/status", sessionId=session)

    assert (status, pending["sessionId"], before) == (200, session, (0, 0, 0))
    assert done["status"] == "COMPLETED"
    assert await world.me.balance() == (100 * USDC, 0, 0)
    assert await world.me.get("/user/transfer-to-proxy/pending") == []


@played(accounts=[{"balance": 0, "wallet": 150}])
async def test_permits_for_more_than_there_is_move_nothing_more(world: World) -> None:
    await move(world, permit(world))
    _, second = await move(world, permit(world, nonce=1))
    await world.wait(2.1)
    session = second["data"]["sessionId"]

    found = await world.me.get("/user/transfer-to-proxy/status", sessionId=session)
    assert found["status"] == "FAILED"
    assert await world.me.balance() == (100 * USDC, 0, 0)


@played(accounts=[{"balance": 0, "wallet": 150}])
async def test_a_wrong_permit_moves_nothing(world: World) -> None:
    for body, message in (
        (permit(world, spender=world.other.address), "ERC20_PERMIT_BAD_SPENDER"),
        (permit(world, tokenAddress=world.other.address), "BAD_BASE_TOKEN"),
        (permit(world, value=str(151 * USDC)), "Insufficient available balance"),
        (permit(world, deadline="1"), "ERC20_PERMIT_EXPIRED"),
        (permit(world, nonce=1), "ERC20_PERMIT_BAD_SIGNATURE"),
        ({}, "owner must be a string"),
        (permit(world) | {"value": "-1"}, "value must be a string"),
    ):
        status, answer = await move(world, body)

        assert status == 400
        assert message in answer["message"]
    await world.wait(5)
    assert await world.me.balance() == (0, 0, 0)


@played()
async def test_a_chain_tells_what_a_permit_needs_and_nothing_else(world: World) -> None:
    async def call(method: str, *params: Any) -> tuple[int, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return await world.nobody.ask("POST", "/rpc", json=body)

    _, chain = await call("eth_chainId")
    _, nonce = await call("eth_call", {"data": "0x7ecebe00" + world.me.address[2:].zfill(64)})
    status, _ = await call("eth_call", {"data": "0x12345678"})
    unknown, _ = await call("eth_sendTransaction", {})

    assert int(chain["result"], 16) == 4162
    assert int(nonce["result"], 16) == 0
    assert (status, unknown) == (400, 400)


@played()
async def test_wallets_differ_and_nothing_is_charged_unless_said(world: World) -> None:
    mine, theirs = await world.me.get("/user/proxy"), await world.other.get("/user/proxy")
    fees = await world.me.get("/user/fees-v3")

    assert mine["obv3ProxyWalletAddress"] != theirs["obv3ProxyWalletAddress"]
    assert mine["deployed"] is True
    assert set(fees.values()) == {None}
    status, body = await world.me.ask("GET", "/user/transfer-to-proxy/status")
    assert (status, body["message"]) == (404, "Session not found")
