"""
Events: what happened, when, according to whom.

An event is the only thing that can make an execution move. It is immutable, it has an identity
(`source`, `id`) by which duplicates are recognised, and it carries its own time: no step ever reads
a clock.
"""

from typing import Any

import msgspec

OPPORTUNITY_DETECTED = "opportunity.detected"
ORDER_REPORT = "order.report"
ORDER_UNKNOWN = "order.unknown"
ORDER_ABSENT = "order.absent"
ORDER_REFUSED = "order.refused"
ORDER_CANCEL_REFUSED = "order.cancel_refused"
QUOTE_RECEIVED = "quote.received"
QUOTE_FAILED = "quote.failed"
HEDGE_PLANNED = "hedge.planned"
HEDGE_NO_PLAN = "hedge.no_plan"
#: Words about orders; only executions of opportunities have orders.
ORDER_EVENTS = frozenset(
    {ORDER_REPORT, ORDER_UNKNOWN, ORDER_ABSENT, ORDER_REFUSED, ORDER_CANCEL_REFUSED}
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that happened.

    Attributes:
        id: unique within `source`; a second event with the same pair is a duplicate.
        source: who says so, e.g. `bus:engine`, `venue:sx`, `timer`, `operator:ann`, `runtime`.
        type: the dotted name, e.g. `order.report`.
        time_ms: when it happened, milliseconds since the Unix epoch, UTC.
        execution: the execution it is addressed to.
        data: the payload, plain JSON values; decimals are strings.
    """

    id: str
    source: str
    type: str
    time_ms: int
    execution: str
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
