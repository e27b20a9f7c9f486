"""
The context of one venue's health: a breaker fed by errors, latencies and missed heartbeats.

Signals: `call.ok`, `call.failed`, `heartbeat.ok`, `heartbeat.missed`, and timers.
"""

from typing import ClassVar

import msgspec

from xarb_runtime.domain.context import Context, read
from xarb_runtime.domain.events import Event


class CallWord(msgspec.Struct, frozen=True):
    """Data of the venue's health events."""

    reason: str = ""
    limits: "HealthLimits | None" = None


class HealthLimits(msgspec.Struct, frozen=True, kw_only=True):
    """
    When a venue counts as down; section `venue_health` of the settings.

    Attributes:
        max_failures: failures in a row that trip the breaker.
        max_missed: missed heartbeats in a row that trip it.
        probe_after: pause before a venue that is down is tried again.
        probe_ok: good answers in a row that close it again.
    """

    max_failures: int = 5
    max_missed: int = 3
    probe_after: str = "10s"
    probe_ok: int = 2


class VenueHealth(Context, kw_only=True):
    """
    What is known about a venue's health.

    Attributes:
        venue: the venue's name.
        failures, missed, good: counts in a row.
        reason: the newest failure, for people.
        limits: thresholds in force.
    """

    catalogue: ClassVar[frozenset[str]] = frozenset(
        {"call.ok", "call.failed", "heartbeat.ok", "heartbeat.missed"}
    )

    venue: str = ""
    failures: int = 0
    missed: int = 0
    good: int = 0
    reason: str = ""
    limits: HealthLimits = HealthLimits()

    def observe(self, event: Event) -> str:
        """Take in what the event tells; the chart sees it under its own type."""
        if event.source == "timer":
            return event.type
        word = read(event, CallWord)
        self.venue = event.execution.partition(":")[2]
        if word.limits is not None:
            self.limits = word.limits
        match event.type:
            case "call.failed":
                self.failures, self.good, self.reason = self.failures + 1, 0, word.reason
            case "heartbeat.missed":
                self.missed, self.good, self.reason = self.missed + 1, 0, word.reason
            case "call.ok":
                self.failures, self.good = 0, self.good + 1
            case "heartbeat.ok":
                self.missed, self.good = 0, self.good + 1
            case _:
                pass
        return event.type

    @property
    def is_failing(self) -> bool:
        """Whether the breaker should trip."""
        return self.failures >= self.limits.max_failures or self.missed >= self.limits.max_missed

    @property
    def is_well(self) -> bool:
        """Whether enough good answers came in a row."""
        return self.good >= self.limits.probe_ok

    def start_over(self) -> None:
        """Forget the counts."""
        self.failures = self.missed = self.good = 0
