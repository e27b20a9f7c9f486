"""
Steps, snapshots and everything else a batch is made of, with as few words as a test needs.
"""

from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.ledger import LineStatus
from xarb_runtime.domain.steps import (
    Command,
    Exposure,
    Fault,
    Outcome,
    Snapshot,
    Status,
    Step,
    Timer,
    Transition,
)
from xarb_runtime.store.batch import Incident, Outgoing, Trade

NOW = 1_760_000_000_000

CONTEXT: dict[str, Any] = {
    "reason": "leg_b refused",
    "admission": {"opportunity": {"id": "o1", "event": "Ghosts - Spirits", "stake": "100.00"}},
    "orders": [],
}


def snapshot(execution: str = "x-1", seq: int = 0, **fields: Any) -> Snapshot:
    context = fields.pop("context", CONTEXT)
    values: dict[str, Any] = {
        "chart": "cross_venue",
        "version": 1,
        "hash": "c0ffee",
        "leaves": ("a_placing",),
        "history": {},
        "context": msgspec.Raw(msgspec.json.encode(context)),
        "timers": (),
        "status": Status.RUNNING,
        "exposure": Exposure.FLAT,
    }
    return Snapshot(execution=execution, seq=seq, **(values | fields))


def event(execution: str = "x-1", number: int = 1, **fields: Any) -> Event:
    values: dict[str, Any] = {
        "id": f"{execution}/{number}",
        "source": "venue:sx",
        "type": "order.report",
        "time_ms": NOW + number,
        "data": {"filled": "10.50"},
    }
    return Event(execution=execution, **(values | fields))


def command(execution: str = "x-1", seq: int = 1, index: int = 0, **fields: Any) -> Command:
    values: dict[str, Any] = {"target": "venue", "name": "place", "params": {"stake": "10.50"}}
    return Command(key=f"{execution}:{seq}:{index}", **(values | fields))


def step(execution: str = "x-1", seq: int = 1, **fields: Any) -> Step:
    """The step with this sequence number: one transition, one command, nothing else."""
    before = fields.pop("before", snapshot(execution, seq - 1))
    values: dict[str, Any] = {
        "event": event(execution, seq),
        "signal": "leg_a.filled",
        "outcome": Outcome.MOVED,
        "after": msgspec.structs.replace(before, seq=seq),
        "transitions": (Transition("/states/a/transitions/0", "leg_a.filled", "a", "b"),),
        "commands": (command(execution, seq),),
    }
    return Step(before=before, **(values | fields))


def stale(execution: str = "x-1", number: int = 1) -> Step:
    same = snapshot(execution, 3)
    return Step(
        event=event(execution, number), signal="", outcome=Outcome.STALE, before=same, after=same
    )


def failed(execution: str = "x-1", number: int = 1) -> Step:
    same = snapshot(execution, 3)
    return Step(
        event=event(execution, number),
        signal="leg_a.filled",
        outcome=Outcome.FAILED,
        before=same,
        after=msgspec.structs.replace(same, status=Status.QUARANTINED),
        fault=Fault("ZeroDivisionError", "division by zero", "/states/a/transitions/0/cond"),
    )


def timer(name: str = "ttl_leg_a", **fields: Any) -> Timer:
    values: dict[str, Any] = {"event": "ttl.leg_a", "due_ms": NOW + 800, "armed_seq": 1}
    return Timer(id=name, **(values | fields))


def trade(client_id: str = "x-1:1:0", **fields: Any) -> Trade:
    values: dict[str, Any] = {
        "execution": "x-1",
        "venue": "sx",
        "slot": "leg_a",
        "strategy": "",
        "stake": Decimal("100.00"),
        "filled": Decimal("60.10"),
        "status": LineStatus.CANCELLED,
        "sent_ms": NOW,
        "answered_ms": NOW + 120,
        "accept_ms": 120,
        "at_ms": NOW + 800,
    }
    return Trade(client_id=client_id, **(values | fields))


def incident(name: str = "x-1:4:0", **fields: Any) -> Incident:
    values: dict[str, Any] = {
        "execution": "x-1",
        "kind": "exposed",
        "severity": "critical",
        "reason": "no hedge worked",
        "opened_ms": NOW,
        "exposure": Exposure.ONE_LEG,
    }
    return Incident(id=name, **(values | fields))


def outgoing(position: int, **fields: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": f"x-1:{position}:moved",
        "type": "execution.transition",
        "execution": "x-1",
        "time_ms": NOW + position,
        "body": b'{"specversion":"1.0"}',
    }
    return Outgoing(position=position, **(values | fields))
