"""
In mode shadow prices are real and orders are not: none reaches the venue.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelRefused,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import (
    Capabilities,
    Venue,
    VenueCheck,
)
from xarb_runtime.service.sanity import report_problem
from xarb_runtime.service.shadow import ShadowSpec, ShadowVenue, shadowing
from xarb_runtime.service.shadow_fill import filled

ROOT = Path(__file__).parents[2]
SELECTION = Selection("sx", "m", "over", ("over",))
ORDER = Order(
    client_id="x-1:1:0",
    selection=SELECTION,
    stake=Decimal(100),
    min_odds=Decimal("2.00"),
    reduces=False,
    expires_ms=10_000,
)
PRICE = Quote(
    selection=SELECTION,
    odds=Decimal("2.10"),
    min_stake=Decimal(1),
    max_stake=Decimal(1000),
    time_ms=1,
)
ALL = Capabilities(partial_fills=True, cancel=True)
NOTHING = Capabilities()


class Untouchable(Venue):
    """A venue with live prices at which no order may ever arrive."""

    def __init__(self, price: Callable[[Selection], Awaitable[Any]]) -> None:
        self.price = price
        self.beats = 0
        self.stream = asyncio.Event()

    async def place(self, order: Order) -> Any:
        raise AssertionError(order.client_id)

    async def cancel(self, order: Order) -> Any:
        raise AssertionError(order.client_id)

    async def find(self, order: Order) -> Any:
        raise AssertionError(order.client_id)

    def watch(self, order: Order) -> None:
        raise AssertionError(order.client_id)

    async def quote(self, selection: Selection) -> Quote:
        return await self.price(selection)

    async def reports(self) -> AsyncIterator[OrderReport]:
        await self.stream.wait()
        raise ConnectionResetError("the stream broke")
        yield

    async def heartbeat(self) -> None:
        self.beats += 1

    async def check(self) -> tuple[VenueCheck, ...]:
        return (VenueCheck(what="fees", ok=True, found="none"),)

    def figures(self) -> Mapping[str, Decimal | int]:
        return {"markets": 7}


class Clock:
    """Time that stands still, and says when somebody waits for it."""

    def __init__(self) -> None:
        self.time_ms = 5_000
        self.slept: list[int] = []
        self.go_on = asyncio.Event()

    def now_ms(self) -> int:
        return self.time_ms

    async def sleep_ms(self, milliseconds: int) -> None:
        self.slept.append(milliseconds)
        await self.go_on.wait()
        self.time_ms += milliseconds


def at(quote: Any) -> Callable[[Selection], Awaitable[Any]]:
    async def price(_: Selection) -> Any:
        if isinstance(quote, BaseException):
            raise quote
        return quote

    return price


def changed(**changes: Any) -> Any:
    texts = {name: Decimal(value) for name, value in changes.items()}
    return msgspec.structs.replace(PRICE, **texts)


@asynccontextmanager
async def shadow(
    price: Callable[[Selection], Awaitable[Any]], can: Capabilities = ALL, delay_ms: int = 0
) -> AsyncIterator[tuple[ShadowVenue, Clock]]:
    clock, venue = Clock(), Untouchable(price)
    spec = ShadowSpec(name="sx", can=can, delay_ms=delay_ms, quote_ms=50)
    async with shadowing(venue, clock, spec) as shade:
        assert isinstance(shade, ShadowVenue)
        yield shade, clock


# -- By the live price ---------------------------------------------------------------------------


async def test_an_order_is_filled_at_the_live_odds_for_good() -> None:
    async with shadow(at(PRICE)) as (shade, clock):
        answer = await shade.place(ORDER)

        assert isinstance(answer, Accepted)
        report = answer.report
        assert (report.status, report.filled, report.odds) == (OrderStatus.FILLED, 100, PRICE.odds)
        assert report.final
        assert report.time_ms == clock.now_ms()
        assert await shade.find(ORDER) == Found(report)
        assert await shade.cancel(ORDER) == Accepted(report)


async def test_twice_is_one_order() -> None:
    prices = iter([PRICE, changed(odds="3.0")])

    async def price(_: Selection) -> Quote:
        return next(prices)

    async with shadow(price) as (shade, _):
        assert await shade.place(ORDER) == await shade.place(ORDER)


@pytest.mark.parametrize(
    ("price", "code", "reason"),
    [
        (changed(odds="1.99"), "SHADOW_PRICE", "expected odds of 2.00 or more, found 1.99"),
        (changed(min_stake="101"), "SHADOW_SIZE", "expected a stake from 101 to 1000, found 100"),
        (changed(max_stake="0"), "SHADOW_SIZE", "expected a stake from 1 to 0, found 100"),
        (LookupError("no such market"), "SHADOW_PRICE", "no price: LookupError: no such market"),
        ("nonsense", "SHADOW_PRICE", "expected a Quote, found str"),
        (changed(odds="NaN"), "SHADOW_PRICE", "expected odds above 1, found NaN"),
    ],
)
async def test_what_the_live_price_does_not_take_is_refused(
    price: Any, code: str, reason: str
) -> None:
    async with shadow(at(price)) as (shade, _):
        assert await shade.place(ORDER) == Refused(code, reason)
        assert await shade.place(ORDER) == Refused(code, reason)
        found = await shade.find(ORDER)
        assert isinstance(found, Found)
        assert found.report.status is OrderStatus.REFUSED


async def test_more_than_the_price_takes_is_filled_in_part_where_the_venue_can() -> None:
    async with shadow(at(changed(max_stake="40")), ALL) as (shade, _):
        answer = await shade.place(ORDER)
    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.filled) == (OrderStatus.CANCELLED, 40)
    assert answer.report.final

    async with shadow(at(changed(max_stake="40")), NOTHING) as (shade, _):
        answer = await shade.place(ORDER)
    assert answer == Refused("SHADOW_SIZE", "expected a stake from 1 to 40, found 100")


async def test_an_order_that_is_too_late_is_refused() -> None:
    async with shadow(at(PRICE)) as (shade, clock):
        clock.time_ms = ORDER.expires_ms
        answer = await shade.place(ORDER)

    assert isinstance(answer, Refused)
    assert answer.code == "SHADOW_EXPIRED"


async def test_a_price_that_does_not_come_is_none() -> None:
    async def never(_: Selection) -> Any:
        await asyncio.Event().wait()

    async with shadow(never) as (shade, _):
        assert await shade.place(ORDER) == Refused("SHADOW_PRICE", "no price within 50 ms")


async def test_an_order_whose_call_was_given_up_was_never_taken() -> None:
    asked = asyncio.Event()

    async def never(_: Selection) -> Any:
        asked.set()
        await asyncio.Event().wait()

    async with shadow(never) as (shade, _):
        placing = asyncio.create_task(shade.place(ORDER))
        await asked.wait()
        assert await shade.find(ORDER) == Unknown("its price is being asked for")
        assert await shade.place(ORDER) == Unknown("its price is being asked for")
        assert isinstance(await shade.cancel(ORDER), CancelRefused)
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)

        found = await shade.find(ORDER)
        assert isinstance(found, Found)
        assert found.report.status is OrderStatus.REFUSED


_MONEY = st.decimals(0, 500, places=2)


@given(
    stake=st.decimals("0.01", 500, places=2),
    worst=st.decimals("1.01", 5, places=2),
    odds=st.decimals("1.01", 5, places=2),
    least=_MONEY,
    most=_MONEY,
    partial=st.booleans(),
    now_ms=st.sampled_from([9_999, 10_000]),
)
def test_a_fill_is_never_better_than_the_live_price_allows(
    stake: Decimal,
    worst: Decimal,
    odds: Decimal,
    least: Decimal,
    most: Decimal,
    partial: bool,
    now_ms: int,
) -> None:
    order = msgspec.structs.replace(ORDER, stake=stake, min_odds=worst)
    quote = msgspec.structs.replace(PRICE, odds=odds, min_stake=least, max_stake=most)

    report = filled(order, quote, now_ms, Capabilities(partial_fills=partial))

    assert report_problem(report) == ""
    assert report.final
    if report.filled:
        assert report.filled <= min(stake, most)
        assert report.filled >= least
        assert report.filled == stake or partial
        assert report.odds == odds >= worst
        assert now_ms < order.expires_ms
    else:
        assert report.status is OrderStatus.REFUSED


# -- With a delay --------------------------------------------------------------------------------


async def test_a_venue_that_takes_its_time_reports_what_the_price_was_then() -> None:
    prices = iter([changed(odds="2.05")])

    async def price(_: Selection) -> Quote:
        return next(prices)

    async with shadow(price, delay_ms=3_000) as (shade, clock):
        answer = await shade.place(ORDER)
        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.OPEN, 0)
        assert await shade.find(ORDER) == Found(answer.report)

        clock.go_on.set()
        report = await anext(shade.reports())

        assert clock.slept == [3_000]
        assert report.sequence > answer.report.sequence
        assert (report.status, report.odds, report.final) == ("filled", Decimal("2.05"), True)
        assert await shade.find(ORDER) == Found(report)
        assert await shade.place(ORDER) == Accepted(report)


async def test_an_order_that_waits_can_be_cancelled_where_the_venue_can() -> None:
    async with shadow(at(PRICE), ALL, delay_ms=3_000) as (shade, clock):
        await shade.place(ORDER)
        answer = await shade.cancel(ORDER)
        assert isinstance(answer, Accepted)
        assert (answer.report.status, answer.report.filled) == (OrderStatus.CANCELLED, 0)

        clock.go_on.set()
        later = msgspec.structs.replace(ORDER, client_id="x-2:1:0")
        await shade.place(later)
        assert (await anext(shade.reports())).client_id == later.client_id
        assert await shade.find(ORDER) == Found(answer.report)

    async with shadow(at(PRICE), NOTHING, delay_ms=3_000) as (shade, clock):
        await shade.place(ORDER)
        assert await shade.cancel(ORDER) == CancelRefused("this venue cannot cancel")


async def test_orders_of_an_earlier_process_ended_with_it() -> None:
    async with shadow(at(PRICE)) as (shade, _):
        shade.watch(ORDER)
        assert await shade.find(ORDER) == Absent("shadow orders live in memory")
        assert await shade.cancel(ORDER) == CancelRefused("shadow orders live in memory")

    async with shadow(at(PRICE), delay_ms=10) as (shade, _):
        shade.watch(ORDER)
        found = await shade.find(ORDER)
        assert isinstance(found, Found)
        assert (found.report.status, found.report.filled) == (OrderStatus.CANCELLED, 0)
        assert found.report.sequence > 1


# -- What is the venue's own ---------------------------------------------------------------------


async def test_prices_figures_checks_and_heartbeats_are_the_venues() -> None:
    venue = Untouchable(at(PRICE))
    async with shadowing(venue, Clock(), ShadowSpec(name="sx", can=ALL)) as shade:
        await shade.heartbeat()

        assert venue.beats == 1
        assert await shade.quote(SELECTION) is PRICE
        assert await shade.check() == await venue.check()
        assert shade.figures() == {"markets": 7}


async def test_a_stream_that_breaks_is_no_secret() -> None:
    venue = Untouchable(at(PRICE))
    async with shadowing(venue, Clock(), ShadowSpec(name="sx", can=ALL)) as shade:
        listening = asyncio.ensure_future(anext(aiter(shade.reports())))
        venue.stream.set()
        with pytest.raises(ConnectionResetError, match="the stream broke"):
            await listening
