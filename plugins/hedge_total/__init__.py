"""
The hedge `total`: a selection of another totals market.

Another market settles for itself, so a gap between the two is not a price but a second risk: only a
selection that wins in every scenario in which the position loses is taken.
"""

from collections.abc import Iterable

from xarb_runtime.domain.hedging import best, candidates, losing
from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import Quote
from xarb_runtime.domain.position import profit_by_scenario
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import HedgeRequest, HedgeSpec, HedgeStrategy

__version__ = "0.1.0"


class Total(HedgeStrategy):
    """Takes the total with the best worst case among those that leave no gap."""

    def plan(self, request: HedgeRequest, quotes: tuple[Quote, ...]) -> HedgePlan | None:
        """Return the best plan that covers every losing scenario, or None."""
        profit = profit_by_scenario(request.fills, request.scenarios)
        covering = [it for it in request.offers if losing(profit) <= set(it.selection.wins)]
        return best(
            candidates(
                request.strategy,
                request.fills,
                request.scenarios,
                covering,
                quotes,
                request.stake_tick,
            )
        )


@hookimpl
def xarb_hedges() -> Iterable[HedgeSpec]:
    """Return the strategy."""
    return [HedgeSpec(name="total", version=__version__, create=Total, api=API)]
