"""
A bus that does as it is told: confirms, fails, or fails after the message got through.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

from xarb_runtime.plugins.contracts import Bus, BusMessage, UnroutableError

#: What may become of a message: `lost` got through, but its confirmation did not.
OUTCOMES = ("confirm", "refuse", "unroutable", "lost", "hang", "cancel")


class FickleBus(Bus):
    """
    Publishes according to a plan, and confirms when the plan has ended.

    Attributes:
        plan: what becomes of the next attempts.
        down: nothing is taken at all.
        unroutable: types that no queue takes.
        arrived: routing keys and bodies that got through, in order.
        attempts: bodies that were tried, in order.
        most: the largest number of attempts at a time.
        incoming, spoken: what comes in, on both ways: a message, an error that breaks it off, or
            None, which ends it.
        acknowledged: tokens of messages, in the order they were acknowledged.
        slow: how long an acknowledgement takes, seconds.
        asked: how often messages were asked for.
    """

    def __init__(self, plan: Iterable[str] = ()) -> None:
        self.plan = deque(plan)
        self.down = False
        self.unroutable: set[str] = set()
        self.arrived: list[tuple[str, bytes]] = []
        self.attempts: list[bytes] = []
        self.most = 0
        self._under_way = 0
        self.incoming: asyncio.Queue[BusMessage | BaseException | None] = asyncio.Queue()
        self.spoken: asyncio.Queue[BusMessage | BaseException | None] = asyncio.Queue()
        self.acknowledged: list[object] = []
        self.slow = 0.0
        self.asked = 0

    def messages(self) -> AsyncIterator[BusMessage]:
        self.asked += 1
        return _given(self.incoming)

    def words(self) -> AsyncIterator[BusMessage]:
        return _given(self.spoken)

    async def acknowledge(self, message: BusMessage) -> None:
        await asyncio.sleep(self.slow)
        self.acknowledged.append(message.token)

    async def give_back(self, message: BusMessage) -> None:
        self.incoming.put_nowait(message)

    async def publish(self, body: bytes, routing_key: str) -> None:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        self.attempts.append(body)
        try:
            await self._publish(body, routing_key)
        finally:
            self._under_way -= 1

    async def _publish(self, body: bytes, routing_key: str) -> None:
        outcome = self.plan.popleft() if self.plan else "confirm"
        await asyncio.sleep(0.001)
        if self.down or outcome == "refuse":
            message = "not connected"
            raise ConnectionError(message)
        if outcome == "unroutable" or routing_key in self.unroutable:
            message = f"no queue takes {routing_key}"
            raise UnroutableError(message)
        if outcome == "hang":
            await asyncio.sleep(1_000_000)
        if outcome == "cancel":
            raise asyncio.CancelledError
        self.arrived.append((routing_key, body))
        if outcome == "lost":
            message = "closed before the confirmation"
            raise ConnectionError(message)

    def depth(self) -> int:
        return self.incoming.qsize()


async def _given(
    queue: asyncio.Queue[BusMessage | BaseException | None],
) -> AsyncIterator[BusMessage]:
    while (item := await queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item
