"""
Durable timers: rows in the store, watched here, delivered as events when they are due.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Sequence

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Snapshot, Timer
from xarb_runtime.plugins.contracts import Clock
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.work import Arming
from xarb_runtime.statechart.engine import TIMER_SOURCE

#: With so many timers, those that were cancelled are looked for.
TIDY = 4_096


def timer_event(execution: str, timer: Timer, now_ms: int) -> Event:
    """
    Return the event of a timer that is due. Timer events come from here and from nowhere else.
    """
    return Event(
        id=f"{execution}:{timer.id}:{timer.armed_seq}",
        source=TIMER_SOURCE,
        type=timer.event,
        time_ms=max(now_ms, timer.due_ms),
        execution=execution,
        data={"timer": timer.id, "armed_seq": timer.armed_seq},
    )


class Timers:
    """
    Waits for the earliest deadline.

    A timer that was cancelled stays in the heap until it is due and is dropped then: the snapshot
    says whether it still counts, and the step would answer `stale` anyway. When there are many of
    them they are dropped earlier, so that memory does not grow with the longest deadline.
    """

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[Delivery], None],
        snapshot: Callable[[str], Snapshot | None],
        instruments: Instruments | None = None,
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._snapshot = snapshot
        self._instruments = instruments or Instruments()
        self._heap: list[tuple[int, str, str, int, Timer]] = []
        self._tidy_at = TIDY
        self._changed = asyncio.Event()

    def watch(self, armings: Iterable[Arming]) -> None:
        """Add timers; deadlines in the past fire at once."""
        for arming in armings:
            timer = arming.timer
            entry = (timer.due_ms, arming.execution, timer.id, timer.armed_seq, timer)
            heapq.heappush(self._heap, entry)
            self._changed.set()
        if len(self._heap) >= self._tidy_at:
            self._heap = [entry for entry in self._heap if self._counts(entry[1], entry[4])]
            heapq.heapify(self._heap)
            self._tidy_at = max(TIDY, 2 * len(self._heap))

    def resume(self, armings: Sequence[Arming], *, now_ms: int, pause_ms: int, asked: bool) -> None:
        """
        Add the timers of one execution of an earlier life.

        Those that passed while nothing ran fire one after another, with a pause between them, and
        the first at once, unless a question was asked again. What an earlier one asks can so be
        answered before a later one gives up: nobody has looked meanwhile, and a venue that was
        never asked has not been silent.
        """
        fire_ms = now_ms + (pause_ms if asked else 0)
        for arming in sorted(armings, key=lambda arming: arming.timer.due_ms):
            timer = arming.timer
            if timer.due_ms >= fire_ms:
                self.watch([arming])
                continue
            heapq.heappush(
                self._heap, (fire_ms, arming.execution, timer.id, timer.armed_seq, timer)
            )
            fire_ms += pause_ms
        self._changed.set()

    @property
    def pending(self) -> int:
        """How many timers are watched, cancelled ones that are not dropped yet included."""
        return len(self._heap)

    async def run(self) -> None:
        """Deliver timers when they are due, until cancelled."""
        while True:
            self._changed.clear()
            self._fire_due()
            await self._wait()

    def _fire_due(self) -> None:
        now_ms = self._clock.now_ms()
        while self._heap and self._heap[0][0] <= now_ms:
            _, execution, _, _, timer = heapq.heappop(self._heap)
            if self._counts(execution, timer):
                self._instruments.fired(timer.id, now_ms - timer.due_ms)
                self._deliver(Delivery(event=timer_event(execution, timer, now_ms)))

    def _counts(self, execution: str, timer: Timer) -> bool:
        snapshot = self._snapshot(execution)
        return snapshot is not None and timer in snapshot.timers

    async def _wait(self) -> None:
        if not self._heap:
            await self._changed.wait()
            return
        pause_ms = self._heap[0][0] - self._clock.now_ms()
        try:
            async with asyncio.timeout(max(0, pause_ms) / 1000):
                await self._changed.wait()
        except TimeoutError:
            return
