"""
The relay: brings the outbox's messages onto the bus, until the bus has confirmed each of them.

Messages of one execution go one after another, those of many executions at once. One that fails
waits, and with it all later ones of its execution; the others go on. What is confirmed is taken out
of the outbox with one of the next commits; dying before that means that it is sent again, under the
same id.

Nothing waits for the relay: a bus that is down costs executions nothing. What does not fit into
memory stays in the table and is read again when there is room.
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec
import structlog

from xarb_runtime.plugins.contracts import Bus, Clock, UnroutableError
from xarb_runtime.service.cancellation import is_cancelled
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.store.batch import Outgoing
from xarb_runtime.store.errors import StoreError

log = structlog.get_logger("xarb.relay")

#: So many failures in a row, with nothing confirmed between them, are the bus's and no message's.
BUS_IS_DOWN = 3
#: So many confirmed messages leave the outbox with one commit at most.
NOTED_AT_ONCE = 2_000
#: So many messages are read from the table at a time, so that no commit waits long for it.
READ_AT_ONCE = 1_000

Attempt = Literal["confirmed", "unroutable", "failed"]


class RelayLimits(msgspec.Struct, frozen=True, kw_only=True):
    """
    Attributes:
        held: most messages in memory.
        at_once: most messages under way.
        deadline_ms: longest wait for a confirmation.
        note_ms: how long a confirmed message may wait for a commit that is made anyway.
        retry_ms, retry_max_ms: pause after a failure; doubles up to the maximum.
    """

    held: int = 4_096
    at_once: int = 256
    deadline_ms: int = 5_000
    note_ms: int = 200
    retry_ms: int = 100
    retry_max_ms: int = 5_000


class RelayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the relay stands.

    Attributes:
        waiting: messages in the outbox that the bus has not confirmed.
        held: those of them that are in memory.
        stuck: executions whose next message has failed and is tried again.
        oldest_ms: when the message was written that waits longest; None when none waits.
        confirmed, unroutable, failed: attempts since the start, by how they ended.
        error: the newest failure, while anything is stuck; for people.
    """

    waiting: int
    held: int
    stuck: int
    oldest_ms: int | None
    confirmed: int
    unroutable: int
    failed: int
    error: str


class _Lane:
    """The messages of one execution, oldest first."""

    __slots__ = ("failures", "messages", "unroutable")

    def __init__(self) -> None:
        self.messages: deque[Outgoing] = deque()
        self.failures = 0
        self.unroutable = False


