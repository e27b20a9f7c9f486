"""
ccxt's class of Kalshi, through our adapter, at a server that answers as that class expects.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.house import Scene, play
from tests.ccxt_prediction.kalshi_house import Kalshi, refusal
from tests.ccxt_prediction.stage import dialects
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    OrderStatus,
    Refused,
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


def test_an_order_is_for_whole_contracts_and_final_at_once() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order(min_odds=Decimal("2.03")))

        (row,) = stage.house.orders
        assert (row["initial_count_fp"], row["yes_price_dollars"]) == ("20.00", "0.4900")
        assert row["client_order_id"] == dialects.name_of("x-1:1:0")
        assert isinstance(answer, Accepted)
        report = answer.report
        assert (report.status, report.filled) == (OrderStatus.CANCELLED, Decimal("2.45"))
        assert report.final

    at_kalshi(scene, no_bids=[["0.6000", "5.00"]])


@pytest.mark.parametrize("outcome", [Kalshi.yes, Kalshi.no])
def test_both_outcomes_are_bought_at_the_limit(outcome: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order(outcome=outcome))

        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.FILLED, 10)
        assert answer.report.odds == 2

    at_kalshi(scene, yes_bids=[["0.5000", "100.00"]])


@pytest.mark.parametrize(
    ("fault", "outcome", "legacy"),
    [
        ("lost", Kalshi.yes, {}),
        ("error_after", Kalshi.yes, {}),
        ("garbage", Kalshi.yes, {}),
        ("lost", Kalshi.no, {}),
        ("lost", Kalshi.no, {"side": "no", "action": "buy"}),
        ("lost", Kalshi.no, {"side": "yes", "action": "sell"}),
    ],
)
def test_an_order_whose_answer_is_lost_is_found_by_its_name(
    fault: str, outcome: str, legacy: dict[str, str]
) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault(fault, POST)
        order = stage.order(outcome=outcome, min_odds=Decimal("2.50"))
        async with stage.life() as venue:
            placed = await venue.place(order)
            first = await venue.find(order)
            again = await venue.place(order)
        async with stage.life() as venue:
            venue.watch(order)
            second = await venue.find(order)
            third = await venue.place(order)

        assert isinstance(placed, Unknown)
        for answer in (first, second, again, third):
            assert isinstance(answer, Found | Accepted)
            assert (answer.report.filled, answer.report.odds) == (Decimal(10), Decimal("2.5"))
        assert stage.posted() == 1

    at_kalshi(
        scene,
        legacy=legacy,
        no_bids=[["0.6000", "100.00"]],
        yes_bids=[["0.6000", "100.00"]],
    )


def test_an_order_is_found_on_a_later_page() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.page = 2
        async with stage.life() as venue:
            for number in range(5):
                await venue.place(stage.order(f"x-{number}:1:0", stake=Decimal(1)))
        async with stage.life() as venue:
            found = await venue.find(stage.order("x-0:1:0", stake=Decimal(1)))

        assert isinstance(found, Found)

    at_kalshi(scene)


@pytest.mark.parametrize("fault", ["reset", "error"])
def test_an_order_that_never_arrived_stays_unknown(fault: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault(fault, POST)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())
            again = await venue.place(stage.order())

        assert [type(it) for it in (placed, found, again)] == [Unknown] * 3
        assert (stage.posted(), stage.house.orders) == (1, [])

    at_kalshi(scene)


def test_ccxt_does_not_send_an_order_again_by_itself() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault("error", POST)
        async with stage.life(options={"maxRetriesOnFailure": 3}) as venue:
            placed = await venue.place(stage.order())

        assert isinstance(placed, Unknown)
        assert stage.posted() == 1

    at_kalshi(scene)


@pytest.mark.parametrize(
    ("status", "code", "called"),
    [
        (400, "insufficient_balance", "InsufficientFunds"),
        (400, "invalid_order", "InvalidOrder"),
        (400, "something_else", "BadRequest"),
        (401, "authentication_error", "AuthenticationError"),
        (409, "immediate_or_cancel_insufficient_resting_volume", "OrderNotFillable"),
    ],
)
def test_a_refusal_is_one(status: int, code: str, called: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = refusal(status, code)
        async with stage.life() as venue:
            answer = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(answer, Refused)
        assert answer.code == called
        assert type(found) is Absent

    at_kalshi(scene)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "conflict"),
        (409, "invalid_order"),
        (403, "something_else"),
        (429, "too_many_requests"),
        (500, "insufficient_balance"),
        (503, "fill_or_kill_insufficient_resting_volume"),
    ],
)
def test_everything_else_is_unknown(status: int, code: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = refusal(status, code)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert [type(it) for it in (placed, found)] == [Unknown] * 2

    at_kalshi(scene)


def test_all_or_nothing_that_finds_too_little_is_refused() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life(time_in_force="FOK") as venue:
            answer = await venue.place(stage.order(min_odds=Decimal("2.50")))

        assert isinstance(answer, Refused)
        assert answer.code == "OrderNotFillable"
        assert stage.house.orders == []

    at_kalshi(scene)


# -- A second process that does not know of the first ---------------------------------------------


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_copy_that_is_refused_as_one_is_no_refusal(hidden: int) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
        stage.house.hidden = hidden
        async with stage.life() as venue:
            copy = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert type(copy) is (Unknown if hidden else Accepted)
        assert type(found) is (Unknown if hidden else Found)
        assert len(stage.house.orders) == 1

    at_kalshi(scene)


def test_a_copy_refused_for_another_reason_is_looked_up() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order())
        (row,) = stage.house.orders
        name, row["client_order_id"] = row["client_order_id"], "not known for a moment"
        stage.house.refuses = refusal(400, "insufficient_balance")
        stage.house.fault("error", GET)
        async with stage.life() as venue:
            copy = await venue.place(stage.order())
            row["client_order_id"] = name
            found = await venue.find(stage.order())
            stage.house.hidden = 1
            later = await venue.find(stage.order())

        assert isinstance(copy, Unknown)  # nobody could look
        assert isinstance(found, Found)
        assert isinstance(later, Unknown)  # never absent again

    at_kalshi(scene)


def test_a_refusal_that_could_not_be_looked_up_is_settled_by_the_next_look() -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = refusal(400, "insufficient_balance")
        stage.house.fault("error", GET)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())
            again = await venue.place(stage.order())

        assert [type(it) for it in (placed, found, again)] == [Unknown, Absent, Refused]
        assert stage.posted() == 1

    at_kalshi(scene)


@pytest.mark.parametrize("said", [[], {"orders": [[]]}, {"orders": 7}])
def test_an_answer_of_another_shape_is_unknown(said: Any) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault("lost", POST)
        async with stage.life() as venue:
            await venue.place(stage.order())
            stage.house.said = said
            strange = await venue.find(stage.order())
            stage.house.said = None
            found = await venue.find(stage.order())

        assert isinstance(strange, Unknown)
        assert isinstance(found, Found)

    at_kalshi(scene)
