"""
ccxt's class of Kalshi, through our adapter, at a server that answers as that class expects.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.ccxt_prediction.house import Scene, play
from tests.ccxt_prediction.kalshi_house import Kalshi, refusal, write_key
from tests.ccxt_prediction.stage import dialects
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    OrderStatus,
    Refused,
    Selection,
    Unknown,
)

POST = "POST /trade-api/v2/portfolio/events/orders"
GET = "GET /trade-api/v2/portfolio/orders"

Play = Callable[[Callable[[Scene], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def at_kalshi(tmp_path_factory: pytest.TempPathFactory) -> Play:
    file = write_key(Path(tmp_path_factory.mktemp("keys")))

    def made(clock: Any) -> Kalshi:
        house = Kalshi(clock)
        house.pem_file = str(file)
        return house

    return lambda scene: play(made, scene)


def test_an_order_is_for_whole_contracts_and_final_at_once(at_kalshi: Play) -> None:
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

    play_with_book(at_kalshi, scene, no_bids=[["0.6000", "5.00"]])


def play_with_book(at_kalshi: Play, scene: Any, **book: Any) -> None:
    async def with_book(stage: Scene) -> None:
        vars(stage.house).update(book)
        await scene(stage)

    at_kalshi(with_book)


@pytest.mark.parametrize("outcome", [Kalshi.yes, Kalshi.no])
def test_both_outcomes_are_bought_at_the_limit(at_kalshi: Play, outcome: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order(outcome=outcome))

        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.FILLED, 10)
        assert answer.report.odds == 2

    play_with_book(at_kalshi, scene, yes_bids=[["0.5000", "100.00"]])


@pytest.mark.parametrize(
    "legacy", [{"side": "yes", "action": "sell"}, {"side": "no", "action": "buy"}, {}]
)
@pytest.mark.parametrize("outcome", [Kalshi.yes, Kalshi.no])
@pytest.mark.parametrize("fault", ["lost", "error_after", "garbage"])
def test_an_order_whose_answer_is_lost_is_found_by_its_name(
    at_kalshi: Play, fault: str, outcome: str, legacy: dict[str, str]
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

    play_with_book(
        at_kalshi,
        scene,
        legacy=legacy,
        no_bids=[["0.6000", "100.00"]],
        yes_bids=[["0.6000", "100.00"]],
    )


def test_an_order_is_found_on_a_later_page(at_kalshi: Play) -> None:
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
def test_an_order_that_never_arrived_stays_unknown(at_kalshi: Play, fault: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.fault(fault, POST)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())
            again = await venue.place(stage.order())

        assert [type(it) for it in (placed, found, again)] == [Unknown] * 3
        assert (stage.posted(), stage.house.orders) == (1, [])

    at_kalshi(scene)


def test_ccxt_does_not_send_an_order_again_by_itself(at_kalshi: Play) -> None:
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
def test_a_refusal_is_one(at_kalshi: Play, status: int, code: str, called: str) -> None:
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
def test_everything_else_is_unknown(at_kalshi: Play, status: int, code: str) -> None:
    async def scene(stage: Scene) -> None:
        stage.house.refuses = refusal(status, code)
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert [type(it) for it in (placed, found)] == [Unknown] * 2

    at_kalshi(scene)


def test_all_or_nothing_that_finds_too_little_is_refused(at_kalshi: Play) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life(time_in_force="FOK") as venue:
            answer = await venue.place(stage.order(min_odds=Decimal("2.50")))

        assert isinstance(answer, Refused)
        assert answer.code == "OrderNotFillable"
        assert stage.house.orders == []

    at_kalshi(scene)


# -- A second process that does not know of the first ---------------------------------------------


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_copy_that_is_refused_as_one_is_no_refusal(at_kalshi: Play, hidden: int) -> None:
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


def test_a_copy_refused_for_another_reason_is_looked_up(at_kalshi: Play) -> None:
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


def test_a_refusal_that_could_not_be_looked_up_is_settled_by_the_next_look(
    at_kalshi: Play,
) -> None:
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


# -- What becomes of orders ----------------------------------------------------------------------


def test_reports_are_cumulative(at_kalshi: Play) -> None:
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


def test_what_finds_nothing_is_cancelled(at_kalshi: Play) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            placed = await venue.place(stage.order(min_odds=Decimal("3.00")))
            reports = await stage.settled(venue)

        assert isinstance(placed, Accepted)
        assert placed.report.filled == 0
        assert reports[-1].status is OrderStatus.CANCELLED
        assert reports[-1].filled == 0

    at_kalshi(scene)


def test_a_cancel_is_believed_when_the_order_reads_so(at_kalshi: Play) -> None:
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


def test_the_next_process_is_told_and_reports(at_kalshi: Play) -> None:
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


def test_prices_are_the_books_best(at_kalshi: Play) -> None:
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
def test_prices_go_by_the_steps_of_their_range(at_kalshi: Play, min_odds: str, price: str) -> None:
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


def test_the_key_is_read_once(at_kalshi: Play, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_check_tells_of_the_key_and_the_money(at_kalshi: Play) -> None:
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
