"""
ccxt's class of Limitless, through our adapter, at a server that answers as that class expects.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.house import Refusal, Scene, play
from tests.ccxt_prediction.limitless_house import Limitless
from tests.ccxt_prediction.stage import dialects
from xarb_runtime.domain.orders import Absent, Accepted, Found, OrderStatus, Refused, Unknown

POST = "POST /orders$"


def at_limitless(scene: Callable[[Scene], Awaitable[None]], **changes: Any) -> None:
    def made(clock: Any) -> Limitless:
        house = Limitless(clock)
        vars(house).update(changes)
        return house

    play(made, scene)


@pytest.mark.parametrize("fault", ["lost", "error_after", "garbage"])
def test_an_order_whose_answer_is_lost_is_found_by_its_salt(fault: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order("x-0:1:0"))
            stage.house.fault(fault, POST)
            placed = await venue.place(stage.order())
            first = await venue.find(stage.order())
            again = await venue.place(stage.order())
        async with stage.life() as venue:
            venue.watch(stage.order())
            second = await venue.find(stage.order())
            other = await venue.find(stage.order("x-2:1:0"))
            entry = venue._book["x-1:1:0"]

        assert isinstance(placed, Unknown)
        for answer in (first, again, second):
            assert isinstance(answer, Found | Accepted)
            assert (answer.report.filled, answer.report.odds) == (10, 2)
        assert isinstance(other, Unknown)
        salts = [row["order"]["salt"] for row in stage.house.orders]
        assert salts == [str(dialects.salt_of(it)) for it in ("x-0:1:0", "x-1:1:0")]
        assert entry.venue_id == "order-2"

    at_limitless(scene)


def test_an_order_that_never_arrived_stays_unknown() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault("reset", POST)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert [type(it) for it in (placed, found)] == [Unknown] * 2
        assert stage.house.orders == []

    at_limitless(scene)


@pytest.mark.parametrize(
    ("status", "message", "answers"),
    [
        (400, "Insufficient balance", [Refused, Absent]),
        (401, "Unauthorized", [Refused, Absent]),
        (409, "Conflict", [Unknown, Unknown]),
        (500, "Invalid signature", [Unknown, Unknown]),
    ],
)
def test_refusals(status: int, message: str, answers: list[Any]) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = Refusal(status, {"message": message})
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert [type(it) for it in (placed, found)] == answers

    at_limitless(scene)


def test_a_copy_of_a_process_that_knows_nothing_is_not_sent() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
        async with stage.life() as venue:
            copy = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(copy, Accepted)
        assert isinstance(found, Found)
        assert len(stage.house.orders) == 1

    at_limitless(scene)


@pytest.mark.parametrize("told", [False, True])
def test_an_order_that_looks_like_it_stops_it_unless_it_is_known_as_another(told: bool) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order("x-0:1:0"))
            if not told:
                del stage.house.orders[0]["order"]["salt"]
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert type(placed) is (Accepted if told else Unknown)
        assert type(found) is (Found if told else Unknown)
        assert len(stage.house.orders) == (2 if told else 1)

    at_limitless(scene)


@pytest.mark.parametrize(
    ("state", "status", "filled"),
    [("MINED", OrderStatus.CANCELLED, Decimal("2.5")), ("FAILED", OrderStatus.REVERSED, 0)],
)
def test_what_becomes_of_an_order(state: str, status: OrderStatus, filled: Decimal) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.settlement = "PENDING"
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            pending = await venue.find(stage.order())
            stage.house.orders[0]["execution"]["settlementStatus"] = state
            reports = await stage.settled(venue)
            too_late = await venue.cancel(stage.order())

        assert isinstance(placed, Accepted)
        assert (pending.report.status, pending.report.filled) == (OrderStatus.OPEN, Decimal("2.5"))
        assert (reports[-1].status, reports[-1].filled) == (status, filled)
        assert too_late.report == reports[-1]

    at_limitless(scene, asks=[["0.49", 5]])


def test_prices_are_the_books_best() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            quote = await venue.quote(stage.order().selection)
            await venue.heartbeat()
            told = await venue.check()

        assert (quote.odds, quote.max_stake) == (Decimal("2.040816"), 49)
        assert [(it.what, it.ok) for it in told] == [("exchange", True)]

    at_limitless(scene)
