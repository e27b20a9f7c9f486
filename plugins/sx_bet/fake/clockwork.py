"""
Time and tasks of the exchange: what it does later, on the clock it was given.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import Clock


class Clockwork:
    """A clock, and the tasks that wait on it. They end with the exchange at the latest."""

    def __init__(self, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._clock = clock
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()

    @property
    def now_ms(self) -> int:
        """The time, milliseconds since the epoch."""
        return self._clock.now_ms()

    async def sleep(self, milliseconds: int) -> None:
        """Wait; not at all when there is nothing to wait for."""
        if milliseconds > 0:
            await self._clock.sleep_ms(milliseconds)

    async def pause(self, duration: str) -> None:
        """Wait for a duration as it stands in the settings."""
        await self.sleep(parse_duration_ms(duration))

    async def until(self, moment_ms: int) -> None:
        """Wait until a moment has come."""
        while (left := moment_ms - self.now_ms) > 0:
            await self._clock.sleep_ms(left)

    async def happens(self, event: asyncio.Event, within_ms: int) -> bool:
        """Wait for an event; return whether it came in time."""
        waiting: set[asyncio.Future[Any]] = {
            asyncio.ensure_future(event.wait()),
            asyncio.ensure_future(self._clock.sleep_ms(within_ms)),
        }
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return event.is_set()

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do something on the side."""
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Cancel everything that runs."""
        for task in list(self._running):
            task.cancel()
