"""
A step restores an execution, lets one event happen and writes it down again. It must come to the
same as a machine of python-statemachine's own that lives through all events.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statemachine import StateChart
from statemachine.io import load
from statemachine.orderedset import OrderedSet

from tests.statechart.tally import GOOD, Tally, good, happened
from xarb_runtime.domain.steps import Outcome, Status
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.native import native_part

CHARTS = {name: good(name) for name in ("traffic", "regions", "memory")}
EVENTS = {
    "traffic": [
        "go",
        "fast",
        "halt",
        "jump",
        "many.cars",
        "overtake",
        "brake",
        "brake.hard",
        "brake.hard.now",
        "leave",
        "no.such",
    ],
    "regions": ["go", "skip", "tick", "go.left", "finish", "clash", "reset", "no.such"],
    "memory": ["fresh", "shallow", "deep", "leave", "next", "back", "inner", "stop", "no.such"],
}


class _Living(Tally, kw_only=True):
    state: Any = None


class _DocumentOrder(StateChart):
    """
    Keeps active regions in document order, as SCXML asks.

    The library keeps them in the order they last moved in, so that which of two conflicting
    transitions wins depends on the past; see `test_library_behaviour.py`.
    """

    @property
    def configuration(self) -> OrderedSet[Any]:
        active = super().configuration
        return OrderedSet(state for state in self.states_map.values() if state in active)

    @configuration.setter
    def configuration(self, new: OrderedSet[Any]) -> None:
        self._config.states = new


def _plain(name: str) -> Any:
    document = parse((GOOD / f"{name}.yaml").read_text(encoding="utf-8"))
    loaded = load(json.dumps(native_part(document)), format="json", name=f"plain_{name}")
    flags = {"atomic_configuration_update": True, "catch_errors_as_events": False}
    return type(f"living_{name}", (_DocumentOrder, loaded), flags)


PLAIN = {name: _plain(name) for name in CHARTS}


def _leaves(machine: Any) -> tuple[str, ...]:
    return tuple(sorted(s.id for s in machine.configuration if s.is_atomic))


def _history(machine: Any) -> dict[str, tuple[str, ...]]:
    found = machine.history_values.items()
    return {key: tuple(sorted(s.id for s in states)) for key, states in sorted(found)}


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_stepping_with_a_restore_each_time_equals_one_living_machine(name: str) -> None:
    chart = CHARTS[name]

    @given(st.lists(st.sampled_from(EVENTS[name]), max_size=30))
    def law(kinds: list[str]) -> None:
        living = PLAIN[name](_Living(execution="x-1"))
        snapshot = start(chart, "x-1")
        for at, kind in enumerate(kinds):
            if snapshot.status is Status.FINAL:
                break
            living.model.now_ms = at
            living.send(kind)
            done = step(chart, snapshot, happened(kind, at))
            snapshot = done.after

            context = chart.decoder.decode(snapshot.context)
            assert done.outcome in {Outcome.MOVED, Outcome.UNEXPECTED}
            assert snapshot.leaves == _leaves(living)
            assert snapshot.history == _history(living)
            assert context.count == living.model.count
            assert context.log == living.model.log
            assert (snapshot.status is Status.FINAL) is living.is_terminated

    law()
