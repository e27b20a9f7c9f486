"""
Orders that are not found, and rows that leave something out: looked at again, never made more of.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.stage import dialects, errors, order, stage
from xarb_runtime.domain.orders import OrderStatus

NAME = dialects.name_of("x-1:1:0")


async def test_who_is_never_found_is_looked_for_less_and_less_often_and_never_given_up() -> None:
    scene = stage()

    def lose(row: dict[str, Any]) -> None:
        raise errors.RequestTimeout(str(row["id"]))

    scene.exchange.answer = lose
    await scene.venue.place(order())
    begin_ms, looks = scene.clock.time_ms, []
    listed = scene.exchange.fetch_orders

    async def look(handle: str) -> Any:
        looks.append(scene.clock.time_ms - begin_ms)
        if looks[-1] >= 3_600_000:
            scene.exchange.keep({"id": "o1", "status": "open", "clientOrderId": NAME})
        return await listed(handle)

    scene.exchange.fetch_orders = look
    (report,) = await scene.heard(1)

    assert looks[:7] == [0, 2_000, 6_000, 14_000, 30_000, 62_000, 122_000]
    assert len(looks) < 70
    assert report.status is OrderStatus.OPEN


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("prices", [(0.49, None), (None, 0.49)])
async def test_a_price_that_comes_and_goes_changes_neither_the_fill_nor_its_odds(
    sent: bool, prices: tuple[float | None, ...]
) -> None:
    scene = stage()
    ordered = order(min_odds=Decimal("2.03"))
    row: dict[str, Any] = {"id": "o1", "clientOrderId": NAME, "status": "closed", "filled": 20.4}
    scene.exchange.answer = lambda _: scene.exchange.keep({**row, "price": prices[0]})
    if sent:
        await scene.venue.place(ordered)
    scene.exchange.keep({**row, "price": prices[0]})
    first = await scene.venue.find(ordered)
    scene.exchange.keep({**row, "price": prices[1]})
    scene.clock.time_ms += 5_000
    second = await scene.venue.find(ordered)

    assert first == second
    report = first.report
    assert report.filled <= ordered.stake
    assert report.filled * report.odds == pytest.approx(Decimal("20.4"))
    if sent:
        assert report.filled == Decimal("9.996")
