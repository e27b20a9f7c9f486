"""
What is told to others: from the news of a round to messages for the outbox.

Pure. The same round gives the same messages, byte for byte, and each message's id says what it is
about, so that a consumer can tell a repetition. They are written in the transaction of the steps
that they tell of: no step without its message, no message without its step.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from xarb_runtime.bus import published
from xarb_runtime.bus.published import MESSAGES, SOURCE
from xarb_runtime.bus.rfc3339 import format_time
from xarb_runtime.bus.subscription import matches
from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.opportunity import Opportunity
from xarb_runtime.domain.position import profit_by_scenario, worst_case
from xarb_runtime.domain.steps import Outcome, Status, Step
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.work import Closed, Counted, News
from xarb_runtime.store.batch import Incident, Outgoing

_encode = msgspec.json.Encoder().encode


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CloudEvent as it is written; its keys are those of `cloudevents.encode`, in that order."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: str
    datacontenttype: str
    traceparent: str = ""
    xarbmode: str = ""
    data: msgspec.Struct


class _Admitted(msgspec.Struct):
    opportunity: Opportunity


class _Ending(msgspec.Struct):
    """What a context says of its end; what another context has beside it does not matter."""

    admission: _Admitted | None = None
    orders: list[OrderLine] = []
    reason: str = ""


_decode_ending = msgspec.json.Decoder(_Ending).decode


def wanted(patterns: Iterable[str]) -> frozenset[str]:
    """Return the types that go out and fit one of the patterns."""
    patterns = tuple(patterns)
    return frozenset(
        message.name
        for message in MESSAGES
        if message.direction == "out" and any(matches(each, message.name) for each in patterns)
    )


class Outbox:
    """
    Numbers messages, and knows when each execution began.

    Args:
        types: the types that are told; empty for a bus on which nobody listens.
        instruments: those that trace executions say what a message carries of the trace.
        mode: the runtime's mode, which every message carries.
    """

    def __init__(
        self, types: frozenset[str], instruments: Instruments | None = None, *, mode: str
    ) -> None:
        self._types = types
        self._mode = mode
        self._traceparent = (instruments or Instruments()).traceparent
        self._position = 0
        self._began: dict[str, int] = {}
        self._found: list[Outgoing] = []

    def recall(self, newest: int, began: Mapping[str, int]) -> None:
        """Go on from an earlier life: its newest position, and when executions in flight began."""
        self._position = newest
        self._began.update(began)

    def messages(self, news: Sequence[News]) -> list[Outgoing]:
        """Return the messages of a round, in the order in which things happened."""
        self._found = []
        if self._types:
            for item in news:
                self._tell(item)
        return self._found

    def _tell(self, item: News) -> None:
        match item:
            case Step():
                self._step(item)
            case Incident():
                self._opened(item)
            case Closed():
                self._closed(item)
            case Counted():
                self._counted(item)

    def _add(
        self,
        kind: str,
        identity: str,
        lane: str,
        time_ms: int,
        data: msgspec.Struct,
        taken: Step | None = None,
    ) -> None:
        if kind not in self._types:
            return
        self._position += 1
        envelope = _Envelope(
            specversion="1.0",
            id=identity,
            source=SOURCE,
            type=kind,
            subject=lane,
            time=format_time(time_ms),
            datacontenttype="application/json",
            traceparent=self._traceparent(lane, taken),
            xarbmode=self._mode,
            data=data,
        )
        self._found.append(
            Outgoing(
                position=self._position,
                id=identity,
                type=kind,
                execution=lane,
                time_ms=time_ms,
                body=_encode(envelope),
            )
        )

    # -- Steps -----------------------------------------------------------------------------------

    def _step(self, taken: Step) -> None:
        before, after, now_ms = taken.before, taken.after, taken.event.time_ms
        name = after.execution
        trade = is_trade(name)
        if trade and not before.seq:
            self._began[name] = now_ms
        # A word to an execution that has ended is no step of it: it has no number of its own.
        if after.seq > before.seq and (trade or _matters(taken)):
            identity = f"{name}:{after.seq}"
            data = _transition(taken)
            self._add(published.EXECUTION_TRANSITION, identity, name, now_ms, data, taken)
        if trade and after.status is Status.FINAL and before.status is not Status.FINAL:
            data = _completed(taken, self._began.pop(name, None))
            identity = f"{name}:completed"
            self._add(published.EXECUTION_COMPLETED, identity, name, now_ms, data, taken)

    # -- Incidents and figures -------------------------------------------------------------------

    def _opened(self, incident: Incident) -> None:
        data = published.IncidentOpenedData(
            incident=incident.id,
            execution=incident.execution,
            kind=incident.kind,
            severity=incident.severity,
            reason=incident.reason,
            exposure=incident.exposure.value,
            opened_ms=incident.opened_ms,
        )
        identity, lane = f"{incident.id}/opened", incident.execution
        self._add(published.INCIDENT_OPENED, identity, lane, incident.opened_ms, data)

    def _closed(self, closed: Closed) -> None:
        closure, lane = closed.closure, closed.incident.execution
        data = published.IncidentClosedData(
            incident=closure.id,
            execution=lane,
            closed_ms=closure.closed_ms,
            closed_by=closure.closed_by,
            note=closure.note,
        )
        identity = f"{closure.id}/closed"
        self._add(published.INCIDENT_CLOSED, identity, lane, closure.closed_ms, data)

    def _counted(self, counted: Counted) -> None:
        trade, figures = counted.trade, counted.figures
        data = published.KpiWindowData(
            venue=figures.venue,
            sample=figures.sample,
            fill_ratio=figures.fill_ratio,
            p95_accept_ms=figures.p95_accept_ms,
            client_id=trade.client_id,
            time_ms=trade.at_ms,
        )
        identity = f"kpi:{trade.client_id}:{trade.status.value}"
        self._add(published.KPI_WINDOW, identity, trade.execution, trade.at_ms, data)


def _matters(taken: Step) -> bool:
    """The supervisor and the venues' health hear a lot; others hear what has changed."""
    return taken.outcome is Outcome.FAILED or taken.before.leaves != taken.after.leaves


