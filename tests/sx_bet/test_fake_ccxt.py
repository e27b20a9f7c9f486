"""
Proof from outside: somebody else's client trades at the stand-in, over real HTTP and websocket.

ccxt knows the real exchange. It reads the wall clock, so time is real here.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sx_bet.fake_world import MARKET, OTHER, PERCENT, fake, nothing_raised, settings
from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening
from xarb_runtime.service.clock import SystemClock

prediction = pytest.importorskip("ccxt.prediction")
errors = importlib.import_module("ccxt.base.errors")


@pytest.fixture
async def simulated() -> AsyncIterator[Simulated]:
    chosen = settings(
        matching="1ms", latency="0ms", deploy="0ms", lock=["5ms", "10ms"], shared_frames=False
    )
    with nothing_raised():
        async with fake.open_simulator(
            SimulatorOpening(settings=chosen, clock=SystemClock())
        ) as simulated:
            yield simulated


@pytest.fixture
async def client(simulated: Simulated) -> AsyncIterator[Any]:
    section = simulated.section
    client = prediction.sxbet(
        {
            "apiKey": simulated.environ[section["api_key_env"]],
            "walletAddress": section["address"],
            "privateKey": simulated.environ[section["key_env"]],
            "enableRateLimit": False,
        }
    )
    client.urls["api"] = {"sxbet": simulated.url, "ws": section["realtime_url"]}
    await client.load_markets()
    try:
        yield client
    finally:
        await client.close()


async def outcome(client: Any, number: int = 0) -> str:
    """ccxt's name of an outcome of the market."""
    (market,) = await client.fetch_markets()
    return market["outcomes"][number]["outcome"]


async def test_markets_books_and_prices_are_read(client: Any) -> None:
    one, two = await outcome(client), await outcome(client, 1)
    (event,) = await client.fetch_events({"leagueId": 243})
    book = await client.fetch_order_book(one)
    tickers = await client.fetch_tickers([one, two])

    assert event["id"] == "L18870109"
    assert book["asks"] == [[0.5, 100.0], [0.51, pytest.approx(102.0)]]
    assert book["bids"] == [[0.45, 300.0]]
    assert (tickers[one]["bid"], tickers[one]["ask"]) == (0.45, 0.5)
    assert tickers[two]["ask"] == 0.55


async def test_an_order_is_taken_filled_locked_and_paid(client: Any, simulated: Simulated) -> None:
    one = await outcome(client)
    order = await client.create_order(one, "market", "buy", 10, 0.5, {"clientOrderId": "cc-1"})
    read = await client.fetch_order(order["id"])
    (fill,) = await client.fetch_my_trades(one)
    (position,) = await client.fetch_positions()
    (tape,) = await client.fetch_trades(one)

    assert (order["status"], order["filled"]) == ("closed", 10.0)
    assert (read["status"], read["clientOrderId"]) == ("closed", "cc-1")
    assert (fill["order"], fill["price"], fill["takerOrMaker"]) == (order["id"], 0.5, "taker")
    assert (position["contracts"], position["entryPrice"]) == (10.0, 0.5)
    assert tape["amount"] == 10.0

    simulated.control.settle(1)
    (settlement,) = await client.fetch_settlements(one)
    balance = await client.fetch_balance()

    assert (settlement["won"], settlement["payout"], settlement["pnl"]) == (True, 20.0, 10.0)
    assert balance["USDC"] == {"free": 1010.0, "used": 0.0, "total": 1010.0}


async def test_what_is_not_there_at_that_price_is_not_taken(client: Any) -> None:
    one = await outcome(client)
    nothing = await client.create_order(one, "market", "buy", 10, 0.4)
    part = await client.create_order(one, "market", "buy", 150, 0.5)
    whole = await client.create_order(one, "market", "buy", 150, 0.5, {"timeInForce": "FOK"})

    assert (nothing["status"], nothing["filled"]) == ("canceled", 0.0)
    assert (part["status"], part["filled"]) == ("canceled", 100.0)
    assert (whole["status"], whole["filled"]) == ("canceled", 0.0)


