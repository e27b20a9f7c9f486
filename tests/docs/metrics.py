"""The reference of metrics and alerts, made from their lists."""

from itertools import groupby

from tests.docs.tables import table
from xarb_runtime.ops.metrics.alerts import ALERTS
from xarb_runtime.ops.metrics.catalogue import METRICS
from xarb_runtime.ops.metrics.model import Metric
from xarb_runtime.ops.metrics.panels import PANELS


def metrics() -> str:
    """Return all metrics, by the row of the dashboard that shows them."""
    rows = list(dict.fromkeys(panel.row for panel in PANELS))
    row_of = {panel.title: panel.row for panel in PANELS}
    ordered = sorted(METRICS, key=lambda it: rows.index(row_of[it.panel]))
    return "\n".join(
        f"### {row}\n\n" + table(("Metric", "Kind", "Labels", "Meaning"), map(_row, found))
        for row, found in groupby(ordered, key=lambda it: row_of[it.panel])
    )


def _row(metric: Metric) -> list[str]:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return [f"`{metric.name}`", metric.kind, labels, metric.help]


def alerts() -> str:
    """Return all alerts."""
    rows = (
        [
            f"`{it.name}`",
            it.severity,
            f"`{it.expression}`",
            it.lasting if it.lasting != "0s" else "at once",
            f"[{it.action}](../../{it.runbook})",
        ]
        for it in ALERTS
    )
    return table(("Alert", "Severity", "When", "For", "First"), rows)
