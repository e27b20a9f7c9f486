"""
One complete example of every type of message, built from the classes themselves.
"""

from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent
from xarb_runtime.bus.published import (
    EXECUTION_COMPLETED,
    EXECUTION_TRANSITION,
    INCIDENT_CLOSED,
    INCIDENT_OPENED,
    INCIDENT_REMINDER,
    KPI_WINDOW,
    MODE,
    OPERATOR_WORDS,
    SOURCE,
    CompletedData,
    IncidentClosedData,
    IncidentOpenedData,
    IncidentReminderData,
    Issued,
    KpiWindowData,
    OperatorWordData,
    OrderData,
    Taken,
    TransitionData,
)
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Selection

#: What the examples of operators' words are signed with. Not for use.
EXAMPLE_KEY = "an example of a key, of more than 32 characters"

_AT_MS = 1_779_042_600_250
_ENDED_MS = _AT_MS + 1_250
_EXECUTION = "x-o-1"
_ORDER_A = "x-o-1:1:0"
_INCIDENT = "x-o-1:8:0"
_VOID = {"void": "refund"}


def examples() -> dict[str, CloudEvent]:
    """Return an example of every type, by type."""
    return {
        OPPORTUNITY_DETECTED: CloudEvent(
            id="o-1",
            source="engine",
            type=OPPORTUNITY_DETECTED,
            time_ms=_AT_MS,
            data=_plain(_opportunity()),
        ),
        **{word: _word(word) for word in OPERATOR_WORDS},
        **{kind: _outgoing(kind, identity, data) for kind, (identity, data) in _told().items()},
    }


def _plain(data: msgspec.Struct) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(data))


def _leg(odds: str, venue: str, market: str, outcome: str) -> LegOffer:
    selection = Selection(venue, market, outcome, (outcome,))
    return LegOffer(odds=Decimal(odds), selection=selection, settlement=_VOID)


def _opportunity() -> Opportunity:
    return Opportunity(
        id="o-1",
        detected_ms=_AT_MS,
        event="Brentford - Arsenal, goals 2.5",
        scenarios=("over", "under"),
        stake=Decimal(100),
        leg_a=_leg("2.10", "sx", "m1", "over"),
        leg_b=_leg("2.02", "azuro", "m2", "under"),
        hedges=(HedgeOffer(strategy="unwind", offer=_leg("1.95", "sx", "m1", "under")),),
    )


def _word(word: str) -> CloudEvent:
    return CloudEvent(
        id=f"{word}-1",
        source="desk",
        type=word,
        time_ms=_AT_MS,
        data=_plain(OperatorWordData(operator="ada", reason="line-ups are out")),
        extensions={"xarbsignature": _SIGNATURES[word]},
    )


def _outgoing(kind: str, identity: str, data: msgspec.Struct) -> CloudEvent:
    return CloudEvent(
        id=identity,
        source=SOURCE,
        type=kind,
        time_ms=_ENDED_MS,
        subject=_EXECUTION,
        data=_plain(data),
        extensions={MODE: "live"},
    )


def _told() -> dict[str, tuple[str, msgspec.Struct]]:
    return {
        EXECUTION_TRANSITION: (f"{_EXECUTION}:1", _transition()),
        EXECUTION_COMPLETED: (f"{_EXECUTION}:completed", _completed()),
        INCIDENT_OPENED: (f"{_INCIDENT}/opened", _opened()),
        INCIDENT_CLOSED: (f"{_INCIDENT}/closed", _closed()),
        INCIDENT_REMINDER: (f"{_EXECUTION}:9:0", _reminder()),
        KPI_WINDOW: (f"kpi:{_ORDER_A}:filled", _window()),
    }


def _transition() -> TransitionData:
    return TransitionData(
        execution=_EXECUTION,
        chart="cross_venue",
        version=1,
        hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        seq=1,
        event=OPPORTUNITY_DETECTED,
        event_source="bus:engine",
        event_id="o-1",
        signal=OPPORTUNITY_DETECTED,
        outcome="moved",
        before=("admission",),
        after=("a_placing",),
        transitions=(
            Taken(
                path="/states/admission/transitions/8",
                event=OPPORTUNITY_DETECTED,
                source="admission",
                target="a_placing",
            ),
        ),
        commands=(Issued(key=_ORDER_A, target="venue", name="place"),),
        status="running",
        exposure="unknown",
        time_ms=_AT_MS,
    )


def _completed() -> CompletedData:
    return CompletedData(
        execution=_EXECUTION,
        opportunity="o-1",
        title="Brentford - Arsenal, goals 2.5",
        state="completed",
        reason="covered",
        exposure="hedged",
        staked=Decimal("203.96"),
        worst=Decimal("6.0392"),
        orders=(
            _order(_ORDER_A, "leg_a", "sx", "m1", "over", "100", "2.10"),
            _order(f"{_EXECUTION}:3:0", "leg_b", "azuro", "m2", "under", "103.96", "2.02"),
        ),
        started_ms=_AT_MS,
        ended_ms=_ENDED_MS,
    )


def _order(
    client_id: str, slot: str, venue: str, market: str, outcome: str, stake: str, odds: str
) -> OrderData:
    return OrderData(
        client_id=client_id,
        slot=slot,
        strategy="",
        venue=venue,
        market=market,
        outcome=outcome,
        stake=Decimal(stake),
        filled=Decimal(stake),
        odds=Decimal(odds),
        status="filled",
        final=True,
        accept_ms=140,
    )


def _opened() -> IncidentOpenedData:
    return IncidentOpenedData(
        incident=_INCIDENT,
        execution=_EXECUTION,
        kind="exposed",
        severity="critical",
        reason="no hedge left",
        exposure="one_leg",
        opened_ms=_AT_MS,
    )


def _closed() -> IncidentClosedData:
    return IncidentClosedData(
        incident=_INCIDENT,
        execution=_EXECUTION,
        closed_ms=_ENDED_MS,
        closed_by="operator:ada",
        note="covered by hand",
    )


def _reminder() -> IncidentReminderData:
    return IncidentReminderData(
        execution=_EXECUTION, type=INCIDENT_REMINDER, reason="no hedge left"
    )


def _window() -> KpiWindowData:
    return KpiWindowData(
        venue="sx",
        sample=20,
        fill_ratio=Decimal("0.95"),
        p95_accept_ms=310,
        client_id=_ORDER_A,
        time_ms=_ENDED_MS,
    )


#: Made with `EXAMPLE_KEY`; a test makes them anew.
_SIGNATURES = {
    "operator.pause": "68ede3246c1c45f47b80f4099dc79a44d59c5fc320ae651591f86396c645a0c6",
    "operator.resume": "f32142662cfcc8588e61aae4907b5c1b4425ff4b2b81738d164344c55e661315",
    "operator.reduce": "974e4bae1518a0c8e4bc06f9bb814c52720329e63628a3ba220466119890c8bc",
    "operator.halt": "ddbee19ede88560f201c393f15cdc63e5551a34f678bc04d2d2d138e65ba0055",
    "operator.stop": "2e2beec38a3343171ff9b63a6ce051fa869b8552f9ee0bbf6769c106512d58fd",
}
