"""
A stand-in for SX Bet: its order book V3 over HTTP and websocket, on loopback.

For tests, for dry runs, and for whoever wants to see what an exchange may do to an order. It keeps
to what is known of the protocol; where nothing is known it does what a careful reading suggests,
and `FakeSettings` has a switch.

There are no parlays, no bet credits, and no refunds for betting on both sides of a market.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening

from .settings import FakeSettings

__all__ = ["FakeSettings", "open_simulator"]


@asynccontextmanager
async def open_simulator(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """
    Run the exchange for as long as the context lasts.

    Raises:
        OSError: the port is taken.
    """
    # A web server and a curve: importing them takes time, and finding plugins should take none.
    from .server import serve  # noqa: PLC0415

    async with serve(opening) as simulated:
        yield simulated
