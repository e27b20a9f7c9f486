"""Odds that are gone from the stream are gone: no old ones are quoted in their place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.azuro.inside import FOOTBALL, HOME, in_virtual_time, part, world

faults = part("fake.faults")
BATCH = "POST market-manager/condition-batch"
OTHER = msgspec.structs.replace(HOME, outcome="30")


@asynccontextmanager
async def streaming() -> AsyncIterator[tuple[Any, Any]]:
    """Yield an imitation and a venue that has its odds from the stream."""
    async with world() as here, here.connect() as venue:
        await here.clock.sleep_ms(1_000)
        for _ in range(2):
            await venue.quote(HOME)
            await here.clock.sleep_ms(100)
        yield here, venue


def without_home(how: str) -> Any:
    """Change frames and answers: the outcome is left out, or has no odds."""

    def changed(given: Any) -> Any:
        for condition in given.get("conditions") or [given["data"]]:
            rows = condition["outcomes"]
            mine = [row for row in rows if str(row["outcomeId"]).endswith("29")]
            for row in mine:
                row.pop("odds", None)
                row["currentOdds"] = None
                if how == "left out":
                    rows.remove(row)
        return given

    return changed


@pytest.mark.parametrize("how", ["left out", "null"])
def test_an_outcome_that_loses_its_odds_has_no_price_until_one_is_known(how: str) -> None:
    async def scenario() -> None:
        async with streaming() as (here, venue):
            gone = without_home(how)
            here.control.feed.rewrite = gone
            here.control.disturb(
                faults.WireFault(route=BATCH, what="none", handled=True, rewrite=gone, times=0)
            )
            here.control.move(FOOTBALL, 30, "4.2", on_rest=False)
            await here.clock.sleep_ms(100)
            with pytest.raises(LookupError, match="no odds"):
                await venue.quote(HOME)
            assert (await venue.quote(OTHER)).odds == Decimal("4.2")

            here.control.feed.rewrite = None
            here.control.move(FOOTBALL, 29, "1.62", on_rest=False)
            await here.clock.sleep_ms(100)
            assert (await venue.quote(HOME)).odds == Decimal("1.62")

    in_virtual_time(scenario())


def test_what_a_frame_leaves_out_is_asked_for_and_nothing_else_is_taken_from_there() -> None:
    async def scenario() -> None:
        async with streaming() as (here, venue):
            here.control.feed.rewrite = without_home("left out")
            asked = here.control.count(BATCH)
            here.control.move(FOOTBALL, 30, "4.2", on_rest=False)
            await here.clock.sleep_ms(100)
            quotes = [await venue.quote(one) for one in (HOME, OTHER, HOME)]

            assert [quote.odds for quote in quotes] == [
                Decimal(odds) for odds in ("1.56", "4.2", "1.56")
            ]
            assert here.control.count(BATCH) == asked + 1

    in_virtual_time(scenario())


def test_a_frame_that_says_closed_and_no_more_closes() -> None:
    async def scenario() -> None:
        def bare(frame: Any) -> Any:
            return frame | {"data": {"state": "Stopped", "outcomes": []}}

        async with streaming() as (here, venue):
            here.control.feed.rewrite = bare
            here.control.move(FOOTBALL, 30, "4.2", on_rest=False)
            await here.clock.sleep_ms(100)
            quote = await venue.quote(HOME)

        assert (quote.odds, quote.max_stake) == (Decimal("1.56"), 0)

    in_virtual_time(scenario())
