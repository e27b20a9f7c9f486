"""
A bus on a real broker, and both of its far ends: what the tests of RabbitMQ stand on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import msgspec
from aio_pika.abc import AbstractIncomingMessage

from xarb_runtime.bus.rabbitmq.bus import RabbitBus, open_rabbitmq
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Names
from xarb_runtime.plugins.contracts import BusMessage, BusOpening
from xarb_runtime.service.clock import SystemClock

#: Only something that is broken ever waits for it.
DEADLINE_SECONDS = 60.0
OPPORTUNITY = "opportunity.detected"
#: Tried again at once, so that tests need not wait; and on a busy machine, where everything may
#: stand still for a second or two, no connection is taken for lost that is not.
QUICK = RabbitOptions(heartbeat="10s", retry_from="20ms", retry_up_to="200ms")
#: For tests in which something falls silent, and which mind no other connection that is lost.
WATCHFUL = "200ms"


async def until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"expected {what} within {DEADLINE_SECONDS:.0f} s"
        await asyncio.sleep(0.01)


async def connected(bus: RabbitBus, connects: int = 1) -> None:
    """Wait until a bus is connected, for at least the n-th time."""
    await until(
        lambda: bus.state().state == "connected" and bus.state().connects >= connects,
        f"connection {connects}, the state is {bus.state()}",
    )


async def waiting(bus: RabbitBus, reason: str = "") -> str:
    """
    Wait until a bus is not connected and says this about it; return all it says.

    It says so for as long as it waits, which is short, and tries to connect again.
    """

    def says_so() -> bool:
        found = bus.state()
        return found.state != "connected" and found.reason != "" and reason in found.reason

    await until(says_so, f"the reason {reason!r}, the state is {bus.state()}")
    return bus.state().reason


def opening(url: str, options: RabbitOptions = QUICK, *, in_flight: int = 3, **changes: Any) -> Any:
    """Return what a bus is opened with."""
    return BusOpening(
        url=url,
        options=msgspec.structs.replace(options, **changes),
        in_flight=in_flight,
        clock=SystemClock(),
    )


class Far:
    """
    The others: who publishes to the runtime and listens to it, on a connection of their own.
    """

    def __init__(self, connection: aio_pika.abc.AbstractConnection, prefix: str) -> None:
        self.names = Names(prefix)
        self._connection = connection
        self._kept: list[object] = []  # aio-pika holds most of this weakly
        self._publishing: aio_pika.abc.AbstractChannel | None = None

    async def channel(self) -> aio_pika.abc.AbstractChannel:
        """Open a channel; the connection closes it."""
        channel = await self._connection.channel(on_return_raises=True)
        self._kept.append(channel)
        return channel

    async def submit(
        self, body: bytes, key: str = OPPORTUNITY, exchange: str = "", **properties: Any
    ) -> None:
        """Publish to the runtime, confirmed."""
        self._publishing = self._publishing or await self.channel()
        target = await self._publishing.get_exchange(exchange or self.names.into, ensure=False)
        await target.publish(aio_pika.Message(body, **properties), key, timeout=DEADLINE_SECONDS)

    async def listen(self, pattern: str) -> AsyncIterator[tuple[str, bytes]]:
        """Bind a queue of our own to what the runtime says; return what it gets."""
        channel = await self.channel()
        queue = await channel.declare_queue(exclusive=True)
        self._kept.append(queue)
        await queue.bind(self.names.out, pattern)
        heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

        async def hear(message: AbstractIncomingMessage) -> None:
            heard.put_nowait((message.routing_key or "", message.body))

        await queue.consume(hear, no_ack=True)
        return _from(heard)

    async def ready(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        async with self._connection.channel() as channel:
            found = await channel.declare_queue(queue, passive=True)
            return found.declaration_result.message_count or 0

    async def wait_for_ready(self, queue: str, count: int) -> None:
        """Wait until so many messages wait in a queue."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await self.ready(queue) != count:  # noqa: ASYNC110 -- the broker has no event
                await asyncio.sleep(0.02)

    async def get(self, queue: str) -> AbstractIncomingMessage:
        """Take one message out of a queue."""
        async with self._connection.channel() as channel:
            found = await channel.declare_queue(queue, passive=True)
            message = await found.get(timeout=DEADLINE_SECONDS)
            assert message is not None
            await message.ack()
            return message

    async def get_when_there(self, queue: str) -> AbstractIncomingMessage:
        """Take the only message out of a queue as soon as it is there."""
        await self.wait_for_ready(queue, 1)
        return await self.get(queue)


async def _from(heard: "asyncio.Queue[tuple[str, bytes]]") -> AsyncIterator[tuple[str, bytes]]:
    while True:
        yield await heard.get()


@asynccontextmanager
async def far(url: str, prefix: str) -> AsyncIterator[Far]:
    """Connect as others do."""
    connection = await aio_pika.connect(url, timeout=DEADLINE_SECONDS)
    async with connection:
        yield Far(connection, prefix)


@asynccontextmanager
async def a_bus(url: str, prefix: str, **changes: Any) -> AsyncIterator[RabbitBus]:
    """Open a bus, and wait until it is connected."""
    async with open_rabbitmq(opening(url, prefix=prefix, **changes)) as bus:
        await connected(bus)
        yield bus


async def take(messages: AsyncIterator[BusMessage], count: int) -> list[BusMessage]:
    """Take so many messages."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return [await anext(messages) for _ in range(count)]
