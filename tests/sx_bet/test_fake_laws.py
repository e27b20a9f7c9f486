"""
Laws of the stand-in: money is neither made nor lost, nobody gets a worse price than they asked for.
"""

import asyncio
import importlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sx_bet.fake_world import FakeSettings, OrderFate, model
from xarb_runtime.testing.clock import KitClock, KitLoop

PACKAGE = "xarb_plugins.sx_bet.fake"
odds = importlib.import_module(f"{PACKAGE}.odds")
matching = importlib.import_module(f"{PACKAGE}.matching")
server = importlib.import_module(f"{PACKAGE}.server")
clockwork = importlib.import_module(f"{PACKAGE}.clockwork")

WHOLE = odds.WHOLE
STEP = odds.step(125)

rungs = st.integers(1, WHOLE // STEP - 1).map(lambda number: number * STEP)
stakes = st.integers(1, 10**12)


@pytest.mark.parametrize(
    ("total", "filled", "maker_odds", "room"),
    [
        (542187500, 0, 86750000000000000000, 82812500),
        (100000000, 0, 52500000000000000000, 90476190),
        (50000000, 20000000, 51000000000000000000, 28823529),
        (4000000, 0, 40000000000000000000, 6000000),
    ],
)
def test_a_takers_room_is_what_the_exchanges_examples_say(
    total: int, filled: int, maker_odds: int, room: int
) -> None:
    assert odds.taker_room(total - filled, maker_odds) == room


def test_a_makers_share_is_what_the_exchanges_example_says() -> None:
    assert odds.maker_share(50_000_000, 17 * WHOLE // 100) == 10_240_963


@given(stake=stakes, maker_odds=rungs)
def test_who_takes_all_the_room_never_takes_more_than_there_is(stake: int, maker_odds: int) -> None:
    room = odds.taker_room(stake, maker_odds)

    assert 0 <= odds.maker_share(room, maker_odds) <= stake


@given(stake=stakes, maker_odds=rungs)
def test_a_pot_is_what_the_takers_odds_promise_rounded_down(stake: int, maker_odds: int) -> None:
    pot = stake + odds.maker_share(stake, maker_odds)

    assert pot == stake * WHOLE // (WHOLE - maker_odds)


@given(
    book=st.lists(st.tuples(rungs, stakes), max_size=6),
    limit=rungs,
    stake=stakes,
)
def test_a_plan_keeps_to_the_price_the_stakes_and_the_order(
    book: list[tuple[int, int]], limit: int, stake: int
) -> None:
    makers = [_order(number, own, size, on_one=False) for number, (own, size) in enumerate(book)]
    taker = _order(99, limit, stake, on_one=True)
    matches = matching.plan(matching.opposing(makers, taker), stake)

    assert matching.planned(matches) <= stake
    assert all(match.maker.odds + limit >= WHOLE for match in matches)
    assert all(0 < match.maker_stake <= match.maker.remaining for match in matches)
    ranks = [(-match.maker.odds, match.maker.priority) for match in matches]
    assert ranks == sorted(set(ranks))
    pot = sum(match.taker_stake + match.maker_stake for match in matches)
    # At the limit or better, but for the one unit that each match may round away.
    assert (pot + len(matches)) * limit >= matching.planned(matches) * WHOLE


def _order(number: int, own: int, stake: int, *, on_one: bool) -> Any:
    account = model.Account(
        api_key="", address=f"0x{number}", proxy="", deployed=True, available=10**15
    )
    return model.Order(
        id=str(number),
        account=account,
        market="0x",
        stake=stake,
        odds=own,
        on_one=on_one,
        time_in_force="GTC",
        expiry=0,
        client_id=None,
        created_ms=0,
        updated_ms=0,
        priority=number,
    )


# -- A life of the exchange

orders = st.fixed_dictionaries(
    {
        "who": st.integers(0, 2),
        "odds": st.integers(48, 60).map(lambda percent: percent * WHOLE // 100),
        "stake": st.sampled_from([10**6, 33 * 10**6 + 1, 150 * 10**6, 400 * 10**6]),
        "on_one": st.booleans(),
        "time_in_force": st.sampled_from(["GTC", "IOC", "FOK"]),
        "fate": st.sampled_from(
            [
                OrderFate(),
                OrderFate(),
                OrderFate(fails=True),
                OrderFate(most_percent=30),
                OrderFate(holds=True),
                OrderFate(on_cancel="filled"),
            ]
        ),
    }
)
moments = st.tuples(orders, st.sampled_from(["pass", "pass", "cancel", "fill", "empty"]))


@settings(max_examples=80)
@given(life=st.lists(moments, min_size=6, max_size=15), outcome=st.sampled_from([0, 1, 2]))
def test_whatever_happens_money_is_neither_made_nor_lost(life: list[Any], outcome: int) -> None:
    with asyncio.Runner(loop_factory=KitLoop) as runner:
        runner.run(_live(life, outcome))


async def _live(life: list[Any], outcome: int) -> None:
    accounts = [
        server.FakeAccount(
            api_key=f"account-{number}",
            address=f"0x{number}",
            balance=Decimal(500),
            taker_fee=Decimal("0.01"),
            maker_fee=Decimal("0.003"),
        )
        for number in range(3)
    ]
    level = {"percent": Decimal(47), "size": Decimal(100)}
    market = model.FakeMarket(one=[_level(level)], two=[_level(level)], refill="1s")
    chosen = FakeSettings(accounts=accounts, markets=[market])
    async with asyncio.TaskGroup() as tasks:
        work = clockwork.Clockwork(KitClock(), tasks)
        floor = server.floor_of(chosen, work)
        money = floor.exchange.ledger.total()
        for number, (order, action) in enumerate(life):
            _send(floor, number, order)
            await work.sleep(700)
            _act(floor, action)
            _check(floor, money)
        await work.sleep(10_000)
        _check(floor, money)
        floor.exchange.settle(next(iter(floor.house.markets.values())), outcome)
        _check(floor, money)
        assert all(not it.matched and not it.escrowed for it in floor.exchange.ledger.accounts)
        work.stop()


def _level(level: dict[str, Decimal]) -> Any:
    parts = importlib.import_module(f"{PACKAGE}.parts")
    return parts.FakeLevel(**level)


def _send(floor: Any, number: int, order: dict[str, Any]) -> None:
    facts = {name: order[name] for name in ("odds", "stake", "on_one", "time_in_force")}
    draft = model.Draft(
        market=next(iter(floor.house.markets)),
        maker="",
        token="",
        salt=number,
        expiry=4_000_000_000,
        signature="",
        id=f"order-{number}",
        **facts,
    )
    floor.exchange.take(floor.exchange.ledger.accounts[1 + order["who"]], draft, order["fate"])


def _act(floor: Any, action: str) -> None:
    still_open = [order for order in floor.exchange.orders.values() if order.open]
    if action == "empty":
        floor.house.withdraw(next(iter(floor.house.markets.values())))
    elif action == "cancel" and still_open:
        floor.exchange.cancel(still_open[0])
    elif action == "fill" and still_open:
        floor.exchange.fill(still_open[-1])


def _check(floor: Any, money: int) -> None:
    exchange = floor.exchange
    assert exchange.ledger.total() == money
    for account in exchange.ledger.accounts:
        assert min(account.available, account.matched, account.escrowed) >= 0
    for order in exchange.orders.values():
        assert 0 <= order.filled <= order.stake
        assert order.filled == sum(fill.stake for fill in order.fills)
        assert order.time_in_force != "FOK" or order.filled in {0, order.stake}
    for market in floor.house.markets.values():
        assert all(order.open and order.remaining > 0 for order in market.orders)
