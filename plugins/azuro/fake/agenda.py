"""
What is due when. Nothing happens by itself: whoever looks makes everything happen that is due.

So the state of the world depends on the clock alone, not on which task runs first.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import Any, NoReturn

from xarb_runtime.plugins.clock import Clock


class Agenda:
    """
    Things to do at their time, on a clock.

    Attributes:
        now_ms: the time; while something happens, the time at which it was due.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._count = 0
        self._acting_ms: int | None = None
        self._changed = asyncio.Event()

    @property
    def now_ms(self) -> int:
        """The time; while something happens, the time at which it was due."""
        return self._clock.now_ms() if self._acting_ms is None else self._acting_ms

    def at(self, due_ms: int, act: Callable[[], object]) -> None:
        """Do something at a time; what is due already happens when somebody looks."""
        self._count += 1
        heapq.heappush(self._due, (due_ms, self._count, act))
        self._changed.set()

    def advance(self) -> None:
        """Make everything happen that is due, in order."""
        if self._acting_ms is not None:
            return
        now_ms = self._clock.now_ms()
        try:
            while self._due and self._due[0][0] <= now_ms:
                self._acting_ms, _, act = heapq.heappop(self._due)
                act()
        finally:
            self._acting_ms = None

    async def run(self) -> NoReturn:
        """Look whenever something is due, for those who listen instead of asking."""
        while True:
            self._changed.clear()
            self.advance()
            changed = asyncio.ensure_future(self._changed.wait())
            waits: list[asyncio.Future[Any]] = [changed]
            if self._due:
                waits.append(asyncio.ensure_future(self._sleep_until(self._due[0][0])))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)

    async def _sleep_until(self, due_ms: int) -> None:
        # Counted when it begins to sleep: time may have passed since it was asked to.
        pause_ms = due_ms - self._clock.now_ms()
        if pause_ms > 0:
            await self._clock.sleep_ms(pause_ms)
