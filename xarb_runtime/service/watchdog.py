"""
The watchdog: names the code that holds up the event loop.

A plugin that computes for long, or waits without `await`, stops everything: deadlines, heartbeats,
cancels. No deadline of ours can interrupt it. A thread of its own notices that the loop no longer
answers, looks at where the loop's thread stands, and says whose code that is (XP203).
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

PLUGIN_MODULES = "xarb_plugins."


class Blockage(msgspec.Struct, frozen=True):
    """
    What held the loop up.

    Attributes:
        plugin: the plugin whose code was running; empty when it was nobody's.
        where: file and line of that code, the file without its folder.
        function: its function.
        held_ms: for how long so far, milliseconds.
    """

    plugin: str
    where: str
    function: str
    held_ms: int


@contextmanager
def watch_loop(limit_ms: int, report: Callable[[Blockage], None]) -> Iterator[None]:
    """
    Watch the running loop; `report` is called from another thread, once for each hold-up.

    Call it inside the loop that is to be watched.
    """
    watchdog = _Watchdog(asyncio.get_running_loop(), threading.get_ident(), limit_ms, report)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.ending.set()
        watchdog.join()


class _Watchdog(threading.Thread):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: int,
        limit_ms: int,
        report: Callable[[Blockage], None],
    ) -> None:
        super().__init__(name="loop watchdog", daemon=True)
        self._loop = loop
        self._thread = thread
        self._limit = limit_ms / 1000
        self._report = report
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(self._limit / 4):
            answered = threading.Event()
            asked = time.monotonic()
            self._loop.call_soon_threadsafe(answered.set)
            if not answered.wait(self._limit) and not self.ending.is_set():
                self._report(self._look(time.monotonic() - asked))
                while not answered.wait(self._limit) and not self.ending.is_set():
                    continue

    def _look(self, held: float) -> Blockage:
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return blockage(frame, round(held * 1000))


def blockage(frame: FrameType | None, held_ms: int) -> Blockage:
    """Describe where a thread stands: the innermost code of a plugin, or else of anybody."""
    innermost, mine = frame, None
    while frame is not None and mine is None:
        name = str(frame.f_globals.get("__name__", ""))
        mine = frame if name.startswith(PLUGIN_MODULES) else None
        frame = frame.f_back
    found = mine or innermost
    if found is None:
        return Blockage("", "", "", held_ms)
    plugin = ""
    if mine is not None:
        module = str(mine.f_globals["__name__"])
        plugin = module.removeprefix(PLUGIN_MODULES).partition(".")[0]
    where = f"{Path(found.f_code.co_filename).name}:{found.f_lineno}"
    return Blockage(plugin, where, found.f_code.co_qualname, held_ms)
