"""
What the runtime itself offers through the hooks: the contexts of its own charts.
"""

from collections.abc import Iterable

from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.domain.venue_health import VenueHealth
from xarb_runtime.plugins.contracts import ContextSpec
from xarb_runtime.plugins.hookspecs import hookimpl

__version__ = "1"


@hookimpl
def xarb_contexts() -> Iterable[ContextSpec]:
    """Return the contexts of the charts that ship with xarb."""
    return [
        ContextSpec(name="cross_venue", version=__version__, context=CrossVenue),
        ContextSpec(name="supervisor", version=__version__, context=Supervisor),
        ContextSpec(name="venue_health", version=__version__, context=VenueHealth),
    ]
