"""
Readings: what a runtime is like at this moment, read when somebody asks.

They are right at once after a restart: they come from what was recovered, not from what was
counted.
"""

import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal

from xarb_runtime import __version__
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Exposure, Snapshot, Status
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.looking import in_flight, level_of, outbox_of, venues_of
from xarb_runtime.ops.metrics.worth import Worth, worth_of
from xarb_runtime.service.runtime import Runtime

Labelled = Mapping[tuple[str, ...], float]

#: The levels of the supervisor chart that ships; another chart's are added when they are met.
LEVELS = ("running", "paused", "degraded", "reduced", "halted", "stopping", "stopped")
BUS_STATES = ("connecting", "connected", "waiting", "closed")
SEVERITIES = ("critical", "warning")


class Reader:
    """
    Reads one runtime.

    Args:
        runtime: the runtime.
        watch: knows since when executions are open.
        lost_lines: how many lines the log has lost.
        spans: what became of spans, by outcome.
    """

    def __init__(
        self,
        runtime: Runtime,
        watch: ExposureWatch,
        lost_lines: Callable[[], int],
        spans: Callable[[], Mapping[str, int]],
    ) -> None:
        self._runtime = runtime
        self._watch = watch
        self._lost_lines = lost_lines
        self._spans = spans
        self._started_ms = runtime.clock.now_ms()
        self._worth: dict[str, tuple[int, Worth]] = {}

    def read(self) -> dict[str, Labelled]:
        """Return everything, by metric, by the values of its labels. In the runtime's loop."""
        live = in_flight(self._runtime)
        return {
            **self._exposure(live),
            **self._money(live),
            **self._incidents(),
            **self._house(),
            **self._flow(live),
            **self._venues(),
            **self._bus(),
        }

    # -- Money and exposure ----------------------------------------------------------------------

    def _exposure(self, live: list[Snapshot]) -> dict[str, Labelled]:
        now_ms = self._runtime.clock.now_ms()
        lasting = dict.fromkeys(Exposure, 0)
        for each in self._watch.open(live, now_ms):
            lasting[each.exposure] = max(lasting[each.exposure], each.for_ms)
        naked_ms, doubt_ms = lasting[Exposure.ONE_LEG], lasting[Exposure.UNKNOWN]
        spent = self._watch.spent(now_ms)
        counted = Counter(snapshot.exposure for snapshot in live)
        return {
            "xarb_executions_in_flight": {(it.value,): counted[it] for it in Exposure},
            "xarb_executions_quarantined": _one(
                sum(it.status is Status.QUARANTINED for it in self._runtime.desk.book.live)
            ),
            "xarb_naked_current_seconds": _seconds(naked_ms),
            "xarb_naked_longest_seconds": _seconds(max(naked_ms, self._watch.longest_one_leg_ms)),
            "xarb_naked_seconds_total": _seconds(spent.one_leg_ms),
            "xarb_in_doubt_current_seconds": _seconds(doubt_ms),
            "xarb_in_doubt_longest_seconds": _seconds(
                max(doubt_ms, self._watch.longest_unknown_ms)
            ),
            "xarb_in_doubt_seconds_total": _seconds(spent.unknown_ms),
        }

    def _money(self, live: list[Snapshot]) -> dict[str, Labelled]:
        filled: dict[Exposure, Decimal] = dict.fromkeys(Exposure, ZERO)
        worst: dict[Exposure, Decimal] = dict.fromkeys(Exposure, ZERO)
        self._worth = {each.execution: self._worth_of(each) for each in live}
        for each in live:
            _, worth = self._worth[each.execution]
            filled[each.exposure] += worth.filled
            worst[each.exposure] += worth.worst
        limit = self._runtime.settings.limits.max_open_stake
        return {
            "xarb_open_stake": _one(float(self._runtime.desk.book.open_stake)),
            "xarb_open_stake_limit": _one(float(limit)),
            "xarb_open_filled": {(it.value,): float(amount) for it, amount in filled.items()},
            "xarb_open_worst_case": {(it.value,): float(amount) for it, amount in worst.items()},
        }

    def _worth_of(self, snapshot: Snapshot) -> tuple[int, Worth]:
        """What it is worth, by the number of the step: computed once for each step."""
        known = self._worth.get(snapshot.execution)
        if known is not None and known[0] == snapshot.seq:
            return known
        context = self._runtime.desk.charts.of(snapshot).decoder.decode(snapshot.context)
        return snapshot.seq, worth_of(context)

    def _incidents(self) -> dict[str, Labelled]:
        now_ms = self._runtime.clock.now_ms()
        found = self._runtime.desk.register.all
        counted = Counter((it.kind, it.severity) for it in found)
        oldest = {
            severity: max([0, *(now_ms - it.opened_ms for it in found if it.severity == severity)])
            for severity in (*SEVERITIES, *(it.severity for it in found))
        }
        return {
            "xarb_incidents_open": _by_labels(counted),
            "xarb_incident_oldest_age_seconds": {(it,): ms / 1000 for it, ms in oldest.items()},
        }

    # -- The flow --------------------------------------------------------------------------------

    def _flow(self, live: list[Snapshot]) -> dict[str, Labelled]:
        runtime = self._runtime
        states = Counter(("+".join(it.leaves), it.exposure.value) for it in live)
        return {
            "xarb_executions_in_state": _by_labels(states),
            "xarb_in_flight_limit": _one(runtime.settings.bus.in_flight),
            "xarb_inbox_depth": _one(runtime.inbox.depth),
            "xarb_timers_pending": _one(sum(len(it.timers) for it in runtime.desk.book.live)),
            "xarb_commands_open": _one(runtime.dispatcher.outstanding),
            "xarb_commands_abandoned": _one(len(runtime.dispatcher.abandoned)),
        }

    def _venues(self) -> dict[str, Labelled]:
        limits = self._runtime.settings.kpi
        found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for venue in venues_of(self._runtime):
            name = (venue.name,)
            found["xarb_venue_up"][name] = venue.up
            found["xarb_venue_failures"][name] = venue.failures
            found["xarb_venue_missed_heartbeats"][name] = venue.missed
            found["xarb_kpi_trades"][name] = 0
            slowest_ms = self._runtime.settings.kpi_of(venue.name).max_p95_accept_ms
            found["xarb_kpi_accept_p95_limit_seconds"][name] = slowest_ms / 1000
            if venue.last_ok_ms is not None:
                at = venue.last_ok_ms / 1000
                found["xarb_venue_last_answer_timestamp_seconds"][name] = at
            if venue.open_limit is not None and venue.open_stake is not None:
                found["xarb_venue_open_stake"][name] = float(venue.open_stake)
                found["xarb_venue_open_stake_limit"][name] = float(venue.open_limit)
            for figure, value in venue.figures.items():
                found["xarb_venue_figure"][(venue.name, figure)] = float(value)
        for figures in self._runtime.windows.figures():
            name = (figures.venue,)
            found["xarb_kpi_trades"][name] = figures.sample
            if figures.fill_ratio is not None:
                found["xarb_kpi_fill_ratio"][name] = float(figures.fill_ratio)
            if figures.p95_accept_ms is not None:
                found["xarb_kpi_accept_p95_seconds"][name] = figures.p95_accept_ms / 1000
        return {
            **found,
            "xarb_kpi_fill_ratio_limit": _one(float(limits.min_fill_ratio)),
        }

    # -- The bus ---------------------------------------------------------------------------------

    def _bus(self) -> dict[str, Labelled]:
        state = self._runtime.bus.state()
        outbox = outbox_of(self._runtime)
        return {
            "xarb_bus_state": _one_hot(state.state, BUS_STATES),
            "xarb_bus_connects_total": _one(state.connects),
            "xarb_bus_beat_seconds": _maybe(state.beat_ms),
            "xarb_bus_last_beat_timestamp_seconds": _maybe(state.last_beat_ms),
            "xarb_bus_last_delivery_timestamp_seconds": _maybe(state.last_delivery_ms),
            "xarb_bus_unacknowledged": _one(state.unacknowledged),
            "xarb_bus_queue_messages": {(name,): n for name, n in state.waiting.items()},
            "xarb_bus_delivered_total": _one(state.delivered),
            "xarb_bus_redelivered_total": _one(state.redelivered),
            "xarb_bus_acknowledged_total": _one(state.acknowledged),
            "xarb_bus_given_back_total": _one(state.given_back),
            "xarb_outbox_waiting": _one(outbox.waiting),
            "xarb_outbox_stuck": _one(outbox.stuck),
            "xarb_outbox_oldest_age_seconds": _seconds(outbox.oldest_age_ms),
        }

    # -- The house -------------------------------------------------------------------------------

    def _house(self) -> dict[str, Labelled]:
        level = level_of(self._runtime)
        build = (__version__, self._runtime.settings.mode, platform.python_version())
        return {
            "xarb_level": _one_hot(level.level, LEVELS),
            "xarb_level_since_timestamp_seconds": _seconds(level.since_ms or self._started_ms),
            "xarb_lease_epoch": _one(self._runtime.journal.epoch),
            "xarb_build_info": {build: 1},
            "xarb_log_lines_lost_total": _one(self._lost_lines()),
            "xarb_spans_total": {(outcome,): n for outcome, n in self._spans().items()},
        }


def _one(value: float) -> Labelled:
    return {(): value}


def _seconds(milliseconds: int) -> Labelled:
    return {(): milliseconds / 1000}


def _by_labels(counted: Mapping[tuple[str, str], int]) -> Labelled:
    return dict(counted.items())


def _maybe(milliseconds: int | None) -> Labelled:
    return {} if milliseconds is None else _seconds(milliseconds)


def _one_hot(now: str, known: tuple[str, ...]) -> Labelled:
    return {(name,): float(name == now) for name in dict.fromkeys((*known, now))}
