"""
The dashboard's panels, from what costs money at the top to what merely runs at the bottom.

`$__rate_interval` is Grafana's. Every metric must be one of the catalogue, and every metric of the
catalogue stands in the panel that it names.
"""

from xarb_runtime.ops.metrics.model import Panel, Query
from xarb_runtime.ops.metrics.panels_house import HOUSE_PANELS
from xarb_runtime.ops.metrics.panels_trade import TRADE_PANELS

_MONEY = "Money and exposure"
_QUIET = ((None, "green"), (1, "red"))

MONEY_PANELS: tuple[Panel, ...] = (
    Panel(
        title="Level",
        row=_MONEY,
        kind="stat",
        about="What the supervisor allows, and since when.",
        unit="dateTimeFromNow",
        queries=(
            Query(
                "(xarb_level_since_timestamp_seconds * 1000) * on (job, instance) "
                "group_right () (xarb_level == 1)",
                "{{level}}",
            ),
        ),
        width=4,
        height=4,
    ),
    Panel(
        title="On one leg now",
        row=_MONEY,
        kind="stat",
        about="How long the one that has stood on one leg the longest has done so, and the record "
        "since the start. Runbook: Exposed.",
        unit="s",
        queries=(
            Query("max(xarb_naked_current_seconds)", "now"),
            Query("max(xarb_naked_longest_seconds)", "longest"),
        ),
        steps=((None, "green"), (5, "yellow"), (30, "red")),
        width=5,
        height=4,
    ),
    Panel(
        title="In doubt now",
        row=_MONEY,
        kind="stat",
        about="The same for executions of which nobody can say what they own. Normal for a moment "
        "with each order; beyond limits.finality a person is called.",
        unit="s",
        queries=(
            Query("max(xarb_in_doubt_current_seconds)", "now"),
            Query("max(xarb_in_doubt_longest_seconds)", "longest"),
        ),
        steps=((None, "green"), (10, "yellow"), (60, "red")),
        width=5,
        height=4,
    ),
    Panel(
        title="Open incidents",
        row=_MONEY,
        kind="stat",
        about="xarb incidents lists them.",
        queries=(
            Query("sum by (kind, severity) (xarb_incidents_open)", "{{kind}}, {{severity}}"),
            Query("0 * sum(xarb_build_info) unless sum(xarb_incidents_open)", "none"),
        ),
        steps=_QUIET,
        width=4,
        height=4,
    ),
    Panel(
        title="Oldest incident",
        row=_MONEY,
        kind="stat",
        unit="s",
        queries=(Query("max by (severity) (xarb_incident_oldest_age_seconds)", "{{severity}}"),),
        steps=((None, "green"), (1, "yellow"), (600, "red")),
        width=3,
        height=4,
    ),
    Panel(
        title="Quarantined",
        row=_MONEY,
        kind="stat",
        about="Stopped by a fault; nothing moves them until a person does.",
        queries=(Query("sum(xarb_executions_quarantined)"),),
        steps=_QUIET,
        width=3,
        height=4,
    ),
    Panel(
        title="In flight, by what is owned",
        row=_MONEY,
        queries=(Query("sum by (exposure) (xarb_executions_in_flight)", "{{exposure}}"),),
        stacked=True,
    ),
    Panel(
        title="Time on one leg, and in doubt",
        row=_MONEY,
        about="Seconds in each second: 0.5 means that half the time one execution was so, or that "
        "two were a quarter of the time.",
        queries=(
            Query("sum(rate(xarb_naked_seconds_total[$__rate_interval]))", "on one leg"),
            Query("sum(rate(xarb_in_doubt_seconds_total[$__rate_interval]))", "in doubt"),
        ),
    ),
    Panel(
        title="Incidents opened",
        row=_MONEY,
        kind="timeseries",
        about="Per hour.",
        queries=(
            Query("sum(increase(xarb_incidents_opened_total[1h]))", "all"),
            Query("sum by (kind) (increase(xarb_incidents_opened_total[1h])) > 0", "{{kind}}"),
        ),
    ),
    Panel(
        title="Worst case now",
        row=_MONEY,
        about="If everything in flight stayed as it is and each match ended in the worst way; by "
        "what is owned. What is in doubt is not counted.",
        queries=(Query("sum by (exposure) (xarb_open_worst_case)", "{{exposure}}"),),
        width=6,
    ),
    Panel(
        title="Filled and in flight",
        row=_MONEY,
        queries=(Query("sum by (exposure) (xarb_open_filled)", "{{exposure}}"),),
        stacked=True,
        width=6,
    ),
    Panel(
        title="Stake in flight",
        row=_MONEY,
        about="Leg A of all executions in flight, beside limits.max_open_stake.",
        queries=(
            Query("sum(xarb_open_stake)", "stake"),
            Query("sum(xarb_open_stake_limit)", "limit"),
        ),
        width=6,
    ),
    Panel(
        title="Locked in, worst case",
        row=_MONEY,
        about="Per hour: the smallest profit of what has ended, whatever happens in the match, and "
        "the losses taken to get out of what went wrong. Binary floats: the books are elsewhere.",
        queries=(
            Query("sum(increase(xarb_ended_profit_total[1h]))", "profit"),
            Query("-sum by (state) (increase(xarb_ended_loss_total[1h]))", "loss, {{state}}"),
        ),
        width=6,
    ),
    Panel(
        title="Turnover",
        row=_MONEY,
        about="Filled stakes of what has ended, per hour.",
        queries=(Query("sum by (state) (increase(xarb_ended_filled_total[1h]))", "{{state}}"),),
        stacked=True,
        width=12,
    ),
    Panel(
        title="Rollback rate",
        row=_MONEY,
        about="Of the executions that owned anything, the share that had to hedge, over an hour.",
        unit="percentunit",
        queries=(
            Query(
                "sum(increase(xarb_executions_rolled_back_total[1h])) "
                "/ sum(increase(xarb_executions_owning_total[1h]))",
                "rolled back",
            ),
        ),
        width=12,
    ),
)

PANELS: tuple[Panel, ...] = (*MONEY_PANELS, *TRADE_PANELS, *HOUSE_PANELS)
