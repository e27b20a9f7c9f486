"""
An order is sent once, in this life and in the next, and what becomes of it is read.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.stage import Exchange, dialects, errors, order, stage
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    OrderStatus,
    Refused,
    Unknown,
)


def losing(exchange: Exchange) -> Any:
    """The exchange takes the order; its answer is lost."""

    def answer(row: Any) -> Any:
        exchange.keep(row)
        raise errors.RequestTimeout("no answer")

    return answer


def accepting(name: str = "kalshi", **raw: Any) -> Any:
    scene = stage(name, **raw)
    scene.exchange.answer = scene.exchange.keep
    return scene


async def test_an_order_is_a_limited_purchase_of_shares() -> None:
    scene = accepting()

    answer = await scene.venue.place(order(min_odds=Decimal("2.03")))

    name = dialects.name_of("x-1:1:0")
    assert scene.exchange.posted == [
        {
            "handle": "RAIN:YES",
            "price": 0.49,
            "amount": 20.4,
            "client_order_id": name,
            "timeInForce": "IOC",
        }
    ]
    assert isinstance(answer, Accepted)
    assert answer.report.filled == Decimal("9.996")
    assert answer.report.filled * answer.report.odds == pytest.approx(Decimal("20.4"))
    assert answer.report.final


@pytest.mark.parametrize(
    ("name", "wanted", "called"),
    [("kalshi", "FOK", "FOK"), ("limitless", "IOC", "FAK"), ("limitless", "FOK", "FOK")],
)
async def test_in_force_has_the_exchanges_name(name: str, wanted: str, called: str) -> None:
    scene = accepting(name, time_in_force=wanted)

    await scene.venue.place(order())

    assert scene.exchange.posted[0]["timeInForce"] == called


async def test_two_at_once_are_one_order() -> None:
    scene = accepting()

    answers = await asyncio.gather(*(scene.venue.place(order()) for _ in range(3)))

    assert {type(answer) for answer in answers} == {Accepted}
    assert len(scene.exchange.posted) == 1


async def test_a_lost_answer_is_unknown_and_found_by_its_name() -> None:
    scene = stage()
    scene.exchange.answer = losing(scene.exchange)

    placed = await scene.venue.place(order())
    found = await scene.venue.find(order())

    assert type(placed) is Unknown
    assert isinstance(found, Found)
    assert found.report.status is OrderStatus.FILLED


async def test_a_lost_answer_of_an_exchange_without_names_stays_unknown() -> None:
    scene = stage("limitless")
    scene.exchange.answer = losing(scene.exchange)

    assert type(await scene.venue.place(order())) is Unknown
    assert type(await scene.venue.find(order())) is Unknown
    assert type(await scene.venue.place(order())) is Unknown
    assert len(scene.exchange.posted) == 1


@pytest.mark.parametrize("name", ["kalshi", "limitless", "polymarket"])
async def test_an_order_of_an_earlier_life_is_never_sent_again(name: str) -> None:
    scene = stage(name)
    scene.venue.watch(order())

    assert type(await scene.venue.place(order())) is Unknown
    assert type(await scene.venue.find(order())) is Unknown
    assert scene.exchange.posted == []


async def test_where_nobody_refuses_a_copy_one_that_looks_alike_stops_the_order() -> None:
    exchange = Exchange()
    exchange.answer = exchange.keep
    await stage("limitless", exchange).venue.place(order())

    answer = await stage("limitless", exchange).venue.place(order())

    assert isinstance(answer, Unknown)
    assert "o1" in answer.reason
    assert len(exchange.posted) == 1


async def test_the_next_life_finds_it_with_a_later_sequence() -> None:
    scene = accepting()
    placed = await scene.venue.place(order())
    scene.exchange.rows["o1"]["status"] = "canceled"
    again = stage(exchange=scene.exchange)
    again.clock.time_ms += 1
    again.venue.watch(order())

    found = await again.venue.find(order())

    assert isinstance(placed, Accepted)
    assert isinstance(found, Found)
    assert found.report.sequence > placed.report.sequence


async def test_what_says_nothing_new_keeps_its_sequence() -> None:
    scene = accepting()
    await scene.venue.place(order())
    first = await scene.venue.find(order())
    scene.clock.time_ms += 5_000

    assert await scene.venue.find(order()) == first


async def test_an_order_whose_time_is_over_is_not_sent() -> None:
    scene = accepting()

    answer = await scene.venue.place(order(expires_ms=scene.clock.time_ms))

    assert isinstance(answer, Refused)
    assert answer.code == "EXPIRED"
    assert scene.exchange.posted == []


async def test_an_order_that_has_waited_too_long_for_its_turn_is_not_sent() -> None:
    scene = stage()
    scene.exchange.answer = scene.exchange.keep
    scene.venue._pace.hold(5_000)

    answer = await scene.venue.place(order(expires_ms=scene.clock.time_ms + 2_000))

    assert type(answer) is Refused
    assert scene.exchange.rows == {}
    assert type(await scene.venue.find(order())) is Absent


@pytest.mark.parametrize("stake", ["0.99", "1000.01"])
async def test_a_stake_outside_the_settings_is_not_sent(stake: str) -> None:
    scene = accepting()

    answer = await scene.venue.place(order(stake=Decimal(stake)))

    assert isinstance(answer, Refused)
    assert answer.code == "STAKE_LIMITS"
    assert scene.exchange.posted == []


async def test_an_answer_without_an_id_is_unknown() -> None:
    scene = stage("polymarket")
    scene.exchange.answer = lambda row: {**row, "id": None}

    assert type(await scene.venue.place(order())) is Unknown


async def test_what_was_cancelled_before_it_left_is_absent() -> None:
    scene = accepting()
    scene.exchange.load_outcome = stuck
    task = asyncio.create_task(scene.venue.place(order()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert type(await scene.venue.find(order())) is Absent


async def test_what_was_cancelled_after_it_left_is_looked_for() -> None:
    left = asyncio.Event()

    async def sent_and_stuck(url: str, method: str, headers: Any, body: Any) -> Any:
        if method == "POST":
            scene.exchange.keep(body)
            left.set()
            await stuck()
        return None

    scene = stage(exchange=broken_off(sent_and_stuck))
    task = asyncio.create_task(scene.venue.place(order()))
    await left.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert type(await scene.venue.find(order())) is Found
    assert type(await scene.venue.place(order())) is Accepted
    assert len(scene.exchange.posted) == 1


def broken_off(fetch: Any) -> Any:
    kind = type("BrokenOff", (Exchange,), {"fetch": lambda self, *sent: fetch(*sent)})
    return kind()


async def stuck(*_: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("word", "filled", "status", "final"),
    [
        ("open", 0.0, OrderStatus.OPEN, False),
        ("open", 5.0, OrderStatus.OPEN, False),
        ("closed", 20.0, OrderStatus.FILLED, True),
        ("closed", 0.0, OrderStatus.OPEN, False),  # its fills are still to come
        ("canceled", 0.0, OrderStatus.CANCELLED, True),
        ("canceled", 5.0, OrderStatus.CANCELLED, True),
        ("expired", 5.0, OrderStatus.CANCELLED, True),
        ("whatever is new", 5.0, OrderStatus.OPEN, False),
        (None, 5.0, OrderStatus.OPEN, False),
    ],
)
async def test_states(word: str | None, filled: float, status: OrderStatus, final: bool) -> None:
    scene = accepting()
    scene.exchange.answer = lambda row: scene.exchange.keep(
        {**row, "status": word, "filled": filled}
    )

    answer = await scene.venue.place(order())

    assert isinstance(answer, Accepted)
    report = answer.report
    assert (report.status, report.filled, report.final) == (
        status,
        Decimal(str(filled)) / 2,
        final,
    )


async def test_a_cancel_is_believed_when_the_order_says_so() -> None:
    scene = accepting()
    scene.exchange.answer = lambda row: scene.exchange.keep({**row, "status": "open", "filled": 0})
    await scene.venue.place(order())

    still_open = await scene.venue.cancel(order())
    scene.exchange.rows["o1"]["status"] = "canceled"
    over = await scene.venue.cancel(order())

    assert type(still_open) is Unknown
    assert isinstance(over, Accepted)
    assert over.report.status is OrderStatus.CANCELLED


async def test_a_cancel_of_what_is_not_found_is_unknown() -> None:
    scene = stage()

    assert type(await scene.venue.cancel(order())) is Unknown


async def test_reading_that_fails_is_unknown() -> None:
    scene = accepting()
    await scene.venue.place(order())
    scene.exchange.broken = errors.ExchangeNotAvailable("away")

    assert type(await scene.venue.find(order())) is Unknown
    assert type(await scene.venue.cancel(order())) is Unknown
