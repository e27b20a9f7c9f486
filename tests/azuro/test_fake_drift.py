"""A market that moves by itself: a little, around where it began, and the same with each seed."""

from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.outside import FOOTBALL, PREMATCH, Bettor, imitation

HOUR_MS = 3_600_000


async def prices(bettor: Bettor, condition: str = FOOTBALL) -> list[str]:
    body = {"conditionIds": [condition], "environment": "PolygonUSDT"}
    _, answer = await bettor.post("market-manager/condition-batch", body)
    return [outcome["odds"] for outcome in answer["conditions"][0]["outcomes"]]


async def moved(**settings: Any) -> list[list[str]]:
    seen: list[list[str]] = []
    async with imitation(**settings) as bettor:
        for _ in range(50):
            bettor.clock.move(10_000)
            seen.append(await prices(bettor))
    return seen


async def test_without_a_drift_nothing_moves() -> None:
    assert {tuple(told) for told in await moved()} == {("1.56", "4.02", "6.54")}


async def test_prices_wander_around_where_they_began() -> None:
    seen = await moved(drift="1s")

    assert len({tuple(told) for told in seen}) > 20
    for told in seen:
        for price, began in zip(told, ("1.56", "4.02", "6.54"), strict=True):
            assert abs(Decimal(price) - Decimal(began)) <= Decimal(began) / 10 + Decimal("0.005")


async def test_the_seed_says_how() -> None:
    assert await moved(drift="1s", seed=4) == await moved(drift="1s", seed=4)
    assert await moved(drift="1s", seed=4) != await moved(drift="1s", seed=5)


async def test_only_what_is_live_moves() -> None:
    async with imitation(drift="1s") as bettor:
        bettor.clock.move(HOUR_MS)

        assert await prices(bettor, PREMATCH) == ["1.9", "1.91"]


@pytest.mark.parametrize("seed", range(3))
async def test_conditions_stop_for_moments_and_listeners_are_told(seed: int) -> None:
    async with imitation(drift="1s", seed=seed) as bettor, bettor.listen() as socket:
        data = {"conditionIds": [FOOTBALL], "environment": "PolygonUSDT"}
        await socket.send_json({"event": "SubscribeConditions", "data": data})
        await socket.receive()
        bettor.clock.move(HOUR_MS // 10)
        # Nobody asks: the frames come by themselves.
        states = [(await socket.receive_json())["data"]["state"] for _ in range(90)]

    assert set(states) == {"Active", "Stopped"}
    assert states.count("Stopped") < len(states) // 4
