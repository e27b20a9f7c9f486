"""
What came in from one queue: buffered until somebody takes it, remembered until acknowledged.

A mailbox outlives connections. Everything that it holds belongs to one of them: when the connection
goes, the broker delivers it again, so it is dropped here, and words about it mean nothing.

What has killed our process before will do so again, and the broker counts that against everything
we had at that moment. So a process begins carefully: as long as messages come that somebody has had
before, it asks for one at a time. The one that kills is counted alone and ends as a dead one; those
behind it live on.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.driver import ERRORS, ours
from xarb_runtime.plugins.contracts import BusMessage


class Token(NamedTuple):
    """Which delivery of which connection of which mailbox a message is."""

    mailbox: "Mailbox"
    life: int
    tag: int


class Mailbox:
    """
    The runtime's end of one queue.

    Args:
        room: most messages that may be unacknowledged, those in the buffer included.
        now_ms: the time, for `last_delivery_ms`.

    Attributes:
        delivering: the broker delivers by itself; not while we are careful.
    """

    def __init__(self, room: int, now_ms: Callable[[], int]) -> None:
        self.room = room
        self._now_ms = now_ms
        self._life = 0
        self._channel: Channel | None = None
        self._trusting = self.delivering = False
        self._settled = asyncio.Event()
        self._ready: deque[BusMessage] = deque()
        self._out: set[int] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self.delivered = self.redelivered = self.acknowledged = self.given_back = 0
        self.last_delivery_ms: int | None = None

    # -- The connection --------------------------------------------------------------------------

    async def consume(self, channel: Channel, queue: str) -> None:
        """
        Let the broker deliver, never more than there is room for; or take a first message that
        somebody has had before, after which `carefully` goes on.

        Raises:
            AMQPError, Lost: the broker does not let us.
        """
        self._channel = channel
        await self._next(channel, queue)

    async def carefully(self, queue: str) -> None:
        """
        Take one message after another until one comes that nobody has had before.

        Raises:
            AMQPError, Lost: the broker does not let us.
        """
        while (channel := self._channel) and not self.delivering:
            await self._settled.wait()
            await self._next(channel, queue)

    async def _next(self, channel: Channel, queue: str) -> None:
        with ours():
            if not self._trusting and await self._took_one(channel, queue):
                return
            await channel.basic_qos(prefetch_count=self.room)
            await channel.basic_consume(queue, self._put, consumer_tag=queue)
        self.delivering = True

    async def _took_one(self, channel: Channel, queue: str) -> bool:
        self._settled.clear()
        found = await channel.basic_get(queue)
        empty = isinstance(found.delivery, Basic.GetEmpty)
        self._trusting = empty or not found.redelivered
        if not empty:
            await self._put(found)
        return not empty

    def lost(self) -> None:
        """Forget what the connection that is gone had delivered."""
        self._life += 1
        self._channel = None
        self.delivering = False
        self._ready.clear()
        self._out.clear()

    async def _put(self, delivered: DeliveredMessage) -> None:
        delivery, properties = delivered.delivery, delivered.header.properties
        tag, again = delivered.delivery_tag, bool(delivered.redelivered)
        if delivered.channel is not self._channel or tag is None:
            return
        message = BusMessage(
            body=delivered.body,
            token=Token(self, self._life, tag),
            redelivered=again,
            content_type=properties.content_type or "",
            routing_key=getattr(delivery, "routing_key", None) or "",
        )
        self._out.add(tag)
        self._ready.append(message)
        self.delivered += 1
        self.redelivered += again
        self.last_delivery_ms = self._now_ms()
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    # -- The runtime -----------------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        """How many messages wait here for somebody to take them."""
        return len(self._ready)

    @property
    def unacknowledged(self) -> int:
        """How many messages were taken and not acknowledged."""
        return len(self._out) - len(self._ready)

    @property
    def full(self) -> bool:
        """Whether the broker may not deliver any more."""
        return len(self._out) >= self.room

    async def messages(self) -> AsyncIterator[BusMessage]:
        """
        Yield messages as they come, for ever.

        If cancelled while it waits, no message is lost: none was taken.
        """
        while True:
            while not self._ready:
                waiting = asyncio.get_running_loop().create_future()
                self._waiting.append(waiting)
                try:
                    await waiting
                finally:
                    self._waiting.remove(waiting)
            yield self._ready.popleft()

    async def acknowledge(self, token: Token) -> None:
        """Tell the broker that a message is done with; of an earlier connection: do nothing."""
        if channel := self._settles(token):
            self.acknowledged += 1
            # If this does not get through the message comes again, and the inbox knows it.
            with contextlib.suppress(*ERRORS), ours():
                await channel.basic_ack(token.tag, wait=False)

    async def give_back(self, token: Token) -> None:
        """Tell the broker to deliver a message again; of an earlier connection: it does anyway."""
        if channel := self._settles(token):
            self.given_back += 1
            # Not basic_reject: the message is undone, no failure that counts towards its death.
            # One that kills the process is counted by the broker when the connection goes.
            with contextlib.suppress(*ERRORS), ours():
                await channel.basic_nack(token.tag, requeue=True, wait=False)

    def _settles(self, token: Token) -> Channel | None:
        if token.life != self._life or token.tag not in self._out:
            return None  # a second word about one delivery would make the broker close the channel
        self._out.discard(token.tag)
        self._settled.set()
        return self._channel
