"""
The dashboard's panels about the flow and the venues.
"""

from xarb_runtime.ops.metrics.model import Panel, Query

_FLOW = "Flow"
_VENUES = "Venues"
_UP = ((0.0, "down", "red"), (1.0, "up", "green"))

TRADE_PANELS: tuple[Panel, ...] = (
    Panel(
        title="Executions",
        row=_FLOW,
        about="Per minute, by how they ended, and why.",
        queries=(
            Query("60 * sum(rate(xarb_executions_started_total[$__rate_interval]))", "started"),
            Query(
                "60 * sum by (state, reason) (rate(xarb_executions_ended_total[$__rate_interval]))",
                "{{state}} {{reason}}",
            ),
        ),
        width=12,
    ),
    Panel(
        title="Orchestration time",
        row=_FLOW,
        about="From the opportunity's message to the final state. Without those that sent nothing.",
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.5, sum by (le) (rate("
                'xarb_orchestration_seconds_bucket{state!="rejected"}[$__rate_interval])))',
                "median",
            ),
            Query(
                "histogram_quantile(0.95, sum by (le, state) (rate("
                'xarb_orchestration_seconds_bucket{state!="rejected"}[$__rate_interval]))) >= 0',
                "p95, {{state}}",
            ),
        ),
        width=12,
    ),
    Panel(
        title="In flight, by state",
        row=_FLOW,
        queries=(Query("sum by (state) (xarb_executions_in_state)", "{{state}}"),),
        stacked=True,
    ),
    Panel(
        title="Waiting",
        row=_FLOW,
        about="Deliveries for the one writer, timers, commands under way. In flight is bounded by "
        "bus.in_flight; an inbox that grows says that commits are too slow.",
        queries=(
            Query("sum(xarb_inbox_depth)", "inbox"),
            Query("sum(xarb_executions_in_flight)", "in flight"),
            Query("sum(xarb_in_flight_limit)", "limit of in flight"),
            Query("sum(xarb_timers_pending)", "timers"),
            Query("sum(xarb_commands_open)", "commands"),
            Query("sum(xarb_commands_abandoned)", "calls that do not come back"),
        ),
    ),
    Panel(
        title="Steps",
        row=_FLOW,
        about="Per second. Unexpected: an event for which the chart has no word.",
        queries=(
            Query(
                "sum by (chart, outcome) (rate(xarb_steps_total[$__rate_interval])) > 0",
                "{{chart}} {{outcome}}",
            ),
        ),
    ),
    Panel(
        title="Commands",
        row=_FLOW,
        about="Begun per second.",
        queries=(
            Query(
                "sum by (target, name, venue) "
                "(rate(xarb_commands_started_total[$__rate_interval]))",
                "{{target}}/{{name}} {{venue}}",
            ),
        ),
    ),
    Panel(
        title="Command latency, p95",
        row=_FLOW,
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.95, sum by (le, target, name, venue) "
                "(rate(xarb_command_seconds_bucket[$__rate_interval]))) >= 0",
                "{{target}}/{{name}} {{venue}}",
            ),
        ),
    ),
    Panel(
        title="Timer lag",
        row=_FLOW,
        about="How much later than their deadline timers were delivered.",
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.99, sum by (le) "
                "(rate(xarb_timer_lag_seconds_bucket[$__rate_interval])))",
                "p99",
            ),
        ),
    ),
    # -- Venues ----------------------------------------------------------------------------------
    Panel(
        title="Venues",
        row=_VENUES,
        kind="state-timeline",
        about="Red while a venue's breaker is open.",
        queries=(Query("min by (venue) (xarb_venue_up)", "{{venue}}"),),
        mapped=_UP,
        width=12,
        height=5,
    ),
    Panel(
        title="Trades in the window",
        row=_VENUES,
        kind="stat",
        about="Fewer than kpi.min_sample decide nothing.",
        queries=(Query("max by (venue) (xarb_kpi_trades)", "{{venue}}"),),
        width=4,
        height=5,
    ),
    Panel(
        title="Silence of venues",
        row=_VENUES,
        kind="stat",
        about="Since the last good answer.",
        unit="s",
        queries=(
            Query(
                "time() - max by (venue) (xarb_venue_last_answer_timestamp_seconds)", "{{venue}}"
            ),
        ),
        steps=((None, "green"), (10, "yellow"), (30, "red")),
        width=4,
        height=5,
    ),
    Panel(
        title="Failures in a row",
        row=_VENUES,
        queries=(
            Query("max by (venue) (xarb_venue_failures)", "{{venue}} calls"),
            Query("max by (venue) (xarb_venue_missed_heartbeats)", "{{venue}} heartbeats"),
        ),
        width=4,
        height=5,
    ),
    Panel(
        title="Fill ratio of the window",
        row=_VENUES,
        about="What auto-pause looks at, and the limit that it pauses at.",
        unit="percentunit",
        queries=(
            Query("min by (venue) (xarb_kpi_fill_ratio)", "{{venue}}"),
            Query("max(xarb_kpi_fill_ratio_limit)", "limit"),
        ),
        width=6,
    ),
    Panel(
        title="Accept time of the window",
        row=_VENUES,
        about="95th percentile; what auto-pause looks at, and the limit that it pauses at.",
        unit="s",
        queries=(
            Query("max by (venue) (xarb_kpi_accept_p95_seconds)", "{{venue}}"),
            Query("max by (venue) (xarb_kpi_accept_p95_limit_seconds)", "{{venue}} limit"),
        ),
        width=6,
    ),
    Panel(
        title="Fill ratio",
        row=_VENUES,
        about="Filled share of all stakes, over an hour.",
        unit="percentunit",
        queries=(
            Query(
                "sum by (venue, slot) (increase(xarb_order_filled_total[1h])) "
                "/ (sum by (venue, slot) (increase(xarb_order_stake_total[1h])) > 0)",
                "{{venue}} {{slot}}",
            ),
        ),
        width=6,
    ),
    Panel(
        title="Accept time, p95",
        row=_VENUES,
        about="From the step that sent an order to its first fill.",
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.95, sum by (le, venue, slot) "
                "(rate(xarb_accept_seconds_bucket[$__rate_interval]))) >= 0",
                "{{venue}} {{slot}}",
            ),
        ),
        width=6,
    ),
    Panel(
        title="Orders",
        row=_VENUES,
        about="Per minute, by how they ended; and all that were sent.",
        queries=(
            Query(
                '60 * sum by (venue) (rate(xarb_commands_started_total{name="place"}'
                "[$__rate_interval]))",
                "{{venue}} sent",
            ),
            Query(
                "60 * sum by (venue, slot, status) "
                "(rate(xarb_orders_ended_total[$__rate_interval])) > 0",
                "{{venue}} {{slot}} {{status}}",
            ),
        ),
        width=16,
    ),
    Panel(
        title="Taken back",
        row=_VENUES,
        about="Fills that a venue took back, per hour.",
        queries=(
            Query(
                "sum by (venue, slot) (increase(xarb_order_taken_back_total[1h])) > 0",
                "{{venue}} {{slot}}",
            ),
        ),
    ),
    Panel(
        title="Stake at venues",
        row=_VENUES,
        about="What executions in flight may have at stake, and the open_limit of the settings.",
        queries=(
            Query("max by (venue) (xarb_venue_open_stake)", "{{venue}}"),
            Query("max by (venue) (xarb_venue_open_stake_limit)", "{{venue}} limit"),
        ),
        width=12,
    ),
    Panel(
        title="Figures of venues",
        row=_VENUES,
        about="What venues measure about themselves: balances, requests left, ages.",
        queries=(Query("max by (venue, figure) (xarb_venue_figure)", "{{venue}} {{figure}}"),),
        width=12,
    ),
)
