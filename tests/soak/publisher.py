"""
The publisher of a soak: it wants a confirm for every message, and publishes again until it has one.

What it has ever published it remembers; the verdict holds that against everybody else.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPError, DeliveryError
from yarl import URL

from tests.soak.evidence import Sent
from tests.soak.messages import AGAIN, Message, body_of

PUBLISH_SECONDS = 10.0
RETRY_SECONDS = 0.2
LOOK_SECONDS = 0.05
#: So many messages are under way at a time.
AT_ONCE = 24
#: What a connection that breaks may look like to whoever uses it.
BROKEN = (AMQPError, ConnectionError, TimeoutError, OSError, RuntimeError)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AbstractConnection]:
    """Give a connection; nothing of it is left, not even of one that could not be made."""
    connection = aio_pika.Connection(URL(url))
    try:
        await connection.connect(timeout=PUBLISH_SECONDS)
        yield connection
    finally:
        with contextlib.suppress(*BROKEN):
            async with asyncio.timeout(1):
                await connection.close()


class Link:
    """A connection to the broker for publishing, made anew whenever it is needed and not there."""

    def __init__(self, url: str, exchange: str) -> None:
        self._url, self._name = url, exchange
        self._lock = asyncio.Lock()
        self._connection = contextlib.AsyncExitStack()
        self._exchange: AbstractExchange | None = None
        self.made = 0

    async def exchange(self) -> AbstractExchange:
        """Return the exchange on a connection that is open as far as we know."""
        async with self._lock:
            if self._exchange is not None and not self._exchange.channel.is_closed:
                return self._exchange
            await self.drop()
            async with asyncio.timeout(PUBLISH_SECONDS):
                connection = await self._connection.enter_async_context(connected(self._url))
                channel = await connection.channel(on_return_raises=True)
                self._exchange = await channel.get_exchange(self._name, ensure=False)
            self.made += 1
            return self._exchange

    async def drop(self) -> None:
        """Let go of the connection."""
        self._exchange = None
        await self._connection.aclose()


class Publisher:
    """
    Attributes:
        sent: what was published, by id.
        refused: how often the broker refused a message because the queue is full.
        failed: how often nothing was heard of a message, and it was published again.
        done: how many messages of the plan are confirmed.
    """

    def __init__(self, url: str, exchange: str, key: str) -> None:
        self.sent: dict[str, Sent] = {}
        self.refused = self.failed = self.done = 0
        self._bodies: dict[str, bytes] = {}
        self._key = key
        self._link = Link(url, exchange)

    @property
    def connections(self) -> int:
        """How often it has connected."""
        return self._link.made

    async def run(self, messages: Iterator[Message], may_go: Callable[[], bool]) -> None:
        """Publish all messages; each waits until `may_go` says so."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._some(messages, may_go))

    async def _some(self, messages: Iterator[Message], may_go: Callable[[], bool]) -> None:
        while True:
            if not may_go():
                await asyncio.sleep(LOOK_SECONDS)
                continue
            message = next(messages, None)
            if message is None:
                return
            await self.publish(message)
            self.done += 1

    async def publish(self, message: Message) -> None:
        """Publish one message until it is confirmed."""
        body = self._body(message)
        known = self.sent[message.id]
        while True:
            if await self._tried(message, body, known):
                return
            await asyncio.sleep(RETRY_SECONDS)

    def _body(self, message: Message) -> bytes:
        if message.kind != AGAIN:
            body = body_of(message, time.time_ns() // 1_000_000, self._key)
            self._bodies[message.id] = body
            self.sent[message.id] = Sent(
                kind=message.kind,
                id=message.id,
                opportunity=message.opportunity,
                digest=hashlib.sha256(body).hexdigest(),
            )
        return self._bodies[message.id]

    async def _tried(self, message: Message, body: bytes, known: Sent) -> bool:
        wrapped = aio_pika.Message(
            body,
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        tried = False
        try:
            exchange = await self._link.exchange()
            known.times += 1
            tried = True
            await exchange.publish(wrapped, message.routing_key, timeout=PUBLISH_SECONDS)
        except DeliveryError:
            self.refused += 1
            return False
        except BROKEN:
            self.failed += tried
            return False
        except asyncio.CancelledError:
            # The library cancels what waits on a channel that goes; only our own end is one.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self.failed += tried
            return False
        known.confirmed += 1
        return True

    async def close(self) -> None:
        """Close the connection."""
        await self._link.drop()
