"""
The contexts that charts in these tests run on, as the runtime knows them.
"""

from pathlib import Path

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.domain.venue_health import VenueHealth

ROOT = Path(__file__).parent.parent.parent
CHARTS = sorted((ROOT / "statecharts").glob("*.yaml"))
BAD = sorted((ROOT / "tests" / "charts_bad").glob("*.yaml"))

CONTEXTS: dict[str, type[Context]] = {
    "cross_venue": CrossVenue,
    "supervisor": Supervisor,
    "venue_health": VenueHealth,
}
