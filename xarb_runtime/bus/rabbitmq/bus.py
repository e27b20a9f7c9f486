"""
RabbitMQ as a bus: a supervisor keeps a connection, whatever becomes of the broker and the network.

Opening does not wait for the broker. Without it nothing comes in, publishing fails at once, and the
supervisor tries again, at growing intervals, for as long as the bus is open. When it is back,
everything is declared again and what was not acknowledged is delivered again.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from xarb_runtime.bus.rabbitmq.backoff import Backoff
from xarb_runtime.bus.rabbitmq.driver import ERRORS, Lost, ours, quiet
from xarb_runtime.bus.rabbitmq.mailbox import Mailbox, Token
from xarb_runtime.bus.rabbitmq.options import RabbitOptions, read_address
from xarb_runtime.bus.rabbitmq.publisher import Publisher
from xarb_runtime.bus.rabbitmq.reasons import explain
from xarb_runtime.bus.rabbitmq.session import Session, Setup, session
from xarb_runtime.bus.rabbitmq.topology import Names
from xarb_runtime.bus.rabbitmq.wire import tls_context
from xarb_runtime.plugins.contracts import Bus, BusMessage, BusOpening, BusState

log = structlog.get_logger("xarb.bus")

#: Operators are few; their words never wait for room.
WORDS = 32
BLOCKED = "the broker takes no messages now: its memory or its disk is full"


class RabbitBus(Bus):
    """
    A bus on a RabbitMQ broker.

    Args:
        opening: what it is opened with.
        chance: decides a part of the pauses between attempts to connect.

    Raises:
        ValueError: the URL or an option is wrong; nothing has been connected.
    """

    def __init__(self, opening: BusOpening, *, chance: Callable[[], float] = random.random) -> None:
        options: RabbitOptions = opening.options
        names = Names(options.prefix)
        address = read_address(opening.url, options)
        self._clock = opening.clock
        self._opportunities = Mailbox(opening.in_flight, opening.clock.now_ms)
        self._operator = Mailbox(WORDS, opening.clock.now_ms)
        self._publisher = Publisher(names.out, options.confirm_seconds)
        self._setup = Setup(
            address=address,
            options=options,
            tls=tls_context(options) if address.tls else None,
            clock=opening.clock,
            mailboxes={names.opportunities: self._opportunities, names.operator: self._operator},
            publisher=self._publisher,
        )
        self._backoff = Backoff(options.retry_from_ms, options.retry_up_to_ms, chance)
        self._session: Session | None = None
        self._state, self._reason, self._connects = "connecting", "", 0
        self._since_ms = opening.clock.now_ms()

    # -- The supervisor --------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a connection until cancelled. Nothing that goes wrong with one ends this."""
        while True:
            self._is("connecting", self._reason)
            try:
                await self._until_over()
            except Exception as error:  # our own fault; the next connection may do better
                self._is("waiting", f"a defect of ours ended the connection: {error!r}")
                log.exception("bus_defect")
            pause_ms = self._backoff.next_ms()
            log.debug("bus_waits", next_attempt_ms=pause_ms)
            await self._clock.sleep_ms(pause_ms)

    async def _until_over(self) -> None:
        try:
            with ours():
                await self._live()
        except ERRORS as error:
            self._lost(error)

    async def _live(self) -> None:
        """
        Connect, and stay connected.

        Raises:
            Lost, AMQPError, OSError, TimeoutError: what has ended it.
        """
        lost: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        def lose(error: BaseException) -> None:
            if not lost.done():
                lost.set_result(error)

        async with session(self._setup, lose) as opened:
            self._session = opened
            self._connects += 1
            self._is("connected", "")
            log.info("bus_connected", broker=str(self._setup.address), connects=self._connects)
            try:
                await self._until_lost(opened, lost)
            except ERRORS as error:
                self._lost(error)  # at once: taking it down takes a while
                raise
            finally:
                self._session = None

    async def _until_lost(self, opened: Session, lost: "asyncio.Future[BaseException]") -> None:
        first: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(opened.beat(self._backoff.reset), name="bus beat")
                group.create_task(opened.watch(), name="bus watch")
                group.create_task(opened.begin(), name="bus begin")
                raise Lost from await asyncio.shield(lost)  # whoever waits must not cancel it
        except* ERRORS as errors:
            first = _leaf(errors)
        # What the broker or the network said goes before what our tasks made of it.
        raise (lost.result() if lost.done() else first) or Lost("no reason was given")

    def _lost(self, error: BaseException) -> None:
        setup, worked = self._setup, self._state == "connected"
        reason = explain(error, setup.address, setup.options, worked=worked)
        if reason != self._reason:
            log.warning("bus_lost", reason=reason)
        self._is("waiting", reason)

    def _is(self, state: str, reason: str) -> None:
        if state != self._state:
            self._since_ms = self._clock.now_ms()
        self._state, self._reason = state, reason

    def closed(self) -> None:
        """Say that this bus is closed for good."""
        self._is("closed", "")

    # -- The runtime -----------------------------------------------------------------------------

    def messages(self) -> AsyncIterator[BusMessage]:
        """Yield opportunities for ever; never more unacknowledged ones than the limit."""
        return self._opportunities.messages()

    def words(self) -> AsyncIterator[BusMessage]:
        """Yield operators' words for ever; the in-flight limit does not hold them up."""
        return self._operator.messages()

    async def acknowledge(self, message: BusMessage) -> None:
        """Tell the broker that a message is in the journal; of an earlier connection: nothing."""
        if isinstance(message.token, Token):
            await message.token.mailbox.acknowledge(message.token)

    async def give_back(self, message: BusMessage) -> None:
        """Return a message undone; the broker counts this as one of its deliveries."""
        if isinstance(message.token, Token):
            await message.token.mailbox.give_back(message.token)

    async def publish(self, body: bytes, routing_key: str) -> None:
        """
        Publish; returns when the broker has confirmed. If cancelled, it may have got through.

        Raises:
            UnroutableError: no queue takes it.
            ConnectionError: not connected, blocked, or not confirmed. It may have got through.
        """
        await self._publisher.publish(body, routing_key, self._obstacle())

    def _obstacle(self) -> str:
        if self._session is None:
            return self._reason or "not connected yet"
        return BLOCKED if self._session.blocked else ""

    def depth(self) -> int:
        """Return how many opportunities wait: on the broker at our last look, and in our buffer."""
        (queue, mailbox), *_ = self._setup.mailboxes.items()
        waiting = self._session.waiting.get(queue, 0) if self._session else 0
        return waiting + mailbox.buffered

    def state(self) -> BusState:
        """Return what there is to know about the connection."""
        opened, boxes = self._session, (self._opportunities, self._operator)
        last = [box.last_delivery_ms for box in boxes if box.last_delivery_ms is not None]
        return BusState(
            state=self._state,
            since_ms=self._since_ms,
            reason=BLOCKED if opened and opened.blocked else self._reason,
            connects=self._connects,
            unacknowledged=sum(box.unacknowledged for box in boxes),
            delivered=sum(box.delivered for box in boxes),
            redelivered=sum(box.redelivered for box in boxes),
            acknowledged=sum(box.acknowledged for box in boxes),
            given_back=sum(box.given_back for box in boxes),
            confirmed=self._publisher.confirmed,
            unroutable=self._publisher.unroutable,
            unconfirmed=self._publisher.unconfirmed,
            last_delivery_ms=max(last, default=None),
            last_beat_ms=opened.last_beat_ms if opened else None,
            beat_ms=opened.beat_ms if opened else None,
            waiting=dict(opened.waiting) if opened else {},
        )


def _leaf(error: BaseException) -> BaseException:
    """The first of all that went wrong at once."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def open_rabbitmq(opening: BusOpening) -> AsyncIterator[RabbitBus]:
    """
    Open a bus on RabbitMQ, without waiting for the broker; everything ends with the context.

    Raises:
        ValueError: the URL or an option is wrong.
    """
    quiet()
    bus = RabbitBus(opening)
    # Not a task group: it would wrap whatever the context's own body raises.
    supervisor = asyncio.create_task(bus.run(), name="bus supervisor")
    try:
        yield bus
    finally:
        supervisor.cancel()
        await asyncio.wait([supervisor])
        bus.closed()
