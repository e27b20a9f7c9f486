"""
What a metric, a panel of the dashboard and an alert are, as plain data.
"""

from typing import Literal

import msgspec

#: Beyond so many different values of one label, further ones are counted as `OTHER`.
MOST_VALUES = 64
OTHER = "other"

Kind = Literal["counter", "gauge", "histogram"]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """
    A metric.

    Attributes:
        name: as Prometheus shows it, with its unit at the end; counters end in `_total`.
        kind: what it is.
        help: what it says, one or two sentences for people.
        labels: what it is told apart by. None of them ever holds the id of an execution.
        buckets: upper bounds, for histograms.
        panel: the panel of the dashboard that shows it.
        at_scrape: read from the runtime when somebody asks, not counted along the way.
        standard: one that every Python process with prometheus-client has.
    """

    name: str
    kind: Kind
    help: str
    panel: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    at_scrape: bool = False
    standard: bool = False

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its time series."""
        if self.kind == "histogram":
            return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
        return (self.name,)


class Query(msgspec.Struct, frozen=True):
    """A PromQL expression, and how its lines are called."""

    expression: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """
    A panel of the dashboard.

    Attributes:
        title, about: for people; `about` is what the little `i` shows.
        row: the row it stands in.
        queries: what it draws.
        kind: how.
        unit: Grafana's name of the unit.
        width, height: of a grid that is 24 wide.
        steps: from which value on which colour, the first from the smallest on.
        stacked: lines on top of each other.
        mapped: what values are called.
    """

    title: str
    row: str
    queries: tuple[Query, ...]
    about: str = ""
    kind: Literal["timeseries", "stat", "table", "state-timeline"] = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 7
    steps: tuple[tuple[float | None, str], ...] = ((None, "text"),)
    stacked: bool = False
    mapped: tuple[tuple[float, str, str], ...] = ()


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """
    An alert.

    Attributes:
        name: in one word.
        expression: it fires when this gives anything.
        lasting: for how long it has to; a Prometheus duration.
        severity: `critical` gets somebody up at night.
        summary: what is the case; may use the labels of what the expression gives.
        action: what to do first.
        runbook: page and heading, below the top of the repository.
    """

    name: str
    expression: str
    severity: Literal["critical", "warning"]
    summary: str
    action: str
    runbook: str
    lasting: str = "0s"
