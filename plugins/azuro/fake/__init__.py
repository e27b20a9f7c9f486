"""
An imitation of Azuro V3 on loopback: backend, relayer, feed, and a chain that is large enough.

It speaks the protocol as it was seen, down to which numbers are texts, so that the official client
runs against it. Tests use it, and so does whoever tries xarb without money.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening

from .settings import FakeSettings

__all__ = ["FakeSettings", "open_simulator"]


@asynccontextmanager
async def open_simulator(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """
    Run the imitation on loopback for as long as the context lasts.

    `control` of what is yielded is a `Control` (see `control`): the truth, and its disturbances.

    Raises:
        OSError: the port is taken.
    """
    # An HTTP server and a signature checker take time to import; discovering plugins needs neither.
    from .server import serve  # noqa: PLC0415

    async with serve(opening) as simulated:
        yield simulated
