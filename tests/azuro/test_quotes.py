"""Quotes: odds and limits at the same time, from the stream where it can be believed."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from tests.azuro.inside import BETTOR, FOOTBALL, HOME, in_virtual_time, part, world
from xarb_runtime.domain.orders import Selection

books, faults = part("books"), part("fake.faults")
BATCH = "POST market-manager/condition-batch"
LIMITS = "POST bet/calculation"


def test_a_quote_has_the_odds_and_what_can_be_staked_at_them() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            quote = await venue.quote(HOME)

        assert (quote.odds, quote.min_stake, quote.max_stake) == (Decimal("1.56"), 1, 1000)
        assert quote.selection == HOME

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"max_bet": "25.5"}, Decimal("25.5")),
        ({"balance": "12.349"}, Decimal("12.34")),
        ({"allowance": "7"}, Decimal(7)),
        ({"allowance": "0"}, Decimal(0)),
    ],
)
def test_the_most_is_what_venue_balance_and_allowance_leave(
    given: dict[str, str], expected: Decimal
) -> None:
    async def scenario() -> None:
        bettor = {"address": BETTOR} | given
        async with world(bettors=[bettor]) as here, here.connect() as venue:
            try:
                await venue.heartbeat()
            except ConnectionError:
                assert expected == 0
            quote = await venue.quote(HOME)

        assert quote.max_stake == expected

    in_virtual_time(scenario())


def test_the_relayers_fee_comes_out_of_what_there_is() -> None:
    async def scenario() -> None:
        bettor = {"address": BETTOR, "balance": "20"}
        costly = world(bettors=[bettor], relayer_fee="0.5")
        async with costly as here, here.connect(max_relayer_fee="1") as venue:
            await venue.heartbeat()
            quote = await venue.quote(HOME)

        assert quote.max_stake == Decimal("19.5")

    in_virtual_time(scenario())


@pytest.mark.parametrize("stream", [True, False])
def test_a_suspended_condition_takes_nothing_and_comes_back(stream: bool) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(stream=stream) as venue:
            await here.clock.sleep_ms(1_000)
            for _ in range(3):
                await venue.quote(HOME)
                await here.clock.sleep_ms(100)
            here.control.suspend(FOOTBALL)
            await here.clock.sleep_ms(100)
            suspended = await venue.quote(HOME)
            here.control.resume(FOOTBALL)
            await here.clock.sleep_ms(1_000)
            resumed = await venue.quote(HOME)

        assert (suspended.odds, suspended.max_stake) == (Decimal("1.56"), 0)
        assert resumed.max_stake == 1000

    in_virtual_time(scenario())


def test_a_limit_of_0_is_a_suspension_too() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            here.control.limit(BETTOR, "0")

            assert (await venue.quote(HOME)).max_stake == 0

    in_virtual_time(scenario())


def test_once_the_stream_has_confirmed_odds_come_from_it() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await here.clock.sleep_ms(1_000)
            await venue.quote(HOME)
            await here.clock.sleep_ms(100)
            await venue.quote(HOME)
            asked = here.control.count(BATCH)
            here.control.move(FOOTBALL, 29, "1.62", on_rest=False)
            await here.clock.sleep_ms(100)
            quote = await venue.quote(HOME)

            assert quote.odds == Decimal("1.62")
            assert here.control.count(BATCH) == asked

    in_virtual_time(scenario())


def test_odds_that_the_stream_has_not_repeated_for_long_are_asked_for_again() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(prices_for="10s") as venue:
            await here.clock.sleep_ms(1_000)
            await venue.quote(HOME)
            await here.clock.sleep_ms(100)
            await venue.quote(HOME)
            here.control.feed.silent = True
            here.control.move(FOOTBALL, 29, "1.62")
            await here.clock.sleep_ms(9_000)
            before = await venue.quote(HOME)
            await here.clock.sleep_ms(1_000)
            after = await venue.quote(HOME)

        assert (before.odds, after.odds) == (Decimal("1.56"), Decimal("1.62"))

    in_virtual_time(scenario())


def test_a_stream_that_breaks_takes_its_odds_with_it_and_comes_back() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await here.clock.sleep_ms(1_000)
            await venue.quote(HOME)
            await here.clock.sleep_ms(100)
            await venue.quote(HOME)
            here.control.feed.drop()
            here.control.move(FOOTBALL, 29, "1.62")
            await here.clock.sleep_ms(10)
            assert venue.figures()["stream_connected"] == 0
            meanwhile = await venue.quote(HOME)
            await here.clock.sleep_ms(5_000)
            connected = venue.figures()["stream_connected"]
            assert (await venue.quote(HOME)).odds == Decimal("1.62")
            asked = here.control.count(BATCH)
            await venue.quote(HOME)

            assert meanwhile.odds == Decimal("1.62")
            assert connected == 1
            assert here.control.count(BATCH) == asked

    in_virtual_time(scenario())


def test_a_frame_that_comes_while_rest_is_asked_is_newer_than_its_answer() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect() as venue:
            await here.clock.sleep_ms(1_000)
            await venue.quote(HOME)
            await here.clock.sleep_ms(20_000)
            late = faults.WireFault(route=BATCH, what="none", handled=True, delay_ms=300)
            here.control.disturb(late)
            asking = asyncio.ensure_future(venue.quote(HOME))
            await here.clock.sleep_ms(100)
            here.control.move(FOOTBALL, 29, "1.62", on_rest=False)
            await asking
            quote = await venue.quote(HOME)

        assert quote.odds == Decimal("1.62")

    in_virtual_time(scenario())


def test_limits_are_good_for_a_moment_only() -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(limits_for="500ms") as venue:
            await venue.quote(HOME)
            await venue.quote(HOME)
            assert here.control.count(LIMITS) == 1
            await here.clock.sleep_ms(500)
            await venue.quote(HOME)
            assert here.control.count(LIMITS) == 2

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    "selection",
    [
        Selection("azuro", "3006", "29", ()),
        Selection("azuro", FOOTBALL, "999", ()),
        Selection("azuro", FOOTBALL, "over", ()),
        Selection("azuro", FOOTBALL, "cashout:29", ()),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_there_is_no_quote_for_what_there_is_not(selection: Selection, stream: bool) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(stream=stream) as venue:
            with pytest.raises(LookupError):
                await venue.quote(selection)

    in_virtual_time(scenario())


@pytest.mark.parametrize("route", [BATCH, LIMITS])
def test_a_quote_that_half_fails_is_none(route: str) -> None:
    async def scenario() -> None:
        async with world() as here, here.connect(stream=False) as venue:
            here.control.disturb(faults.WireFault(route=route, what="answer"))
            with pytest.raises(LookupError, match="HTTP 502"):
                await venue.quote(HOME)

    in_virtual_time(scenario())


def test_both_questions_are_asked_at_the_same_time() -> None:
    async def scenario() -> None:
        async with world(latency="200ms") as here, here.connect(stream=False) as venue:
            before_ms = here.clock.now_ms()
            await venue.quote(HOME)
            took_ms = here.clock.now_ms() - before_ms

        assert took_ms == 200

    in_virtual_time(scenario())


# -- What conditions look like -----------------------------------------------------------------

SIDE = {"outcomeId": "29", "odds": "1.56"}


@pytest.mark.parametrize(
    ("given", "is_open"),
    [
        ({"conditionId": "3", "state": "Active", "outcomes": [SIDE]}, True),
        ({"conditionId": "3", "state": "Active", "outcomes": [SIDE | {"state": None}]}, True),
        ({"conditionId": "3", "state": "Stopped", "outcomes": [SIDE]}, False),
        ({"conditionId": "3", "state": "Removed", "outcomes": [SIDE]}, False),
        ({"conditionId": "3", "state": "Frozen", "outcomes": [SIDE]}, False),
        ({"conditionId": "3", "state": "Active", "hidden": True, "outcomes": [SIDE]}, False),
        ({"conditionId": "3", "state": "Active", "outcomes": [SIDE | {"state": "Stopped"}]}, False),
        ({"conditionId": "3", "state": "Active", "outcomes": [SIDE | {"hidden": True}]}, False),
        ({"id": "3", "state": "Active", "outcomes": [{"outcomeId": 29, "currentOdds": 1.5}]}, True),
        ({"id": "3", "state": "Active", "outcomes": [SIDE | {"outcomeId": "3_29"}]}, True),
        ({"id": "3", "data": {"state": "Active", "outcomes": [SIDE]}}, True),
    ],
)
def test_conditions_come_in_several_shapes(given: dict[str, Any], is_open: bool) -> None:
    read = books.read_book(part("wire").read_json(json.dumps(given)), 5)

    assert read is not None
    assert read[0] == "3"
    assert read[1].side("29").open is is_open


@pytest.mark.parametrize(
    "given",
    [{}, {"id": "3"}, {"state": "Active"}, {"id": None, "state": "Active"}, {"id": "3", "data": 5}],
)
def test_what_is_no_condition_is_none(given: dict[str, Any]) -> None:
    assert books.read_book(given, 5) is None


def test_an_outcome_without_odds_is_not_there() -> None:
    given = {"id": "3", "state": "Active", "outcomes": [SIDE | {"odds": None}, 5, None]}

    assert books.read_book(given, 5)[1].side("29") is None
