"""
The ghost: a venue that follows a script, for simulations, tests and dry runs.

`ghost` lives in this process, `ghost_remote` talks to one that runs as a process of its own and
keeps its book on disk (`server`). Both behave as `GhostSettings` says.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueOpening, VenueSpec

from .book import BookLine, BookOrder, Change, GhostBook, exposure
from .exchange import GhostExchange, open_exchange
from .file import read_book
from .remote_settings import RemoteSettings
from .settings import GhostSettings
from .venue import GhostVenue, open_ghost

__version__ = "0.1.0"

__all__ = [
    "BookLine",
    "BookOrder",
    "Change",
    "GhostBook",
    "GhostExchange",
    "GhostSettings",
    "GhostVenue",
    "RemoteSettings",
    "exposure",
    "open_exchange",
    "open_ghost",
    "read_book",
    "xarb_venues",
]


def capabilities(settings: GhostSettings) -> Capabilities:
    """Return what a ghost can do."""
    return settings.can


def remote_capabilities(settings: RemoteSettings) -> Capabilities:
    """Return what a ghost in another process can do."""
    return settings.capabilities


@asynccontextmanager
async def open_remote(opening: VenueOpening) -> AsyncGenerator[Venue, None]:
    """Open a connection to a ghost in another process."""
    # Only here is an HTTP client needed, and importing one takes time.
    from .remote import open_remote as open_connection  # noqa: PLC0415

    async with open_connection(opening) as venue:
        yield venue


@hookimpl
def xarb_venues() -> Iterable[VenueSpec]:
    """Return the ghosts."""
    yield VenueSpec(
        name="ghost",
        version=__version__,
        capabilities=capabilities,
        settings=GhostSettings,
        open=open_ghost,
        api=API,
    )
    yield VenueSpec(
        name="ghost_remote",
        version=__version__,
        capabilities=remote_capabilities,
        settings=RemoteSettings,
        open=open_remote,
        api=API,
    )
