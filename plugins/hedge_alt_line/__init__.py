"""
The hedge `alt_line`: other lines of leg A's market, at any venue.

Against an over 2.5, an under 3.5 leaves a middle in which both win; an under 1.5 leaves a gap in
which both lose. Both are judged by their worst case alone, so that a gap counts in full; of equal
ones the better middle is taken. It never stakes more than what levels the position.
"""

from collections.abc import Iterable

from xarb_runtime.domain.hedging import best, candidates
from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import Quote
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import HedgeRequest, HedgeSpec, HedgeStrategy

__version__ = "0.1.0"


class AltLine(HedgeStrategy):
    """Takes the line with the best worst case."""

    def plan(self, request: HedgeRequest, quotes: tuple[Quote, ...]) -> HedgePlan | None:
        """Return the best plan on any of the offered lines, or None."""
        return best(
            candidates(
                request.strategy,
                request.fills,
                request.scenarios,
                request.offers,
                quotes,
                request.stake_tick,
            )
        )


@hookimpl
def xarb_hedges() -> Iterable[HedgeSpec]:
    """Return the strategy."""
    return [HedgeSpec(name="alt_line", version=__version__, create=AltLine, api=API)]
