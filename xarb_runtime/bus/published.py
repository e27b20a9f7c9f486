"""
What goes over the bus: every type of message, its direction and the shape of its data.

This list is the only one: what is sent is made from it, and the AsyncAPI document and the reference
are written from it.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.domain.opportunity import Opportunity

#: The `source` of every message that we send.
SOURCE = "xarb"
#: The extension of every message that we send: the mode of the runtime that sends it. Where it is
#: not `live`, no money has moved, whatever the data says.
MODE = "xarbmode"
MODES = ("ghost", "shadow", "live")
EXECUTION_TRANSITION = "execution.transition"
EXECUTION_COMPLETED = "execution.completed"
INCIDENT_OPENED = "incident.opened"
INCIDENT_CLOSED = "incident.closed"
INCIDENT_REMINDER = "incident.reminder"
KPI_WINDOW = "kpi.window"
#: What an operator may say over the bus.
OPERATOR_WORDS = (
    "operator.pause",
    "operator.resume",
    "operator.reduce",
    "operator.halt",
    "operator.stop",
)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """
    One transition that was taken.

    Attributes:
        path: its place in the chart document.
        event: the signal that it was taken for; empty for an eventless one.
        source: the state that it leaves.
        target: the state that it goes to; empty for a transition that stays where it is.
    """

    path: str
    event: str
    source: str
    target: str


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """
    One command that a step issued.

    Attributes:
        key: its idempotency key; for an order, the client id.
        target: who does it: `venue`, `hedge`, `bus`, ...
        name: what: `place`, `cancel`, `find`, ...
    """

    key: str
    target: str
    name: str


class TransitionData(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of an execution: what came in, what the chart made of it.

    Attributes:
        execution: the execution's id; `supervisor` and `venue:NAME` are executions too.
        chart: the chart it runs on.
        version: the chart's version.
        hash: the hash of the chart's text; two charts with the same hash are the same.
        seq: the number of the step, from 1 without a gap.
        event: the type of the event.
        event_source: whose event it was.
        event_id: the event's id, unique for its source.
        signal: the name under which the chart saw it.
        outcome: `moved`, `ignored`, `unexpected` or `failed`.
        before: the states that were active.
        after: the states that are active now.
        transitions: those taken, in order.
        commands: those issued, in order.
        status: `running`, `final` or `quarantined`.
        exposure: what it owns now: `flat`, `one_leg`, `hedged` or `unknown`.
        time_ms: when, milliseconds since the epoch.
    """

    execution: str
    chart: str
    version: int
    hash: str
    seq: int
    event: str
    event_source: str
    event_id: str
    signal: str
    outcome: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    transitions: tuple[Taken, ...]
    commands: tuple[Issued, ...]
    status: str
    exposure: str
    time_ms: int


class OrderData(msgspec.Struct, frozen=True, kw_only=True):
    """
    One order, as it stood when the execution ended.

    Attributes:
        client_id: our id of it.
        slot: what it was for: `leg_a`, `leg_b` or `hedge`.
        strategy: for a hedge, the strategy whose plan it was; otherwise empty.
        venue: where the bet was placed.
        market: the venue's id of the market.
        outcome: the venue's id of what was bet on.
        stake: what was asked for.
        filled: what was taken.
        odds: the average decimal odds of what was taken; 0 when nothing was.
        status: how it ended.
        final: the venue cannot take it back.
        accept_ms: how long the venue took to accept it; None when it did not.
    """

    client_id: str
    slot: str
    strategy: str
    venue: str
    market: str
    outcome: str
    stake: Decimal
    filled: Decimal
    odds: Decimal
    status: str
    final: bool
    accept_ms: int | None


class CompletedData(msgspec.Struct, frozen=True, kw_only=True):
    """
    The result of an opportunity's execution that has ended, in whatever way.

    Attributes:
        execution: its id.
        opportunity: the engine's id of the opportunity.
        title: the sports event, for people.
        state: the final state: `completed`, `rejected`, `aborted`, `hedged`, ...
        reason: why it ended so, for people.
        exposure: what it owns.
        staked: what is filled, all orders together.
        worst: the smallest profit over all ways the event can end; negative for a loss.
        orders: all orders, oldest first.
        started_ms: the time of the first step, milliseconds since the epoch.
        ended_ms: the time of the last step.
    """

    execution: str
    opportunity: str
    title: str
    state: str
    reason: str
    exposure: str
    staked: Decimal
    worst: Decimal
    orders: tuple[OrderData, ...]
    started_ms: int
    ended_ms: int


