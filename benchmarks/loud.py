"""
An embedded bus whose messages are for others: `loud://`. It confirms at once, so that what is
measured on it is the outbox and the relay without any broker.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.plugins.contracts import BusOpening, BusSpec

CAPACITY = 1_000_000


@asynccontextmanager
async def _open(opening: BusOpening) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(in_flight=opening.in_flight, capacity=CAPACITY)
    try:
        yield bus
    finally:
        bus.close()


def loud_spec() -> BusSpec:
    """Return the spec of the bus."""
    return BusSpec(scheme="loud", version="1.0.0", open=_open, outbound=True)
