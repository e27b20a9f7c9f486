"""
Venues' health: heartbeats and the outcomes of calls become events for each venue's breaker.
"""

from collections.abc import Callable, Mapping

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Snapshot
from xarb_runtime.domain.venue_health import HealthLimits, VenueHealth
from xarb_runtime.plugins.contracts import Clock
from xarb_runtime.service.book import HEALTH_PREFIX
from xarb_runtime.service.inbox import Delivery


class Health:
    """
    Turns what is noticed about venues into events.

    A good answer of a venue that has no failures on its record changes nothing and makes no event.
    """

    def __init__(
        self,
        clock: Clock,
        limits: HealthLimits,
        deliver: Callable[[Delivery], None],
        snapshot: Callable[[str], Snapshot | None],
        life: int,
    ) -> None:
        """
        Args:
            clock: the clock.
            limits: when a venue counts as down.
            deliver: takes what is noticed.
            snapshot: what is known about an execution.
            life: the journal's epoch; events of two lives never have the same id.
        """
        self._life = life
        self._clock = clock
        self._limits: dict[str, object] = msgspec.to_builtins(limits)
        self._deliver = deliver
        self._snapshot = snapshot
        self._decoder = msgspec.json.Decoder(VenueHealth)
        self._noticed: dict[str, int] = {}
        self.last_ok_ms: dict[str, int] = {}

    def notice(self, venue: str, kind: str, reason: str) -> None:
        """Take note of `call.ok`, `call.failed`, `heartbeat.ok` or `heartbeat.missed`."""
        now_ms = self._clock.now_ms()
        if kind.endswith(".ok"):
            self.last_ok_ms[venue] = now_ms
            if self._is_no_news(venue, kind):
                return
        number = self._noticed[venue] = self._noticed.get(venue, 0) + 1
        execution = HEALTH_PREFIX + venue
        event = Event(
            id=f"{execution}:{self._life}:{number}",
            source="runtime",
            type=kind,
            time_ms=now_ms,
            execution=execution,
            data={"reason": reason, "limits": self._limits},
        )
        self._deliver(Delivery(event=event))

    def _is_no_news(self, venue: str, kind: str) -> bool:
        """Whether a good answer changes nothing in what is known about a venue that is healthy."""
        snapshot = self._snapshot(HEALTH_PREFIX + venue)
        if snapshot is None:
            return True
        context = self._decoder.decode(snapshot.context)
        count = context.failures if kind == "call.ok" else context.missed
        return "healthy" in snapshot.leaves and not count


def level_of(healths: Mapping[str, Snapshot]) -> dict[str, str]:
    """Return each venue's state for display, by name."""
    return {name.removeprefix(HEALTH_PREFIX): "+".join(s.leaves) for name, s in healths.items()}
