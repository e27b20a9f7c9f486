"""Calibrated, the imitation refuses and accepts as the real venue has been seen to."""

from collections import Counter
from decimal import Decimal

import pytest
from aiohttp import ServerDisconnectedError

from tests.azuro.outside import FOOTBALL, THROW_AWAY_ADDRESS, imitation, odds
from xarb_plugins.azuro.fake.fates import OrderFate, drawn_fate

ODDS = Decimal("1.56")
MANY = 10_000


def drawn(count: int, *, live: bool = True, seed: int = 0) -> list[OrderFate]:
    return [drawn_fate(seed, f"0x_{one}", live=live, odds=ODDS) for one in range(count)]


def refused(fate: OrderFate) -> str:
    refusal = fate.refusal or fate.rejection
    return refusal.message if refusal else ""


def test_live_orders_are_refused_as_often_and_for_the_reasons_that_were_seen() -> None:
    words = Counter(refused(fate) for fate in drawn(MANY))

    # 121, 73, 2 and 2 of 380.
    assert words["Condition is not active"] / MANY == pytest.approx(121 / 380, abs=0.02)
    assert words["Real odds less than min odds"] / MANY == pytest.approx(73 / 380, abs=0.02)
    assert words["Live not available"] / MANY == pytest.approx(2 / 380, abs=0.003)
    assert words["Outcome not active"] / MANY == pytest.approx(2 / 380, abs=0.003)


def test_more_than_half_of_live_orders_fail_and_few_others() -> None:
    def failed(fates: list[OrderFate]) -> float:
        return sum(bool(refused(fate)) or fate.reverts for fate in fates) / MANY

    assert failed(drawn(MANY)) == pytest.approx(204 / 380 + 176 / 380 * 0.053, abs=0.02)
    assert failed(drawn(MANY, live=False)) == pytest.approx(5 / 60 + 55 / 60 * 0.053, abs=0.02)


def test_half_of_the_refusals_come_later() -> None:
    fates = [fate for fate in drawn(MANY) if refused(fate)]

    assert sum(fate.refusal is not None for fate in fates) / len(fates) == pytest.approx(
        0.5, abs=0.03
    )


def test_the_seed_decides() -> None:
    assert drawn(100) == drawn(100)
    assert drawn(100) != drawn(100, seed=1)


async def test_two_hundred_orders_show_everything() -> None:
    # Most live orders fail, so a bettor sends more than one for each of 200 bets.
    async with imitation(calibrated=True, seed=3) as bettor:
        for _ in range(400):
            try:
                await bettor.bet(minOdds=odds("1.55"), amount="1000000")
            except ServerDisconnectedError:
                continue
        bettor.clock.move(60_000)
        orders = bettor.control.orders
        total = bettor.control.ledger.total

    ends = Counter((order.state, order.at_once) for order in orders)
    words = {order.message for order in orders if order.message}
    assert len(orders) == 400
    assert {"Condition is not active", "Real odds less than min odds"} <= words
    assert "execution reverted" in words
    assert ends["Rejected", True] > 50
    assert ends["Rejected", False] > 50
    assert ends["Accepted", False] > 100
    assert ends["Canceled", False] > 0
    assert any(order.fate.lost for order in orders)
    assert any(order.fate.unseen for order in orders)
    assert len({order.odds for order in orders if order.state == "Accepted"}) > 1
    assert all(order.odds >= Decimal("1.55") for order in orders if order.state == "Accepted")
    assert total == 1_100_000 * 10**6


async def test_what_was_destined_comes_before_what_is_drawn() -> None:
    async with imitation(calibrated=True) as bettor:
        bettor.control.next_order(*[OrderFate() for _ in range(20)])
        states = [(await bettor.bet())[1]["state"] for _ in range(20)]

    assert states == ["Created"] * 20


async def test_a_wallet_has_its_own_name_everywhere() -> None:
    async with imitation(calibrated=True) as bettor:
        bettor.control.next_order(OrderFate())
        _, receipt = await bettor.bet(conditionId=FOOTBALL)

    assert receipt["id"].startswith(f"{THROW_AWAY_ADDRESS}_")
