"""
`xarb metrics`: what is measured, and what Grafana and Prometheus need to show and to watch it.
"""

import sys
from typing import Annotated

import typer

from xarb_runtime.cli.options import AsJson

app = typer.Typer(
    name="metrics",
    no_args_is_help=True,
    help="What is measured, the dashboard, and the alerts. Needs no running service.",
)

Pattern = Annotated[str, typer.Argument(metavar="[TEXT]", help="Only those with this in the name.")]


@app.command("list")
def list_metrics(pattern: Pattern = "", *, as_json: AsJson = False) -> None:
    """List all metrics: name, kind, labels, meaning."""
    from xarb_runtime.cli.screen import out, table, write_json
    from xarb_runtime.ops.metrics.catalogue import METRICS

    found = [metric for metric in METRICS if pattern in metric.name]
    if as_json:
        write_json(found)
        return
    made = table("metric", "kind", "labels", "meaning")
    for metric in found:
        made.add_row(metric.name, metric.kind, ", ".join(metric.labels), metric.help)
    out().print(made)


@app.command("dashboard")
def dashboard() -> None:
    """Write the Grafana dashboard, to import: xarb metrics dashboard > xarb.json."""
    from xarb_runtime.ops.metrics.dashboard import dashboard_file

    sys.stdout.write(dashboard_file())


@app.command("alerts")
def alerts() -> None:
    """Write the rule file for Prometheus: xarb metrics alerts > xarb.rules.yaml."""
    from xarb_runtime.ops.metrics.alerts import rule_file

    sys.stdout.write(rule_file())
