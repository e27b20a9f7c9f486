"""
What becomes of an order at a ghost, and what is reported about it.
"""

import asyncio
from decimal import Decimal
from typing import Any

from tests.plugins.stage import ID, at, heard, play, shape
from tests.plugins.worlds import CLOCK, ghost, order, run, settings
from xarb_runtime.domain.orders import (
    Accepted,
    Refused,
)


def test_reports_tell_what_becomes_of_the_order() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        reports = await heard(venue, 5_000)
        assert shape(reports) == [("open", "33.30"), ("filled", "100")]
        assert [report.time_ms for report in reports] == [1_000, 2_500]
        assert [report.sequence for report in reports] == [2, 3]
        assert [str(report.odds) for report in reports] == ["2.05", "2.00"]

    timeline = [
        {"after": "1s", "status": "open", "filled": "0.333", "odds": "2.05"},
        {"after": "2.5s", "odds": "2.00"},
    ]
    play(scene, orders=[{"reports": timeline}])


def test_a_report_can_be_late_lost_and_doubled() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        reports = await heard(venue, 5_000)
        assert shape(reports) == [("open", "50.00"), ("open", "10.00"), ("open", "10.00")]
        assert Decimal(100) == venue.book.orders[ID].filled

    timeline = [
        {"after": "100ms", "status": "open", "filled": "0.1", "delay": "2s", "repeat": 1},
        {"after": "200ms", "status": "open", "filled": "0.5"},
        {"after": "300ms", "status": "filled", "lost": True},
    ]
    play(scene, orders=[{"reports": timeline}])


def test_old_news_is_reported_and_changes_nothing() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        reports = await heard(venue, 5_000)
        assert [(*shape([report])[0], report.sequence) for report in reports] == [
            ("filled", "100", 9),
            ("open", "50.00", 4),
        ]
        assert Decimal(100) == venue.book.orders[ID].filled

    timeline = [
        {"after": "100ms", "status": "filled", "sequence": 9},
        {"after": "200ms", "status": "open", "filled": "0.5", "sequence": 4},
    ]
    play(scene, orders=[{"reports": timeline}])


def test_an_acceptance_can_be_taken_back() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order())
        assert not answer.report.final
        reports = await heard(venue, 5_000)
        assert shape(reports) == [("filled", "100"), ("reversed", "25.00")]
        assert reports[-1].code == "VOID"
        assert reports[-1].final

    timeline = [
        {"after": "50ms"},
        {"after": "2s", "status": "reversed", "filled": "0.25", "code": "VOID"},
    ]
    play(scene, capabilities={"final_at_once": False}, orders=[{"reports": timeline}])


def test_an_acceptance_becomes_final_by_itself() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        reports = await heard(venue, 5_000)
        assert [(it.time_ms, it.final) for it in reports] == [(50, False), (3_050, True)]

    play(scene, capabilities={"final_at_once": False}, final_after="3s")


def test_what_was_taken_back_does_not_become_final_as_filled() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        reports = await heard(venue, 10_000)
        assert shape(reports) == [("filled", "100"), ("reversed", "0.00")]

    timeline = [{"after": "50ms"}, {"after": "1s", "status": "reversed"}]
    orders = [{"reports": timeline}]
    play(scene, capabilities={"final_at_once": False}, final_after="3s", orders=orders)


def test_what_is_due_at_the_same_moment_as_the_answer_is_in_the_answer() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order())
        assert shape([answer.report]) == [("open", "60.00")]

    timeline = [{"after": "80ms", "status": "open", "filled": "0.6"}, {"after": "81ms"}]
    play(scene, orders=[{"after": "80ms", "reports": timeline}])


def test_a_new_connection_hears_everything_unless_the_script_says_otherwise() -> None:
    async def scene(replays: bool) -> int:
        script = settings(replays_reports=replays)
        async with ghost.open_exchange("sx", script, CLOCK) as exchange:
            await ghost.GhostVenue(exchange).place(order())
            return len(await heard(ghost.GhostVenue(exchange), 1_000))

    assert [run(scene(True)), run(scene(False))] == [1, 0]


def test_a_venue_goes_on_while_nobody_is_connected() -> None:
    async def scene() -> None:
        async with ghost.open_exchange("sx", settings(), CLOCK) as exchange:
            task = asyncio.create_task(ghost.GhostVenue(exchange).place(order()))
            await CLOCK.sleep_ms(10)
            task.cancel()
            await CLOCK.sleep_ms(1_000)
            answer = await ghost.GhostVenue(exchange).find(order(ID))
            assert shape([answer.report]) == [("filled", "100")]

    run(scene())


def test_a_venue_that_is_opened_again_goes_on_where_its_book_ends() -> None:
    async def scene() -> None:
        script = settings(orders=[{"reports": [{"after": "5s"}]}, {"answer": "refused"}])
        async with ghost.open_exchange("sx", script, CLOCK) as exchange:
            await ghost.GhostVenue(exchange).place(order())
        await at(3_000)
        async with ghost.open_exchange("sx", script, CLOCK, exchange.book) as again:
            venue = ghost.GhostVenue(again)
            assert isinstance(await venue.place(order()), Accepted)
            assert isinstance(await venue.place(order("x-2:1:0")), Refused)
            assert [it.time_ms for it in await heard(venue, 5_000)] == [5_000]

    run(scene())
