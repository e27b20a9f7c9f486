"""Quotes: the price that an order gets, from a book that is as new as it can be."""

import importlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sx_bet.client_scene import MARKET, ONE, TWO, Scene, books, fake, play
from xarb_runtime.domain.orders import Quote, Selection

pages = importlib.import_module("xarb_plugins.sx_bet.books")
wire = importlib.import_module("xarb_plugins.sx_bet.wire")

SNAPSHOT = "GET /orderbook-v3/snapshot"
STEP = 125 * 10**15
SCALE = 10**20


def quote(settings: Any, selection: Selection = ONE, **section: Any) -> Quote:
    async def scene(stage: Scene) -> Quote:
        async with stage.venue(**section) as venue:
            return await venue.quote(selection)

    return play(scene, settings)


def book(two: list[tuple[int, int]], version: str = "1") -> Any:
    levels = [{"percentageOdds": str(odds), "size": str(size)} for odds, size in two]
    return wire.take(
        {"marketHash": MARKET, "outcomeOne": [], "outcomeTwo": levels, "version": version},
        wire.BookRow,
    )


def test_the_price_of_an_outcome_is_in_the_levels_of_the_other() -> None:
    told = books([("31.5", 60)], [("66", 270), ("52.5", 100)])

    one, two = quote(told, ONE), quote(told, TWO)

    assert one.odds == Decimal(100) / 34 - (Decimal(100) / 34) % Decimal("0.00000001")
    assert two.odds == Decimal(100) / Decimal("68.5") - (Decimal(100) / Decimal("68.5")) % Decimal(
        "0.00000001"
    )
    assert one.max_stake == Decimal("139.090909")
    assert two.max_stake == Decimal("130.476190")


def test_a_stake_is_limited_by_the_settings_and_by_the_balance() -> None:
    poor = fake.FakeSettings(accounts=[fake.FakeAccount(balance=Decimal(50))])

    assert quote(fake.FakeSettings(), max_stake="70").max_stake == 70
    assert quote(poor).max_stake == 50
    assert quote(poor, min_stake="2").min_stake == 2


def test_an_empty_side_has_no_price() -> None:
    with pytest.raises(LookupError, match="nobody offers"):
        quote(books([("50", 10)], []))


def test_a_market_that_is_not_there_has_no_price() -> None:
    with pytest.raises(LookupError):
        quote(fake.FakeSettings(), Selection("sx", "0x" + "01" * 32, "one", ()))


@pytest.mark.parametrize("outcome", ["", "three", "ONE"])
def test_an_outcome_that_is_not_there_has_no_price(outcome: str) -> None:
    with pytest.raises(LookupError):
        quote(fake.FakeSettings(), Selection("sx", MARKET, outcome, ()))


def test_a_market_that_is_halted_takes_nothing() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            assert (await venue.quote(ONE)).max_stake > 0
            stage.control.halt()
            await stage.clock.sleep_ms(15_000)

            assert (await venue.quote(ONE)).max_stake == 0

    play(scene)


def test_a_book_that_the_stream_keeps_is_not_read_again() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            for _ in range(3):
                await venue.quote(ONE)
                await stage.clock.sleep_ms(500)
            read = stage.sent(SNAPSHOT)
            for percent in ("55", "56", "57"):
                stage.control.rest(Decimal(percent), Decimal(10), on_one=False)
                await stage.clock.sleep_ms(500)
                assert (await venue.quote(ONE)).odds > 2

            assert stage.sent(SNAPSHOT) == read

    play(scene)


def test_a_channel_that_falls_silent_keeps_no_price_for_long() -> None:
    """The connection is there, and pings; only nothing is told of the book any more."""

    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            for _ in range(3):
                await venue.quote(ONE)
                await stage.clock.sleep_ms(500)
            stage.control.stream_fault("drop", times=10_000)
            stage.control.rest(Decimal(60), Decimal(10), on_one=False)
            await stage.clock.sleep_ms(11_000)

            assert venue.figures()["stream_up"] == 1
            assert (await venue.quote(ONE)).odds == Decimal("2.5")

    play(scene)


