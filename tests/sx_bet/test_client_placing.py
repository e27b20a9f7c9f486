"""Placing: sent once, refused only where that is proven, and unknown otherwise."""

import asyncio
import importlib
from decimal import Decimal
from typing import Any

import pytest

from tests.sx_bet.client_scene import ONE, Scene, books, fake, place, play
from xarb_runtime.domain.orders import (
    Accepted,
    Found,
    Order,
    OrderStatus,
    PlaceAnswer,
    Unknown,
)

placing = importlib.import_module("xarb_plugins.sx_bet.placing")
rest = importlib.import_module("xarb_plugins.sx_bet.rest")

POST = "POST /orders-v3"


def test_an_order_fills() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            answer = await venue.place(stage.order())
            truth = stage.control.truth()[0]

            assert isinstance(answer, Accepted)
            assert answer.report.status is OrderStatus.FILLED
            assert (answer.report.filled, answer.report.odds) == (10, 2)
            assert not answer.report.final
            assert truth.filled == 10

    play(scene)


def test_an_order_takes_the_book_at_exactly_the_price_that_was_quoted() -> None:
    """Every price of the book, as makers can set it between 1.3 and 2.6."""
    taken = []

    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            for number in range(307, 616, 7):
                percent = 100 - Decimal(number) * Decimal("0.125")
                stage.control.empty()
                stage.control.rest(percent, Decimal(1000), on_one=False)
                await stage.clock.sleep_ms(100)
                quote = await venue.quote(ONE)
                order = stage.order(f"x-{number}", min_odds=quote.odds)
                answer = await venue.place(order)
                taken.append(isinstance(answer, Accepted) and answer.report.filled == 10)
                assert isinstance(answer, Accepted)
                assert answer.report.odds == quote.odds

    play(scene)

    assert taken
    assert all(taken)


def test_placing_twice_sends_once() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            order = stage.order()
            first, second = await asyncio.gather(venue.place(order), venue.place(order))
            third = await venue.place(order)
            await stage.clock.sleep_ms(10_000)
            fourth = await venue.place(order)

            assert isinstance(first, Accepted)
            assert isinstance(second, Accepted | Unknown)
            assert isinstance(third, Accepted)
            assert isinstance(fourth, Accepted)
            assert fourth.report.final
            assert stage.sent(POST) == 1

    play(scene)


@pytest.mark.parametrize("told", ["entry", "request", "existing"])
def test_another_process_that_places_it_finds_it(told: str) -> None:
    async def scene(stage: Scene) -> None:
        order = stage.order()
        async with stage.venue() as venue:
            await venue.place(order)
        async with stage.venue() as venue:
            answer = await venue.place(order)

            assert isinstance(answer, Accepted)
            assert answer.report.filled == 10
            assert len(stage.control.truth()) == 1

    play(scene, fake.FakeSettings(checks=fake.FakeChecks(duplicate=told)))


def test_an_order_that_was_watched_is_never_sent() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            order = stage.order()
            venue.watch(order)

            assert isinstance(await venue.place(order), Unknown)
            assert stage.sent(POST) == 0

    play(scene)


# -- What is unknown -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost", "error_after", "garbage"])
def test_an_answer_that_is_lost_is_unknown_and_the_order_is_found(kind: str) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            await venue.heartbeat()
            stage.control.fault(kind, POST)
            order = stage.order()

            assert isinstance(await venue.place(order), Unknown)
            found = await venue.find(order)
            assert isinstance(found, Found)
            assert found.report.filled == 10
            assert stage.sent(POST) == 1

    play(scene)


@pytest.mark.parametrize("kind", ["reset", "garbage_before", "limit"])
def test_an_order_that_may_not_have_arrived_is_unknown(kind: str) -> None:
    answer = place(lambda stage, _: stage.control.fault(kind, POST, ms=1000))

    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("status", [302, 402, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_a_status_that_proves_nothing_is_unknown(status: int) -> None:
    answer = place(lambda stage, _: stage.control.fault("error", POST, status=status))

    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422])
