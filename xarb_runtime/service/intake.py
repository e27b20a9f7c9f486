"""
The intake: messages of the bus are read, delivered to the writer, and acknowledged after the commit
that holds them.

Opportunities are taken while there is room: when executions in flight are at their limit, nothing
more is, and slowness of a venue becomes backpressure for the publisher. Nor are they taken while
the runtime stops: they wait on the bus for whoever comes next. Operators' words never wait. All of
them end in one inbox, in the order in which the bus gave them.

What the bus does wrong costs nothing but time: an iterator that raises or ends is asked for anew,
and what was taken from it before is on its way to the journal all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from xarb_runtime.domain.steps import Step
from xarb_runtime.plugins.contracts import Bus, BusMessage, Clock
from xarb_runtime.service.cancellation import is_cancelled
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.reading import Reader, Reading

log = structlog.get_logger("xarb.intake")

ACKNOWLEDGE_SECONDS = 5.0
#: So many acknowledgements may wait for the bus at a time.
ACKNOWLEDGERS = 8
#: Pause before a bus is asked anew whose iterator has raised or ended.
PAUSE_MS = 500
#: What an operator's word has in it somewhere; a message without it is none.
_OF_OPERATORS = b'"operator.'


class IntakeState(msgspec.Struct, frozen=True, kw_only=True):
    """
    How taking messages goes.

    Attributes:
        reading: whether messages are being taken; not between two attempts.
        interruptions: how often the bus broke off.
        reason: why it did the last time, for people; empty if it never has.
        unsettled: messages taken whose commit is not on disk yet.
        unacknowledged: messages on disk that the bus has not been told of yet.
    """

    reading: bool
    interruptions: int
    reason: str
    unsettled: int
    unacknowledged: int


class Intake:
    """
    Takes messages from the bus, and from whoever enters them by hand.

    Attributes:
        stale: how many messages were dropped because of their age.
        malformed: how many went to the dead letters.
        unacknowledged: how many are on disk, and the bus has not been told yet.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        reader: Reader,
        deliver: Callable[[Delivery], None],
        in_flight: Callable[[], int],
        limit: int,
        may_take: Callable[[], bool] = lambda: True,
        instruments: Instruments | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._reader = reader
        self._deliver = deliver
        self._in_flight = in_flight
        self._limit = limit
        self._may_take = may_take
        self._instruments = instruments or Instruments()
        self._hide = hide
        self._room = asyncio.Event()
        self._done: asyncio.Queue[BusMessage] = asyncio.Queue()
        self._entered: set[asyncio.Future[None]] = set()
        self._pending = self._interruptions = 0
        self._reading = False
        self._reason = ""
        self.unacknowledged = 0
        self.stale = 0
        self.malformed = 0

    # -- What others ask -------------------------------------------------------------------------

    @property
    def state(self) -> IntakeState:
        """How taking messages goes."""
        return IntakeState(
            reading=self._reading,
            interruptions=self._interruptions,
            reason=self._reason,
            unsettled=self._pending,
            unacknowledged=self.unacknowledged,
        )

    def has_room(self) -> None:
        """Say that executions may have ended."""
        self._room.set()

    async def enter(self, body: bytes) -> None:
        """
        Take a message that did not come over the bus; returns when it is in the journal.

        If cancelled, it was either not taken, or nothing is known about it.

        Raises:
            RuntimeError: the runtime has ended meanwhile.
        """
        message = BusMessage(body=body, token=None)
        reading = await self._read_when_there_is_room(message)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entered.add(future)
        future.add_done_callback(self._entered.discard)

        def settled() -> None:
            if not future.done():
                future.set_result(None)

        self._take(message, reading, settled)
        await future

    def end(self, error: Exception) -> None:
        """Tell whoever waits for a message that was entered that nothing will come of it."""
        for future in [entered for entered in self._entered if not entered.done()]:
            future.set_exception(error)

    # -- Taking ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take messages until cancelled. A message that was taken is delivered in any case."""
        async with asyncio.TaskGroup() as group:
            for _ in range(ACKNOWLEDGERS):
                group.create_task(self._acknowledge(), name="acknowledge")
            if type(self._bus).words is not Bus.words:  # it has a way of its own for words
                group.create_task(self._keep_taking(self._take_words), name="words")
            await self._keep_taking(self._take_messages)

    async def _keep_taking(self, take: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await take()
                reason = "the bus gave no more messages"
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                reason = "the bus cancelled itself"
            except Exception as error:  # noqa: BLE001  a plugin may raise anything
                reason = f"{type(error).__name__}: {error}"
            self._interruptions += 1
            self._reason = self._hide(reason)
            log.warning("bus_interrupted", reason=self._reason)
            await self._clock.sleep_ms(PAUSE_MS)

    async def _take_messages(self) -> None:
        self._reading = True
        try:
            async for message in self._bus.messages():
                reading = await self._read_when_there_is_room(message, self._may_take)
                self._take(message, reading, self._acknowledging(message))
        finally:
            self._reading = False

    async def _take_words(self) -> None:
        async for message in self._bus.words():
            reading = self._reader.read(message, self._clock.now_ms(), words_only=True)
            self._take(message, reading, self._acknowledging(message))

    async def _read_when_there_is_room(
        self, message: BusMessage, may_take: Callable[[], bool] = lambda: True
    ) -> Reading:
        if _OF_OPERATORS in message.body:
            reading = self._reader.read(message, self._clock.now_ms())
            if reading.outcome != "opportunity":
                return reading
        while self._in_flight() + self._pending >= self._limit or not may_take():
            self._room.clear()
            await self._room.wait()
        return self._reader.read(message, self._clock.now_ms())

    def _take(self, message: BusMessage, reading: Reading, done: Callable[[], None]) -> None:
        delivery = reading.delivery
        self._note(message, reading)
        self._pending += 1

        def settled(taken: Step | None) -> None:
            self._pending -= 1
            if taken is None and delivery.event is not None:
                self._instruments.repeated(delivery.event.execution)
            done()
            self._room.set()

        delivery.settled = settled
        self._deliver(delivery)

    def _note(self, message: BusMessage, reading: Reading) -> None:
        letter = reading.delivery.dead_letter
        if letter is not None:
            self.malformed += 1
            log.warning("message_malformed", source=letter.source, reason=letter.reason)
        elif reading.delivery.received is not None:
            self.stale += 1
        self._instruments.received(message, reading.outcome, reading.age_ms)

    # -- Acknowledging ---------------------------------------------------------------------------

    def _acknowledging(self, message: BusMessage) -> Callable[[], None]:
        def done() -> None:
            self.unacknowledged += 1
            self._done.put_nowait(message)

        return done

    async def _acknowledge(self) -> None:
        while True:
            message = await self._done.get()
            try:
                async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                    await self._bus.acknowledge(message)
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                log.warning("acknowledge_failed", error="the bus cancelled itself")
            except Exception as error:  # noqa: BLE001  it is in the journal; it comes again
                log.warning("acknowledge_failed", error=self._hide(repr(error)))
            self.unacknowledged -= 1
            # It may be large, and the next one may be long in coming.
            del message
