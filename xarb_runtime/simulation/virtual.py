"""
Virtual time: an event loop whose clock jumps, over real I/O that holds it back.

When nothing is ready the loop does not wait for its next timer, it makes it that time. Only real
I/O that is under way keeps it waiting: the world stands still until the disk has answered.

The speed of that I/O must not decide the order of anything. Whatever other threads hand to the loop
is held in a queue of its own and let in one by one, and only when nothing else is ready. A program
whose I/O is answered in the order in which it was asked for (one thread per store) therefore does
the same things in the same order on every machine.
"""

import asyncio
import selectors
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from typing import Any

#: Timers closer together than this are due at the same moment, whatever the machine's clock can do.
_RESOLUTION = 1e-9
_DIGITS = 9

#: Pause between two looks at real I/O when nothing may run meanwhile, seconds.
_POLL = 0.0002


class StuckError(RuntimeError):
    """
    Nothing is ready, nothing is scheduled and no I/O is under way: the program waits for ever.

    Attributes:
        waiting: the names of the tasks that wait.
    """

    def __init__(self, waiting: list[str]) -> None:
        self.waiting = waiting
        super().__init__(
            f"virtual time cannot go on: expected a timer or I/O under way, found neither. "
            f"Waiting: {', '.join(waiting) or 'nothing'}. Let one of them end, or guard its I/O "
            f"with io_guard()."
        )


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer when nothing is ready and no I/O is under way."""

    def __init__(self) -> None:
        selector = _JumpingSelector(self._wait)
        self._selector_really = selector
        self._now = 0.0
        self._io = 0
        self._held: deque[asyncio.Handle] = deque()
        super().__init__(selector)
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._now

    @contextmanager
    def io_guard(self) -> Iterator[None]:
        """Hold time back while real I/O is under way."""
        self._io += 1
        try:
            yield
        finally:
            self._io -= 1

    @property
    def io_under_way(self) -> int:
        """How many guards are held."""
        return self._io

    @property
    def answers_waiting(self) -> int:
        """How many callbacks of other threads have not been let in yet."""
        return len(self._held)

    def finish_io(self) -> None:
        """
        Block, without running anything, until all guarded I/O under way has answered.

        For whoever wants to see the disk as it will be: each guard must stand for one answer.
        """
        while len(self._held) < self._io:
            time.sleep(_POLL)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Hold a callback of another thread until nothing else is ready."""
        self._check_closed()  # pyright: ignore[reportAttributeAccessIssue]
        handle = asyncio.Handle(callback, args, self, context)
        self._held.append(handle)
        self._write_to_self()  # pyright: ignore[reportAttributeAccessIssue]
        return handle

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run in a thread; time is held back until that has ended."""
        self._io += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._io_done)
        return future

    async def shutdown_default_executor(self, *timeout: float | None) -> None:
        """Wait for the threads of `run_in_executor`; time is held back meanwhile."""
        with self.io_guard():
            await super().shutdown_default_executor(*timeout)

    def _io_done(self, _future: asyncio.Future[Any]) -> None:
        self._io -= 1

    # -- Waiting ---------------------------------------------------------------------------------

    def _wait(self, timeout: float | None) -> list[Any]:
        """What the loop does instead of waiting for `timeout` seconds."""
        if timeout is not None and timeout <= 0:
            return []
        if self._let_one_in():
            return []
        if self._io:
            events = self._selector_really.really_select()
            self._let_one_in()
            return events
        if timeout is None:
            raise StuckError(sorted(task.get_name() for task in asyncio.all_tasks(self)))
        self._now = round(self._now + timeout, _DIGITS)
        return []

    def _let_one_in(self) -> bool:
        while self._held:
            handle = self._held.popleft()
            if not handle.cancelled():
                self._ready.append(handle)  # pyright: ignore[reportAttributeAccessIssue]
                return True
        return False


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the loop what to do whenever the loop wants to wait."""

    def __init__(self, wait: Callable[[float | None], list[Any]]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[Any]:
        return self._wait(timeout)

    def really_select(self) -> list[Any]:
        return super().select(None)


class VirtualClock:
    """
    A machine's clock in virtual time.

    As the real one (`SystemClock`) it is read once and then advanced by the loop: when the
    machine's clock is set, whoever holds a clock does not notice; a clock that is made afterwards
    does.
    """

    def __init__(self, machine: "Machine", floor_ms: int = 0) -> None:
        self._machine = machine
        self._offset_ms = max(machine.now_ms(), floor_ms) - machine.elapsed_ms()

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch."""
        return self._offset_ms + self._machine.elapsed_ms()

    async def sleep_ms(self, milliseconds: int) -> None:
        """Wait; no real time passes."""
        await asyncio.sleep(max(0, milliseconds) / 1000)


class Machine:
    """The computer that a simulated runtime runs on: its wall clock can be set."""

    def __init__(self, loop: VirtualLoop, start_ms: int) -> None:
        self._loop = loop
        self._start_ms = start_ms
        self.set_by_ms = 0

    def elapsed_ms(self) -> int:
        """Return how long the simulation has run."""
        return round(self._loop.time() * 1000)

    def true_ms(self) -> int:
        """Return the true time, milliseconds since the Unix epoch."""
        return self._start_ms + self.elapsed_ms()

    def now_ms(self) -> int:
        """Return what this machine's wall clock shows."""
        return self.true_ms() + self.set_by_ms

    def clock(self, floor_ms: int = 0) -> VirtualClock:
        """Return a clock that is read now."""
        return VirtualClock(self, floor_ms)