class IncidentOpenedData(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that a person has to know about.

    Attributes:
        incident: its id; `xarb incidents` lists it.
        execution: whose; empty when it is the runtime's own.
        kind: what sort of incident: `exposed`, `invariant`, `late_report`, ...
        severity: `warning` or `critical`.
        reason: why, for people.
        exposure: what the execution owned at that moment.
        opened_ms: when, milliseconds since the epoch.
    """

    incident: str
    execution: str
    kind: str
    severity: str
    reason: str
    exposure: str
    opened_ms: int


class IncidentClosedData(msgspec.Struct, frozen=True, kw_only=True):
    """
    An incident is over.

    Attributes:
        incident: its id.
        execution: whose; empty when it is the runtime's own, or not known any more.
        closed_ms: when, milliseconds since the epoch.
        closed_by: by whom.
        note: what they noted.
    """

    incident: str
    execution: str
    closed_ms: int
    closed_by: str
    note: str


class IncidentReminderData(msgspec.Struct, frozen=True, kw_only=True):
    """
    An incident that is still open and that nobody has closed.

    Attributes:
        execution: whose.
        type: the type of the message.
        reason: why it is open.
    """

    execution: str
    type: str
    reason: str


class KpiWindowData(msgspec.Struct, frozen=True, kw_only=True):
    """
    A venue's figures over its newest trades, after one more of them.

    Attributes:
        venue: whose.
        sample: how many trades count.
        fill_ratio: filled share of what was ordered, averaged; None without trades.
        p95_accept_ms: 95th percentile of the accept time; None without accepted trades.
        client_id: the order that was counted last.
        time_ms: when.
    """

    venue: str
    sample: int
    fill_ratio: Decimal | None
    p95_accept_ms: int | None
    client_id: str
    time_ms: int


class OperatorWordData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What an operator says to the supervisor; the message's type says what.

    Attributes:
        operator: who says it, for the audit.
        reason: why, for people.
    """

    operator: str
    reason: str = ""


class MessageType(msgspec.Struct, frozen=True, kw_only=True):
    """
    A type of message.

    Attributes:
        name: the CloudEvent's `type`, which is its routing key too.
        direction: `in` to us, `out` from us.
        data: the shape of its data.
        doc: one sentence for people.
        id: how the CloudEvent's `id` is made up, for those that go out.
        signed: it carries a signature in the extension `xarbsignature`.
    """

    name: str
    direction: Literal["in", "out"]
    data: type[msgspec.Struct]
    doc: str
    id: str = ""
    signed: bool = False


MESSAGES: tuple[MessageType, ...] = (
    MessageType(
        name=OPPORTUNITY_DETECTED,
        direction="in",
        data=Opportunity,
        doc="An arbitrage engine has seen two prices that are worth taking.",
    ),
    *(
        MessageType(
            name=word,
            direction="in",
            data=OperatorWordData,
            doc=f"An operator tells the runtime to {word.removeprefix('operator.')}.",
            signed=True,
        )
        for word in OPERATOR_WORDS
    ),
    MessageType(
        name=EXECUTION_TRANSITION,
        direction="out",
        data=TransitionData,
        doc="An execution has taken a step.",
        id="{execution}:{seq}",
    ),
    MessageType(
        name=EXECUTION_COMPLETED,
        direction="out",
        data=CompletedData,
        doc="An opportunity's execution has ended, in whatever way.",
        id="{execution}:completed",
    ),
    MessageType(
        name=INCIDENT_OPENED,
        direction="out",
        data=IncidentOpenedData,
        doc="Something has happened that a person has to know about.",
        id="{incident}/opened",
    ),
    MessageType(
        name=INCIDENT_CLOSED,
        direction="out",
        data=IncidentClosedData,
        doc="An incident is over.",
        id="{incident}/closed",
    ),
    MessageType(
        name=INCIDENT_REMINDER,
        direction="out",
        data=IncidentReminderData,
        doc="An incident is still open; sent by the flow's chart again and again.",
        id="{command key}",
    ),
    MessageType(
        name=KPI_WINDOW,
        direction="out",
        data=KpiWindowData,
        doc="A venue's figures have changed by one more trade.",
        id="kpi:{client_id}:{status}",
    ),
)
