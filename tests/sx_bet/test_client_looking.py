"""Looking orders up, and cancelling them: what is proven, and what is only likely."""

import importlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.sx_bet.client_scene import Scene, fake, play
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    Found,
    OrderStatus,
    Unknown,
)
from xarb_runtime.testing.clock import KitClock

DELETE = "DELETE /orders-v3"
MARGINS_MS = 20_000 + 15_000


# -- Looking up ------------------------------------------------------------------------------------


def test_an_order_that_never_arrived_is_absent_only_when_it_can_arrive_no_more() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            order = stage.order(within_ms=1_000)
            stage.control.fault("reset", "POST /orders-v3")
            assert isinstance(await venue.place(order), Unknown)

            assert isinstance(await venue.find(order), Unknown)
            await stage.clock.sleep_ms(MARGINS_MS - 2_000)
            assert isinstance(await venue.find(order), Unknown)
            await stage.clock.sleep_ms(5_000)
            assert isinstance(await venue.find(order), Absent)

    play(scene)


def test_a_clock_that_is_ahead_proves_nothing() -> None:
    async def scene(stage: Scene) -> None:
        own = KitClock()
        stage = msgspec.structs.replace(stage, clock=own)
        async with stage.venue() as venue:
            await venue.heartbeat()
            order = stage.order(within_ms=1_000)
            own.step(600_000)

            assert isinstance(await venue.find(order), Unknown)

    play(scene)


def test_an_account_that_is_not_named_proves_nothing() -> None:
    """To the key of another account every order is *not found*."""

    async def scene(stage: Scene) -> None:
        stage.control.fault(
            "rewrite",
            "GET /user/balance-v3",
            times=1000,
            change=lambda body: {**body, "data": {"balances": []}},
        )
        async with stage.venue() as venue:
            assert isinstance(await venue.find(stage.order(within_ms=-100_000)), Unknown)

    play(scene)


def test_an_order_that_arrives_late_is_found() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(request_timeout="1s", max_wait="500ms") as venue:
            order = stage.order()
            stage.control.fault("late", "POST /orders-v3", ms=10_000)

            assert isinstance(await venue.place(order), Unknown)
            assert isinstance(await venue.find(order), Unknown)
            await stage.clock.sleep_ms(10_000)
            assert isinstance(await venue.find(order), Found)

    play(scene)


@pytest.mark.parametrize("looks", [1, 3])
def test_an_order_that_is_indexed_late_is_found_in_the_end(looks: int) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.fate(hidden_looks=looks)
            stage.control.fault("lost", "POST /orders-v3")
            order = stage.order()
            await venue.place(order)
            answers = [await venue.find(order) for _ in range(looks + 2)]

            assert all(isinstance(it, Unknown | Found) for it in answers)
            last = answers[-1]
            assert isinstance(last, Found)
            assert last.report.filled == 10

    play(scene)


def test_fills_that_are_indexed_late_are_waited_for() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order(within_ms=60_000)
        async with stage.venue(realtime_url="") as venue:
            await venue.heartbeat()
            stage.control.fault("lost", "POST /orders-v3")
            await venue.place(order)
            early = await venue.find(order)
            assert isinstance(early, Unknown) or not early.report.final  # type: ignore[union-attr]
            await stage.clock.sleep_ms(20_000)
            found = await venue.find(order)

            assert isinstance(found, Found)
            assert (found.report.filled, found.report.final) == (10, True)

    play(scene, fake.FakeSettings(index="5s"))


def test_another_process_finds_the_same() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue() as venue:
            await venue.place(order)
            await stage.clock.sleep_ms(10_000)
            first = await venue.find(order)
        async with stage.venue() as venue:
            assert await venue.find(order) == first

    play(scene)


def test_other_margins_find_the_same_order() -> None:
    """The id has changed with the expiry; the other name has not."""

    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue() as venue:
            await venue.place(order)
        async with stage.venue(expiry_margin="25s") as venue:
            found = await venue.find(order)

            assert isinstance(found, Found)
            assert found.report.filled == 10

    play(scene)


def test_fills_are_found_where_their_filter_is_not_known() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(realtime_url="") as venue:
            await venue.place(stage.order("x-1"))
            other = stage.order("x-2")
            stage.control.fault("lost", "POST /orders-v3")
            await venue.place(other)
            stage.control.fault("error", "GET /fills-v3", status=400)
            found = await venue.find(other)

            assert isinstance(found, Found)
            assert found.report.filled == 10

    play(scene)


