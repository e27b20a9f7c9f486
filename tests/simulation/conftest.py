"""Plays the project's scenarios once, however many tests ask."""

from collections.abc import Callable

import pytest

from tests.simulation.stage import SCENARIOS, charts, make_stage, registry
from xarb_runtime.simulation.campaign import FIRST_MS, HOUR_MS, Report, report_of
from xarb_runtime.simulation.play import Played, play
from xarb_runtime.simulation.scenario_file import read_folder

Playing = Callable[[str], Played]


@pytest.fixture(scope="session")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Playing:
    """Gives each of the project's scenarios, played as a campaign plays it."""
    stage = make_stage(tmp_path_factory.mktemp("campaign"))
    scenarios = {it.name: it for it in read_folder(SCENARIOS, registry())}
    hours = {name: hour for hour, name in enumerate(sorted(scenarios))}
    known: dict[str, Played] = {}

    def give(name: str) -> Played:
        if name not in known:
            start_ms = FIRST_MS + hours[name] * HOUR_MS
            known[name] = play(scenarios[name], stage, start_ms, stage.store.parent / name)
        return known[name]

    return give


@pytest.fixture(scope="session")
def report(playing: Playing) -> Report:
    """The report on all of them."""
    names = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    return report_of([playing(name) for name in names], charts())
