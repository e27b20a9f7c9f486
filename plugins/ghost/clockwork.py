"""
Time and tasks of a ghost venue: what it does later, on the clock it was given.
"""

import asyncio
from collections.abc import Coroutine

from xarb_runtime.plugins.contracts import Clock


class Clockwork:
    """
    A clock, and the tasks that wait on it.

    Attributes:
        clock: the clock.
        opened_ms: when the venue opened; windows of the script count from here.
    """

    def __init__(self, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self.clock = clock
        self.opened_ms = clock.now_ms()
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()

    @property
    def now_ms(self) -> int:
        """The time, milliseconds since the epoch."""
        return self.clock.now_ms()

    @property
    def elapsed_ms(self) -> int:
        """How long the venue has been open."""
        return self.clock.now_ms() - self.opened_ms

    async def sleep(self, milliseconds: int) -> None:
        """Wait; nothing at all when there is nothing to wait for."""
        if milliseconds > 0:
            await self.clock.sleep_ms(milliseconds)

    async def until(self, moment_ms: int) -> None:
        """Wait until a moment has come."""
        while (left := moment_ms - self.clock.now_ms()) > 0:
            await self.clock.sleep_ms(left)

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do something on the side; it ends with the venue at the latest."""
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Cancel everything that runs."""
        for task in self._running:
            task.cancel()