async def test_an_order_rests_and_is_cancelled(client: Any) -> None:
    one = await outcome(client)
    order = await client.create_order(one, "limit", "buy", 10, 0.4)
    open_orders = await client.fetch_open_orders(one)
    cancelled = await client.cancel_order(order["id"])
    again = await client.cancel_order(order["id"])

    assert order["status"] == "open"
    assert [it["id"] for it in open_orders] == [order["id"]]
    assert (cancelled["id"], cancelled["status"]) == (order["id"], "canceled")
    assert again["status"] is None
    assert (await client.fetch_order(order["id"]))["status"] == "canceled"

    for price in (0.3, 0.31):
        await client.create_order(one, "limit", "buy", 10, price)
    assert len(await client.cancel_all_orders()) == 2
    assert await client.fetch_open_orders() == []


async def test_refusals_are_understood(client: Any) -> None:
    one = await outcome(client)
    with pytest.raises(errors.InvalidOrder, match="TOTAL_BET_SIZE_TOO_LOW"):
        await client.create_order(one, "market", "buy", 0.5, 0.5)
    with pytest.raises(errors.InsufficientFunds, match="Insufficient available balance"):
        await client.create_order(one, "market", "buy", 5000, 0.5)
    with pytest.raises(errors.BadRequest, match="must be"):
        await client.create_order(one, "market", "buy", 10, 0.5, {"expiry": 1})
    with pytest.raises(errors.OrderNotFound):
        await client.fetch_order("0x" + "00" * 32)
    await client.create_order(one, "limit", "buy", 10, 0.4, {"salt": "7", "expiry": 4_000_000_000})
    with pytest.raises(errors.DuplicateOrderId):
        await client.create_order(
            one, "limit", "buy", 10, 0.4, {"salt": "7", "expiry": 4_000_000_000}
        )
    client.apiKey = "not-a-key-of-anybody"
    with pytest.raises(errors.AuthenticationError, match="INVALID_USER"):
        await client.fetch_balance()


async def test_orders_and_fills_are_heard(client: Any, simulated: Simulated) -> None:
    one = await outcome(client)
    orders = asyncio.create_task(client.watch_orders())
    fills = asyncio.create_task(client.watch_my_trades())
    for kind in ("orders", "fills"):
        await simulated.control.until_heard(f"account:{kind}_v3_#{client.walletAddress}")
    placed = await client.create_order(one, "market", "buy", 10, 0.5)

    assert (await orders)[0]["id"] == placed["id"]
    assert (await fills)[0]["order"] == placed["id"]


async def test_books_prices_and_the_tape_are_heard(client: Any, simulated: Simulated) -> None:
    one = await outcome(client)
    await client.watch_order_book(one)
    await client.watch_ticker(one)
    book = asyncio.create_task(client.watch_order_book(one))
    ticker = asyncio.create_task(client.watch_ticker(one))
    tape = asyncio.create_task(client.watch_trades(one))
    for channel in (f"orderbook_v3:{MARKET}", "best_odds_v3:global", "recent_trades_v3:global"):
        await simulated.control.until_heard(channel)
    await client.create_order(one, "market", "buy", 100, 0.5)

    assert (await book)["asks"][0] == [0.51, pytest.approx(102.0)]
    assert (await ticker)["ask"] == 0.51
    assert (await tape)[0]["amount"] == 100.0


async def test_another_account_sees_none_of_it(client: Any, simulated: Simulated) -> None:
    one = await outcome(client)
    order = await client.create_order(one, "limit", "buy", 10, 0.4)
    client.apiKey = OTHER["api_key"]

    assert await client.fetch_open_orders() == []
    with pytest.raises(errors.OrderNotFound):
        await client.fetch_order(order["id"])
    held = simulated.control.order(order["id"])
    assert (held.market, held.odds) == (MARKET, 40 * PERCENT)


async def test_money_is_moved_into_the_wallet_with_a_permit(
    client: Any, simulated: Simulated
) -> None:
    account = simulated.control.account()
    account.wallet, account.available = account.available, 0
    rpc = {"rpcUrl": simulated.url + "/rpc"}
    await client.approve({"amount": 300, **rpc})
    found = await client.approve({"amount": 200, **rpc})

    assert (await client.fetch_balance())["USDC"]["free"] == 500.0
    assert account.wallet == 500 * 10**6
    assert len(found["id"]) == 66
    with pytest.raises(errors.BadRequest, match="ERC20_PERMIT_BAD_SPENDER"):
        await client.approve({"amount": 1, "spender": OTHER["address"], **rpc})
    with pytest.raises(errors.InsufficientFunds):
        await client.approve({"amount": 501, **rpc})
