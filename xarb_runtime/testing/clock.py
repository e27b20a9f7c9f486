"""
Time in the kit: a minute of it takes no longer than what happens in that minute.

The loop does not wait. When nothing is ready, no socket can be read and no thread works, it moves
the time to the next timer. Everything that waits shares this time: the server, the plugin, and the
deadlines of HTTP clients. Loopback connections are real ones.
"""

import asyncio
import os
import selectors
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Where time begins: not today, so that whoever looks at the wall clock is found out.
BEGINNING_MS = 1_900_000_000_000

#: How long to wait for a thread at a time, seconds.
_THREAD_WORKS = 0.01

#: How often sockets are looked at again, others being let run in between, before time moves.
_LOOKS = 5

#: Of the running thread, on Linux: time on a core, time in the queue for one, turns.
_SCHEDULED = Path("/proc/thread-self/schedstat")

#: How long something may always be ready to run before time is called stuck: in real seconds,
#: without those in which other processes have the core.
STUCK_S = 30.0


class StuckError(RuntimeError):
    """Time cannot go on, because something runs again and again without ever waiting."""


class _Selector(selectors.DefaultSelector):
    """Does not wait for a timer: it moves the time to it."""

    def __init__(self, stuck_s: float) -> None:
        super().__init__()
        self._stuck_s = stuck_s
        self._moves()
        self.now = 0.0
        self.threads = 0
        self.longest: float | None = None
        self._returned = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if self.longest is None:
            return self._select(timeout)
        self.longest = max(self.longest, time.perf_counter() - _queued() - self._returned)
        events = self._select(timeout)
        self.measure_from_here()
        return events

    def measure_from_here(self) -> None:
        queued = _queued()
        self._returned = time.perf_counter() - queued

    def _select(self, timeout: float | None) -> Any:
        events = super().select(0)
        if events or timeout == 0:
            self._go_on()
            return events
        if self.threads or timeout is None:
            self._moves()
            return super().select(_THREAD_WORKS)
        for _ in range(_LOOKS):
            os.sched_yield()  # bytes that were sent a moment ago may still be on their way
            if events := super().select(0):
                return events
        self.now += timeout
        self._moves()
        return []

    def _moves(self) -> None:
        self._moved, self._queued = time.perf_counter(), _queued()

    def _go_on(self) -> None:
        still_s = time.perf_counter() - self._moved
        if still_s > self._stuck_s and still_s - (_queued() - self._queued) > self._stuck_s:
            self._moves()
            message = f"for {self._stuck_s:g} s something was always ready to run"
            raise StuckError(message)


def _queued() -> float:
    """How long this thread could have run and had no core, in seconds; 0 where nobody counts."""
    try:
        return int(_SCHEDULED.read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, LookupError, ValueError):
        return 0.0


class KitLoop(asyncio.SelectorEventLoop):
    """
    An event loop whose time jumps.

    Args:
        stuck_s: how long time may stand still, in real seconds, before StuckError is raised.
    """

    def __init__(self, stuck_s: float = STUCK_S) -> None:
        self._jumping = _Selector(stuck_s)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return seconds since the loop was made, as timers count them."""
        return self._jumping.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Run in a thread; meanwhile time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, future: object) -> None:
        del future
        self._jumping.threads -= 1

    def longest_ms(self) -> int:
        """
        Return the longest stretch in which nothing else could run since `forget_longest`, in real
        milliseconds, without those in which other processes had the core.
        """
        return round((self._jumping.longest or 0.0) * 1000)

    def forget_longest(self) -> None:
        """Measure `longest_ms` from now on."""
        self._jumping.longest = 0.0
        self._jumping.measure_from_here()


class KitClock:
    """
    The running loop's time, as plugins are given it.

    Args:
        ahead_ms: how far it is ahead of the loop's own time.
    """

    def __init__(self, ahead_ms: int = 0) -> None:
        self._ahead_ms = ahead_ms

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        passed_ms = round(asyncio.get_running_loop().time() * 1000)
        return BEGINNING_MS + passed_ms + self._ahead_ms

    async def sleep_ms(self, milliseconds: int) -> None:
        """Wait; no wall time passes."""
        await asyncio.sleep(milliseconds / 1000)

    def step(self, by_ms: int) -> None:
        """Set the clock, forward or back. Who sleeps goes on sleeping for as long as before."""
        self._ahead_ms += by_ms
