"""
ccxt's client of SX Bet, through our adapter, at our stand-in for the exchange: over real HTTP.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from tests.ccxt_prediction.stage import opened, part
from xarb_runtime.domain.orders import (
    Accepted,
    Found,
    Order,
    OrderStatus,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.testing.bench import Fate
from xarb_runtime.testing.clock import BEGINNING_MS, KitClock, KitLoop

bench_module = part("bench")


class Scene:
    """The stand-in, and as many lives of the plugin as one likes."""

    def __init__(self) -> None:
        self.bench = bench_module.SxbetBench()
        self.clock = KitClock()

    @asynccontextmanager
    async def life(self, **raw: Any) -> AsyncGenerator[Any, None]:
        section = {**self.bench.section, **raw}
        async with opened(section, environ=self.bench.environ, clock=self.clock) as venue:
            yield venue

    def order(self, client_id: str = "x-1:1:0", **changes: Any) -> Order:
        facts: dict[str, Any] = {
            "client_id": client_id,
            "selection": self.bench.selection,
            "stake": Decimal(100),
            "min_odds": Decimal("1.95"),
            "reduces": True,
            "expires_ms": BEGINNING_MS + 60_000,
        }
        return Order(**facts | changes)

    async def settled(self, venue: Any) -> list[Any]:
        """Return reports until one is final."""
        reports: list[Any] = []
        async for report in venue.reports():
            reports.append(report)
            if report.final:
                break
        return reports


def play(scene: Callable[[Scene], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        stage = Scene()
        async with stage.bench.running(stage.clock):
            await scene(stage)

    with asyncio.Runner(loop_factory=KitLoop) as runner:
        runner.run(all_of_it())


def test_an_order_is_filled_at_the_books_price_and_becomes_final() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order())
            reports = await stage.settled(venue)

        (held,) = await stage.bench.held()
        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.FILLED, 100)
        assert not answer.report.final
        assert reports[-1].filled == held.filled == 100
        assert reports[-1].odds == pytest.approx(held.odds) == Decimal(2)
        assert held.id == stage.bench.control.truth()[0].id

    play(scene)


@pytest.mark.parametrize(
    ("fate", "status", "filled"),
    [
        (Fate.PARTIAL, OrderStatus.CANCELLED, 50),
        (Fate.WORSE_PRICE, OrderStatus.CANCELLED, 0),
        (Fate.REVERSE, OrderStatus.REVERSED, 0),
        (Fate.LATE_INDEX, OrderStatus.FILLED, 100),
    ],
)
def test_what_becomes_of_orders_is_what_the_exchange_holds(
    fate: Fate, status: OrderStatus, filled: int
) -> None:
    async def scene(stage: Scene) -> None:
        await stage.bench.destine(fate)
        async with stage.life() as venue:
            await venue.place(stage.order())
            reports = await stage.settled(venue)

        (held,) = await stage.bench.held()
        assert (reports[-1].status, reports[-1].filled) == (status, filled)
        assert held.filled == filled

    play(scene)


def test_a_refusal_of_the_exchange_is_one() -> None:
    async def scene(stage: Scene) -> None:
        await stage.bench.destine(Fate.REFUSE)
        async with stage.life() as venue:
            answer = await venue.place(stage.order())

        assert isinstance(answer, Refused)
        assert answer.code == "InsufficientFunds"
        assert await stage.bench.held() == []

    play(scene)


@pytest.mark.parametrize("fault", ["lost", "error_after", "garbage"])
def test_an_order_whose_answer_is_lost_is_unknown_and_found_in_both_lives(fault: Any) -> None:
    async def scene(stage: Scene) -> None:
        stage.bench.control.fault(fault, "POST /orders-v3")
        order = stage.order()
        async with stage.life() as venue:
            placed = await venue.place(order)
            again = await venue.place(order)
        async with stage.life() as venue:
            venue.watch(order)
            found = await venue.find(order)
            third = await venue.place(order)

        assert isinstance(placed, Unknown)
        assert isinstance(again, Accepted)
        assert isinstance(found, Found)
        assert isinstance(third, Accepted)
        assert len(await stage.bench.held()) == 1

    play(scene)


@pytest.mark.parametrize("fault", ["reset", "error", "garbage_before"])
def test_an_order_that_never_arrived_is_unknown_all_the_same(fault: Any) -> None:
    async def scene(stage: Scene) -> None:
        stage.bench.control.fault(fault, "POST /orders-v3")
        async with stage.life() as venue:
            placed = await venue.place(stage.order())
            found = await venue.find(stage.order())

        assert isinstance(placed, Unknown)
        assert isinstance(found, Unknown)
        assert await stage.bench.held() == []

    play(scene)


def test_a_copy_sent_by_a_life_that_knows_nothing_is_the_same_order() -> None:
    async def scene(stage: Scene) -> None:
        answers = []
        for _ in range(2):
            async with stage.life() as venue:
                answers.append(await venue.place(stage.order()))

        (held,) = await stage.bench.held()
        assert [type(answer) for answer in answers] == [Accepted, Accepted]
        assert held.filled == 100

    play(scene)


def test_a_cancel_is_believed_when_the_order_reads_so() -> None:
    async def scene(stage: Scene) -> None:
        answers: dict[Fate, Any] = {}
        async with stage.life() as venue:
            for fate in (Fate.REST, Fate.CANCEL_UNCONFIRMED, Fate.FILL_DURING_CANCEL):
                await stage.bench.destine(fate)
                order = stage.order(f"x-{fate}:1:0")
                await venue.place(order)
                answers[fate] = await venue.cancel(order)

        assert answers[Fate.REST].report.status is OrderStatus.CANCELLED
        assert isinstance(answers[Fate.CANCEL_UNCONFIRMED], Unknown)
        assert answers[Fate.FILL_DURING_CANCEL].report.filled == 100

    play(scene)


def test_a_price_is_the_books_best_and_no_better() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life(max_stake=Decimal(10**7)) as venue:
            quote = await venue.quote(stage.bench.selection)
            other = Selection("sx", quote.selection.market, quote.selection.market + "-2", ())
            against = await venue.quote(other)
            await venue.heartbeat()

        assert (quote.odds, quote.max_stake) == (2, 1_000_000)
        assert against.odds == Decimal("1.941747")  # 1 / 0.515, rounded down

    play(scene)


def test_a_price_limit_off_the_ladder_is_rounded_in_our_favour() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            await venue.place(stage.order(min_odds=Decimal("1.9999")))
            await venue.place(stage.order("x-2:1:0", min_odds=Decimal("2.0001")))

        filled, not_filled = await stage.bench.held()
        assert (filled.filled, not_filled.filled) == (100, 0)

    play(scene)


def test_ccxt_logs_no_key(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Scene) -> None:
        with caplog.at_level("DEBUG"):
            async with stage.life() as venue:
                await venue.place(stage.order())

        assert len(stage.bench.secrets) >= 2
        assert not [secret for secret in stage.bench.secrets if secret in caplog.text]

    play(scene)


def test_an_outcome_that_is_not_there_is_refused_before_anything_is_sent() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.life() as venue:
            answer = await venue.place(stage.order(selection=stage.bench.unknown))

        assert isinstance(answer, Refused)
        assert answer.code == "BadSymbol"
        assert not [line for line in stage.bench.control.requests if line.startswith("POST")]

    play(scene)