def _transition(taken: Step) -> published.TransitionData:
    event, after = taken.event, taken.after
    return published.TransitionData(
        execution=after.execution,
        chart=after.chart,
        version=after.version,
        hash=after.hash,
        seq=after.seq,
        event=event.type,
        event_source=event.source,
        event_id=event.id,
        signal=taken.signal,
        outcome=taken.outcome.value,
        before=taken.before.leaves,
        after=after.leaves,
        transitions=tuple(
            published.Taken(path=it.path, event=it.event, source=it.source, target=it.target)
            for it in taken.transitions
        ),
        commands=tuple(
            published.Issued(key=it.key, target=it.target, name=it.name) for it in taken.commands
        ),
        status=after.status.value,
        exposure=after.exposure.value,
        time_ms=event.time_ms,
    )


def _completed(taken: Step, began_ms: int | None) -> published.CompletedData:
    after, ended_ms = taken.after, taken.event.time_ms
    ending = _ending(after.context)
    opportunity = ending.admission and ending.admission.opportunity
    return published.CompletedData(
        execution=after.execution,
        opportunity=opportunity.id if opportunity else "",
        title=opportunity.event if opportunity else "",
        state="+".join(after.leaves),
        reason=ending.reason,
        exposure=after.exposure.value,
        staked=sum((line.filled for line in ending.orders), ZERO),
        worst=_worst(ending.orders, opportunity),
        orders=tuple(map(_order, ending.orders)),
        started_ms=ended_ms if began_ms is None else began_ms,
        ended_ms=ended_ms,
    )


def _ending(context: msgspec.Raw) -> _Ending:
    try:
        return _decode_ending(context)
    except msgspec.ValidationError:
        # Another context may use these names for something else; then nothing is said of them.
        return _Ending()


def _worst(orders: Sequence[OrderLine], opportunity: Opportunity | None) -> Decimal:
    scenarios = opportunity.scenarios if opportunity else ()
    return worst_case(profit_by_scenario([line.as_filled for line in orders], scenarios))


def _order(line: OrderLine) -> published.OrderData:
    selection = line.selection
    return published.OrderData(
        client_id=line.client_id,
        slot=line.slot,
        strategy=line.strategy,
        venue=selection.venue,
        market=selection.market,
        outcome=selection.outcome,
        stake=line.stake,
        filled=line.filled,
        odds=line.odds,
        status=line.status.value,
        final=line.final,
        accept_ms=line.accepted_ms - line.sent_ms if line.accepted_ms else None,
    )
