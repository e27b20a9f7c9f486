"""Asking together: one request for all who want to know, and nobody suffers for another."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import (
    FOOTBALL,
    HOME,
    World,
    hear,
    in_virtual_time,
    listening,
    part,
    world,
)
from xarb_runtime.domain.orders import Accepted, Found, Order, Selection, Unknown
from xarb_runtime.plugins.pacing import NoTurnError
from xarb_runtime.testing.clock import KitClock

fates, faults, sharing = part("fake.fates"), part("fake.faults"), part("sharing")
BATCH, LIMITS = "POST market-manager/condition-batch", "POST bet/calculation"
LOOK, LIST = "GET bet/orders/0x", "GET bet/orders/bettor"


class Slow:
    """Answers with a number, counted up, a second after it was asked."""

    def __init__(self) -> None:
        self.clock, self.asked = KitClock(), 0
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.clock.sleep_ms(1_000)
        if self.error is not None:
            raise self.error
        return number


def shared(play: Callable[[Any, Slow], Awaitable[None]], **own: Any) -> None:
    async def scenario() -> None:
        slow = Slow()
        await play(sharing.Shared(slow.clock, **own), slow)

    in_virtual_time(scenario())


def test_all_who_ask_meanwhile_have_one_answer_and_who_asks_later_another() -> None:
    async def play(one: Any, slow: Slow) -> None:
        assert await asyncio.gather(*(one.ask(slow) for _ in range(5))) == [1] * 5
        assert await one.ask(slow) == 2

    shared(play)


def test_an_answer_is_given_again_for_as_long_as_it_is_good() -> None:
    async def play(one: Any, slow: Slow) -> None:
        assert await one.ask(slow) == 1
        await slow.clock.sleep_ms(499)
        assert await one.ask(slow) == 1
        await slow.clock.sleep_ms(1)
        assert await one.ask(slow) == 2

    shared(play, good_for_ms=500)


def test_whoever_gives_up_leaves_the_question_to_the_next_one() -> None:
    async def play(one: Any, slow: Slow) -> None:
        first, second = (asyncio.ensure_future(one.ask(slow)) for _ in range(2))
        await slow.clock.sleep_ms(500)
        first.cancel()

        assert await second == 2

    shared(play)


def test_a_failure_is_shared_and_not_remembered() -> None:
    async def play(one: Any, slow: Slow) -> None:
        slow.error = LookupError("no")
        failed = await asyncio.gather(*(one.ask(slow) for _ in range(5)), return_exceptions=True)
        assert failed == [slow.error] * 5
        assert slow.asked == 1
        slow.error = None
        assert await one.ask(slow) == 2

    shared(play, good_for_ms=500)


# -- Prices --------------------------------------------------------------------------------------


def games(many: int) -> list[dict[str, Any]]:
    outcomes = [{"id": 29, "odds": "1.56"}, {"id": 30, "odds": "4.02"}]
    conditions = [{"id": str(3_006_100 + number), "outcomes": outcomes} for number in range(many)]
    return [{"id": "1006000000000084793405", "conditions": conditions}]


def selections(many: int) -> list[Selection]:
    return [Selection("azuro", str(3_006_100 + number), "29", ("home",)) for number in range(many)]


def test_many_quotes_at_once_take_few_requests() -> None:
    async def scenario() -> None:
        async with world(games=games(20), latency="120ms") as here, here.connect() as venue:
            await here.clock.sleep_ms(1_000)
            quotes = await asyncio.gather(*(venue.quote(one) for one in selections(20)))
            assert {quote.odds for quote in quotes} == {quotes[0].odds}
            await asyncio.gather(*(venue.quote(selections(1)[0]) for _ in range(20)))

            assert here.control.count(BATCH) <= 4
            assert here.control.count(LIMITS) == 20

    in_virtual_time(scenario())


def test_a_condition_that_the_venue_does_not_like_costs_the_others_nothing() -> None:
    async def scenario() -> None:
        async with world(games=games(3), latency="120ms") as here, here.connect() as venue:
            bad = Selection("azuro", "no number", "29", ("home",))
            wanted = [*selections(3), bad]
            quotes = await asyncio.gather(
                *(venue.quote(one) for one in wanted), return_exceptions=True
            )

        assert [type(quote).__name__ for quote in quotes] == ["Quote"] * 3 + ["LookupError"]

    in_virtual_time(scenario())


def test_a_price_that_is_asked_for_again_goes_before_new_ones() -> None:
    async def scenario() -> None:
        async with world(games=games(60)) as here, here.connect(rate=50) as venue:
            await here.clock.sleep_ms(1_000)
            first, *others = selections(60)
            await venue.quote(first)
            asked = [asyncio.ensure_future(venue.quote(one)) for one in others]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert any(isinstance(answer, NoTurnError) for answer in answers)
            await here.clock.sleep_ms(2_000)
            with pytest.raises(NoTurnError):
                await venue.quote(others[-1])

            assert (await venue.quote(first)).odds == Decimal("1.56")

    in_virtual_time(scenario())


def as_it_was(body: Any) -> Any:
    body["conditions"][0]["outcomes"][0]["odds"] = "1.56"
    return body


def test_odds_that_were_asked_for_before_the_subscription_are_not_kept() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            # Sent while there is no stream yet, and joined when there is one.
            slow = faults.WireFault(
                route=BATCH, what="none", handled=True, delay_ms=300, rewrite=as_it_was
            )
            here.control.disturb(slow)
            first = asyncio.ensure_future(venue.quote(HOME))
            await here.clock.sleep_ms(100)
            here.control.move(FOOTBALL, 29, "1.62", on_feed=False)
            await asyncio.gather(first, venue.quote(HOME))
            asked = here.control.count(BATCH)

            assert (await venue.quote(HOME)).odds == Decimal("1.62")
            assert (asked, here.control.count(BATCH)) == (1, 2)

    in_virtual_time(scenario())


# -- The list of our bets ------------------------------------------------------------------------


async def many_placed(here: World, venue: Any, many: int, **fate: Any) -> list[Order]:
    """So many orders under way."""
    later_ms = here.clock.now_ms() + 600_000
    orders = [here.order(f"x-{number}:1:0", expires_ms=later_ms) for number in range(many)]
    here.control.next_order(*[fates.OrderFate(rests_at="Placed", **fate) for _ in orders])
    for order in orders:
        assert isinstance(await venue.place(order), Accepted)
    return orders


def test_many_finds_at_once_are_one_request() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            orders = await many_placed(here, venue, 40)
            answers = await asyncio.gather(*(venue.find(order) for order in orders))

            assert all(isinstance(answer, Found) for answer in answers)
            assert here.control.count(LIST) == 1
            assert here.control.count(LOOK) == 0

    in_virtual_time(scenario())


def test_what_the_list_does_not_tell_of_is_asked_for_by_itself() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            orders = await many_placed(here, venue, 5)
            here.control.release(here.control.orders[0].id)
            without = faults.WireFault(
                route=f"{LIST}/*",
                what="none",
                handled=True,
                times=0,
                rewrite=lambda body: {"orders": body["orders"][:2]},
            )
            here.control.disturb(without)
            found = await venue.find(orders[0])

            assert found.report.filled == orders[0].stake

    in_virtual_time(scenario())


@pytest.mark.parametrize("what", ["hang", "reset", "answer"])
def test_a_list_that_fails_costs_a_leg_in_doubt_a_second_at_most(what: str) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            orders = await many_placed(here, venue, 5)
            here.control.disturb(faults.WireFault(route=f"{LIST}/*", what=what, times=0))
            before_ms = here.clock.now_ms()
            answers = await asyncio.gather(*(venue.find(order) for order in orders))
            took_ms = here.clock.now_ms() - before_ms
            asked = here.control.count(LIST)
            await venue.find(orders[0])

            assert all(isinstance(answer, Found) for answer in answers)
            assert took_ms <= 1_000
            assert asked <= 2  # a connection that breaks is tried once more
            assert here.control.count(LIST) == asked  # and then it is left alone for a while

    in_virtual_time(scenario())


def test_a_list_that_lags_behind_does_not_hide_a_fill() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            orders, began_ms = await many_placed(here, venue, 5), here.clock.now_ms()
            rows = [order.to_json() for order in here.control.orders]
            stale = faults.WireFault(
                route=f"{LIST}/*",
                what="none",
                handled=True,
                times=0,
                rewrite=lambda _: {"orders": rows},
            )
            here.control.disturb(stale)
            here.control.release(here.control.orders[0].id)
            heard = await hear(venue, lambda report: report.filled > 0)
            assert here.clock.now_ms() - began_ms <= 15_000

        assert heard[-1].client_id == orders[0].client_id

    in_virtual_time(scenario())


def test_behind_a_hundred_bets_those_under_way_are_listed_alone() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rate=10_000) as venue:
            for number in range(120):
                await venue.place(here.order(f"y-{number}:1:0"))
            await here.clock.sleep_ms(10_000)
            oldest_first = faults.WireFault(
                route=f"{LIST}/*",
                what="none",
                handled=True,
                times=0,
                rewrite=lambda body: {"orders": body["orders"][::-1]},
            )
            here.control.disturb(oldest_first)
            orders = await many_placed(here, venue, 5)
            for _ in range(2):
                await here.clock.sleep_ms(1_000)
                answers = await asyncio.gather(*(venue.find(order) for order in orders))
            assert all(isinstance(answer, Found) for answer in answers)
            looks = here.control.count(LOOK)
            await here.clock.sleep_ms(1_000)
            await asyncio.gather(*(venue.find(order) for order in orders))

            assert here.control.count(LOOK) == looks

    in_virtual_time(scenario())


def test_the_follower_takes_what_is_left_and_nothing_more() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(rate=50) as venue:
            await many_placed(here, venue, 30)
            async with listening(venue):
                await here.clock.sleep_ms(9_000)
                asked = here.control.count("GET bet/orders")
                assert asked == 0  # the orders have used more than its share of the window
                await here.clock.sleep_ms(30_000)

            assert 0 < here.control.count("GET bet/orders") <= 20 * 4

    in_virtual_time(scenario())


def test_an_order_that_nobody_lists_yet_is_in_doubt_and_costs_no_more_than_two_looks() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            orders = await many_placed(here, venue, 5, unseen=10**6)
            for order in orders:
                assert isinstance(await venue.find(order), Unknown)

            assert here.control.count(LOOK) == 5
            assert here.control.count(LIST) == 1

    in_virtual_time(scenario())
