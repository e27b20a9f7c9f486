"""
SX Bet: an exchange on a chain of its own, as a venue. Speaks its order book V3, the only one alive.

Orders are signed with the account's key (EIP-712); everything else needs the account's API key.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import (
    Capabilities,
    Simulated,
    SimulatorOpening,
    Venue,
    VenueOpening,
    VenueSpec,
)

from .fake.settings import FakeSettings
from .settings import SxBetSettings

__version__ = "0.1.0"

__all__ = ["FakeSettings", "SxBetSettings", "capabilities", "open_sx_bet", "xarb_venues"]


def capabilities(settings: SxBetSettings) -> Capabilities:
    """Return what the exchange can do with orders as the settings make them."""
    return Capabilities(
        partial_fills=settings.time_in_force != "FOK",
        cancel=True,
        dead_man_heartbeat=True,
        final_at_once=False,
        proves_absence=True,
        min_stake=settings.min_stake,
        max_stake=settings.max_stake,
    )


@asynccontextmanager
async def open_sx_bet(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
    """Open a connection to the exchange."""
    # Only here are an HTTP client and keys needed, and importing them takes time.
    try:
        from .connection import open_venue  # noqa: PLC0415
    except ImportError as error:
        message = f"sx_bet needs the extra evm: pip install 'xarb[evm]' ({error})"
        raise RuntimeError(message) from error
    async with open_venue(opening) as venue:
        yield venue


@asynccontextmanager
async def open_simulator(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """Run a server that speaks the exchange's protocol."""
    from .fake import open_simulator as open_fake  # noqa: PLC0415 -- the same

    async with open_fake(opening) as simulated:
        yield simulated


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the exchange."""
    yield VenueSpec(
        name="sx_bet",
        version=__version__,
        capabilities=capabilities,
        settings=SxBetSettings,
        open=open_sx_bet,
        simulator=open_simulator,
        simulator_settings=FakeSettings,
        api=API,
    )
