"""
Azuro V3: live and prematch bets against a liquidity pool, sent through a relayer.

An order is a signed message that a backend takes and puts on the chain some ten to thirty seconds
later. There is no cancel and no stream of orders; there is an expiry that the chain enforces, and
an order id that is known before anything is sent. See docs/how-to/trade-on-azuro.md.
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
from .settings import AzuroSettings

__version__ = "0.1.0"

__all__ = ["AzuroSettings", "FakeSettings", "capabilities", "open_azuro", "xarb_venues"]


def capabilities(settings: AzuroSettings) -> Capabilities:
    """
    Return what Azuro can do.

    An order is taken whole or not at all, cannot be cancelled, and may be taken back after it was
    accepted. Its signature expires, which in the end proves that it was never placed.
    """
    return Capabilities(
        proves_absence=True, min_stake=settings.min_stake, max_stake=settings.max_stake
    )


@asynccontextmanager
async def open_azuro(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
    """
    Open a connection; nothing is waited for.

    Raises:
        KeyProblemError: it is to trade, and there is no key.
    """
    # An HTTP client and a signer take time to import; discovering plugins needs neither.
    from .connection import open_venue  # noqa: PLC0415

    async with open_venue(opening) as venue:
        yield venue


@asynccontextmanager
async def open_fake(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """Run an imitation of Azuro on loopback."""
    from .fake import open_simulator  # noqa: PLC0415

    async with open_simulator(opening) as simulated:
        yield simulated


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the one kind of venue."""
    yield VenueSpec(
        name="azuro",
        version=__version__,
        capabilities=capabilities,
        settings=AzuroSettings,
        open=open_azuro,
        simulator=open_fake,
        simulator_settings=FakeSettings,
        api=API,
    )
