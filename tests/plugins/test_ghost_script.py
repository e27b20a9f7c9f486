"""
What the keys of a ghost's script do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.plugins.worlds import CLOCK, OVER, REGISTRY, ghost, order, run, settings
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    OrderReport,
    Refused,
    Unknown,
)

T = TypeVar("T")
ID = "x-1:1:0"


def play(scene: Callable[[Any], Awaitable[T]], **raw: Any) -> T:
    """Play a scene with one ghost, in virtual time that begins at 0."""

    async def scenery() -> T:
        spec = REGISTRY.venue("ghost")
        async with spec.open("sx", settings(**raw), CLOCK) as venue:
            return await scene(venue)

    return run(scenery())


async def timed(answer: Awaitable[T]) -> tuple[int, T]:
    start_ms = CLOCK.now_ms()
    return CLOCK.now_ms() - start_ms, await answer


async def at(moment_ms: int) -> None:
    await CLOCK.sleep_ms(moment_ms - CLOCK.now_ms())


async def heard(venue: Any, for_ms: int) -> list[OrderReport]:
    """Everything that is reported until so long after now."""
    reports: list[OrderReport] = []

    async def listen() -> None:
        async for report in venue.reports():
            reports.append(report)  # noqa: PERF401 -- what was heard stays when this is cancelled

    listener = asyncio.create_task(listen())
    await CLOCK.sleep_ms(for_ms)
    listener.cancel()
    await asyncio.wait([listener])
    return reports


def shape(reports: list[OrderReport]) -> list[tuple[str, str]]:
    return [(report.status.value, str(report.filled)) for report in reports]


# -- place ---------------------------------------------------------------------------------------


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
        assert isinstance(await venue.cancel(ID), CancelRefused)
        assert isinstance(await task, Accepted)
        assert venue.book.orders[ID].taken_ms == 1_000

    play(scene, latency="0ms", orders=[{"after": "1s", "takes_after": "1s"}])


def test_an_order_that_arrives_after_it_expired_is_refused() -> None:
    async def scene(venue: Any) -> None:
        answer = await venue.place(order(expires_ms=900))
        assert Refused("EXPIRED") == answer
        assert venue.book.orders == {}
        assert isinstance(await venue.find(ID), Absent)

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


# -- reports -------------------------------------------------------------------------------------


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
            answer = await ghost.GhostVenue(exchange).find(ID)
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


# -- cancel --------------------------------------------------------------------------------------

OPEN = [{"after": "100ms", "status": "open", "filled": "0.2"}, {"after": "9s"}]


def cancelling(how: dict[str, Any], **raw: Any) -> tuple[Any, Any, list[OrderReport]]:
    async def scene(venue: Any) -> Any:
        await venue.place(order())
        await at(1_000)
        answer = await venue.cancel(ID)
        return answer, venue.book.orders[ID], await heard(venue, 20_000)

    return play(scene, orders=[{"reports": OPEN, "cancel": how}], **raw)


def test_a_cancelled_order_does_not_fill_any_more() -> None:
    answer, entry, reports = cancelling({"code": "USER"})

    assert shape([answer.report]) == [("cancelled", "20.00")]
    assert shape(reports) == [("open", "20.00"), ("cancelled", "20.00")]
    assert (entry.code, entry.final) == ("USER", True)


def test_a_fill_can_come_before_the_cancel() -> None:
    answer, _, reports = cancelling({"filled_first": "0.7"})

    assert shape([answer.report]) == [("cancelled", "70.00")]
    assert shape(reports) == [("open", "20.00"), ("open", "70.00"), ("cancelled", "70.00")]


@pytest.mark.parametrize("answer", ["cancelled", "refused"])
def test_a_cancel_can_lose_against_a_complete_fill(answer: str) -> None:
    said, entry, _ = cancelling({"answer": answer, "filled_first": "1", "reason": "gone"})

    assert entry.status.value == "filled"
    assert said == (CancelRefused("gone") if answer == "refused" else Accepted(entry.report()))


def test_a_refused_cancel_leaves_the_order_alone() -> None:
    answer, entry, reports = cancelling({"answer": "refused", "reason": "no"})

    assert (CancelRefused("no"), "open") == (answer, entry.status.value)
    assert shape(reports)[-1] == ("filled", "100")


@pytest.mark.parametrize(("takes", "status"), [(True, "cancelled"), (False, "open")])
def test_a_cancel_whose_answer_says_nothing_may_have_worked(takes: bool, status: str) -> None:
    answer, entry, _ = cancelling({"answer": "unknown", "takes": takes})

    assert isinstance(answer, Unknown)
    assert status == entry.status.value


def test_a_cancel_that_is_not_answered_may_have_worked() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await venue.cancel(ID)
        assert venue.book.orders[ID].status.value == "cancelled"
        assert await heard(venue, 1_000) == []

    cancel = {"answer": "silence", "takes": True, "lost": True}
    play(scene, orders=[{"reports": [], "cancel": cancel}])


def test_cancelling_what_has_ended_tells_how_it_ended() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        answer = await venue.cancel(ID)
        assert shape([answer.report]) == [("filled", "100")]

    play(scene)


@pytest.mark.parametrize("raw", [{}, {"capabilities": {"cancel": False}}])
def test_what_cannot_be_cancelled_is_refused(raw: dict[str, Any]) -> None:
    async def scene(venue: Any) -> None:
        if raw:
            await venue.place(order())
        assert isinstance(await venue.cancel(ID), CancelRefused)

    play(scene, default={"reports": []}, **raw)


# -- find ----------------------------------------------------------------------------------------


def test_find_tells_the_truth_even_if_no_report_does() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        answer = await venue.find(ID)
        assert isinstance(answer, Found)
        assert shape([answer.report]) == [("filled", "100")]

    play(scene, orders=[{"reports": [{"lost": True}]}])


def test_an_order_is_found_only_after_a_while() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await at(1_999)
        assert isinstance(await venue.find(ID), Unknown)
        assert isinstance(await venue.find(ID), Found)

    play(scene, orders=[{"find": {"found_after": "2s", "after": "1ms"}}])


def test_absence_is_proved_only_after_a_while() -> None:
    async def scene(venue: Any) -> None:
        assert isinstance(await venue.place(order()), Unknown)
        await at(1_999)
        assert isinstance(await venue.find(ID), Unknown)
        assert isinstance(await venue.find(ID), Absent)

    find = {"answer": "absent", "absent_after": "2s", "after": "1ms"}
    play(scene, orders=[{"answer": "unknown", "find": find}])


def test_what_is_absent_stays_absent() -> None:
    async def scene(venue: Any) -> None:
        assert isinstance(await venue.find(ID), Absent)
        assert Refused("ABSENT") == await venue.place(order())
        assert venue.book.orders == {}

    play(scene)


def test_nobody_can_say_what_is_still_on_its_way() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(ConnectionError):
            await venue.place(order())
        assert isinstance(await venue.find(ID), Unknown)
        await at(3_000)
        assert isinstance(await venue.find(ID), Found)

    play(scene, orders=[{"answer": "error", "takes": True, "takes_after": "2s"}])


def test_find_can_say_nothing_at_all() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await venue.place(order("x-2:1:0"))
        assert isinstance(await venue.find(ID), Unknown)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await venue.find("x-2:1:0")

    play(scene, orders=[{"find": {"answer": "unknown"}}, {"find": {"answer": "silence"}}])


# -- quotes --------------------------------------------------------------------------------------


def test_quotes_follow_the_script_and_then_the_prices() -> None:
    async def scene(venue: Any) -> None:
        first, second = await venue.quote(OVER), await venue.quote(OVER)
        with pytest.raises(LookupError, match="sx has no price for ou25/over"):
            await venue.quote(OVER)
        third = await venue.quote(OVER)

        assert [str(it.odds) for it in (first, second, third)] == ["2.2", "1.9", "2"]
        assert (Decimal(5), Decimal(60)) == (first.min_stake, first.max_stake)
        assert (Decimal(1), Decimal(0)) == (second.min_stake, second.max_stake)
        assert (first.selection, first.time_ms) == (OVER, 30)

    quotes = [
        {"odds": "2.2", "after": "30ms", "min_stake": "5", "max_stake": "60"},
        {"odds": "1.9", "max_stake": "0"},
        {"fail": True},
    ]
    play(scene, quotes=quotes, prices={"ou25/over": "2"})


def test_a_quote_can_be_for_one_selection_only() -> None:
    async def scene(venue: Any) -> None:
        assert [str((await venue.quote(OVER)).odds) for _ in range(2)] == ["2", "3"]

    quotes = [
        {"odds": "9", "only": "ou25/under"},
        {"odds": "2"},
        {"odds": "3", "only": "ou25/over"},
    ]
    play(scene, quotes=quotes)


def test_a_quote_can_stay_away() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await venue.quote(OVER)

    play(scene, quotes=[{"silence": True}])


def test_prices_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"ou25/over": "1.83", "ou25/under": 2.47}')

    async def scene(venue: Any) -> str:
        return str((await venue.quote(OVER)).odds)

    assert play(scene, price_file=str(file)) == "1.83"
    assert play(scene, price_file=str(file), prices={"ou25/over": "1.9"}) == "1.9"


@pytest.mark.parametrize("content", ["[]", '{"a/b": "x"}', '{"a/b": "0.9"}', "{"])
def test_a_price_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(content)

    async def scene(_: Any) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match=r"price_file .*prices\.json: "):
        play(scene, price_file=str(file))


# -- out of reach, and heartbeats ------------------------------------------------------------------


def test_while_it_is_down_every_call_fails_and_reports_wait() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await at(1_000)
        calls = (
            venue.place(order("x-2:1:0")),
            venue.cancel(ID),
            venue.find(ID),
            venue.quote(OVER),
            venue.heartbeat(),
        )
        for call in calls:
            with pytest.raises(ConnectionError):
                await call
        assert await heard(venue, 999) == []
        assert shape(await heard(venue, 2)) == [("filled", "100")]
        assert isinstance(await venue.find(ID), Found)

    timeline = [{"after": "1.5s"}]
    play(scene, orders=[{"reports": timeline}], down=[{"from": "1s", "until": "2s"}])


def test_an_answer_is_lost_when_the_venue_goes_down_meanwhile() -> None:
    async def scene(venue: Any) -> None:
        with pytest.raises(ConnectionError):
            await venue.place(order())
        assert list(venue.book.orders) == [ID]

    play(scene, orders=[{"after": "2s"}], down=[{"from": "1s"}])


def test_heartbeats_fail_while_the_script_says_so() -> None:
    async def scene(venue: Any) -> None:
        await venue.heartbeat()
        await at(1_000)
        with pytest.raises(ConnectionError):
            await venue.heartbeat()
        await at(2_000)
        await venue.heartbeat()

    play(scene, heartbeat={"fail_from": "1s", "fail_until": "2s"})


DEAD_MAN = {"capabilities": {"dead_man_heartbeat": True}, "orders": [{"reports": OPEN}]}


async def _beat(venue: Any, until_ms: int) -> None:
    while CLOCK.now_ms() < until_ms:
        await venue.heartbeat()
        await CLOCK.sleep_ms(450)


def test_the_venue_cancels_when_heartbeats_stop() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await _beat(venue, 2_000)
        reports = await heard(venue, 8_000)
        assert shape(reports) == [("open", "20.00"), ("cancelled", "20.00")]
        assert (reports[-1].code, reports[-1].time_ms) == ("HEARTBEAT_TIMEOUT", 2_550)

    play(scene, heartbeat={"timeout": "1s"}, **DEAD_MAN)


@pytest.mark.parametrize(
    "raw", [{"heartbeat": {"timeout": "1s", "cancels_orders": False}}, {"heartbeat": {}}]
)
def test_the_venue_leaves_orders_alone_unless_it_is_told_to(raw: dict[str, Any]) -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        await _beat(venue, 2_000)
        assert shape(await heard(venue, 8_000))[-1] == ("filled", "100")

    play(scene, **raw, **DEAD_MAN)


def test_a_venue_that_never_heard_a_heartbeat_does_not_miss_one() -> None:
    async def scene(venue: Any) -> None:
        await venue.place(order())
        assert shape(await heard(venue, 10_000))[-1] == ("filled", "100")

    play(scene, heartbeat={"timeout": "1s"}, **DEAD_MAN)


# -- as a whole ----------------------------------------------------------------------------------


def test_nothing_is_left_running_when_the_venue_is_closed() -> None:
    async def scene() -> None:
        async with ghost.open_ghost("sx", settings(orders=[{"reports": OPEN}]), CLOCK) as venue:
            await venue.place(order())
            await venue.heartbeat()
        assert {asyncio.current_task()} == asyncio.all_tasks()

    run(scene())


def test_an_error_of_whoever_uses_the_venue_comes_out_as_it_is() -> None:
    async def scene() -> None:
        async with ghost.open_ghost("sx", settings(), CLOCK):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(scene())


def test_two_runs_of_one_script_are_the_same() -> None:
    async def scene(venue: Any) -> Any:
        for number in range(5):
            await venue.place(order(f"x-{number}:1:0"))
        reports = await heard(venue, 60_000)
        return reports, venue.book.to_json(), venue.book.history

    script = {"calibrated": "sx", "seed": 3}
    assert play(scene, **script) == play(scene, **script)


def test_what_a_ghost_can_do_is_what_its_settings_say() -> None:
    spec = REGISTRY.venue("ghost")

    assert spec.capabilities(settings()).partial_fills
    assert not spec.capabilities(settings(calibrated="azuro")).cancel
    assert not spec.capabilities(settings(calibrated="sx")).final_at_once
    assert Decimal(7) == spec.capabilities(settings(capabilities={"min_stake": 7})).min_stake
