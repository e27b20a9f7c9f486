"""
The kit strikes real protocols too: the venues that ship fail it when they are spoilt from outside.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import msgspec
import pytest

from tests.plugins.worlds import REGISTRY
from xarb_runtime.domain.orders import (
    Absent,
    FindAnswer,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Refused,
    Unknown,
)
from xarb_runtime.plugins.contracts import Venue, VenueOpening
from xarb_runtime.testing.bench import Bench
from xarb_runtime.testing.kit import run_kit

BENCHES = {
    "sx_bet": "SxBetBench",
    "azuro": "AzuroBench",
    "ccxt_prediction": "SxbetBench",
}


def takes_doubt_for_a_no(venue: type[Venue]) -> dict[str, Any]:
    async def place(self: Venue, order: Order) -> PlaceAnswer:
        answer = await venue.place(self, order)
        return Refused("DOUBT") if isinstance(answer, Unknown) else answer

    return {"place": place}


def takes_not_found_for_absent(venue: type[Venue]) -> dict[str, Any]:
    async def find(self: Venue, order: Order) -> FindAnswer:
        answer = await venue.find(self, order)
        return Absent("not found") if isinstance(answer, Unknown) else answer

    return {"find": find}


def calls_every_fill_final(venue: type[Venue]) -> dict[str, Any]:
    async def reports(self: Venue) -> AsyncIterator[OrderReport]:
        async for report in venue.reports(self):
            filled = report.status is OrderStatus.FILLED
            yield msgspec.structs.replace(report, final=report.final or filled)

    return {"reports": reports}


def places_twice(venue: type[Venue]) -> dict[str, Any]:
    async def place(self: Venue, order: Order) -> PlaceAnswer:
        await venue.place(self, order)
        return await venue.place(
            self, msgspec.structs.replace(order, client_id=f"{order.client_id}0")
        )

    return {"place": place}


FAULTS: dict[Callable[[type[Venue]], dict[str, Any]], set[str]] = {
    takes_doubt_for_a_no: {"XV-220", "XV-245"},
    takes_not_found_for_absent: {"XV-265", "XV-280", "XV-290"},
    calls_every_fill_final: {"XV-330"},
    places_twice: {"XV-050", "XV-200", "XV-220"},
}


def spoilt(bench: type[Bench], fault: Callable[[type[Venue]], dict[str, Any]]) -> type[Bench]:
    spec = bench.spec

    @asynccontextmanager
    async def open_spoilt(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
        async with spec.open(opening) as venue:
            venue.__class__ = type("Spoilt", (type(venue),), fault(type(venue)))
            yield venue

    return type("SpoiltBench", (bench,), {"spec": msgspec.structs.replace(spec, open=open_spoilt)})


@pytest.mark.timeout(180)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("plugin", BENCHES)
def test_a_venue_that_is_spoilt_fails(
    plugin: str, fault: Callable[[type[Venue]], dict[str, Any]]
) -> None:
    assert plugin in REGISTRY.modules
    bench = getattr(import_module(f"xarb_plugins.{plugin}.bench"), BENCHES[plugin])

    report = run_kit(spoilt(bench, fault), only=FAULTS[fault])

    assert {outcome.id for outcome in report.failed} == FAULTS[fault], report.text()
