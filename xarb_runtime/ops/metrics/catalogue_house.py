"""
Metrics of the house: store, event loop, process, log and traces.
"""

from xarb_runtime.ops.metrics.model import Metric

_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

HOUSE: tuple[Metric, ...] = (
    # -- Store -----------------------------------------------------------------------------------
    Metric(
        name="xarb_commit_seconds",
        kind="histogram",
        buckets=_COMMIT,
        help="How long a commit took until it was on disk.",
        panel="Commit latency",
    ),
    Metric(
        name="xarb_commit_steps",
        kind="histogram",
        buckets=_SIZES,
        help="Steps in one commit.",
        panel="Commit size",
    ),
    Metric(
        name="xarb_commit_rows",
        kind="histogram",
        buckets=_SIZES,
        help="What one commit wrote, counted in parts of its batch: steps, answers, trades, "
        "outgoing messages, ...",
        panel="Commit size",
    ),
    Metric(
        name="xarb_lease_epoch",
        kind="gauge",
        help="Epoch of the lease on the store; it grows with every start.",
        panel="Running",
        at_scrape=True,
    ),
    # -- Process ---------------------------------------------------------------------------------
    Metric(
        name="xarb_build_info",
        kind="gauge",
        labels=("version", "mode", "python"),
        help="Always 1; the labels say what runs.",
        panel="Running",
        at_scrape=True,
    ),
    Metric(
        name="xarb_loop_lag_seconds",
        kind="histogram",
        buckets=_LAG,
        help="How much later than asked the event loop came back to a task that slept.",
        panel="Event-loop lag",
    ),
    Metric(
        name="xarb_loop_blocked_total",
        kind="counter",
        help="How often something held up the event loop for longer than service.blocked_loop; "
        "the log names it.",
        panel="Event-loop lag",
    ),
    Metric(
        name="xarb_log_lines_lost_total",
        kind="counter",
        help="Lines that could not be written to the log file.",
        panel="Lost",
        at_scrape=True,
    ),
    Metric(
        name="xarb_spans_total",
        kind="counter",
        labels=("outcome",),
        help="Spans of traces: exported, failed (the collector did not take them), dropped (too "
        "many were waiting).",
        panel="Lost",
        at_scrape=True,
    ),
    Metric(
        name="process_start_time_seconds",
        kind="gauge",
        help="Start of the process, seconds since the epoch.",
        panel="Running",
        standard=True,
    ),
    Metric(
        name="process_cpu_seconds_total",
        kind="counter",
        help="Processor time of the process.",
        panel="Processor",
        standard=True,
    ),
    Metric(
        name="process_resident_memory_bytes",
        kind="gauge",
        help="Memory of the process that is resident.",
        panel="Memory",
        standard=True,
    ),
    Metric(
        name="process_virtual_memory_bytes",
        kind="gauge",
        help="Memory of the process, virtual.",
        panel="Memory",
        standard=True,
    ),
    Metric(
        name="process_open_fds",
        kind="gauge",
        help="Open file descriptors.",
        panel="File descriptors",
        standard=True,
    ),
    Metric(
        name="process_max_fds",
        kind="gauge",
        help="Most file descriptors that the process may have open.",
        panel="File descriptors",
        standard=True,
    ),
)
