"""
Alerts, as Prometheus' rule file has them. Each names the section of the runbooks to go to.
"""

from typing import Any

import yaml

from xarb_runtime.ops.metrics.model import Alert

_DAY = "runbooks/execution.md"
_NIGHT = "runbooks/orchestrator_failover.md"
_HEAD = """\
# Prometheus rules for xarb, made from its list of alerts: xarb metrics alerts
# `runbook` names page and heading below the top of the repository, and of every deployment.
"""

ALERTS: tuple[Alert, ...] = (
    # -- Somebody has to get up ------------------------------------------------------------------
    Alert(
        name="XarbOnOneLeg",
        expression="xarb_naked_current_seconds > 30",
        severity="critical",
        summary="An execution has stood on one leg for {{ $value | humanizeDuration }}.",
        action="xarb status names it; xarb show tells what was tried.",
        runbook=f"{_NIGHT}#incident-exposed",
    ),
    Alert(
        name="XarbCriticalIncident",
        expression='sum by (job, instance, kind) (xarb_incidents_open{severity="critical"}) > 0',
        severity="critical",
        summary="{{ $value }} open incidents of kind {{ $labels.kind }}.",
        action="xarb incidents; the kind is a heading of the runbook.",
        runbook=f"{_NIGHT}#incidents",
    ),
    Alert(
        name="XarbHaltedOnOneLeg",
        expression='xarb_executions_in_flight{exposure="one_leg"} > 0 '
        'and on (job, instance) xarb_level{level="halted"} == 1',
        severity="critical",
        summary="Everything is halted, hedges too, while {{ $value }} executions stand on one leg.",
        action="Whoever halted it decides: xarb reduce lets hedges go on.",
        runbook=f"{_NIGHT}#supervisor",
    ),
    Alert(
        name="XarbGone",
        expression="absent(xarb_build_info)",
        lasting="1m",
        severity="critical",
        summary="No runtime has been seen for a minute. Bets may be open with nobody watching.",
        action="Does xarb status answer? Then only its metrics do not. Else start it again.",
        runbook=f"{_NIGHT}#process-gone",
    ),
    Alert(
        name="XarbRestarting",
        expression="changes(xarb_lease_epoch[15m]) > 2",
        severity="critical",
        summary="Started {{ $value }} times within a quarter of an hour.",
        action="The last lines of the log before each end say why.",
        runbook=f"{_NIGHT}#process-gone",
    ),
    # -- Money -----------------------------------------------------------------------------------
    Alert(
        name="XarbInDoubt",
        expression="xarb_in_doubt_current_seconds > 90",
        severity="warning",
        summary="For {{ $value | humanizeDuration }} nobody can say what an execution owns.",
        action="Look at the venue's own page; xarb show has the order's client id.",
        runbook=f"{_NIGHT}#timeouts",
    ),
    Alert(
        name="XarbQuarantined",
        expression="xarb_executions_quarantined > 0",
        severity="warning",
        lasting="1m",
        summary="{{ $value }} executions are stopped by a fault.",
        action="xarb incidents, then xarb show.",
        runbook=f"{_NIGHT}#incident-fault",
    ),
    Alert(
        name="XarbWarningIncident",
        expression='sum by (job, instance, kind) (xarb_incidents_open{severity="warning"}) > 0',
        lasting="10m",
        severity="warning",
        summary="{{ $value }} incidents of kind {{ $labels.kind }} have been open for ten minutes.",
        action="xarb incidents; the kind is a heading of the runbook.",
        runbook=f"{_NIGHT}#incidents",
    ),
    Alert(
        name="XarbRollbacks",
        expression="sum by (job, instance) (increase(xarb_executions_rolled_back_total[1h])) "
        "/ on (job, instance) increase(xarb_executions_owning_total[1h]) > 0.3 "
        "and on (job, instance) increase(xarb_executions_owning_total[1h]) >= 10",
        severity="warning",
        summary="{{ $value | humanizePercentage }} of the executions of an hour had to hedge.",
        action="Which venue refuses leg B? The panels Orders and Fill ratio say it.",
        runbook=f"{_NIGHT}#incident-auto-pause",
    ),
    # -- Trading ---------------------------------------------------------------------------------
    Alert(
        name="XarbNotTrading",
        expression='xarb_level{level="running"} == 0',
        lasting="15m",
        severity="warning",
        summary="No opportunity has been admitted for a quarter of an hour: the level says no.",
        action="xarb status says which level it is, since when, and why.",
        runbook=f"{_NIGHT}#the-first-minute",
    ),
    Alert(
        name="XarbVenueDown",
        expression="xarb_venue_up == 0",
        lasting="2m",
        severity="warning",
        summary="Venue {{ $labels.venue }} has been out for two minutes.",
        action="Nothing, if it comes back by itself; its own status page may know more.",
        runbook=f"{_NIGHT}#degraded",
    ),
    Alert(
        name="XarbHeartbeatLate",
        expression='xarb_venue_figure{figure="heartbeat_left_ms"} < 30000',
        severity="warning",
        summary="Venue {{ $labels.venue }} cancels our open orders in {{ $value }} ms.",
        action="Is its line up? xarb status tells what its heartbeats are answered.",
        runbook=f"{_NIGHT}#heartbeat",
    ),
    Alert(
        name="XarbNoRequestsLeft",
        expression='xarb_venue_figure{figure="requests_left"} == 0',
        lasting="30s",
        severity="warning",
        summary="Venue {{ $labels.venue }} takes no more requests of ours for now.",
        action="Fewer executions at once: limits.max_in_flight. What is in doubt goes first.",
        runbook=f"{_NIGHT}#slow",
    ),
    Alert(
        name="XarbStakeNearLimit",
        expression="xarb_venue_open_stake / xarb_venue_open_stake_limit > 0.9",
        lasting="5m",
        severity="warning",
        summary="{{ $value | humanizePercentage }} of open_limit is staked at {{ $labels.venue }}.",
        action="Nothing, if that is what open_limit is for; what does not fit is rejected.",
        runbook=f"{_NIGHT}#slow",
    ),
    Alert(
        name="XarbFillRatioFalls",
        expression="xarb_kpi_fill_ratio - on (job, instance) group_left () "
        "xarb_kpi_fill_ratio_limit < 0.1 and xarb_kpi_trades >= 10",
        severity="warning",
        summary="Venue {{ $labels.venue }} is close to the fill ratio at which trading pauses.",
        action="Are its prices stale? Is its market thin? Better to know before it pauses.",
        runbook=f"{_NIGHT}#incident-auto-pause",
    ),
    # -- Messages --------------------------------------------------------------------------------
    Alert(
        name="XarbBusAway",
        expression='xarb_bus_state{state="connected"} == 0',
        lasting="1m",
        severity="warning",
        summary="No connection to the bus for a minute. What is open is still being hedged.",
        action="xarb status says why; xarb bus check tries it from here.",
        runbook=f"{_NIGHT}#broker-down",
    ),
    Alert(
        name="XarbOutboxWaits",
        expression="xarb_outbox_oldest_age_seconds > 60",
        severity="warning",
        summary="A message has waited for {{ $value | humanizeDuration }} to be confirmed.",
        action="xarb status shows why. Nothing is lost; whoever follows the executions is behind.",
        runbook=f"{_NIGHT}#outbox",
    ),
    Alert(
        name="XarbUnroutable",
        expression="sum by (job, instance, type) "
        '(increase(xarb_published_total{outcome="unroutable"}[10m])) > 0',
        severity="warning",
        summary="No queue takes messages of type {{ $labels.type }}.",
        action="Bind a queue to them, or leave them out of bus.publish.",
        runbook=f"{_NIGHT}#unroutable",
    ),
    Alert(
        name="XarbDeadLetters",
        expression="sum by (job, instance, reason) (increase(xarb_dead_letters_total[10m])) > 0",
        severity="warning",
        summary="{{ printf `%.0f` $value }} messages could not be read ({{ $labels.reason }}).",
        action="xarb dead-letters; tell whoever publishes them.",
        runbook=f"{_DAY}#a-message-that-could-not-be-read",
    ),
    Alert(
        name="XarbMessagesLate",
        expression='sum by (job, instance) (increase(xarb_messages_total{outcome="too_old"}[10m])) '
        "> 0.1 * sum by (job, instance) (increase(xarb_messages_total[10m]))",
        severity="warning",
        summary="More than a tenth of all messages are too old when they are read.",
        action="Is the queue long (a slow venue), or do the clocks differ?",
        runbook=f"{_NIGHT}#slow",
    ),
    # -- House -----------------------------------------------------------------------------------
    Alert(
        name="XarbCommitsSlow",
        expression="histogram_quantile(0.99, sum by (job, instance, le) "
        "(rate(xarb_commit_seconds_bucket[5m]))) > 0.1",
        lasting="5m",
        severity="warning",
        summary="One commit in a hundred takes longer than {{ $value | humanizeDuration }}.",
        action="Is the disk full or slow? Who else writes to it?",
        runbook=f"{_NIGHT}#slow",
    ),
    Alert(
        name="XarbLoopLate",
        expression="histogram_quantile(0.99, sum by (job, instance, le) "
        "(rate(xarb_loop_lag_seconds_bucket[5m]))) > 0.25 or increase(xarb_loop_blocked_total[5m]) "
        "> 3",
        lasting="2m",
        severity="warning",
        summary="The event loop is late: deadlines fire late, answers are read late.",
        action="Search the log for loop_blocked: it names the plugin.",
        runbook=f"{_NIGHT}#slow",
    ),
    Alert(
        name="XarbLogLost",
        expression="increase(xarb_log_lines_lost_total[10m]) > 0",
        severity="warning",
        summary="Lines of the log could not be written.",
        action="Is the disk full? The journal is next.",
        runbook=f"{_NIGHT}#the-disk-is-full",
    ),
)


def rules() -> dict[str, Any]:
    """Return the alerts as Prometheus reads them."""
    return {"groups": [{"name": "xarb", "rules": [_rule(alert) for alert in ALERTS]}]}


def rule_file() -> str:
    """Return the text of the rule file."""
    return _HEAD + yaml.safe_dump(rules(), sort_keys=False, width=100, allow_unicode=True)


def _rule(alert: Alert) -> dict[str, Any]:
    lasting = {"for": alert.lasting} if alert.lasting != "0s" else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **lasting,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "action": alert.action,
            "runbook": alert.runbook,
        },
    }
