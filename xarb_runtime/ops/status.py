"""
What a runtime is doing right now, as one value.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.ops.bodies import Group, Open
from xarb_runtime.store.batch import Incident


class LevelState(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor's level: since when, by whose word, and why."""

    level: str
    since_ms: int = 0
    by: str = ""
    reason: str = ""
    venues_down: list[str] = []


class VenueState(msgspec.Struct, frozen=True, kw_only=True):
    """
    A venue: its kind, its breaker's state, the newest failure, the newest good answer.

    `figures` are what it measures about itself. `open_stake` is what executions in flight may have
    at stake there, where `open_limit` sets a limit to it.
    """

    name: str
    kind: str
    up: bool
    state: str
    failures: int = 0
    missed: int = 0
    reason: str = ""
    last_ok_ms: int | None = None
    figures: dict[str, Decimal] = {}
    open_stake: Decimal | None = None
    open_limit: Decimal | None = None


class KpiState(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's KPI figures, beside what they must be."""

    venue: str
    sample: int
    min_sample: int
    fill_ratio: Decimal | None
    min_fill_ratio: Decimal
    p95_accept_ms: int | None
    max_p95_accept_ms: int


class LineState(msgspec.Struct, frozen=True, kw_only=True):
    """
    The connection to the bus.

    Attributes:
        url: where it is, without a password.
        state: `connecting`, `connected`, `waiting` (for the next attempt), or `closed`.
        since_ms: since when; 0 where the bus does not say.
        reason: why it is not connected.
        waiting: messages that wait, by queue, as far as the bus knows.
        unacknowledged: messages handed out and not acknowledged.
        redelivered: messages that came once more, since the start.
        last_delivery_ms: when the newest message came; None before the first.
    """

    url: str
    state: str
    since_ms: int = 0
    reason: str = ""
    waiting: dict[str, int] = {}
    unacknowledged: int = 0
    redelivered: int = 0
    last_delivery_ms: int | None = None


class OutboxState(msgspec.Struct, frozen=True, kw_only=True):
    """
    Messages that the bus has not confirmed.

    Attributes:
        waiting: how many.
        stuck: executions whose next message has failed and is tried again.
        oldest_age_ms: age of the oldest.
        error: why the newest attempt failed; empty while none is stuck.
    """

    waiting: int = 0
    stuck: int = 0
    oldest_age_ms: int = 0
    error: str = ""


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the journal is, and the epoch of the lease on it."""

    url: str
    epoch: int


class ChartState(msgspec.Struct, frozen=True, kw_only=True):
    """A chart on which new executions start."""

    name: str
    version: int
    hash: str


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """
    Attributes:
        version, mode, pid, started_ms, now_ms, uptime_ms: the process.
        level: what may be done.
        venues, kpis: how venues are, and how they trade.
        in_flight: how many executions have not ended; `groups` by state, `exposures` by exposure.
        open_stake: leg A stakes of all of them.
        open: those that own one side only, or may.
        one_leg_ms, unknown_ms: time spent so since the start, by those that are still open as well.
        quarantined: executions that a fault stopped.
        timers, inbox, commands: pending timers, deliveries that wait, calls that are under way.
        bus: messages that wait.
        line, outbox: the connection to the bus, and what has not got over it.
        stale, malformed: messages dropped for their age, and put among the dead letters.
        incidents: open ones.
        store, charts: what it works on.
    """

    version: str
    mode: str
    pid: int
    started_ms: int
    now_ms: int
    uptime_ms: int
    level: LevelState
    venues: list[VenueState]
    kpis: list[KpiState]
    in_flight: int
    groups: list[Group]
    exposures: dict[str, int]
    open_stake: Decimal
    open: list[Open]
    one_leg_ms: int
    unknown_ms: int
    quarantined: list[str]
    timers: int
    inbox: int
    commands: int
    bus: int
    line: LineState
    outbox: OutboxState
    stale: int
    malformed: int
    incidents: list[Incident]
    store: StoreState
    charts: list[ChartState]
