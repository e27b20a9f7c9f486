"""
What the supervisor and the venues' health say, read from their snapshots.
"""

import msgspec

from xarb_runtime.domain.steps import Status
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.service.book import HEALTH_PREFIX, SUPERVISOR, Book
from xarb_runtime.service.charts import Charts
from xarb_runtime.statechart.engine import start


class Levels:
    """Reads a book; whoever has made no step yet is where its chart begins."""

    def __init__(self, charts: Charts, book: Book) -> None:
        self._book = book
        self._first = start(charts.supervisor, SUPERVISOR).leaves[0]
        self._healthy = start(charts.venue_health, HEALTH_PREFIX).leaves

    @property
    def level(self) -> str:
        """The supervisor's level: running, paused, degraded, reduced, halted, stopping, stopped."""
        snapshot = self._book.get(SUPERVISOR)
        if snapshot is not None and snapshot.status is Status.QUARANTINED:
            return "reduced"  # nobody can say what is allowed: nothing that adds risk
        return snapshot.leaves[0] if snapshot else self._first

    @property
    def seq(self) -> int:
        """Grows with every step of the supervisor, over all lives: what is told to it is unique."""
        snapshot = self._book.get(SUPERVISOR)
        return snapshot.seq if snapshot else 0

    @property
    def resumed_ms(self) -> int:
        """When trading was last resumed by a person, milliseconds; KPI windows count from there."""
        snapshot = self._book.get(SUPERVISOR)
        if snapshot is None:
            return 0
        return msgspec.json.decode(snapshot.context, type=Supervisor).resumed_ms

    def is_up(self, venue: str) -> bool:
        """Tell whether a venue counts as up."""
        snapshot = self._book.get(HEALTH_PREFIX + venue)
        return snapshot is None or (
            snapshot.leaves == self._healthy and snapshot.status is Status.RUNNING
        )
