"""
What one round of the writer produces: a batch to commit, and what may happen after the commit.
"""

import msgspec

from xarb_runtime.domain.steps import Command, Step, Timer
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.store.batch import Batch, Incident


class Arming(msgspec.Struct, frozen=True):
    """A timer of an execution."""

    execution: str
    timer: Timer


class Work(msgspec.Struct, kw_only=True):
    """
    Attributes:
        batch: to be committed.
        commands: to be dispatched after the commit, in order.
        armed: timers to be watched after the commit.
        steps: all steps, in order.
        incidents: those opened.
        settled: deliveries and their steps, to be acknowledged after the commit.
        stopped: the supervisor says that the runtime is to end.
    """

    batch: Batch = msgspec.field(default_factory=Batch)
    commands: list[Command] = []
    armed: list[Arming] = []
    steps: list[Step] = []
    incidents: list[Incident] = []
    settled: list[tuple[Delivery, Step | None]] = []
    stopped: bool = False


def is_empty(batch: Batch) -> bool:
    """Tell whether a batch would write nothing."""
    return not any(getattr(batch, name) for name in batch.__struct_fields__)
