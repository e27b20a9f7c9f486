"""
A campaign: all scenarios of a folder, one after another, and the evidence of it.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import discover_plugins
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.simulation.coverage import Coverage, coverage_of
from xarb_runtime.simulation.figures import Figures, figures_of
from xarb_runtime.simulation.play import Played, play
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.scenario_file import read_folder
from xarb_runtime.simulation.world import STORE, Stage
from xarb_runtime.store.journal import Journal

#: Scenarios begin at the full hours from here on: 1 September 2026, 00:00 UTC.
FIRST_MS = 1_788_220_800_000
HOUR_MS = 3_600_000
SCENARIOS = "scenarios"

#: A folder in memory, where the machine has one: stores of a simulation need not outlive it.
_MEMORY = Path("/dev/shm")  # noqa: S108  a fresh folder inside it, removed afterwards


class Progress(Protocol):
    """Whoever wants to see a campaign go on."""

    def started(self, scenario: Scenario, number: int, count: int) -> None:
        """A scenario begins; `number` counts from 1."""
        ...

    def finished(self, played: Played, number: int, count: int) -> None:
        """A scenario has ended."""
        ...


class Silence:
    """Nobody wants to see it."""

    def started(self, scenario: Scenario, number: int, count: int) -> None:
        """Say nothing."""

    def finished(self, played: Played, number: int, count: int) -> None:
        """Say nothing."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    A campaign, as pure data.

    Attributes:
        played: the scenarios, in order.
        coverage: of the flow, the supervisor and the venues' health, in this order.
        figures: how fast, how often hedged, how long on one leg.
    """

    played: tuple[Played, ...]
    coverage: tuple[Coverage, ...]
    figures: Figures

    @property
    def failed(self) -> list[Played]:
        """Scenarios that were not as they must be."""
        return [it for it in self.played if not it.passed]


def scenarios_of(deployment: Path, settings: Settings) -> Path:
    """Return the folder of a deployment's scenarios."""
    return deployment / settings.charts.folder / SCENARIOS


def run_scenarios(
    deployment: Path,
    progress: Progress,
    *,
    folder: Path | None = None,
    settings: Settings | None = None,
    only: str = "",
) -> Report:
    """
    Play the scenarios of a folder.

    Args:
        deployment: the deployment whose charts and plugins are played.
        progress: told about each scenario.
        folder: the folder of scenarios; by default `scenarios` beside the charts.
        settings: the deployment's settings; only `charts` and `plugins` count, so that the
            evidence is the same everywhere.
        only: play only scenarios whose name contains this.

    Raises:
        ScenarioError: a scenario is wrong; nothing was played.
        ChartError, PluginError: a chart or a required plugin is broken; nothing was played.
    """
    settings = settings or Settings()
    folder = folder or scenarios_of(deployment, settings)
    registry = discover_plugins(deployment, settings)
    charts = read_charts(deployment, settings.charts, registry)
    scenarios = read_folder(folder, registry, only=only)
    hours = {path.stem: hour for hour, path in enumerate(sorted(folder.glob("*.yaml")))}
    with _stage(deployment, registry, charts) as stage:
        played: list[Played] = []
        for number, scenario in enumerate(scenarios, start=1):
            progress.started(scenario, number, len(scenarios))
            start_ms = FIRST_MS + hours[scenario.name] * HOUR_MS
            played.append(play(scenario, stage, start_ms, stage.store.parent / scenario.name))
            progress.finished(played[-1], number, len(scenarios))
    return report_of(played, charts)


def report_of(played: list[Played], charts: Charts) -> Report:
    """Return the report on scenarios that were played."""
    steps = [fact for it in played for fact in it.recording.steps]
    return Report(
        played=tuple(played),
        coverage=tuple(coverage_of(chart, steps) for chart in charts.current),
        figures=figures_of(played),
    )


@contextmanager
def _stage(deployment: Path, registry: Registry, charts: Charts) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="xarb-ghost-", dir=_fast_folder()) as folder:
        store = Path(folder) / STORE
        asyncio.run(_make_store(store))
        yield Stage(folder=deployment, registry=registry, charts=charts, store=store)


def _fast_folder() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK) else None


async def _make_store(path: Path) -> None:
    """Make an empty store once; migrating one for each scenario would take longer than playing."""
    async with Journal.open(f"sqlite:///{path}", owner="simulation", clock_ms=lambda: 0):
        pass