@pytest.mark.parametrize("kind", ["reset", "garbage", "error"])
def test_what_cannot_be_read_is_unknown(kind: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault(kind, "GET /orders-v3/*", times=50)

            assert isinstance(await venue.find(stage.order(within_ms=-100_000)), Unknown)

    play(scene)


@pytest.mark.parametrize("answers", ["<html>404</html>", '{"message":"Cannot GET /orders-v3/0x1"}'])
def test_a_path_that_is_not_found_proves_nothing(answers: str) -> None:
    found = importlib.import_module("xarb_plugins.sx_bet.inquiry")
    rest = importlib.import_module("xarb_plugins.sx_bet.rest")

    assert not found._is_absence(rest.Answer(404, answers.encode(), {}))
    assert found._is_absence(rest.Answer(404, b'{"message":"Order not found"}', {}))


def test_orders_are_followed_when_the_clock_is_set_back() -> None:
    async def scene(stage: Scene) -> None:
        own = KitClock()
        async with msgspec.structs.replace(stage, clock=own).venue(realtime_url="") as venue:
            order = stage.order()
            await venue.place(order)
            own.step(-3_600_000)
            await stage.clock.sleep_ms(60_000)

            assert venue.figures()["orders_followed"] == 0

    play(scene)


def test_a_status_of_the_row_that_nobody_knows_is_unknown() -> None:
    def change(body: Any) -> Any:
        return {**body, "data": body["data"] | {"status": "SOMETHING_NEW"}}

    async def scene(stage: Scene) -> None:
        async with stage.venue(realtime_url="") as venue:
            order = stage.order()
            stage.control.fault("lost", "POST /orders-v3")
            await venue.place(order)
            stage.control.fault("rewrite", "GET /orders-v3/*", change=change)

            assert isinstance(await venue.find(order), Unknown)

    play(scene)


def test_reading_waits_when_it_is_told_to_for_a_moment_and_is_tried_again() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            order = stage.order()
            await venue.place(order)
            stage.control.fault("limit", "GET /orders-v3/*", ms=1_000)
            before_ms = stage.clock.now_ms()

            assert isinstance(await venue.find(order), Found)
            assert stage.clock.now_ms() - before_ms >= 1_000

    play(scene)


def test_an_order_that_can_never_be_sent_is_absent() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            assert isinstance(await venue.find(stage.order(min_odds=Decimal(900))), Absent)

    play(scene)


# -- Cancelling ------------------------------------------------------------------------------------


def cancel(**fate: Any) -> tuple[CancelAnswer, Any]:
    """Let an order rest, cancel it, and return the answer and the truth."""

    async def played(stage: Scene) -> tuple[CancelAnswer, Any]:
        async with stage.venue(time_in_force="GTC", realtime_url="") as venue:
            await venue.heartbeat()
            stage.fate(holds=True, **fate)
            order = stage.order()
            await venue.place(order)
            answer = await venue.cancel(order)
            return answer, stage.control.truth()[0]

    return play(played)


def test_an_order_that_rests_is_cancelled() -> None:
    answer, truth = cancel()

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.CANCELLED, 0)
    assert answer.report.final
    assert not truth.open


def test_a_cancel_is_answered_when_it_can_be_read() -> None:
    """The order reads open for a moment after it was cancelled."""

    def open_still(body: Any) -> Any:
        return {**body, "data": body["data"] | {"status": "ACTIVE", "inactiveReason": None}}

    async def scene(stage: Scene) -> CancelAnswer:
        async with stage.venue(time_in_force="GTC", realtime_url="") as venue:
            await venue.heartbeat()
            stage.fate(holds=True)
            order = stage.order()
            await venue.place(order)
            stage.control.fault("rewrite", "GET /orders-v3/*", times=2, change=open_still)
            return await venue.cancel(order)

    answer = play(scene)

    assert isinstance(answer, Accepted)
    assert answer.report.status is OrderStatus.CANCELLED


def test_a_cancel_that_nobody_confirms_is_unknown() -> None:
    answer, truth = cancel(on_cancel="unconfirmed")

    assert isinstance(answer, Unknown)
    assert truth.open


def test_a_cancel_that_is_not_confirmed_and_has_worked_is_seen_to_have_worked() -> None:
    answer, truth = cancel(on_cancel="unconfirmed_done")

    assert isinstance(answer, Accepted)
    assert answer.report.status is OrderStatus.CANCELLED
    assert not truth.open


def test_a_cancel_that_is_refused_leaves_the_order_open() -> None:
    answer, truth = cancel(on_cancel="notCancelled")

    assert isinstance(answer, CancelRefused)
    assert truth.open


def test_an_order_that_fills_while_it_is_cancelled_is_filled() -> None:
    answer, truth = cancel(on_cancel="filled")

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.FILLED, 10)
    assert truth.filled == 10


@pytest.mark.parametrize("kind", ["lost", "garbage", "error_after", "reset"])
def test_a_cancel_without_an_answer_is_believed_only_when_it_is_seen(kind: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(time_in_force="GTC") as venue:
            await venue.heartbeat()
            stage.fate(holds=True)
            order = stage.order()
            await venue.place(order)
            stage.control.fault(kind, DELETE)
            answer = await venue.cancel(order)

            if stage.control.truth()[0].open:
                assert isinstance(answer, Unknown)
            else:
                assert isinstance(answer, Unknown | Accepted)
                assert not isinstance(answer, Accepted) or answer.report.final

    play(scene)


def test_cancelling_what_never_arrived_is_unknown() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            assert isinstance(await venue.cancel(stage.order()), Unknown)

    play(scene)


def test_cancelling_what_is_settled_asks_nobody() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            order = stage.order()
            await venue.place(order)
            await stage.clock.sleep_ms(10_000)
            answer = await venue.cancel(order)

            assert isinstance(answer, Accepted)
            assert answer.report.final
            assert stage.sent(DELETE) == 0

    play(scene)


def test_an_order_of_an_earlier_process_can_be_cancelled() -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue(time_in_force="GTC") as venue:
            await venue.heartbeat()
            stage.fate(holds=True)
            await venue.place(order)
        async with stage.venue(time_in_force="GTC") as venue:
            answer = await venue.cancel(order)

            assert isinstance(answer, Accepted)
            assert answer.report.status is OrderStatus.CANCELLED

    play(scene)
