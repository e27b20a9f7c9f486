"""
Time, as plugins are given it.
"""

from typing import Protocol


class Clock(Protocol):
    """Time as the runtime sees it; virtual in simulations."""

    def now_ms(self) -> int:
        """Return milliseconds since the Unix epoch, UTC."""
        ...

    async def sleep_ms(self, milliseconds: int) -> None:
        """Wait; in a simulation no wall time passes."""
        ...
