"""
The log of a ghost venue: every report that was ever sent, for whoever is connected.
"""

import asyncio
import itertools

from xarb_runtime.domain.orders import OrderReport


class ReportLog:
    """
    All reports that were ever sent.

    Attributes:
        entries: oldest first.
    """

    def __init__(self) -> None:
        self.entries: list[OrderReport] = []
        self._more = asyncio.Event()

    def append(self, report: OrderReport) -> None:
        """Add a report and wake everybody who waits for one."""
        self.entries.append(report)
        self._more.set()
        self._more = asyncio.Event()

    def count_before(self, time_ms: int) -> int:
        """Return how many reports there are before the first one that is as new as this."""
        older = itertools.takewhile(lambda report: report.time_ms < time_ms, self.entries)
        return sum(1 for _ in older)

    async def wait_beyond(self, count: int) -> None:
        """Return as soon as there are more than `count` reports; cancelling loses nothing."""
        while len(self.entries) <= count:
            await self._more.wait()
