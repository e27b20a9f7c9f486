"""
One life of the connection to the broker: from connecting to whatever ends it.

There are two connections: a broker that is full blocks the one that publishes, and must not block
acknowledgements with it. Whatever happens to either of them, or to any channel, ends both.
"""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from aio_pika.exceptions import PublishError
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.declare import declare, declare_queue, expect
from xarb_runtime.bus.rabbitmq.driver import ERRORS, Lost, ours
from xarb_runtime.bus.rabbitmq.mailbox import Mailbox
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions
from xarb_runtime.bus.rabbitmq.publisher import Publisher
from xarb_runtime.bus.rabbitmq.topology import Names, topology
from xarb_runtime.bus.rabbitmq.wire import Wire, connected
from xarb_runtime.plugins.contracts import Clock

#: After so many pauses without it coming back, our message to ourselves is lost.
MISSED = 3


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """
    What every life of the connection needs.

    Attributes:
        address, options, tls: where to connect, and how.
        clock: the clock.
        mailboxes: by the name of their queue.
        publisher: gets the channel to publish over.
    """

    address: Address
    options: RabbitOptions
    tls: ssl.SSLContext | None
    clock: Clock
    mailboxes: dict[str, Mailbox]
    publisher: Publisher


class Session:
    """
    A connection that works, for now.

    Attributes:
        waiting: messages that wait on the broker, by queue.
        last_beat_ms, beat_ms: when our newest message to ourselves came back, and after how long.
    """

    def __init__(self, setup: Setup, outward: Wire, look: Channel, beat: Channel) -> None:
        self._setup, self._outward = setup, outward
        self._look, self._beat = look, beat
        self._names = Names(setup.options.prefix)
        self._wanted = topology(setup.options)
        self._own = f"{self._names.beat}.{uuid.uuid4().hex}"
        self._heard = asyncio.Event()
        self._delivered: dict[str, int] = {}
        self._unserved: frozenset[str] = frozenset()
        self.waiting: dict[str, int] = {}
        self.last_beat_ms: int | None = None
        self.beat_ms: int | None = None

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no messages because its memory or disk is full."""
        return self._outward.blocked

    async def open(self, inward: Wire) -> None:
        """
        Declare everything and begin to consume.

        Raises:
            AMQPError, Lost: the broker does not let us.
        """
        await (declare if self._setup.options.declare else expect)(self._look, self._wanted)
        with ours():
            await self._look.queue_declare(self._own, exclusive=True, auto_delete=True)
            await self._look.queue_bind(self._own, self._names.beat, self._own)
            await self._look.basic_consume(self._own, self._hear, no_ack=True)
        self._setup.publisher.connected(await self._outward.channel(confirms=True))
        for queue, mailbox in self._setup.mailboxes.items():
            await mailbox.consume(await inward.channel(), queue)

    async def begin(self) -> None:
        """
        Take what somebody has had before one at a time; returns when the broker delivers by itself.

        Raises:
            AMQPError, Lost: the broker does not let us.
        """
        async with asyncio.TaskGroup() as group:
            for queue, mailbox in self._setup.mailboxes.items():
                group.create_task(mailbox.carefully(queue), name=f"begin {queue}")

    async def _hear(self, _: DeliveredMessage) -> None:
        self._heard.set()

    # -- While it lives --------------------------------------------------------------------------

    async def beat(self, good: Callable[[], None]) -> None:
        """
        Send messages to ourselves for ever; `good` is called when one has come back.

        Raises:
            Lost: one did not come back.
        """
        setup = self._setup
        while True:
            sent_ms = setup.clock.now_ms()
            try:
                async with asyncio.timeout(MISSED * setup.options.heartbeat_ms / 1000):
                    await self._beat_once()
            except TimeoutError as error:
                if not self.blocked:
                    message = (
                        f"our message to ourselves did not come back within {MISSED} pauses of"
                        f" {setup.options.heartbeat}: the network or the broker is stuck"
                    )
                    raise Lost(message) from error
            else:
                if self._heard.is_set():
                    self.last_beat_ms = setup.clock.now_ms()
                    self.beat_ms = self.last_beat_ms - sent_ms
                    good()
            await setup.clock.sleep_ms(setup.options.heartbeat_ms)

    async def _beat_once(self) -> None:
        self._heard.clear()
        if self.blocked:
            return
        try:
            with ours():
                await self._beat.basic_publish(
                    b"",
                    exchange=self._names.beat,
                    routing_key=self._own,
                    properties=Basic.Properties(delivery_mode=1),
                    mandatory=True,
                    wait=False,
                )
        except PublishError as error:
            raise Lost(f"the queue {self._own} of our messages to ourselves is gone") from error
        await self._heard.wait()

    async def watch(self) -> None:
        """
        Look at the queues for ever.

        Raises:
            Lost: messages wait, there is room, and none is delivered.
        """
        while True:
            await self._setup.clock.sleep_ms(self._setup.options.heartbeat_ms)
            await self.look()

    async def look(self) -> None:
        """
        Look at the queues once.

        Raises:
            Lost: messages wait, there was room all the time, and none was delivered since the last
                look; or the broker has no consumer of ours, for the second time.
            TimeoutError: the broker does not answer.
        """
        for queue in self._wanted.queues:
            async with asyncio.timeout(self._setup.options.connect_seconds):
                waiting, consumers = await declare_queue(self._look, queue, passive=True)
            before, self.waiting[queue.name] = self.waiting.get(queue.name, 0), waiting
            mailbox = self._setup.mailboxes.get(queue.name)
            if mailbox is not None and mailbox.delivering:
                self._check(
                    queue.name, mailbox, stuck=min(before, waiting) > 0, served=consumers > 0
                )

    def _check(self, queue: str, mailbox: Mailbox, *, stuck: bool, served: bool) -> None:
        if not served and queue in self._unserved:
            raise Lost(f"the broker has lost our consumer of the queue {queue}")
        # Once may be the moment in which a mailbox consumes anew.
        self._unserved = self._unserved - {queue} if served else self._unserved | {queue}
        before = self._delivered.get(queue)
        # While there is no room nothing is delivered, and nothing can be said.
        self._delivered[queue] = -1 if mailbox.full else mailbox.delivered
        if stuck and before == mailbox.delivered and not mailbox.full:
            raise Lost(f"messages wait in the queue {queue}, and none is delivered")


@asynccontextmanager
async def session(setup: Setup, lose: Callable[[BaseException], None]) -> AsyncIterator[Session]:
    """
    Connect twice, declare, consume; give the session, and take everything down again.

    Args:
        setup: what is needed for it.
        lose: called with whatever ends a connection or a channel, from then on.

    Raises:
        AMQPError, OSError, TimeoutError, Lost: there is no connection.
    """
    name = f"xarb {setup.options.prefix}"
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(setup.options.connect_seconds):
            wires = [
                await stack.enter_async_context(
                    connected(
                        setup.address, setup.options, name=f"{name} {way}", tls=setup.tls, lose=lose
                    )
                )
                for way in ("in", "out")
            ]
            stack.callback(_forget, setup)
            inward, outward = wires
            look, beat = await inward.channel(), await outward.channel(confirms=True)
            opened = Session(setup, outward, look, beat)
            await opened.open(inward)
        try:
            yield opened
        except ERRORS:
            for wire in wires:
                wire.broken()
            raise
        finally:
            # Before the connections go: nobody may use a channel that is being closed.
            _forget(setup)


def _forget(setup: Setup) -> None:
    setup.publisher.lost()
    for mailbox in setup.mailboxes.values():
        mailbox.lost()
