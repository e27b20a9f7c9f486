"""
Trades: orders that became terminal, derived from steps; what KPI windows count.
"""

from xarb_runtime.domain.steps import Outcome, Step
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.store.batch import Trade

_ENDS = frozenset({"filled", "cancelled", "refused", "reversed"})


def trade_of(taken: Step, chart: Chart) -> Trade | None:
    """Return the trade that a step's event ended or changed, or None."""
    if taken.event.source == "runtime":
        return None  # the order was never sent: it says nothing about the venue
    if taken.signal.rpartition(".")[2] not in _ENDS or taken.outcome is Outcome.FAILED:
        return None
    client_id = str(taken.event.data.get("client_id", ""))
    line = chart.decoder.decode(taken.after.context).order(client_id) if client_id else None
    if line is None:
        return None
    return Trade(
        client_id=line.client_id,
        execution=taken.after.execution,
        venue=line.selection.venue,
        slot=line.slot,
        strategy=line.strategy,
        stake=line.stake,
        filled=line.filled,
        status=line.status,
        sent_ms=line.sent_ms,
        answered_ms=line.answered_ms,
        accept_ms=line.accepted_ms - line.sent_ms if line.accepted_ms else None,
        at_ms=taken.event.time_ms,
    )
