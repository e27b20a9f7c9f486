"""
The context of the supervisor: the one execution that says what the others may do.

Signals: `operator.start`, `.pause`, `.resume`, `.reduce`, `.halt`, `.stop`; `kpi.breach`;
`venue.down`, `venue.up`; `incident.opened`; `work.drained`; and timers.
"""

from typing import ClassVar

import msgspec

from xarb_runtime.domain.context import Context, read
from xarb_runtime.domain.events import Event


class Word(msgspec.Struct, frozen=True):
    """Data of the supervisor's events: a reason for people, a venue where it concerns one."""

    reason: str = ""
    venue: str = ""
    pauses: bool = True
    in_flight: int = 0


class Supervisor(Context, kw_only=True):
    """
    What the supervisor knows.

    Attributes:
        reason: why the present level was entered, for people; empty when it is simply running.
        by: who caused the present level: an event's source.
        heard, heard_from: the newest word and whose it is; empty when it gives no reason.
        venues_down: venues that are out, sorted.
        since_ms: when the present level was entered.
        resumed_ms: when it was last resumed; KPI windows count from here.
        in_flight: executions in flight when last told.
        pauses: whether the last incident asks for a pause.
        held, held_because: trading was paused, reduced or halted and nobody has resumed it since;
            and why.
        drain_deadline: how long stopping waits for executions in flight; a text with a unit.
    """

    catalogue: ClassVar[frozenset[str]] = frozenset(
        {
            "operator.start",
            "operator.pause",
            "operator.resume",
            "operator.reduce",
            "operator.halt",
            "operator.stop",
            "kpi.breach",
            "venue.down",
            "venue.up",
            "incident.opened",
            "work.drained",
        }
    )

    reason: str = ""
    by: str = ""
    heard: str = ""
    heard_from: str = ""
    venues_down: list[str] = []
    since_ms: int = 0
    resumed_ms: int = 0
    in_flight: int = 0
    pauses: bool = False
    drain_deadline: str = "30s"
    held: bool = False
    held_because: str = ""

    def observe(self, event: Event) -> str:
        """Take in what the event tells; the chart sees it under its own type."""
        self.heard = self.heard_from = ""
        if event.source == "timer":
            return event.type
        word = read(event, Word)
        if event.type == "venue.down" and word.venue not in self.venues_down:
            self.venues_down = sorted([*self.venues_down, word.venue])
        if event.type == "venue.up":
            self.venues_down = [venue for venue in self.venues_down if venue != word.venue]
        if event.type == "incident.opened":
            self.pauses = word.pauses
        if event.type == "work.drained":
            self.in_flight = word.in_flight
        else:
            self.heard, self.heard_from = word.reason or event.type, event.source
        if event.type == "operator.start" and self.held:
            self.heard = f"still {self.held_because}"
        return event.type

    @property
    def all_venues_up(self) -> bool:
        """Whether no venue is out."""
        return not self.venues_down

    def mark_level(self) -> None:
        """Note when the present level began, and why; without a reason the last one holds on."""
        self.since_ms = self.now_ms
        if self.heard:
            self.reason, self.by = self.heard, self.heard_from

    def mark_running(self) -> None:
        """Note that trading goes on."""
        self.since_ms = self.now_ms
        self.reason, self.by = "", self.heard_from

    def hold(self) -> None:
        """Note that only a person may let trading go on, also after a restart, and why."""
        if not self.held:
            self.held, self.held_because = True, self.reason

    def mark_resumed(self) -> None:
        """Note that trading goes on by somebody's word: KPI windows start anew."""
        self.mark_running()
        self.held, self.held_because = False, ""
        self.resumed_ms = self.now_ms
