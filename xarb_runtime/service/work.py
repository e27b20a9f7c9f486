"""
What one round of the writer produces: a batch to commit, and what may happen after the commit.
"""

from typing import Any

import msgspec

from xarb_runtime.domain.steps import Command, Step, Timer
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.kpi import Figures
from xarb_runtime.store.batch import Batch, Closure, Incident, Trade


class Arming(msgspec.Struct, frozen=True):
    """A timer of an execution."""

    execution: str
    timer: Timer


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that is over, and how it was closed."""

    incident: Incident
    closure: Closure


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that a KPI window has taken in, and the venue's figures with it."""

    trade: Trade
    figures: Figures


def told_closed(closed: Closed) -> dict[str, Any]:
    """Return an incident that is over as plain JSON values: as it was opened, and its end."""
    end = msgspec.to_builtins(closed.closure)
    return {**msgspec.to_builtins(closed.incident), **end}


#: What may be told to others, each as it is.
News = Step | Incident | Closed | Counted


class Work(msgspec.Struct, kw_only=True):
    """
    Attributes:
        batch: to be committed.
        commands: to be dispatched after the commit, in order.
        orders: how many of them place an order.
        left: deliveries that were not worked on; they come first in the next round.
        armed: timers to be watched after the commit.
        steps: all steps, in order.
        incidents: those opened.
        news: steps, incidents opened and closed, and trades counted, in the order they happened.
        settled: deliveries and their steps, to be acknowledged after the commit.
        stopped: the supervisor says that the runtime is to end.
    """

    batch: Batch = msgspec.field(default_factory=Batch)
    commands: list[Command] = []
    orders: int = 0
    left: list[Delivery] = []
    armed: list[Arming] = []
    steps: list[Step] = []
    incidents: list[Incident] = []
    news: list[News] = []
    settled: list[tuple[Delivery, Step | None]] = []
    stopped: bool = False


def is_empty(batch: Batch) -> bool:
    """Tell whether a batch would write nothing."""
    return not any(getattr(batch, name) for name in batch.__struct_fields__)


def size(batch: Batch) -> int:
    """Return how many rows a batch writes, about: what a step arms and cancels is in them."""
    steps = sum(
        2 + max(1, len(it.transitions)) + len(it.commands) + len(it.armed) + len(it.cancelled)
        for it in batch.steps
    )
    others = (name for name in batch.__struct_fields__ if name != "steps")
    return steps + sum(len(getattr(batch, name)) for name in others)
