"""The project's scenarios played on a bus that others listen to, and all that they hear."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.simulation.stage import START_MS
from xarb_runtime.simulation import world
from xarb_runtime.simulation.death import MortalKillPoints
from xarb_runtime.simulation.play import Played, play
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.wire import BusWire
from xarb_runtime.simulation.world import SCHEME, Stage, World


class Heard(NamedTuple):
    """A message that went out."""

    scenario: str
    routing_key: str
    body: bytes


@contextmanager
def listening(scenario: str, heard: list[Heard]) -> Iterator[None]:
    """Let the simulation's bus go outwards, and write down what is published on it."""

    class OverheardWire(BusWire):
        async def publish(self, body: bytes, routing_key: str) -> None:
            await super().publish(body, routing_key)
            heard.append(Heard(scenario, routing_key, body))

    quiet = World._registry

    def loud(self: World, life: MortalKillPoints) -> Any:
        registry = quiet(self, life)
        spec = registry.buses[SCHEME]
        registry.buses[SCHEME] = msgspec.structs.replace(spec, outbound=True)
        return registry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "BusWire", OverheardWire)
        patch.setattr(World, "_registry", loud)
        yield


def overheard(scenario: Scenario, stage: Stage, folder: Path) -> tuple[Played, list[Heard]]:
    """Play a scenario; return it with all that went out."""
    heard: list[Heard] = []
    with listening(scenario.name, heard):
        played = play(scenario, stage, START_MS, folder)
    return played, heard
