"""
Executions of the flow's context, brought to where a test needs them.
"""

from decimal import Decimal
from typing import Any

from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Command


def selection(venue: str, wins: str) -> dict[str, Any]:
    return {"venue": venue, "market": "m", "outcome": wins, "wins": [wins]}


def opportunity(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "detected_ms": 1000,
        "event": "A-B",
        "scenarios": ["over", "under"],
        "stake": "100",
        "leg_a": {"selection": selection("sx", "over"), "odds": "2.10"},
        "leg_b": {"selection": selection("azuro", "under"), "odds": "2.05"},
        **changes,
    }


def event(kind: str, data: dict[str, Any], at: int = 1100) -> Event:
    return Event(id="1", source="t", type=kind, time_ms=at, execution="x-1", data=data)


def admitted(limits: dict[str, Any] | None = None, **changes: Any) -> CrossVenue:
    context = CrossVenue(execution="x-1", now_ms=1100)
    data = {"opportunity": opportunity(**changes), "gate": {}, "limits": limits or {}}
    assert context.observe(event("opportunity.detected", data)) == "opportunity.detected"
    return context


def place(context: CrossVenue, slot: str, key: str = "") -> dict[str, Any]:
    key = key or f"x-1:{len(context.orders) + 1}:0"
    return context.issued(Command(key, "venue", "place", {"leg": slot}))


def report(context: CrossVenue, status: str, filled: Any = 0, at: Any = "2.1", **more: Any) -> str:
    """Report the newest order."""
    line = context.orders[-1]
    data = {
        "client_id": line.client_id,
        "sequence": line.sequence + 1,
        "time_ms": 1,
        "status": status,
        "filled": str(filled),
        "odds": str(at) if Decimal(filled) else "0",
        **more,
    }
    return context.observe(event("order.report", data))


def with_leg_a(filled: Any = 100, **changes: Any) -> CrossVenue:
    context = admitted(**changes)
    place(context, "leg_a")
    at = context.opportunity.leg_a.odds
    report(context, "filled" if filled == context.stake_a else "cancelled", filled, at)
    return context


def quoted(context: CrossVenue, at: Any, least: Any = 1, most: Any = 100_000) -> str:
    data = {
        "selection": selection("azuro", "under"),
        "odds": str(at),
        "min_stake": str(least),
        "max_stake": str(most),
        "time_ms": 1,
    }
    return context.observe(event("quote.received", data))


def planned(context: CrossVenue, stake: Any, at: Any, strategy: str = "alt_line") -> str:
    data = {
        "strategy": strategy,
        "selection": selection("other", "under"),
        "stake": str(stake),
        "odds": str(at),
        "fee": "0",
        "worst_case": "0",
    }
    return context.observe(event("hedge.planned", data))
