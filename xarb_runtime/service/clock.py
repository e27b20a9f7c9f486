"""
The runtime's clock.
"""

import asyncio
import time


class SystemClock:
    """
    Wall time that never jumps: read once at start, advanced by the monotonic clock.

    A step of the machine's clock while the process runs therefore neither fires a deadline early
    nor holds it back. Deadlines in the store are absolute; after a restart the wall clock is read
    anew.
    """

    def __init__(self, floor_ms: int = 0) -> None:
        self._wall_ms = max(time.time_ns() // 1_000_000, floor_ms)
        self._monotonic = time.monotonic_ns()

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch."""
        return self._wall_ms + (time.monotonic_ns() - self._monotonic) // 1_000_000

    async def sleep_ms(self, milliseconds: int) -> None:
        """Wait; cancellation ends the wait and nothing else."""
        await asyncio.sleep(max(0, milliseconds) / 1000)
