"""
Metrics of the flow: executions, steps, commands, and the venues that they speak with.
"""

from xarb_runtime.ops.metrics.model import Metric

#: From an answer at once to a minute in doubt, seconds.
_ORCHESTRATION = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_CALL = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ACCEPT = (0.05, 0.1, 0.25, 0.5, 0.8, 1, 1.5, 2.5, 5, 10, 30, 60)
_LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

FLOW: tuple[Metric, ...] = (
    # -- Executions ------------------------------------------------------------------------------
    Metric(
        name="xarb_executions_started_total",
        kind="counter",
        help="Opportunities that became executions, rejected ones included.",
        panel="Executions",
    ),
    Metric(
        name="xarb_executions_ended_total",
        kind="counter",
        labels=("state", "reason"),
        help="Executions that have ended, by final state, and why, in a word.",
        panel="Executions",
    ),
    Metric(
        name="xarb_orchestration_seconds",
        kind="histogram",
        labels=("state",),
        buckets=_ORCHESTRATION,
        help="From the opportunity's message to the step that ended its execution, by final state.",
        panel="Orchestration time",
    ),
    Metric(
        name="xarb_executions_owning_total",
        kind="counter",
        help="Executions that have ended and owned something on the way.",
        panel="Rollback rate",
    ),
    Metric(
        name="xarb_executions_rolled_back_total",
        kind="counter",
        labels=("state",),
        help="Those of them that had to ask a hedge strategy: leg B had failed, fell short, or was "
        "taken back.",
        panel="Rollback rate",
    ),
    Metric(
        name="xarb_executions_in_state",
        kind="gauge",
        labels=("state", "exposure"),
        help="Executions in flight by state. A state without any is not listed.",
        panel="In flight, by state",
        at_scrape=True,
    ),
    Metric(
        name="xarb_in_flight_limit",
        kind="gauge",
        help="bus.in_flight of the settings: beyond it no further opportunity is taken.",
        panel="Waiting",
        at_scrape=True,
    ),
    Metric(
        name="xarb_steps_total",
        kind="counter",
        labels=("chart", "outcome"),
        help="Steps by chart and outcome: moved, ignored (on purpose), unexpected (the chart says "
        "nothing about it), stale (nothing new), failed (quarantined).",
        panel="Steps",
    ),
    Metric(
        name="xarb_inbox_depth",
        kind="gauge",
        help="Deliveries that wait for the writer: messages, reports, timers, answers.",
        panel="Waiting",
        at_scrape=True,
    ),
    Metric(
        name="xarb_timers_pending",
        kind="gauge",
        help="Timers that are armed, of all executions.",
        panel="Waiting",
        at_scrape=True,
    ),
    Metric(
        name="xarb_timer_lag_seconds",
        kind="histogram",
        buckets=_LAG,
        help="How much later than its deadline a timer was delivered.",
        panel="Timer lag",
    ),
    # -- Commands --------------------------------------------------------------------------------
    Metric(
        name="xarb_commands_started_total",
        kind="counter",
        labels=("target", "name", "venue"),
        help="Commands that began to be carried out; venue is empty where none is concerned.",
        panel="Commands",
    ),
    Metric(
        name="xarb_command_seconds",
        kind="histogram",
        labels=("target", "name", "venue", "outcome"),
        buckets=_CALL,
        help="From the start of a command to its answer; the outcome is the type of the event "
        "that answers it, done, or failed.",
        panel="Command latency, p95",
    ),
    Metric(
        name="xarb_commands_open",
        kind="gauge",
        help="Commands that are being carried out.",
        panel="Waiting",
        at_scrape=True,
    ),
    Metric(
        name="xarb_commands_abandoned",
        kind="gauge",
        help="Calls of plugins whose deadline has passed and that have not come back: a plugin "
        "that swallows its cancellation.",
        panel="Waiting",
        at_scrape=True,
    ),
    # -- Venues ----------------------------------------------------------------------------------
    Metric(
        name="xarb_venue_up",
        kind="gauge",
        labels=("venue",),
        help="1 while a venue counts as up, 0 while its breaker is open.",
        panel="Venues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_failures",
        kind="gauge",
        labels=("venue",),
        help="Failed calls of a venue in a row.",
        panel="Failures in a row",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_missed_heartbeats",
        kind="gauge",
        labels=("venue",),
        help="Heartbeats in a row that a venue has not confirmed.",
        panel="Failures in a row",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_last_answer_timestamp_seconds",
        kind="gauge",
        labels=("venue",),
        help="When a venue last gave a good answer, seconds since the epoch; not listed before.",
        panel="Silence of venues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_open_stake",
        kind="gauge",
        labels=("venue",),
        help="What executions in flight may have at stake at a venue; not listed where it has no "
        "open_limit. A binary float: for looking, not for counting.",
        panel="Stake at venues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_open_stake_limit",
        kind="gauge",
        labels=("venue",),
        help="open_limit of the venue's settings; not listed where it has none. "
        "A binary float: for looking, not for counting.",
        panel="Stake at venues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_venue_figure",
        kind="gauge",
        labels=("venue", "figure"),
        help="What a venue measures about itself: requests left, balances, ages, each with its "
        "unit in its name; not listed for venues that measure nothing, such as ghosts.",
        panel="Figures of venues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_orders_ended_total",
        kind="counter",
        labels=("venue", "slot", "status"),
        help="Orders that are dead or full: filled, cancelled, refused, reversed. One that is "
        "taken back later counts once more, as reversed.",
        panel="Orders",
    ),
    Metric(
        name="xarb_order_stake_total",
        kind="counter",
        labels=("venue", "slot"),
        help="Stakes of orders that are dead or full. A binary float: for looking only.",
        panel="Fill ratio",
    ),
    Metric(
        name="xarb_order_filled_total",
        kind="counter",
        labels=("venue", "slot"),
        help="What was filled of them. A binary float: for looking only.",
        panel="Fill ratio",
    ),
    Metric(
        name="xarb_order_taken_back_total",
        kind="counter",
        labels=("venue", "slot"),
        help="What was filled of them and taken back by the venue later. A binary float: for "
        "looking only.",
        panel="Taken back",
    ),
    Metric(
        name="xarb_accept_seconds",
        kind="histogram",
        labels=("venue", "slot"),
        buckets=_ACCEPT,
        help="From the step that sent an order to the first fill that was heard of. Orders that "
        "never filled are not in it.",
        panel="Accept time, p95",
    ),
    Metric(
        name="xarb_kpi_fill_ratio",
        kind="gauge",
        labels=("venue",),
        help="Filled share of the newest trades, averaged: the figure that auto-pause looks at. "
        "Not listed without trades.",
        panel="Fill ratio of the window",
        at_scrape=True,
    ),
    Metric(
        name="xarb_kpi_fill_ratio_limit",
        kind="gauge",
        help="kpi.min_fill_ratio of the settings: below it trading pauses.",
        panel="Fill ratio of the window",
        at_scrape=True,
    ),
    Metric(
        name="xarb_kpi_accept_p95_seconds",
        kind="gauge",
        labels=("venue",),
        help="95th percentile of the accept time over the newest trades: the figure that "
        "auto-pause looks at. Not listed without accepted trades.",
        panel="Accept time of the window",
        at_scrape=True,
    ),
    Metric(
        name="xarb_kpi_accept_p95_limit_seconds",
        kind="gauge",
        labels=("venue",),
        help="max_p95_accept of the venue, or of kpi for all: above it trading pauses.",
        panel="Accept time of the window",
        at_scrape=True,
    ),
    Metric(
        name="xarb_kpi_trades",
        kind="gauge",
        labels=("venue",),
        help="Trades in a venue's window; below kpi.min_sample they decide nothing.",
        panel="Trades in the window",
        at_scrape=True,
    ),
)
