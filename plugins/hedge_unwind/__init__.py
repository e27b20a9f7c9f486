"""
The hedge `unwind`: the opposite side at leg A's own venue, whatever it costs. Where leg A was taken
back and something else stands alone, leg A's own selection is on offer to it as well.

It comes last and may lose more than the others (`limits.max_loss_unwind`). When the venue's minimum
is more than it takes to level the position, it stakes the minimum, as long as the worst case gets
better: a little too much on the other side is less than all of it on one.
"""

from collections.abc import Iterable

from xarb_runtime.domain.hedging import best, candidates
from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import Quote
from xarb_runtime.plugins import API, hookimpl
from xarb_runtime.plugins.contracts import HedgeRequest, HedgeSpec, HedgeStrategy

__version__ = "0.1.0"


class Unwind(HedgeStrategy):
    """Sells what is held, as far as the venue lets it."""

    def plan(self, request: HedgeRequest, quotes: tuple[Quote, ...]) -> HedgePlan | None:
        """Return the plan that loses least, or None when every plan would lose more."""
        return best(
            candidates(
                request.strategy,
                request.fills,
                request.scenarios,
                request.offers,
                quotes,
                request.stake_tick,
                up_to_minimum=True,
            )
        )


@hookimpl
def xarb_hedges() -> Iterable[HedgeSpec]:
    """Return the strategy."""
    return [HedgeSpec(name="unwind", version=__version__, create=Unwind, api=API)]
