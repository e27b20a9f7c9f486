"""
The inbox: everything that wants to happen, in the order in which it arrived.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Step
from xarb_runtime.store.batch import Closure, DeadLetter, OperatorAction, Received, Replay


class Delivery(msgspec.Struct, kw_only=True):
    """
    One thing to be put into the journal, usually with an event that makes a step.

    Attributes:
        event: what happened; None when there is nothing to step.
        answers: the key of the command that this answers.
        answer_type, answer_detail, answered_ms: what to note as that command's answer; by default
        the event's type and time.
        received: an event to note without a step (`too_old`, ...).
        dead_letter: a message that could not be read.
        action: what an operator did, to be noted.
        closure: an incident that an operator closes, if the event has not closed it.
        retire: the event ends a quarantined execution instead of making a step.
        replay: a dead letter that was put onto the bus again.
        sent: positions of the outbox that the bus has confirmed.
        message: set for messages of the bus: seen before means do nothing but acknowledge.
        settled: called after the commit, with the step if there was one.
    """

    event: Event | None = None
    answers: str = ""
    answer_type: str = ""
    answer_detail: str = ""
    answered_ms: int = 0
    received: Received | None = None
    dead_letter: DeadLetter | None = None
    action: OperatorAction | None = None
    closure: Closure | None = None
    retire: bool = False
    replay: Replay | None = None
    sent: list[int] = []
    message: bool = False
    settled: Callable[[Step | None], None] | None = None


class Inbox:
    """
    An unbounded queue; what bounds it is that nothing is taken from the bus beyond the in-flight
    limit.
    """

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()

    def put(self, delivery: Delivery) -> None:
        """Add a delivery; never waits."""
        self._waiting.append(delivery)
        self._arrived.set()

    def put_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let these be the next ones again, in this order."""
        if deliveries:
            self._waiting.extendleft(reversed(deliveries))
            self._arrived.set()

    async def take(self, limit: int) -> list[Delivery]:
        """
        Wait for at least one delivery and return at most `limit`, oldest first.

        If cancelled, nothing has been taken.
        """
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    @property
    def depth(self) -> int:
        """How many deliveries wait."""
        return len(self._waiting)
