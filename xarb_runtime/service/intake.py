"""
The intake: messages of the bus become opportunities, or rows that say why they did not.

A message is acknowledged only after the commit that holds it. Nothing is taken from the bus while
executions in flight are at their limit: slowness of a venue becomes backpressure for the publisher.
"""

import asyncio
from collections.abc import Callable

import structlog

from xarb_runtime.bus.cloudevents import CloudEvent, Malformed, decode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED, Event
from xarb_runtime.domain.steps import Step
from xarb_runtime.plugins.contracts import Bus, BusMessage, Clock
from xarb_runtime.service.cancellation import is_cancelled
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.store.batch import DeadLetter, Received

log = structlog.get_logger("xarb.intake")

ACKNOWLEDGE_SECONDS = 5.0
#: So far may a publisher's clock be ahead of ours.
FUTURE_MS = 1_000


class Intake:
    """
    Takes messages from the bus.

    Attributes:
        stale: how many messages were dropped because of their age.
        malformed: how many went to the dead letters.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        deliver: Callable[[Delivery], None],
        in_flight: Callable[[], int],
        limit: int,
        max_age_ms: int,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._deliver = deliver
        self._in_flight = in_flight
        self._limit = limit
        self._max_age_ms = max_age_ms
        self._room = asyncio.Event()
        self._done: asyncio.Queue[BusMessage] = asyncio.Queue()
        self._pending = 0
        self.stale = 0
        self.malformed = 0

    def has_room(self) -> None:
        """Say that executions may have ended."""
        self._room.set()

    async def run(self) -> None:
        """Take messages until cancelled or until the bus has no more."""
        async with asyncio.TaskGroup() as group:
            acknowledging = group.create_task(self._acknowledge(), name="acknowledge")
            try:
                async for message in self._bus.messages():
                    await self._wait_for_room()
                    self._take(message)
            except asyncio.CancelledError as error:
                if is_cancelled():
                    raise
                message_lost = "the bus cancelled itself; nothing would be taken any more"
                raise RuntimeError(message_lost) from error
            await self._done.join()
            acknowledging.cancel()

    async def _wait_for_room(self) -> None:
        while self._in_flight() + self._pending >= self._limit:
            self._room.clear()
            await self._room.wait()

    async def _acknowledge(self) -> None:
        while True:
            message = await self._done.get()
            try:
                async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                    await self._bus.acknowledge(message)
            except Exception as error:  # noqa: BLE001  it is in the journal; it comes again
                log.warning("acknowledge_failed", error=repr(error))
            self._done.task_done()

    def _take(self, message: BusMessage) -> None:
        delivery = self.read(message.body)
        self._pending += 1

        def settled(_: Step | None) -> None:
            self._pending -= 1
            self._done.put_nowait(message)
            self._room.set()

        delivery.settled = settled
        self._deliver(delivery)

    def read(self, body: bytes) -> Delivery:
        """Return what a message amounts to; never raises for anything in it."""
        now_ms = self._clock.now_ms()
        event = decode(body)
        if isinstance(event, Malformed):
            return self._dead(body, event.reason, now_ms, "bus")
        if event.type != OPPORTUNITY_DETECTED:
            reason = f"expected type {OPPORTUNITY_DETECTED}, found {event.type!r}"
            return self._dead(body, reason, now_ms, event.source)
        return self._opportunity(body, event, now_ms)

    def _opportunity(self, body: bytes, message: CloudEvent, now_ms: int) -> Delivery:
        opportunity = read_opportunity(message.data)
        if isinstance(opportunity, Malformed):
            return self._dead(body, opportunity.reason, now_ms, message.source)
        event = Event(
            id=message.id,
            source=f"bus:{message.source}",
            type=OPPORTUNITY_DETECTED,
            time_ms=now_ms,
            execution=f"x-{opportunity.id}",
            data={"opportunity": message.data},
        )
        age_ms = now_ms - message.time_ms
        if not -FUTURE_MS <= age_ms <= self._max_age_ms:
            self.stale += 1
            outcome = "too_old" if age_ms > 0 else "from_the_future"
            detail = f"{age_ms} ms old, expected {-FUTURE_MS} to {self._max_age_ms} ms"
            return Delivery(received=Received(event=event, outcome=outcome, detail=detail))
        return Delivery(event=event, message=True)

    def _dead(self, body: bytes, reason: str, now_ms: int, source: str) -> Delivery:
        self.malformed += 1
        log.warning("message_malformed", source=source, reason=reason)
        letter = DeadLetter(received_ms=now_ms, source=source, reason=reason, body=body)
        return Delivery(dead_letter=letter)
