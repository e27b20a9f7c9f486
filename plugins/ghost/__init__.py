"""
The ghost: a venue that follows a script, for simulations, tests and dry runs.

`ghost` lives in this process, `ghost_remote` talks to one that runs as a process of its own and
keeps its book on disk (`server`). Both behave as `GhostSettings` says.
"""

from collections.abc import Iterable

from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import Capabilities, VenueSpec

from .book import BookLine, BookOrder, Change, GhostBook, exposure
from .exchange import GhostExchange, open_exchange
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
    "exposure",
    "open_exchange",
    "open_ghost",
    "xarb_venues",
]


def capabilities(settings: GhostSettings) -> Capabilities:
    """Return what a ghost can do."""
    return settings.can


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
