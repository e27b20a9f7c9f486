"""What tests of the simulation share: the project's plugins and charts, and short scenarios."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import discover_plugins
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.simulation.play import Played, play
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.scenario_file import read_scenario
from xarb_runtime.simulation.world import Stage
from xarb_runtime.store.journal import Journal

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "statecharts" / "scenarios"
START_MS = 1_800_000_000_000


@cache
def registry() -> Registry:
    return discover_plugins(ROOT, Settings())


@cache
def charts() -> Charts:
    return read_charts(ROOT, Settings().charts, registry())


def make_stage(folder: Path) -> Stage:
    """A stage with an empty store in `folder`."""

    async def make() -> None:
        async with Journal.open(f"sqlite:///{folder}/seed.db", owner="t", clock_ms=lambda: 0):
            pass

    folder.mkdir(exist_ok=True)
    asyncio.run(make())
    return Stage(folder=ROOT, registry=registry(), charts=charts(), store=folder / "seed.db")


def scenario(expect: Any = None, **parts: Any) -> Scenario:
    """A scenario of one opportunity `o` in which everything fills, changed by `parts`."""
    usual = {
        "title": "a test",
        "story": "of the simulation",
        "opportunities": [{"id": "o", "at": "100ms"}],
        "until": "3s",
        "expect": {"executions": {"o": {"state": "completed"}}} if expect is None else expect,
    }
    return read_scenario(yaml.safe_dump({**usual, **parts}), Path("test.yaml"), registry())


def played(folder: Path, expect: Any = None, **parts: Any) -> Played:
    """Play such a scenario."""
    return play(scenario(expect, **parts), make_stage(folder), START_MS, folder / "played")
