"""
The embedded bus: queues inside the process, for one machine without a broker.

It keeps the contract of every bus: messages come in order, at least once, never more unacknowledged
than the in-flight limit, and what is given back comes again, marked, at its old place. What it
cannot do is survive the process: a producer that must be sure uses `deliver`, which returns when
the message has been acknowledged, that is, when it is in the journal.

Going out, a publisher never waits for a subscriber: when a subscriber's buffer is full its oldest
message is dropped, and the next one that it gets says how many it has missed.

URL: `embedded://`, with an optional `?capacity=1000` for each of its queues.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

from xarb_runtime.bus.embedded_parts import BusClosedError, BusStatistics, Entry
from xarb_runtime.bus.subscription import Subscription
from xarb_runtime.plugins.contracts import Bus, BusMessage, BusOpening, BusSpec, BusState

SCHEME = "embedded"
CAPACITY = 1_000

_CLOSED = "expected an open bus, found it closed; look in the journal before submitting again"


class EmbeddedBus(Bus):
    """
    A bus inside the process.

    Args:
        in_flight: most messages that may be unacknowledged.
        capacity: most messages that may wait; producers wait beyond it.
        now_ms: the time, for `state`; without it nothing is said of when.
    """

    def __init__(
        self,
        *,
        in_flight: int,
        capacity: int = CAPACITY,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        if in_flight < 1:
            message = f"expected an in-flight limit of 1 or more, found {in_flight}"
            raise ValueError(message)
        self._in_flight = in_flight
        self._capacity = capacity
        self._numbers = itertools.count()
        self._tokens = itertools.count()
        self._waiting: list[Entry] = []
        self._unacknowledged: dict[int, Entry] = {}
        self._producers: deque[tuple[Entry, asyncio.Future[None]]] = deque()
        self._consumers: list[asyncio.Future[None]] = []
        self._subscriptions: list[Subscription] = []
        self._closed = False
        self._acknowledged = self._given_back = self._published = self._missed = 0
        self._submitted = self._delivered = self._redelivered = 0
        self._now_ms = now_ms
        self._last_delivery_ms: int | None = None

    # -- Producers in the process ----------------------------------------------------------------

    async def submit(self, body: bytes) -> None:
        """
        Put a message on the bus; waits while the bus is full.

        If cancelled, the message is either not on the bus or was handed out before.

        Raises:
            BusClosedError: the bus was closed before it took the message.
        """
        await self._enter(Entry(body))

    async def deliver(self, body: bytes) -> None:
        """
        Put a message on the bus, and return when it has been acknowledged.

        If cancelled, nothing is known about the message.

        Raises:
            BusClosedError: the bus was closed before that.
        """
        entry = Entry(body)
        entry.settled = asyncio.get_running_loop().create_future()
        await self._enter(entry)
        await entry.settled

    async def _enter(self, entry: Entry) -> None:
        if self._closed:
            raise BusClosedError(_CLOSED)
        if not self._producers and len(self._waiting) < self._capacity:
            self._admit(entry)
            return
        admitted = asyncio.get_running_loop().create_future()
        self._producers.append((entry, admitted))
        try:
            await admitted
        except asyncio.CancelledError:
            self._withdraw(entry)
            raise

    def _admit(self, entry: Entry) -> None:
        entry.number = next(self._numbers)
        self._submitted += 1
        heapq.heappush(self._waiting, entry)
        self._wake_consumers()

    def _withdraw(self, entry: Entry) -> None:
        self._producers = deque(pair for pair in self._producers if pair[0] is not entry)
        if entry in self._waiting:
            self._waiting.remove(entry)
            heapq.heapify(self._waiting)
        self._let_producers_in()

    def _let_producers_in(self) -> None:
        while self._producers and len(self._waiting) < self._capacity:
            entry, admitted = self._producers.popleft()
            if not admitted.done():
                self._admit(entry)
                admitted.set_result(None)

    # -- The runtime -----------------------------------------------------------------------------

    async def messages(self) -> AsyncIterator[BusMessage]:
        """
        Yield messages in the order they came in; ends when the bus is closed.

        If cancelled while it waits, no message is lost: none was taken.
        """
        while await self._can_take():
            entry = heapq.heappop(self._waiting)
            # A new token for each delivery: a late word about an earlier one means nothing.
            token = next(self._tokens)
            self._unacknowledged[token] = entry
            self._let_producers_in()
            self._delivered += 1
            self._redelivered += entry.redelivered
            self._last_delivery_ms = self._now_ms() if self._now_ms else None
            yield BusMessage(body=entry.body, token=token, redelivered=entry.redelivered)

    async def _can_take(self) -> bool:
        while not self._closed:
            if self._waiting and len(self._unacknowledged) < self._in_flight:
                return True
            woken = asyncio.get_running_loop().create_future()
            self._consumers.append(woken)
            try:
                await woken
            finally:
                self._consumers.remove(woken)
        return False

    def _wake_consumers(self) -> None:
        for woken in self._consumers:
            if not woken.done():
                woken.set_result(None)

    async def acknowledge(self, message: BusMessage) -> None:
        """Forget a message; one that is not out is none of our business. Never waits."""
        entry = self._taken_back(message)
        if entry is None:
            return
        self._acknowledged += 1
        if entry.settled is not None and not entry.settled.done():
            entry.settled.set_result(None)

    async def give_back(self, message: BusMessage) -> None:
        """Put a message back at its old place, to be delivered again. Never waits."""
        entry = self._taken_back(message)
        if entry is not None:
            self._put_back(entry)

    def give_back_all(self) -> None:
        """Put back everything unacknowledged, as a broker does when it loses its consumer."""
        entries = list(self._unacknowledged.values())
        self._unacknowledged.clear()
        for entry in entries:
            self._put_back(entry)

    def _put_back(self, entry: Entry) -> None:
        self._given_back += 1
        entry.redelivered = True
        heapq.heappush(self._waiting, entry)
        self._wake_consumers()

    def _taken_back(self, message: BusMessage) -> Entry | None:
        token = message.token
        entry = self._unacknowledged.pop(token, None) if isinstance(token, int) else None
        self._wake_consumers()
        return entry

    # -- Subscribers in the process --------------------------------------------------------------

    async def publish(self, body: bytes, routing_key: str) -> None:
        """
        Hand a message to every subscriber whose pattern fits. Never waits.

        Raises:
            BusClosedError: the bus is closed.
        """
        if self._closed:
            raise BusClosedError(_CLOSED)
        self._published += 1
        for subscription in self._subscriptions:
            self._missed += subscription.offer(body, routing_key)

    def subscribe(self, pattern: str) -> Subscription:
        """
        Return what is published from now on.

        Args:
            pattern: a routing key, `prefix.*`, or `*` for everything.
        """
        subscription = Subscription(pattern, self._capacity, self._subscriptions.remove)
        if self._closed:
            subscription.end()
        self._subscriptions.append(subscription)
        return subscription

    # -- Both ------------------------------------------------------------------------------------

    def depth(self) -> int:
        """Return how many messages wait for the runtime, those of waiting producers included."""
        return len(self._waiting) + len(self._producers)

    def statistics(self) -> BusStatistics:
        """Return gauges and counters."""
        return BusStatistics(
            waiting=len(self._waiting),
            unacknowledged=len(self._unacknowledged),
            producers=len(self._producers),
            submitted=self._submitted,
            acknowledged=self._acknowledged,
            given_back=self._given_back,
            published=self._published,
            missed=self._missed,
        )

    def state(self) -> BusState:
        """Return what came in and went out; the connection is there until the bus is closed."""
        return BusState(
            state="closed" if self._closed else "connected",
            unacknowledged=len(self._unacknowledged),
            delivered=self._delivered,
            redelivered=self._redelivered,
            acknowledged=self._acknowledged,
            given_back=self._given_back,
            confirmed=self._published,
            last_delivery_ms=self._last_delivery_ms,
        )

    def close(self) -> None:
        """End all iterators, and tell all producers that wait."""
        self._closed = True
        self._wake_consumers()
        entries = [*self._waiting, *self._unacknowledged.values()]
        waits = [entry.settled for entry in entries if entry.settled is not None]
        for wait in [*waits, *(admitted for _, admitted in self._producers)]:
            if not wait.done():
                wait.set_exception(BusClosedError(_CLOSED))
        for subscription in self._subscriptions:
            subscription.end()


def embedded_spec() -> BusSpec:
    """Return the spec of the embedded bus."""
    return BusSpec(scheme=SCHEME, version="1.0.0", open=open_embedded, outbound=False)


def embedded_specs() -> tuple[BusSpec, ...]:
    """Return the only spec there is, as buses with several schemes do."""
    return (embedded_spec(),)


@asynccontextmanager
async def open_embedded(opening: BusOpening) -> AsyncIterator[EmbeddedBus]:
    """
    Open an embedded bus; it is closed at the end of the context.

    Raises:
        ValueError: the URL has parts that mean nothing here.
    """
    bus = EmbeddedBus(
        in_flight=opening.in_flight,
        capacity=_capacity(opening.url),
        now_ms=opening.clock.now_ms,
    )
    try:
        yield bus
    finally:
        bus.close()


def _capacity(url: str) -> int:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    text = query.pop("capacity", str(CAPACITY))
    if parts.scheme != SCHEME or parts.netloc or parts.path.strip("/") or query:
        message = f"bus.url: expected embedded:// with an optional ?capacity=1000, found {url}"
        raise ValueError(message)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        message = f"bus.url: expected a capacity of 1 or more, found {text!r}"
        raise ValueError(message)
    return int(text)


__all__ = [
    "BusClosedError",
    "BusStatistics",
    "EmbeddedBus",
    "embedded_spec",
    "embedded_specs",
    "open_embedded",
]
