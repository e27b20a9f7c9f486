"""
Series that exist before anything has happened.

Prometheus sees a counter grow only if it has seen it before: one that appears with its first 1 has
not grown at all, and an alert on the first dead letter would stay silent. So whatever can be named
in advance begins at 0.
"""

from collections.abc import Iterator
from itertools import product

from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.domain.ledger import IN_DOUBT, LineStatus
from xarb_runtime.domain.steps import Outcome
from xarb_runtime.ops.metrics.letters import CLASSES
from xarb_runtime.service.runtime import Runtime

Series = tuple[str, tuple[str, ...]]

SLOTS = ("leg_a", "leg_b", "hedge")
ENDS = tuple(status.value for status in LineStatus if status not in IN_DOUBT)
#: What the intake does with a message, and the relay with another.
READ = ("opportunity", "operator", "too_old", "from_the_future", "malformed", "unsigned")
SAID = ("confirmed", "unroutable", "failed")
#: The kinds of incidents that the runtime and the charts that ship can open.
INCIDENTS = (
    ("exposed", "critical"),
    ("fault", "critical"),
    ("late_report", "critical"),
    ("orphan_order", "critical"),
    ("invariant", "critical"),
    ("finality_overdue", "warning"),
    ("auto_pause", "warning"),
)


def series_of(runtime: Runtime) -> Iterator[Series]:
    """Yield what can be named in advance: metric, and values of its labels."""
    charts = runtime.desk.charts
    finals = [state.id for state in charts.flow.model.states.values() if state.final]
    yield from _each("xarb_messages_total", READ)
    yield from _each("xarb_dead_letters_total", CLASSES)
    yield from (("xarb_incidents_opened_total", labels) for labels in INCIDENTS)
    yield from _each("xarb_steps_total", [it.name for it in charts.current], list(Outcome))
    for name in (
        "xarb_orchestration_seconds",
        "xarb_executions_rolled_back_total",
        "xarb_ended_filled_total",
        "xarb_ended_profit_total",
        "xarb_ended_loss_total",
    ):
        yield from _each(name, finals)
    yield from _orders(sorted(runtime.settings.venues))
    said = [message.name for message in MESSAGES if message.direction == "out"]
    yield from _each("xarb_published_total", said, SAID)


def _orders(venues: list[str]) -> Iterator[Series]:
    for name in (
        "xarb_order_stake_total",
        "xarb_order_filled_total",
        "xarb_order_taken_back_total",
        "xarb_accept_seconds",
    ):
        yield from _each(name, venues, SLOTS)
    yield from _each("xarb_orders_ended_total", venues, SLOTS, ENDS)


def _each(name: str, *values: list[str] | tuple[str, ...]) -> Iterator[Series]:
    return ((name, labels) for labels in product(*values))
