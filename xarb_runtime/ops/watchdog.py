"""
The watchdog: names the code that holds up the event loop, and with it everything else.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from xarb_runtime.service.settings_model import Settings

log = structlog.get_logger("xarb.watchdog")

#: Modules below this name are plugins.
PLUGINS = "xarb_plugins."
_FRAMES = 6


@contextmanager
def watching_the_loop(
    settings: Settings, blocked: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """
    Log whoever blocks the running loop for longer than `service.blocked_loop`.

    `blocked` is called for each time, in a thread.
    """
    limit_ms = settings.service.blocked_loop_ms
    watchdog = _Watchdog(asyncio.get_running_loop(), limit_ms, blocked)
    thread = threading.Thread(target=watchdog.run, name="xarb watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watchdog.ended.set()
        thread.join()


class _Watchdog:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, limit_ms: int, blocked: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._blocked = blocked
        self._limit = limit_ms / 1000
        self._thread = threading.get_ident()
        self._answered = threading.Event()
        self.ended = threading.Event()

    def run(self) -> None:
        """Ask the loop for a sign of life again and again; runs in a thread of its own."""
        while not self.ended.wait(self._limit):
            self._answered.clear()
            self._loop.call_soon_threadsafe(self._answered.set)
            asked = time.monotonic()
            if not self._answered.wait(self._limit):
                self._tell(asked)

    def _tell(self, asked: float) -> None:
        # There is no other way to see what another thread does.
        frame = sys._current_frames().get(self._thread)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        who, where = blamed(frame)
        # The loop cannot write a line now, so the line waits for it.
        while not self._answered.wait(self._limit):
            if self.ended.is_set():
                return
        held_ms = round((time.monotonic() - asked) * 1000)
        self._blocked()
        log.warning("loop_blocked", by=who, at=where, blocked_ms=held_ms)


def blamed(frame: FrameType | None) -> tuple[str, list[str]]:
    """Return who is at work in a frame, a plugin if one is, and the innermost calls."""
    if frame is None:
        return "unknown", []
    names = [each.f_globals.get("__name__", "") for each, _ in traceback.walk_stack(frame)]
    plugins = [name for name in names if name.startswith(PLUGINS)]
    stack = traceback.extract_stack(frame)[-_FRAMES:]
    calls = [f"{entry.filename}:{entry.lineno} {entry.name}" for entry in stack]
    return (f"plugin {plugins[0].split('.')[1]}" if plugins else names[0]), calls
