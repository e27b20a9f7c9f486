"""
What a ghost answers when an order is placed, and what its book takes.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.stage import ID, at, heard, play, shape
from tests.plugins.worlds import CLOCK, order
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Refused,
    Unknown,
)


def test_without_a_script_an_order_is_filled_with_the_answer() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order())

        assert CLOCK.now_ms() == 50
        assert isinstance(answer, Accepted)
        assert ("filled", Decimal(100), True) == (
            answer.report.status.value,
            answer.report.filled,
            answer.report.final,
        )
        assert [answer.report] == await heard(venue, 100)

    play(scene)


def test_the_nth_order_gets_the_nth_behaviour_and_then_the_default() -> None:
    async def scene(venue: Any) -> None:
        answers = [await venue.place(order(f"x-{n}:1:0")) for n in range(3)]

        assert [Refused("A", "first"), Unknown("second"), Refused("Z", "")] == answers

    orders = [
        {"answer": "refused", "code": "A", "reason": "first"},
        {"answer": "unknown", "reason": "second"},
    ]
    play(scene, orders=orders, default={"answer": "refused", "code": "Z"})


def test_a_script_may_begin_again_after_its_last_order() -> None:
    async def scene(venue: Any) -> None:
        answers = [await venue.place(order(f"x-{n}:1:0")) for n in range(3)]

        assert [Refused("A"), Unknown("second"), Refused("A")] == answers

    orders = [{"answer": "refused", "code": "A"}, {"answer": "unknown", "reason": "second"}]
    play(scene, orders=orders, repeats_orders=True)


def test_an_order_that_is_sent_again_keeps_its_behaviour() -> None:
    async def scene(venue: Any) -> None:
        assert isinstance(await venue.place(order()), Refused)
        assert isinstance(await venue.place(order()), Refused)
        assert isinstance(await venue.place(order("x-2:1:0")), Accepted)
        assert venue.book.calls == {ID: 2, "x-2:1:0": 1}

    play(scene, orders=[{"answer": "refused"}])


def test_placing_twice_returns_the_order_that_is_there() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await venue.place(order())
        answer = await venue.place(order())

        assert isinstance(answer, Accepted)
        assert list(venue.book.orders) == [ID]
        assert venue.book.calls == {ID: 2}

    play(scene, orders=[{"answer": "silence", "takes": True}])


def test_the_answer_comes_after_its_time() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        assert CLOCK.now_ms() == 120

    play(scene, orders=[{"after": "120ms"}])


def test_an_empty_timeline_leaves_the_order_open() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order())
        assert shape([answer.report]) == [("open", "0")]
        assert await heard(venue, 10_000) == []
        assert [it.client_id for it in venue.book.open_orders()] == [ID]

    play(scene, orders=[{"reports": []}])


@pytest.mark.parametrize("answer", ["unknown", "silence", "error", "hang"])
@pytest.mark.parametrize("takes", [True, False])
def test_the_book_takes_what_it_takes_whatever_is_answered(answer: str, takes: bool) -> None:
    async def scene(venue: Any) -> None:
        task = asyncio.create_task(venue.place(order()))
        await CLOCK.sleep_ms(60_000)
        task.cancel()
        await asyncio.wait([task])
        assert takes == (ID in venue.book.orders)

    play(scene, orders=[{"answer": answer, "takes": takes}])


def test_an_error_breaks_the_connection_after_its_time() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(ConnectionError, match="cable"):
            await venue.place(order())
        assert CLOCK.now_ms() == 70

    play(scene, orders=[{"answer": "error", "after": "70ms", "reason": "cable", "takes": True}])


def test_a_hanging_call_does_not_let_itself_be_cancelled() -> None:
    async def scene(venue: Any) -> None:
        task = asyncio.create_task(venue.place(order()))
        await CLOCK.sleep_ms(100)
        task.cancel()
        await asyncio.wait([task])
        assert CLOCK.now_ms() == 2_000
        assert isinstance(task.exception(), ConnectionError)

    play(scene, orders=[{"answer": "hang", "after": "2s"}])


def test_an_order_may_travel_before_the_book_takes_it() -> None:
    async def scene(venue: Any) -> None:
        task = asyncio.create_task(venue.place(order()))
        await at(999)
        assert venue.book.orders == {}
        assert isinstance(await venue.cancel(order(ID)), CancelRefused)
        assert isinstance(await task, Accepted)
        assert venue.book.orders[ID].taken_ms == 1_000

    play(scene, latency="0ms", orders=[{"after": "1s", "takes_after": "1s"}])


def test_an_order_that_arrives_after_it_expired_is_refused() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order(expires_ms=900))
        assert Refused("EXPIRED") == answer
        assert venue.book.orders == {}
        assert isinstance(await venue.find(order(ID)), Absent)

    play(scene, orders=[{"takes_after": "1s"}])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stake": Decimal("4.99")}, "STAKE_TOO_LOW"),
        ({"stake": Decimal("500.01")}, "STAKE_TOO_HIGH"),
        ({"min_odds": Decimal("2.01")}, "ODDS_TOO_LOW"),
    ],
)
def test_the_book_refuses_what_the_venue_does_not_take(change: dict[str, Any], code: str) -> None:
    async def scene(venue: Any) -> None:
        assert Refused(code) == await venue.place(order(**change))
        assert isinstance(await venue.place(order("x-2:1:0", min_odds=Decimal(2))), Accepted)

    limits = {"min_stake": "5", "max_stake": "500"}
    play(scene, capabilities=limits, prices={"ou25/over": "2"}, checks_price=True)


def test_an_order_gets_the_price_or_the_odds_of_the_script() -> None:
    async def scene(venue: Any) -> None:
        for name in ("x-1:1:0", "x-2:1:0"):
            await venue.place(order(name))
        assert [str(it.odds) for it in venue.book.orders.values()] == ["2.4", "2.2"]

    play(scene, orders=[{"odds": "2.4"}], prices={"ou25/over": "2.2"})
