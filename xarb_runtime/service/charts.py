"""
The charts a runtime works with: the current ones from the deployment, older ones from the store.
"""

from collections.abc import Mapping
from pathlib import Path

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.steps import Snapshot
from xarb_runtime.domain.supervisor import Supervisor
from xarb_runtime.domain.venue_health import VenueHealth
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.settings_model import ChartSettings
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.load import compile_chart, read_chart
from xarb_runtime.store.batch import ChartText

BUILTIN_CONTEXTS: dict[str, type[Context]] = {
    "cross_venue": CrossVenue,
    "supervisor": Supervisor,
    "venue_health": VenueHealth,
}


def contexts(registry: Registry | None) -> dict[str, type[Context]]:
    """Return all contexts that charts may name: the built-in ones and those of plugins."""
    found = dict(BUILTIN_CONTEXTS)
    if registry is not None:
        found |= {name: spec.context for name, spec in registry.contexts.items()}
    return found


class Charts:
    """
    Charts by content hash.

    Attributes:
        flow, supervisor, venue_health: the current ones, on which new executions start.
    """

    def __init__(
        self,
        flow: Chart,
        supervisor: Chart,
        venue_health: Chart,
        known: Mapping[str, type[Context]],
    ) -> None:
        self.flow = flow
        self.supervisor = supervisor
        self.venue_health = venue_health
        self._contexts = known
        self._by_hash = {chart.hash: chart for chart in self.current}

    @property
    def current(self) -> tuple[Chart, Chart, Chart]:
        """The three current charts."""
        return (self.flow, self.supervisor, self.venue_health)

    def of(self, snapshot: Snapshot) -> Chart:
        """
        Return the chart that a snapshot runs on.

        Raises:
            LookupError: its text was neither loaded nor taken from the store.
        """
        chart = self._by_hash.get(snapshot.hash)
        if chart is None:
            message = (
                f"execution {snapshot.execution} runs on {snapshot.chart} version "
                f"{snapshot.version} ({snapshot.hash[:12]}), whose text is not loaded"
            )
            raise LookupError(message)
        return chart

    def context_of(self, snapshot: Snapshot) -> Context:
        """
        Return the data that a snapshot holds, as its chart knows it.

        Raises:
            LookupError: as `of`.
        """
        return self.of(snapshot).decoder.decode(snapshot.context)

    def add_text(self, text: ChartText) -> None:
        """
        Load an older chart from the store, for executions that began on it.

        It was linted when it was new; later rules must not keep an execution from its end.

        Raises:
            ChartError: it cannot be compiled any more.
        """
        if text.hash not in self._by_hash:
            label = f"{text.name} version {text.version} (from the store)"
            chart = compile_chart(parse(text.text, label), self._contexts)
            self._by_hash[text.hash] = chart

    def missing(self, snapshots: list[Snapshot]) -> list[str]:
        """Return the hashes that these snapshots need and that are not loaded."""
        return sorted({snapshot.hash for snapshot in snapshots} - set(self._by_hash))

    def texts(self, now_ms: int) -> list[ChartText]:
        """Return the current charts as the store keeps them."""
        return [
            ChartText(
                hash=chart.hash,
                name=chart.name,
                version=chart.version,
                text=chart.text,
                stored_ms=now_ms,
            )
            for chart in self.current
        ]


def read_charts(folder: Path, settings: ChartSettings, registry: Registry | None) -> Charts:
    """
    Load the charts that settings name.

    Raises:
        ChartError: a chart has errors.
        OSError: a file cannot be read.
    """
    known = contexts(registry)
    root = folder / settings.folder
    flow, supervisor, health = (
        read_chart(root / f"{name}.yaml", known)
        for name in (settings.flow, settings.supervisor, settings.venue_health)
    )
    return Charts(flow, supervisor, health, known)
