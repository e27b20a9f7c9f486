"""
Orders of an earlier life that venues may still have news of.
"""

from collections.abc import Sequence

from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.steps import Snapshot
from xarb_runtime.service.charts import Charts


def unsettled_lines(charts: Charts, snapshot: Snapshot) -> list[OrderLine]:
    """
    Return the lines of orders that may fill further, or whose fill may be taken back.

    Also of fills that are final: a venue may take one back after all, and as long as the execution
    runs something can be done about it.
    """
    context = charts.of(snapshot).decoder.decode(snapshot.context)
    lines: Sequence[OrderLine] = getattr(
        context, "orders", ()
    )  # a context of a plugin may have none
    return [line for line in lines if line.in_doubt or line.filled]