@pytest.mark.parametrize("section", [{"realtime_url": ""}, {}])
def test_a_book_is_read_while_there_is_no_stream(section: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue(**section) as venue:
            for _ in range(3):
                await venue.quote(ONE)
                await stage.clock.sleep_ms(500)
            stage.control.realtime.away = True
            stage.control.drop_streams()
            await stage.clock.sleep_ms(100)
            stage.control.rest(Decimal(60), Decimal(10), on_one=False)

            assert (await venue.quote(ONE)).odds == Decimal("2.5")

    play(scene)


def test_a_book_that_changed_while_the_stream_was_down_is_read_again() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            for _ in range(3):
                await venue.quote(ONE)
                await stage.clock.sleep_ms(500)
            stage.control.realtime.away = True
            stage.control.drop_streams()
            await stage.clock.sleep_ms(100)
            stage.control.rest(Decimal(60), Decimal(10), on_one=False)
            stage.control.realtime.away = False
            await stage.clock.sleep_ms(60_000)

            assert venue.figures()["stream_up"] == 1
            assert (await venue.quote(ONE)).odds == Decimal("2.5")

    play(scene)


def test_a_publication_that_was_lost_is_noticed() -> None:
    async def scene(stage: Scene) -> None:
        async with stage.venue() as venue:
            for _ in range(3):
                await venue.quote(ONE)
                await stage.clock.sleep_ms(500)
            stage.control.stream_fault("swap", f"orderbook_v3:{MARKET}")
            stage.control.rest(Decimal(55), Decimal(10), on_one=False)
            stage.control.rest(Decimal(60), Decimal(10), on_one=False)
            await stage.clock.sleep_ms(500)

            assert (await venue.quote(ONE)).odds == Decimal("2.5")

    play(scene)


def test_only_a_newer_book_replaces_one() -> None:
    kept = pages.Books()
    new, same, old = (
        book([(6 * 10**19, 1)], "00010"),
        book([(5 * 10**19, 1)], "00010"),
        book([(4 * 10**19, 1)], "00009"),
    )
    for each in (new, same, old):
        kept.put(each, live=True)

    assert kept.get(MARKET) == new


def test_after_a_gap_any_book_is_newer() -> None:
    kept = pages.Books()
    kept.put(book([], "00010"), live=True)
    kept.doubt(MARKET)

    assert kept.live(MARKET) is None
    begun_anew = book([(6 * 10**19, 1)], "00001")
    kept.put(begun_anew, live=True)
    assert kept.live(MARKET) == begun_anew


def test_books_that_nobody_asks_about_are_given_up() -> None:
    kept = pages.Books()
    markets = [f"0x{number:064x}" for number in range(pages.MOST_BOOKS + 2)]
    dropped = [
        gone
        for market in markets
        for gone in kept.put(
            wire.BookRow(market_hash=market, outcome_one=[], outcome_two=[], version="1"), live=True
        )
    ]

    assert dropped == markets[:2]
    assert len(kept) == pages.MOST_BOOKS


@given(
    st.lists(st.tuples(st.integers(1, SCALE - 1), st.integers(0, 10**12)), min_size=1, max_size=6)
)
def test_a_price_takes_every_level_that_it_promises(levels: list[tuple[int, int]]) -> None:
    """Also where makers are off the ladder: the limit on the ladder still reaches them."""
    price = pages.best_price(book(levels), "one", STEP)
    if price is None:
        return

    reached = [(odds, size) for odds, size in levels if odds + price.probability >= SCALE and size]
    assert price.probability % STEP == 0
    assert 0 < price.probability < SCALE
    assert price.room == sum(size * SCALE // odds - size for odds, size in reached)
    assert max(odds for odds, size in levels if size) in {odds for odds, _ in reached}


@pytest.mark.parametrize(
    "broken",
    [
        {"version": None},
        {"version": "1a"},
        {"outcomeTwo": None},
        {"outcomeTwo": [{"percentageOdds": "0", "size": "1"}]},
        {"outcomeTwo": [{"percentageOdds": str(SCALE), "size": "1"}]},
        {"outcomeTwo": [{"percentageOdds": "1.5", "size": "1"}]},
        {"marketHash": "0x" + "99" * 32},
    ],
)
def test_a_book_that_cannot_be_has_no_price(broken: dict[str, Any]) -> None:
    async def scene(stage: Scene) -> None:
        stage.control.fault(
            "rewrite", SNAPSHOT, change=lambda body: {**body, "data": body["data"] | broken}
        )
        async with stage.venue(realtime_url="") as venue:
            with pytest.raises(ValueError, match="expected"):
                await venue.quote(ONE)

    play(scene)
