"""
A ghost that answers at once and remembers nothing: `ghost_instant`.

The ghosts that ship keep a book, which is the venue's truth and grows with every order. Where the
service's own memory is measured, nothing else may grow in the same process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Quote,
    Selection,
)
from xarb_runtime.plugins.contracts import Capabilities, Clock, Venue, VenueOpening, VenueSpec

KIND = "ghost_instant"


class InstantSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`odds`: the price of everything, which is also what orders are filled at."""

    odds: Decimal = Decimal("2.05")


class InstantVenue(Venue):
    """Fills every order completely and finally; says so in its answer and in its stream."""

    def __init__(self, settings: InstantSettings, clock: Clock) -> None:
        self._odds = settings.odds
        self._clock = clock
        self._stream: asyncio.Queue[OrderReport] = asyncio.Queue()

    async def place(self, order: Order) -> PlaceAnswer:
        """Fill it."""
        report = OrderReport(
            client_id=order.client_id,
            sequence=1,
            time_ms=self._clock.now_ms(),
            status=OrderStatus.FILLED,
            filled=order.stake,
            odds=max(self._odds, order.min_odds),
            final=True,
        )
        self._stream.put_nowait(report)
        return Accepted(report)

    async def cancel(self, order: Order) -> CancelAnswer:
        """Refuse: everything is filled."""
        return CancelRefused(f"{order.client_id} is filled")

    async def find(self, order: Order) -> FindAnswer:
        """Nobody asks: no order is ever in doubt."""
        return Absent(order.client_id)

    async def quote(self, selection: Selection) -> Quote:
        """Return the price."""
        return Quote(
            selection=selection,
            odds=self._odds,
            min_stake=Decimal(1),
            max_stake=Decimal(100_000),
            time_ms=self._clock.now_ms(),
        )

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield each report once more, as real venues do."""
        while True:
            yield await self._stream.get()

    async def heartbeat(self) -> None:
        """Be alive."""


@asynccontextmanager
async def _open(opening: VenueOpening) -> AsyncIterator[InstantVenue]:
    yield InstantVenue(opening.settings, opening.clock)


def instant_spec() -> VenueSpec:
    """Return the spec of the venue."""
    return VenueSpec(
        name=KIND,
        version="1.0.0",
        capabilities=lambda _: Capabilities(final_at_once=True),
        settings=InstantSettings,
        open=_open,
    )
