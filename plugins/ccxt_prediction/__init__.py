"""
Prediction markets that ccxt knows, as venues for hedging: Polymarket, Kalshi, Limitless, Myriad,
and SX Bet a second time, through somebody else's client.

One adapter over `ccxt.prediction`; what the exchanges do not have in common is in `dialects`.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueOpening, VenueSpec

from .dialects import DIALECTS
from .settings import CcxtSettings

__version__ = "0.1.0"

__all__ = ["CcxtSettings", "capabilities", "open_prediction", "xarb_venues"]


def capabilities(settings: CcxtSettings) -> Capabilities:
    """
    Return what an exchange can do.

    It can never be proved that an order does not exist: not one of these exchanges says that it
    never will.
    """
    dialect = DIALECTS[settings.exchange]
    return Capabilities(
        partial_fills=settings.time_in_force != "FOK",
        cancel=dialect.cancels,
        final_at_once=dialect.final_at_once,
        proves_absence=False,
        min_stake=settings.min_stake,
        max_stake=settings.max_stake,
    )


@asynccontextmanager
async def open_prediction(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
    """Open an exchange; nothing is sent yet."""
    # Importing ccxt takes more than a second, and it is an extra.
    from .connect import open_venue  # noqa: PLC0415

    async with open_venue(opening) as venue:
        yield venue


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the one kind there is."""
    yield VenueSpec(
        name="ccxt_prediction",
        version=__version__,
        capabilities=capabilities,
        settings=CcxtSettings,
        open=open_prediction,
        api=API,
    )
