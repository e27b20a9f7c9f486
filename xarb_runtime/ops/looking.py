"""
Looks at a runtime and says what it is doing right now.
"""

import os
from collections import Counter

import msgspec

from xarb_runtime import __version__
from xarb_runtime.domain.steps import Snapshot, Status
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.domain.venue_health import VenueHealth
from xarb_runtime.ops.bodies import Group
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.status import (
    ChartState,
    KpiState,
    LevelState,
    LineState,
    OutboxState,
    StatusAnswer,
    StoreState,
    VenueState,
)
from xarb_runtime.ops.venue_figures import figures_of
from xarb_runtime.service.book import HEALTH_PREFIX, SUPERVISOR, is_trade
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_secret import hide_url_password

_decode_level = msgspec.json.Decoder(Supervisor).decode
_decode_venue = msgspec.json.Decoder(VenueHealth).decode


def status_of(runtime: Runtime, watch: ExposureWatch, started_ms: int) -> StatusAnswer:
    """Return the status of a runtime."""
    desk, now_ms = runtime.desk, runtime.clock.now_ms()
    live = in_flight(runtime)
    still_open, spent = watch.open(live, now_ms), watch.spent(now_ms)
    return StatusAnswer(
        version=__version__,
        mode=runtime.settings.mode,
        pid=os.getpid(),
        started_ms=started_ms,
        now_ms=now_ms,
        uptime_ms=now_ms - started_ms,
        level=level_of(runtime),
        venues=venues_of(runtime),
        kpis=_kpis(runtime),
        in_flight=len(live),
        groups=groups_of(runtime, live),
        exposures=dict(sorted(Counter(snapshot.exposure.value for snapshot in live).items())),
        open_stake=desk.book.open_stake,
        open=still_open,
        one_leg_ms=spent.one_leg_ms,
        unknown_ms=spent.unknown_ms,
        quarantined=[s.execution for s in desk.book.live if s.status is Status.QUARANTINED],
        timers=sum(len(snapshot.timers) for snapshot in desk.book.live),
        inbox=runtime.inbox.depth,
        commands=runtime.dispatcher.outstanding,
        bus=runtime.bus.depth(),
        line=_line(runtime),
        outbox=outbox_of(runtime),
        stale=runtime.intake.stale,
        malformed=runtime.intake.malformed,
        incidents=desk.register.all,
        store=StoreState(
            url=hide_url_password(runtime.settings.store.url), epoch=runtime.journal.epoch
        ),
        charts=[
            ChartState(name=chart.name, version=chart.version, hash=chart.hash)
            for chart in desk.charts.current
        ],
    )


def in_flight(runtime: Runtime) -> list[Snapshot]:
    """Return the opportunities' executions that have not ended, quarantined ones included."""
    return [each for each in runtime.desk.book.live if is_trade(each.execution)]


def groups_of(runtime: Runtime, snapshots: list[Snapshot]) -> list[Group]:
    """Return executions counted by state, the most frequent first."""
    charts = runtime.desk.charts
    counted = Counter(
        (
            "+".join(snapshot.leaves)
            + (" (quarantined)" if snapshot.status is Status.QUARANTINED else ""),
            snapshot.exposure,
            charts.of(snapshot).on_pause(snapshot.leaves),
        )
        for snapshot in snapshots
    )
    return [
        Group(state=state, exposure=exposure, on_pause=on_pause, count=count)
        for (state, exposure, on_pause), count in counted.most_common()
    ]


def level_of(runtime: Runtime) -> LevelState:
    """Return the supervisor's level."""
    desk = runtime.desk
    snapshot = desk.book.get(SUPERVISOR)
    if snapshot is None:
        return LevelState(level=desk.level)
    context = _decode_level(snapshot.context)
    return LevelState(
        level=desk.level,
        since_ms=context.since_ms,
        by=context.by,
        reason=context.reason,
        venues_down=context.venues_down,
    )


def venues_of(runtime: Runtime) -> list[VenueState]:
    """Return the venues, by name."""
    return [_venue(runtime, name) for name in sorted(runtime.settings.venues)]


def _line(runtime: Runtime) -> LineState:
    state = runtime.bus.state()
    return LineState(
        url=hide_url_password(runtime.settings.bus.url),
        state=state.state,
        since_ms=state.since_ms,
        reason=state.reason,
        waiting=state.waiting,
        unacknowledged=state.unacknowledged,
        redelivered=state.redelivered,
        last_delivery_ms=state.last_delivery_ms,
    )


def outbox_of(runtime: Runtime) -> OutboxState:
    """Return what waits to be published."""
    figures, now_ms = runtime.relay.figures(), runtime.clock.now_ms()
    oldest_ms = now_ms if figures.oldest_ms is None else figures.oldest_ms
    return OutboxState(
        waiting=figures.waiting,
        stuck=figures.stuck,
        oldest_age_ms=max(0, now_ms - oldest_ms),
        error=figures.error,
    )


def _venue(runtime: Runtime, name: str) -> VenueState:
    desk = runtime.desk
    kind, last_ok_ms = runtime.settings.venue_kind(name), runtime.health.last_ok_ms.get(name)
    figures, limit = figures_of(name, runtime.venues[name]), runtime.settings.open_limit(name)
    staked = None if limit is None else desk.book.staked_at(name)
    snapshot = desk.book.get(HEALTH_PREFIX + name)
    if snapshot is None:
        return VenueState(
            name=name,
            kind=kind,
            up=True,
            state="healthy",
            last_ok_ms=last_ok_ms,
            figures=figures,
            open_stake=staked,
            open_limit=limit,
        )
    context = _decode_venue(snapshot.context)
    up = desk.levels.is_up(name)
    return VenueState(
        name=name,
        kind=kind,
        up=up,
        state="+".join(snapshot.leaves),
        failures=context.failures,
        missed=context.missed,
        reason=context.reason if context.failures or context.missed or not up else "",
        last_ok_ms=last_ok_ms,
        figures=figures,
        open_stake=staked,
        open_limit=limit,
    )


def _kpis(runtime: Runtime) -> list[KpiState]:
    limits = runtime.settings.kpi
    return [
        KpiState(
            venue=figures.venue,
            sample=figures.sample,
            min_sample=limits.min_sample,
            fill_ratio=figures.fill_ratio,
            min_fill_ratio=limits.min_fill_ratio,
            p95_accept_ms=figures.p95_accept_ms,
            max_p95_accept_ms=runtime.settings.kpi_of(figures.venue).max_p95_accept_ms,
        )
        for figures in runtime.windows.figures()
    ]
