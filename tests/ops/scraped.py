"""What a scrape says, read with Prometheus' own parser."""

from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from xarb_runtime.ops.metrics.registry import Collectors, Values


class Scrape:
    """
    One answer of `/metrics`.

    Attributes:
        samples: all of them, in order.
        kinds: metrics by name, as Prometheus names their kind.
    """

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.kinds = {it.name: it.type for it in families}
        self.samples = [sample for family in families for sample in family.samples]

    def of(self, name: str) -> Iterator[Sample]:
        return (sample for sample in self.samples if sample.name == name)

    def value(self, name: str, /, **labels: str) -> float:
        """Return the one series with exactly these labels."""
        (found,) = [it.value for it in self.of(name) if it.labels == labels]
        return found

    def total(self, name: str, /, **labels: str) -> float:
        """Return the sum of all series that have these labels."""
        return sum(it.value for it in self.of(name) if labels.items() <= it.labels.items())

    def seen(self, name: str, /, **labels: str) -> bool:
        """Tell whether there is such a series."""
        return any(labels.items() <= it.labels.items() for it in self.of(name))


def scraped(collectors: Collectors, values: Values | None = None) -> Scrape:
    """Return what collectors and readings would answer."""
    collectors.readings.take(values or {})
    return Scrape(generate_latest(collectors.registry).decode())
