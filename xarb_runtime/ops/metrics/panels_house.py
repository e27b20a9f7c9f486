"""
The dashboard's panels about messages, store and process.
"""

from xarb_runtime.ops.metrics.model import Panel, Query

_IN = "Messages in"
_OUT = "Messages out"
_STORE = "Store"
_PROCESS = "Process"
_LINE = ((0.0, "away", "red"), (1.0, "connected", "green"))

HOUSE_PANELS: tuple[Panel, ...] = (
    Panel(
        title="Bus",
        row=_IN,
        kind="state-timeline",
        queries=(Query('min(xarb_bus_state{state="connected"})', "connection"),),
        mapped=_LINE,
        width=10,
        height=5,
    ),
    Panel(
        title="Connections",
        row=_IN,
        kind="stat",
        about="Made within an hour. More than one for each way: the line or the broker breaks.",
        queries=(Query("max(increase(xarb_bus_connects_total[1h]))"),),
        width=4,
        height=5,
    ),
    Panel(
        title="Round trip",
        row=_IN,
        kind="stat",
        about="Of our newest message to ourselves.",
        unit="s",
        queries=(Query("max(xarb_bus_beat_seconds)"),),
        width=4,
        height=5,
    ),
    Panel(
        title="Silence of the bus",
        row=_IN,
        kind="stat",
        about="Since the last message to ourselves, and since the last message of others.",
        unit="s",
        queries=(
            Query("time() - max(xarb_bus_last_beat_timestamp_seconds)", "ours"),
            Query("time() - max(xarb_bus_last_delivery_timestamp_seconds)", "others'"),
        ),
        width=6,
        height=5,
    ),
    Panel(
        title="Messages in",
        row=_IN,
        about="Per second, by what became of them.",
        queries=(
            Query("sum by (outcome) (rate(xarb_messages_total[$__rate_interval]))", "{{outcome}}"),
            Query("sum(rate(xarb_bus_acknowledged_total[$__rate_interval]))", "acknowledged"),
        ),
    ),
    Panel(
        title="Age of messages, p95",
        row=_IN,
        about="When they were read. Beyond bus.max_age they are dropped.",
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.95, sum by (le, outcome) "
                "(rate(xarb_message_age_seconds_bucket[$__rate_interval])))",
                "{{outcome}}",
            ),
        ),
    ),
    Panel(
        title="Queues",
        row=_IN,
        about="A queue that grows while what is unacknowledged stands at its limit is "
        "backpressure: a venue is slow.",
        queries=(
            Query("max by (queue) (xarb_bus_queue_messages)", "{{queue}}"),
            Query("sum(xarb_bus_unacknowledged)", "unacknowledged"),
        ),
    ),
    Panel(
        title="Again",
        row=_IN,
        about="Per second: delivered, delivered before, in the journal already, given back.",
        queries=(
            Query("sum(rate(xarb_bus_delivered_total[$__rate_interval]))", "delivered"),
            Query("sum(rate(xarb_bus_redelivered_total[$__rate_interval]))", "delivered before"),
            Query("sum(rate(xarb_messages_repeated_total[$__rate_interval]))", "known already"),
            Query("sum(rate(xarb_bus_given_back_total[$__rate_interval]))", "given back"),
        ),
        width=12,
    ),
    Panel(
        title="Dead letters",
        row=_IN,
        about="Per hour, by what is wrong with them. xarb dead-letters lists them.",
        queries=(
            Query("sum(increase(xarb_dead_letters_total[1h]))", "all"),
            Query("sum by (reason) (increase(xarb_dead_letters_total[1h])) > 0", "{{reason}}"),
        ),
        width=12,
    ),
    # -- Out -------------------------------------------------------------------------------------
    Panel(
        title="Outbox",
        row=_OUT,
        about="What the bus has not confirmed, and the age of the oldest. Nothing is lost; it "
        "waits in the store.",
        queries=(
            Query("sum(xarb_outbox_waiting)", "waiting"),
            Query("sum(xarb_outbox_stuck)", "executions stuck"),
            Query("max(xarb_outbox_oldest_age_seconds)", "oldest, seconds"),
        ),
    ),
    Panel(
        title="Messages out",
        row=_OUT,
        about="Attempts per second.",
        queries=(
            Query(
                "sum by (type, outcome) (rate(xarb_published_total[$__rate_interval])) > 0",
                "{{type}} {{outcome}}",
            ),
        ),
    ),
    Panel(
        title="Time to confirm",
        row=_OUT,
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.5, sum by (le) "
                "(rate(xarb_publish_seconds_bucket[$__rate_interval])))",
                "median",
            ),
            Query(
                "histogram_quantile(0.99, sum by (le) "
                "(rate(xarb_publish_seconds_bucket[$__rate_interval])))",
                "p99",
            ),
        ),
    ),
    # -- Store -----------------------------------------------------------------------------------
    Panel(
        title="Commit latency",
        row=_STORE,
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.5, sum by (le) "
                "(rate(xarb_commit_seconds_bucket[$__rate_interval])))",
                "median",
            ),
            Query(
                "histogram_quantile(0.99, sum by (le) "
                "(rate(xarb_commit_seconds_bucket[$__rate_interval])))",
                "p99",
            ),
        ),
        width=12,
    ),
    Panel(
        title="Commit size",
        row=_STORE,
        about="On average. It grows under load: then one commit carries many steps.",
        queries=(
            Query(
                "sum(rate(xarb_commit_steps_sum[$__rate_interval])) "
                "/ sum(rate(xarb_commit_steps_count[$__rate_interval]))",
                "steps",
            ),
            Query(
                "sum(rate(xarb_commit_rows_sum[$__rate_interval])) "
                "/ sum(rate(xarb_commit_rows_count[$__rate_interval]))",
                "parts",
            ),
        ),
        width=12,
    ),
    # -- Process ---------------------------------------------------------------------------------
    Panel(
        title="Running",
        row=_PROCESS,
        kind="table",
        about="What runs, on which epoch of the store's lease, and since when.",
        queries=(
            Query(
                "xarb_lease_epoch * on (job, instance) group_left (version, mode, python) "
                "xarb_build_info",
                "epoch",
            ),
            Query("process_start_time_seconds * 1000", "start"),
        ),
        width=24,
        height=5,
    ),
    Panel(
        title="Event-loop lag",
        row=_PROCESS,
        about="And how often something held the loop up for longer than service.blocked_loop, per "
        "minute: the log names it.",
        unit="s",
        queries=(
            Query(
                "histogram_quantile(0.99, sum by (le) "
                "(rate(xarb_loop_lag_seconds_bucket[$__rate_interval])))",
                "p99",
            ),
            Query("60 * sum(rate(xarb_loop_blocked_total[$__rate_interval]))", "held up"),
        ),
        width=6,
    ),
    Panel(
        title="Processor",
        row=_PROCESS,
        about="1 is one core; xarb uses one.",
        queries=(Query("sum(rate(process_cpu_seconds_total[$__rate_interval]))", "processor"),),
        width=4,
    ),
    Panel(
        title="Memory",
        row=_PROCESS,
        unit="bytes",
        queries=(
            Query("sum(process_resident_memory_bytes)", "resident"),
            Query("sum(process_virtual_memory_bytes)", "virtual"),
        ),
        width=5,
    ),
    Panel(
        title="File descriptors",
        row=_PROCESS,
        queries=(
            Query("sum(process_open_fds)", "open"),
            Query("sum(process_max_fds)", "limit"),
        ),
        width=4,
    ),
    Panel(
        title="Lost",
        row=_PROCESS,
        about="Log lines that could not be written, and spans of traces by what became of them, "
        "per minute.",
        queries=(
            Query("60 * sum(rate(xarb_log_lines_lost_total[$__rate_interval]))", "log lines"),
            Query(
                "60 * sum by (outcome) (rate(xarb_spans_total[$__rate_interval]))",
                "spans {{outcome}}",
            ),
        ),
        width=5,
    ),
)
