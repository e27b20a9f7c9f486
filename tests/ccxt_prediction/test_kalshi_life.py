"""
What becomes of orders at Kalshi, and the rest, by ccxt's class of it.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.ccxt_prediction.house import Scene, play
from tests.ccxt_prediction.kalshi_house import Kalshi
from xarb_runtime.domain.orders import (
    Accepted,
    OrderStatus,
    Selection,
    Unknown,
)

POST = "POST /trade-api/v2/portfolio/events/orders"
GET = "GET /trade-api/v2/portfolio/orders"


def at_kalshi(scene: Callable[[Scene], Awaitable[None]], **changes: Any) -> None:
    def made(clock: Any) -> Kalshi:
        house = Kalshi(clock)
        vars(house).update(changes)
        return house

    play(made, scene)


# -- What becomes of orders ----------------------------------------------------------------------


def test_reports_are_cumulative() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.rests = True
        async with stage.life() as venue:
            await venue.place(stage.order())
            stream = venue.reports()
            reports = [await anext(stream)]
            for count in ("5", "15"):
                stage.house.fill(count)
                reports.append(await anext(stream))

        assert [(it.status, it.filled, it.final) for it in reports] == [
            (OrderStatus.OPEN, 0, False),
            (OrderStatus.OPEN, Decimal("2.5"), False),
            (OrderStatus.FILLED, 10, True),
        ]

    at_kalshi(scene)


def test_what_finds_nothing_is_cancelled() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            placed = await venue.place(stage.order(min_odds=Decimal("3.00")))
            reports = await stage.settled(venue)

        assert isinstance(placed, Accepted)
        assert placed.report.filled == 0
        assert reports[-1].status is OrderStatus.CANCELLED
        assert reports[-1].filled == 0

    at_kalshi(scene)


def test_a_cancel_is_believed_when_the_order_reads_so() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.rests = True
        async with stage.life() as venue:
            await venue.place(stage.order("x-1:1:0"))
            stage.house.fill("5")
            cancelled = await venue.cancel(stage.order("x-1:1:0"))
            await venue.place(stage.order("x-2:1:0"))
            stage.house.fill("20")
            too_late = await venue.cancel(stage.order("x-2:1:0"))
            await venue.place(stage.order("x-3:1:0"))
            stage.house.fault("lost", "DELETE")
            lost = await venue.cancel(stage.order("x-3:1:0"))
            await venue.place(stage.order("x-4:1:0"))
            stage.house.fault("error", "DELETE")
            failed = await venue.cancel(stage.order("x-4:1:0"))

        found = [(it.report.status, it.report.filled) for it in (cancelled, too_late, lost)]
        assert found == [
            (OrderStatus.CANCELLED, Decimal("2.5")),
            (OrderStatus.FILLED, 10),
            (OrderStatus.CANCELLED, 0),
        ]
        assert isinstance(failed, Unknown)

    at_kalshi(scene)


def test_the_next_process_is_told_and_reports() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.rests = True
        stage.house.fault("lost", POST)
        async with stage.life() as venue:
            await venue.place(stage.order())
        stage.house.fill("20")
        async with stage.life() as venue:
            venue.watch(stage.order())
            (report,) = await stage.settled(venue)

        assert (report.status, report.filled, report.odds) == (OrderStatus.FILLED, 10, 2)

    at_kalshi(scene)


# -- The rest ------------------------------------------------------------------------------------


def test_prices_are_the_books_best() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            yes = await venue.quote(Selection("market", "", Kalshi.yes, ()))
            no = await venue.quote(Selection("market", "", Kalshi.no, ()))
            stage.house.yes_bids = []
            with pytest.raises(LookupError):
                await venue.quote(Selection("market", "", Kalshi.no, ()))
            await venue.heartbeat()

        assert (yes.odds, yes.max_stake) == (Decimal("2.5"), 2)
        assert (no.odds, no.max_stake) == (Decimal("1.639344"), Decimal("30.5"))

    at_kalshi(scene)


@pytest.mark.parametrize(
    ("min_odds", "price"),
    [("2.03", "0.4900"), ("12.00", "0.0830"), ("10.00", "0.1000"), ("1.04", "0.9610")],
)
def test_prices_go_by_the_steps_of_their_range(min_odds: str, price: str) -> None:
    async def scene(stage: Scene) -> None:
        edges = [("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100")]
        edges.append(("0.9000", "1.0000", "0.0010"))
        names = ("start", "end", "step")
        stage.house.ranges = [dict(zip(names, edge, strict=True)) for edge in edges]
        async with stage.life() as venue:
            answer = await venue.place(stage.order(min_odds=Decimal(min_odds)))

        assert isinstance(answer, Accepted)
        assert stage.house.orders[0]["yes_price_dollars"] == price

    at_kalshi(scene)


def test_the_key_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module, read = "cryptography.hazmat.primitives.serialization", []

    def load(*given: Any) -> Any:
        read.append(given)
        return load_pem_private_key(*given)

    monkeypatch.setattr(f"{module}.load_pem_private_key", load)

    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            for number in range(3):
                await venue.place(stage.order(f"x-{number}:1:0"))

        assert len(stage.house.orders) == 3
        assert len(read) == 1

    at_kalshi(scene)


def test_check_tells_of_the_key_and_the_money() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            rich = await venue.check()
            stage.house.balance = 50
            poor = await venue.check()
        stage.environ = {"KALSHI_KEY": "another"}
        async with stage.life() as venue:
            stranger = await venue.check()

        assert [(it.what, it.ok) for it in rich] == [("exchange", True), ("balance", True)]
        assert rich[1].found == "1000 USD"
        assert [(it.what, it.ok) for it in poor] == [("exchange", True), ("balance", False)]
        assert [(it.what, it.ok) for it in stranger] == [("exchange", True), ("API key", False)]

    at_kalshi(scene)
