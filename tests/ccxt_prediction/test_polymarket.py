"""
ccxt's class of Polymarket, through our adapter, at a server that answers as that class expects.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.house import Refusal, Scene, play
from tests.ccxt_prediction.polymarket_house import NO, YES, Polymarket
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    OrderStatus,
    Refused,
    Selection,
    Unknown,
)

POST = "POST /clob/order"


def at_polymarket(scene: Callable[[Scene], Awaitable[None]], **changes: Any) -> None:
    def made(clock: Any) -> Polymarket:
        house = Polymarket(clock)
        vars(house).update(changes)
        return house

    play(made, scene)


@pytest.mark.parametrize("signature", [0, 3])
@pytest.mark.parametrize("neg_risk", [False, True])
def test_the_id_of_an_order_is_known_before_it_is_sent(neg_risk: bool, signature: int) -> None:
    async def scene(stage: Scene) -> None:
        stage.section["options"] = {"signatureType": signature}
        async with stage.life() as venue:
            answer = await venue.place(stage.order())
            entry = venue._book["x-1:1:0"]

        assert isinstance(answer, Accepted)
        assert list(stage.house.orders) == [entry.digest] == [entry.venue_id]

    at_polymarket(scene, neg_risk=neg_risk)


@pytest.mark.parametrize(
    ("fault", "missing"),
    [
        ("lost", Refusal(404, {"error": "not found"})),
        ("error_after", Refusal(404, {"error": "not found"})),
        ("garbage", None),
    ],
)
def test_an_order_whose_answer_is_lost_is_found_by_its_hash(fault: str, missing: Any) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault(fault, POST)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            first = await venue.find(stage.order())
            again = await venue.place(stage.order())
        async with stage.life() as venue:
            venue.watch(stage.order())
            second = await venue.find(stage.order())
            other = await venue.find(stage.order("x-2:1:0"))

        assert isinstance(placed, Unknown)
        for answer in (first, again, second):
            assert isinstance(answer, Found | Accepted)
            assert (answer.report.filled, answer.report.odds) == (10, 2)
        assert isinstance(other, Unknown)
        assert stage.posted() == 1

    at_polymarket(scene, missing=missing)


@pytest.mark.parametrize("fault", ["reset", "error"])
def test_an_order_that_never_arrived_stays_unknown(fault: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault(fault, POST)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())
            again = await venue.place(stage.order())

        assert [type(it) for it in (placed, found, again)] == [Unknown] * 3
        assert (stage.posted(), stage.house.orders) == (1, {})

    at_polymarket(scene)


def test_an_order_that_only_its_trades_show_is_found_and_open() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault("lost", POST)
        stage.house.hidden = True
        async with stage.life() as venue:
            await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(found, Found)
        assert (found.report.status, found.report.filled) == (OrderStatus.OPEN, 10)
        assert not found.report.final

    at_polymarket(scene)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, "not enough balance / allowance", "InsufficientFunds"),
        (400, "order 0x1 is invalid. Size (1) lower than the minimum: 5", "InvalidOrder"),
        (400, "order 0x1 is invalid. Price (0.5) breaks minimum tick size rule", "InvalidOrder"),
        (401, "Unauthorized/Invalid api key", "AuthenticationError"),
        (403, "Trading restricted in your region: geoblocked", "PermissionDenied"),
    ],
)
def test_a_refusal_is_one(status: int, error: str, code: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = Refusal(status, {"error": error})
        async with stage.life() as venue:
            answer = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(answer, Refused)
        assert answer.code == code
        assert type(found) is Absent

    at_polymarket(scene)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, {"error": "could not insert order"}),
        (400, {"error": "order match delayed due to market conditions"}),
        (500, {"error": "not enough balance / allowance"}),
        (503, {"error": "Trading is currently disabled"}),
        (425, {"error": "the matching engine is restarting"}),
        (200, {"success": False, "errorMsg": "could not run the execution", "orderID": ""}),
    ],
)
def test_everything_else_is_unknown(status: int, said: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = Refusal(status, said)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert [type(it) for it in (placed, found)] == [Unknown] * 2

    at_polymarket(scene)


@pytest.mark.parametrize("in_force", ["IOC", "FOK"])
def test_what_finds_nobody_is_killed(in_force: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life(time_in_force=in_force) as venue:
            answer = await venue.place(stage.order(min_odds=Decimal("2.50")))

        assert isinstance(answer, Refused)
        assert answer.code == "OrderNotFillable"

    at_polymarket(scene)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_copy_of_a_process_that_knows_nothing_is_no_refusal(hidden: bool) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
        stage.house.hidden = hidden
        stage.house.trades *= not hidden
        async with stage.life() as venue:
            copy = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert type(copy) is (Unknown if hidden else Accepted)
        assert type(found) is (Unknown if hidden else Found)
        assert len(stage.house.orders) == 1

    at_polymarket(scene)


def test_a_copy_that_is_refused_for_what_the_first_has_taken_is_no_refusal() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
        stage.house.orders = Late(stage.house.orders)
        stage.house.refuses = Refusal(400, {"error": "not enough balance / allowance"})
        async with stage.life() as venue:
            copy = await venue.place(stage.order())

        assert isinstance(copy, Accepted)

    at_polymarket(scene)


class Late(dict[str, Any]):
    """Orders that are shown, and not yet known where copies are refused."""

    def __contains__(self, name: object) -> bool:
        return False


# -- What becomes of orders ----------------------------------------------------------------------


def test_fills_become_final_when_all_of_them_are_confirmed() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order())
            stream = venue.reports()
            first = await anext(stream)
            stage.house.trades[0]["status"] = "CONFIRMED"
            stage.house.trades[1]["status"] = "MINED"
            stage.house.settle("CONFIRMED")
            last = await anext(stream)

        assert isinstance(answer, Accepted)
        assert [(it.status, it.filled, it.final) for it in (first, last)] == [
            (OrderStatus.FILLED, 10, False),
            (OrderStatus.FILLED, 10, True),
        ]

    at_polymarket(scene)


def test_a_trade_that_fails_is_taken_back() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
            stream = venue.reports()
            await anext(stream)
            stage.house.settle("CONFIRMED")
            stage.house.trades[0]["status"] = "FAILED"
            report = await anext(stream)

        assert (report.status, report.filled) == (OrderStatus.REVERSED, 5)

    at_polymarket(scene)


@pytest.mark.parametrize("state", ["MATCHED", "ORDER_STATUS_MATCHED", "CANCELED"])
def test_the_rest_of_an_order_is_dropped(state: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
            (row,) = stage.house.orders.values()
            row["status"] = state
            stage.house.settle("CONFIRMED")
            reports = await stage.settled(venue)

        assert (reports[-1].status, reports[-1].filled) == (OrderStatus.CANCELLED, 5)

    at_polymarket(scene, asks=[["0.50", "10"]])


def test_an_order_that_is_delayed_can_be_cancelled() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.answered = "delayed"
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            (row,) = stage.house.orders.values()
            row |= {"status": "LIVE", "size_matched": "0"}
            stage.house.trades.clear()
            cancelled = await venue.cancel(stage.order())
            row["status"] = "ORDER_STATUS_LIVE"
            still = await venue.cancel(stage.order())

        assert isinstance(placed, Accepted)
        assert placed.report.status is OrderStatus.OPEN
        assert cancelled.report.status is OrderStatus.CANCELLED
        assert isinstance(still, Unknown)

    at_polymarket(scene)


def test_an_exchange_that_counts_in_other_units_is_not_believed() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(placed, Accepted)
        assert placed.report.filled == 0
        assert isinstance(found, Unknown)
        assert "shares for the stake" in found.reason

    at_polymarket(scene, unit=1_000_000)


@pytest.mark.parametrize(
    ("tick", "min_odds", "size", "cost"),
    [
        ("0.01", "2.03", "20", "9.80"),
        ("0.01", "2.00", "20", "10.00"),
        ("0.01", "1.25", "12.5", "10.00"),
        ("0.001", "2.03", "20", "9.84"),
        ("0.001", "2.04", "20", "9.80"),
    ],
)
def test_what_is_paid_is_whole_cents(tick: str, min_odds: str, size: str, cost: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order(min_odds=Decimal(min_odds)))

        assert isinstance(answer, Accepted)
        (row,) = stage.house.orders.values()
        assert Decimal(row["original_size"]) == Decimal(size)
        assert Decimal(row["price"]) * Decimal(size) == Decimal(cost)

    at_polymarket(scene, tick=tick, asks=[["0.3", "100"]])


# -- The rest ------------------------------------------------------------------------------------


def test_prices_are_the_books_best() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            quote = await venue.quote(Selection("market", "", YES, ()))
            stage.house.asks = []
            with pytest.raises(LookupError):
                await venue.quote(Selection("market", "", NO, ()))
            await venue.heartbeat()

        assert (quote.odds, quote.max_stake) == (Decimal("2.040816"), 49)

    at_polymarket(scene)


def test_check_tells_of_the_money() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            rich = await venue.check()
            stage.house.balance = 0
            poor = await venue.check()

        assert [(it.what, it.ok, it.found) for it in rich[1:]] == [("balance", True, "250 USDC")]
        assert [(it.what, it.ok) for it in poor[1:]] == [("balance", False)]

    at_polymarket(scene)