def test_a_definite_status_without_the_words_of_the_exchange_is_unknown(status: int) -> None:
    answer = rest.Answer(status, b"<html>blocked</html>", {})

    assert not placing.definite(answer)


def _first(change: dict[str, Any]) -> Any:
    def changed(body: Any) -> Any:
        return {**body, "data": {"orders": [body["data"]["orders"][0] | change]}}

    return changed


@pytest.mark.parametrize(
    "change",
    [
        _first({"orderId": "0x" + "00" * 32}),
        _first({"orderId": ""}),
        _first({"status": "SOMETHING_NEW"}),
        _first({"outcome": {"state": "SOMETHING_NEW"}}),
        _first({"outcome": {"state": "FULLY_FILLED", "fillAmount": "99999999999"}}),
        _first({"status": "FAILED", "reason": "INTERNAL_ERROR"}),
        lambda body: {**body, "data": {"orders": []}},
        lambda body: {**body, "data": {"orders": body["data"]["orders"] * 2}},
        lambda body: {**body, "status": "failure"},
        lambda body: body["data"],
        lambda _: None,
    ],
)
def test_an_answer_that_cannot_be_is_unknown(change: Any) -> None:
    answer = place(lambda stage, _: stage.control.fault("rewrite", POST, change=change))

    assert isinstance(answer, Unknown)


def test_a_wait_that_ends_without_outcome_leaves_the_order_open() -> None:
    answer = place(lambda stage, _: stage.fate(forgets=True))

    assert isinstance(answer, Accepted)
    assert answer.report.status is OrderStatus.OPEN


def test_without_waiting_the_order_is_open_at_first() -> None:
    answer = place(lambda *_: None, wait_for_outcome=False)

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.OPEN, 0)


# -- Kinds of orders -------------------------------------------------------------------------------


def test_what_is_not_there_is_dropped() -> None:
    async def scene(stage: Scene) -> PlaceAnswer:
        async with stage.venue() as venue:
            return await venue.place(stage.order(stake=Decimal(100)))

    answer = play(scene, books([], [("50", 40)]))

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.CANCELLED, 40)


def test_all_or_nothing() -> None:
    async def scene(stage: Scene) -> PlaceAnswer:
        async with stage.venue(time_in_force="FOK") as venue:
            return await venue.place(stage.order(stake=Decimal(100)))

    answer = play(scene, books([], [("50", 40)]))

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.CANCELLED, 0)
    assert answer.report.code == "NO_LIQUIDITY"
    assert answer.report.final


def test_an_order_that_rests() -> None:
    async def scene(stage: Scene) -> PlaceAnswer:
        async with stage.venue(time_in_force="GTC") as venue:
            return await venue.place(stage.order(stake=Decimal(100)))

    answer = play(scene, books([], [("50", 40)]))

    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.OPEN, 40)


def test_the_id_is_known_to_whoever_has_the_order() -> None:
    drafts = importlib.import_module("xarb_plugins.sx_bet.draft")
    terms = importlib.import_module("xarb_plugins.sx_bet.terms")
    signing = importlib.import_module("xarb_plugins.sx_bet.signing")

    async def scene(stage: Scene) -> tuple[Order, Any]:
        order = stage.order()
        async with stage.venue(expiry_margin="20s") as venue:
            await venue.place(order)
        return order, stage.control.truth()[0]

    order, truth = play(scene)
    settings = fake.FakeSettings()
    same = terms.Terms(
        domain=signing.Domain("OBv3 Escrow", "1", settings.chain_id, settings.escrow),
        token=settings.base_token,
        symbol="USDC",
        decimals=6,
        step=125 * 10**15,
        minimum=10**6,
        longest_delay_ms=0,
    )
    draft = drafts.draft(order, same, fake.ADDRESS, 20_000)

    assert (draft.id, draft.client_order_id) == (truth.id, truth.client_id)
    assert draft.expires_ms >= order.expires_ms + 20_000
