"""
Metrics of money and exposure: what is open, for how long, and what it may cost.
"""

from xarb_runtime.ops.metrics.model import Metric

_FLOAT = "A binary float: for looking, not for counting."

MONEY: tuple[Metric, ...] = (
    Metric(
        name="xarb_executions_in_flight",
        kind="gauge",
        labels=("exposure",),
        help="Executions of opportunities that have not ended, by what they own: flat, hedged, "
        "one_leg (one side without the other), unknown (nobody can say).",
        panel="In flight, by what is owned",
        at_scrape=True,
    ),
    Metric(
        name="xarb_executions_quarantined",
        kind="gauge",
        help="Executions that a fault has stopped; nothing moves them until a person does.",
        panel="Quarantined",
        at_scrape=True,
    ),
    Metric(
        name="xarb_naked_current_seconds",
        kind="gauge",
        help="How long the execution that has stood on one leg the longest has done so; 0 when "
        "none does.",
        panel="On one leg now",
        at_scrape=True,
    ),
    Metric(
        name="xarb_naked_longest_seconds",
        kind="gauge",
        help="The longest time without a break that an execution has stood on one leg since the "
        "start of the process.",
        panel="On one leg now",
        at_scrape=True,
    ),
    Metric(
        name="xarb_naked_seconds_total",
        kind="counter",
        help="Seconds that executions have stood on one leg, all together, those that still do "
        "included.",
        panel="Time on one leg, and in doubt",
        at_scrape=True,
    ),
    Metric(
        name="xarb_in_doubt_current_seconds",
        kind="gauge",
        help="How long the execution that has been in doubt the longest has been so: nobody can "
        "say what it owns; 0 when none is.",
        panel="In doubt now",
        at_scrape=True,
    ),
    Metric(
        name="xarb_in_doubt_longest_seconds",
        kind="gauge",
        help="The longest time without a break that an execution has been in doubt since the "
        "start of the process.",
        panel="In doubt now",
        at_scrape=True,
    ),
    Metric(
        name="xarb_in_doubt_seconds_total",
        kind="counter",
        help="Seconds that executions have been in doubt, all together, those that still are "
        "included.",
        panel="Time on one leg, and in doubt",
        at_scrape=True,
    ),
    Metric(
        name="xarb_incidents_open",
        kind="gauge",
        labels=("kind", "severity"),
        help="Incidents that nobody has closed.",
        panel="Open incidents",
        at_scrape=True,
    ),
    Metric(
        name="xarb_incident_oldest_age_seconds",
        kind="gauge",
        labels=("severity",),
        help="Age of the oldest open incident; 0 when there is none.",
        panel="Oldest incident",
        at_scrape=True,
    ),
    Metric(
        name="xarb_incidents_opened_total",
        kind="counter",
        labels=("kind", "severity"),
        help="Incidents opened.",
        panel="Incidents opened",
    ),
    Metric(
        name="xarb_level",
        kind="gauge",
        labels=("level",),
        help="1 for the level that the supervisor is in, 0 for all others.",
        panel="Level",
        at_scrape=True,
    ),
    Metric(
        name="xarb_level_since_timestamp_seconds",
        kind="gauge",
        help="When the supervisor entered its level, seconds since the epoch; before its first "
        "step, when the process started.",
        panel="Level",
        at_scrape=True,
    ),
    Metric(
        name="xarb_open_stake",
        kind="gauge",
        help=f"Stakes on leg A of all executions in flight, sent or about to be. {_FLOAT}",
        panel="Stake in flight",
        at_scrape=True,
    ),
    Metric(
        name="xarb_open_stake_limit",
        kind="gauge",
        help=f"limits.max_open_stake of the settings. {_FLOAT}",
        panel="Stake in flight",
        at_scrape=True,
    ),
    Metric(
        name="xarb_open_filled",
        kind="gauge",
        labels=("exposure",),
        help=f"What is filled of executions in flight, all their orders together. {_FLOAT}",
        panel="Filled and in flight",
        at_scrape=True,
    ),
    Metric(
        name="xarb_open_worst_case",
        kind="gauge",
        labels=("exposure",),
        help="The smallest profit of executions in flight if they stayed as they are, added up; "
        f"negative for a loss. What is in doubt is not counted. {_FLOAT}",
        panel="Worst case now",
        at_scrape=True,
    ),
    Metric(
        name="xarb_ended_filled_total",
        kind="counter",
        labels=("state",),
        help=f"What was filled of executions that have ended, all their orders. {_FLOAT}",
        panel="Turnover",
    ),
    Metric(
        name="xarb_ended_profit_total",
        kind="counter",
        labels=("state",),
        help="The smallest profit of executions that have ended, of those where it is a profit: "
        f"what is certain whatever happens in the match. {_FLOAT}",
        panel="Locked in, worst case",
    ),
    Metric(
        name="xarb_ended_loss_total",
        kind="counter",
        labels=("state",),
        help="The smallest profit of executions that have ended, of those where it is a loss, "
        f"as a positive number. {_FLOAT}",
        panel="Locked in, worst case",
    ),
)
