"""
Prometheus collectors, made from the list of metrics.

They live in a registry of their own, so that two runtimes in one process do not share figures.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from xarb_runtime.ops.metrics.catalogue import METRICS
from xarb_runtime.ops.metrics.model import MOST_VALUES, OTHER
from xarb_runtime.ops.metrics.model import Metric as Listed

C = TypeVar("C", Counter, Histogram)
#: What was read of the runtime: by metric, by the values of its labels.
Values = Mapping[str, Mapping[tuple[str, ...], float]]


class Collectors:
    """
    All metrics that are counted along the way, and the registry that they are read from.

    A label that takes more than `MOST_VALUES` different values gets no further ones: whatever comes
    then is counted as `other`. A chart or a plugin that makes up names as it goes can therefore not
    fill the memory.
    """

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry(auto_describe=False)
        self.readings = Readings()
        counted = [it for it in METRICS if not it.at_scrape and not it.standard]
        self._counters = {
            it.name: _Family(it, Counter(it.name, it.help, it.labels, registry=self.registry))
            for it in counted
            if it.kind == "counter"
        }
        self._histograms = {
            it.name: _Family(it, _histogram(it, self.registry))
            for it in counted
            if it.kind == "histogram"
        }
        self.registry.register(self.readings)
        ProcessCollector(registry=self.registry)

    def begin(self, name: str, labels: tuple[str, ...]) -> None:
        """Have a series at 0 before anything is counted in it."""
        family = self._counters.get(name) or self._histograms[name]
        family.child(labels)

    def count(self, name: str, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        self._counters[name].child(labels).inc(by)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add a value to a histogram; one below zero, as clocks may give it, counts as zero."""
        self._histograms[name].child(labels).observe(max(0.0, value))


class Readings(Collector):
    """What was last read of the runtime; taken in its loop, given out wherever it is asked for."""

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def take(self, values: Values) -> None:
        """Put what was read in the place of what was read before."""
        self._families = [
            _family(metric, values.get(metric.name, {})) for metric in METRICS if metric.at_scrape
        ]

    def collect(self) -> Iterable[Metric]:
        """Return what was last read."""
        return self._families

    def describe(self) -> Iterator[Metric]:
        """Return the names, so that nothing else takes them."""
        return (_family(metric, {}) for metric in METRICS if metric.at_scrape)


class _Family(Generic[C]):
    """A collector, and its children by their labels."""

    def __init__(self, metric: Listed, collector: C) -> None:
        self._collector = collector
        self._children: dict[tuple[str, ...], C] = {} if metric.labels else {(): collector}
        self._values: tuple[set[str], ...] = tuple(set() for _ in metric.labels)

    def child(self, labels: tuple[str, ...]) -> C:
        found = self._children.get(labels)
        if found is None:
            bounded = tuple(map(self._bounded, labels, self._values))
            found = self._children.get(bounded) or self._collector.labels(*bounded)
            self._children[bounded] = found
        return found

    @staticmethod
    def _bounded(value: str, known: set[str]) -> str:
        if value not in known and len(known) >= MOST_VALUES:
            return OTHER
        known.add(value)
        return value


def _histogram(metric: Listed, registry: CollectorRegistry) -> Histogram:
    return Histogram(
        metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
    )


def _family(metric: Listed, values: Mapping[tuple[str, ...], float]) -> Metric:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family
