"""
What a store holds of the opportunities that were executed on it, for a comparison.
"""

import sys
from decimal import Decimal

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Snapshot, Status
from xarb_runtime.ops.parity import Run, Side
from xarb_runtime.ops.timeline import held_by
from xarb_runtime.service.book import is_trade
from xarb_runtime.store.queries import Queries

PREFIX = "x-"


async def read_side(url: str) -> Side:
    """
    Return what became of all opportunities of a store.

    Raises:
        StoreError: there is no store at `url`, or it cannot be read.
    """
    async with Queries.open(url) as queries:
        origin = await queries.origin()
        rows = [row for row in await queries.executions(limit=sys.maxsize) if _counts(row.id)]
        ended = [row.id for row in rows if row.status is Status.FINAL]
        snapshots = [await queries.snapshot(name) for name in ended]
    return Side(
        mode=origin.mode if origin else "",
        runs=tuple(_run(snapshot) for snapshot in snapshots if snapshot is not None),
        unfinished=len(rows) - len(ended),
    )


def _counts(execution: str) -> bool:
    """What came twice is no opportunity of its own: its name has an exclamation mark."""
    return is_trade(execution) and "!" not in execution


def _run(snapshot: Snapshot) -> Run:
    held = held_by(snapshot.context)
    profits: list[Decimal] = list(held.profit.values())
    return Run(
        id=snapshot.execution.removeprefix(PREFIX),
        state="+".join(snapshot.leaves),
        reason=held.reason,
        orders=held.orders,
        worst=min(profits, default=ZERO),
    )
