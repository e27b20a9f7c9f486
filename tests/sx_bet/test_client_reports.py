"""Reports: from the stream while it works, from looking while it does not; the same from both."""

import asyncio
from typing import Any

import pytest

from tests.sx_bet.client_scene import Scene, fake, listening, play
from xarb_runtime.domain.orders import Accepted, OrderReport, OrderStatus, Unknown

ORDERS = f"account:orders_v3_#{fake.ADDRESS}"
FILLS = f"account:fills_v3_#{fake.ADDRESS}"


def last(heard: list[OrderReport], client_id: str = "x-1:1:0") -> OrderReport:
    """Return the newest report of an order, after checking that they are in order."""
    about = [report for report in heard if report.client_id == client_id]
    assert about
    sequences = [report.sequence for report in about]
    assert sequences == sorted(set(sequences))
    return about[-1]


@pytest.mark.parametrize("section", [{}, {"realtime_url": ""}])
def test_an_order_is_followed_until_it_is_final(section: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> OrderReport:
        async with stage.venue(**section) as venue, listening(venue) as heard:
            await venue.heartbeat()
            await venue.place(stage.order())
            await stage.clock.sleep_ms(20_000)
            assert venue.figures()["orders_followed"] == 0
            looks = stage.sent("GET /orders-v3/")
            await stage.clock.sleep_ms(600_000)
            assert stage.sent("GET /orders-v3/") == looks  # nobody looks at what is settled
            return last(heard)

    report = play(scene)

    assert (report.status, report.filled, report.odds) == (OrderStatus.FILLED, 10, 2)
    assert report.final


@pytest.mark.parametrize("section", [{}, {"realtime_url": ""}])
def test_a_fill_that_fails_is_taken_back(section: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> list[OrderReport]:
        async with stage.venue(**section) as venue, listening(venue) as heard:
            await venue.heartbeat()
            stage.fate(fails=True)
            answer = await venue.place(stage.order())
            assert isinstance(answer, Accepted)
            assert answer.report.filled == 10
            await stage.clock.sleep_ms(20_000)
            return heard

    report = last(play(scene))

    assert (report.status, report.filled, report.final) == (OrderStatus.REVERSED, 0, True)


def test_the_stream_is_quicker_than_looking() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(poll_pause="1h") as venue, listening(venue) as heard:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            await venue.place(stage.order())
            await stage.clock.sleep_ms(6_000)

            assert last(heard).final

    play(scene)


@pytest.mark.parametrize("kind", ["drop", "repeat", "swap"])
@pytest.mark.parametrize("channel", [ORDERS, FILLS])
def test_a_stream_that_stammers_changes_nothing(kind: str, channel: str) -> None:
    async def scene(stage: Scene) -> OrderReport:
        async with stage.venue() as venue, listening(venue) as heard:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            stage.control.stream_fault(kind, channel, times=2)
            await venue.place(stage.order())
            await stage.clock.sleep_ms(60_000)
            return last(heard)

    report = play(scene)

    assert (report.status, report.filled, report.final) == (OrderStatus.FILLED, 10, True)


@pytest.mark.parametrize("change", [lambda _: None, lambda _: "what?", lambda _: {"status": "NEW"}])
def test_a_word_that_is_no_sense_is_left_to_looking(change: Any) -> None:
    async def scene(stage: Scene) -> OrderReport:
        async with stage.venue() as venue, listening(venue) as heard:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            stage.control.stream_fault("rewrite", FILLS, times=5, change=change)
            await venue.place(stage.order())
            await stage.clock.sleep_ms(60_000)
            assert venue.figures()["stream_up"] == 1
            return last(heard)

    assert play(scene).final


def test_what_happened_while_the_stream_was_down_is_read() -> None:
    async def scene(stage: Scene) -> None:
        section = {"time_in_force": "GTC", "poll_pause": "1h"}
        async with stage.venue(**section) as venue, listening(venue) as heard:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            stage.fate(holds=True)
            await venue.place(stage.order())
            stage.control.realtime.away = True
            stage.control.drop_streams()
            await stage.clock.sleep_ms(100)
            assert venue.figures()["stream_up"] == 0
            assert not venue.ears.account_is_live  # type: ignore[attr-defined]
            stage.control.fill(stage.control.truth()[0].id)
            await stage.clock.sleep_ms(10_000)
            stage.control.realtime.away = False
            await stage.clock.sleep_ms(60_000)

            assert venue.figures()["stream_up"] == 1
            assert last(heard).status is OrderStatus.FILLED

    play(scene)


def test_a_gap_in_the_stream_is_filled_by_looking() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(poll_pause="1h") as venue, listening(venue) as heard:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            stage.control.stream_fault("drop", FILLS, times=2)
            await venue.place(stage.order("x-1"))
            await stage.clock.sleep_ms(20_000)
            assert not last(heard, "x-1").final
            await venue.place(stage.order("x-2"))
            await stage.clock.sleep_ms(2_000)  # sooner than anybody would look

            assert last(heard, "x-1").final

    play(scene)


def test_a_stream_that_falls_silent_is_opened_again() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            stage.control.realtime.pings = False
            tokens = stage.sent("GET /user/realtime-token")
            await stage.clock.sleep_ms(120_000)

            assert stage.sent("GET /user/realtime-token") > tokens

    play(scene)


def test_pings_are_answered() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            await stage.clock.sleep_ms(600_000)

            assert venue.figures()["stream_up"] == 1
            assert stage.sent("GET /user/realtime-token") == 1

    play(scene)


@pytest.mark.parametrize("code", [3000, 3001, 3005, 3010])
def test_a_stream_that_is_closed_is_opened_again(code: int) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            await stage.clock.sleep_ms(1_000)
            await stage.control.close_streams(code, "bye")
            await stage.clock.sleep_ms(5_000)

            assert venue.figures()["stream_up"] == 1

    play(scene)


def test_a_key_that_opens_no_stream_is_not_hammered() -> None:
    async def scene(stage: Scene) -> None:
        stage.control.fault("error", "GET /user/realtime-token*", times=100, status=401)
        async with stage.venue() as venue:
            await stage.clock.sleep_ms(240_000)

            assert venue.figures()["stream_up"] == 0
            assert stage.sent("GET /user/realtime-token") == 1
            assert isinstance(await venue.place(stage.order()), Accepted)

    play(scene)


def test_a_token_in_the_usual_wrapping_is_taken_too() -> None:
    async def scene(stage: Scene) -> None:
        stage.control.fault(
            "rewrite",
            "GET /user/realtime-token*",
            change=lambda body: {"status": "success", "data": body},
        )
        async with stage.venue() as venue:
            await stage.clock.sleep_ms(2_000)

            assert venue.figures()["stream_up"] == 1

    play(scene)


def test_an_order_of_an_earlier_process_is_reported() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue() as venue:
            await venue.place(order)
        async with stage.venue() as venue:
            venue.watch(order)
            async with listening(venue) as heard:
                await stage.clock.sleep_ms(20_000)

                assert last(heard).final

    play(scene)


def test_whoever_listens_later_hears_what_is_known() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.place(stage.order())
            await stage.clock.sleep_ms(20_000)
            async with listening(venue) as heard, listening(venue) as too:
                await asyncio.sleep(0.1)

                assert last(heard).final
                assert heard == too

    play(scene)


def test_a_new_process_reports_no_step_back() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue() as venue, listening(venue) as first:
            await venue.place(order)
            await stage.clock.sleep_ms(20_000)
        async with stage.venue() as venue:
            venue.watch(order)
            async with listening(venue) as second:
                await stage.clock.sleep_ms(20_000)

        assert last(second) == last(first)

    play(scene)


def test_an_order_that_never_arrived_is_not_looked_for_for_ever() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault("reset", "POST /orders-v3")
            assert isinstance(await venue.place(stage.order()), Unknown)
            await stage.clock.sleep_ms(300_000)

            assert venue.figures()["orders_followed"] == 0

    play(scene)


def test_nothing_is_left_behind() -> None:
    async def scene(stage: Scene) -> None:
        before = asyncio.all_tasks()
        async with stage.venue() as venue, listening(venue):
            await venue.place(stage.order())
        await stage.clock.sleep_ms(1_000)

        left = [it.get_name() for it in asyncio.all_tasks() - before]
        assert not [it for it in left if "sx_bet" in it]
        assert stage.control.streams == 0

    play(scene)