class Relay:
    """
    Publishes what the outbox holds. It does so while `run` runs.

    Every lane is in one place: among the ready ones, with a worker, or waiting after a failure.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        read: Callable[[int, int], Awaitable[list[Outgoing]]],
        deliver: Callable[[Delivery], None],
        instruments: Instruments | None = None,
        hide: Callable[[str], str] = str,
        limits: RelayLimits | None = None,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._read = read
        self._deliver = deliver
        self._instruments = instruments or Instruments()
        self._hide = hide
        self._limits = limits or RelayLimits()
        self._seconds = seconds
        self._lanes: dict[str, _Lane] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._failed: list[tuple[int, int, str]] = []
        self._confirmed: list[int] = []
        self._held = self._waiting = 0
        #: Up to here everything was taken into memory; up to there something may be in the table.
        self._position = self._newest = 0
        self._in_a_row = 0
        self._counts: dict[Attempt, int] = {"confirmed": 0, "unroutable": 0, "failed": 0}
        self._error = ""
        self._wake_retry, self._wake_read = asyncio.Event(), asyncio.Event()
        self._wake_note = asyncio.Event()

    # -- What the writer says --------------------------------------------------------------------

    def recall(self, newest: int, waiting: int) -> None:
        """Go on from an earlier life: its newest position, and how many messages it left."""
        self._newest, self._waiting = newest, waiting

    def add(self, messages: Sequence[Outgoing]) -> None:
        """Take messages that a commit has just put into the outbox; never waits."""
        if not messages:
            return
        behind = self._is_behind
        self._waiting += len(messages)
        self._newest = max(self._newest, messages[-1].position)
        if behind:
            self._wake_read.set()
            return
        for message in messages:
            if self._held >= self._limits.held:
                self._wake_read.set()
                return
            if message.position > self._position:
                self._take(message)

    def noted(self) -> list[int]:
        """Give the positions that the bus has confirmed; whoever gets them commits them."""
        some = self._confirmed[:NOTED_AT_ONCE]
        del self._confirmed[:NOTED_AT_ONCE]
        return some

    # -- What others ask -------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether everything is confirmed, and given to a commit."""
        return not self._waiting and not self._confirmed

    def figures(self) -> RelayFigures:
        """Return how things stand."""
        heads = [lane.messages[0] for lane in self._lanes.values()]
        oldest = min(heads, key=lambda message: message.position, default=None)
        return RelayFigures(
            waiting=max(self._waiting, self._held),
            held=self._held,
            stuck=len(self._failed),
            oldest_ms=oldest.time_ms if oldest else None,
            error=self._error,
            confirmed=self._counts["confirmed"],
            unroutable=self._counts["unroutable"],
            failed=self._counts["failed"],
        )

    def hand_over(self) -> None:
        """Have what is confirmed committed now instead of soon."""
        if self._confirmed:
            self._deliver(Delivery(sent=self.noted()))

    # -- Work ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """
        Publish until cancelled.

        If cancelled, a message that is under way may or may not have got through; it stays in the
        outbox.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(self._limits.at_once):
                group.create_task(self._work(), name="relay worker")
            group.create_task(self._retry(), name="relay retry")
            group.create_task(self._fill(), name="relay fill")
            group.create_task(self._note(), name="relay note")

    @property
    def _is_behind(self) -> bool:
        return self._position < self._newest

    def _take(self, message: Outgoing) -> None:
        self._position = message.position
        self._held += 1
        lane = self._lanes.get(message.execution)
        if lane is None:
            lane = self._lanes[message.execution] = _Lane()
            self._ready.put_nowait(message.execution)
        lane.messages.append(message)

    async def _work(self) -> None:
        while True:
            name = await self._ready.get()
            lane = self._lanes[name]
            message = lane.messages[0]
            began = self._seconds()
            outcome, reason = await self._publish(message)
            self._counts[outcome] += 1
            if outcome != "failed":
                self._bus_is_up()
            self._instruments.published(message.type, outcome, self._seconds() - began)
            if outcome == "confirmed":
                self._confirm(name, lane)
            else:
                self._postpone(name, lane, outcome, reason)

    async def _publish(self, message: Outgoing) -> tuple[Attempt, str]:
        try:
            async with asyncio.timeout(self._limits.deadline_ms / 1000):
                await self._bus.publish(message.body, message.type)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            return "failed", "the bus cancelled itself"
        except UnroutableError as error:
            return "unroutable", str(error) or "no queue takes it"
        except TimeoutError:
            return "failed", f"not confirmed within {self._limits.deadline_ms} ms"
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            return "failed", f"{type(error).__name__}: {error}" if str(error) else repr(error)
        return "confirmed", ""

    def _confirm(self, name: str, lane: _Lane) -> None:
        self._confirmed.append(lane.messages.popleft().position)
        self._held -= 1
        self._waiting -= 1
        lane.failures = 0
        if lane.messages:
            self._ready.put_nowait(name)
        else:
            del self._lanes[name]
        self._wake_note.set()
        if self._is_behind:
            self._wake_read.set()
        if self._error and not self._failed:
            self._error = ""
            log.info("publishing_again", waiting=self._waiting)

    # -- Failures --------------------------------------------------------------------------------

    def _postpone(self, name: str, lane: _Lane, outcome: Attempt, reason: str) -> None:
        lane.failures += 1
        lane.unroutable = outcome == "unroutable"
        self._in_a_row += outcome == "failed"
        reason = self._hide(f"{lane.messages[0].type}: {reason}")
        if not self._error:
            log.warning("publish_failed", execution=name, outcome=outcome, reason=reason)
        self._error = reason
        pause_ms = min(
            self._limits.retry_ms * 2 ** min(lane.failures - 1, 16), self._limits.retry_max_ms
        )
        order = (self._clock.now_ms() + pause_ms, lane.messages[0].position, name)
        heapq.heappush(self._failed, order)
        self._wake_retry.set()

    def _bus_is_up(self) -> None:
        """It has answered. If it was down, what has only waited for it need not wait longer."""
        was_down, self._in_a_row = self._in_a_row >= BUS_IS_DOWN, 0
        if not was_down:
            return
        waiting, self._failed = self._failed, []
        for entry in waiting:
            if self._lanes[entry[2]].unroutable:
                heapq.heappush(self._failed, entry)
            else:
                self._ready.put_nowait(entry[2])

    async def _retry(self) -> None:
        while True:
            self._wake_retry.clear()
            now_ms = self._clock.now_ms()
            while self._failed and self._failed[0][0] <= now_ms:
                self._ready.put_nowait(heapq.heappop(self._failed)[2])
            pause_ms = self._failed[0][0] - now_ms if self._failed else None
            try:
                async with asyncio.timeout(None if pause_ms is None else pause_ms / 1000):
                    await self._wake_retry.wait()
            except TimeoutError:
                continue

    # -- The table -------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Read messages that did not fit into memory, or that an earlier life has left."""
        while True:
            if not self._is_behind or self._held > self._limits.held // 2:
                self._wake_read.clear()
                await self._wake_read.wait()
                continue
            newest, room = self._newest, min(self._limits.held - self._held, READ_AT_ONCE)
            try:
                rows = await self._read(self._position, room)
            except StoreError as error:
                log.warning("outbox_unreadable", error=self._hide(str(error)))
                await self._clock.sleep_ms(self._limits.retry_max_ms)
                continue
            for row in rows:
                self._take(row)
            if len(rows) < room:
                # What is missing up to here was confirmed in an earlier life.
                self._position = max(self._position, newest)

    async def _note(self) -> None:
        """Have confirmed messages committed when no other commit has taken them along."""
        while True:
            await self._wake_note.wait()
            await self._clock.sleep_ms(self._limits.note_ms)
            self._wake_note.clear()
            while self._confirmed:
                self._deliver(Delivery(sent=self.noted()))
