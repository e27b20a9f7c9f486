"""
Observers look on: nothing they do reaches the runtime, nor each other.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.plugins.worlds import REGISTRY
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Exposure, Outcome, Snapshot, Status, Step
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.registry import Registry

OBSERVER = """
from xarb_runtime.plugins import hookimpl

seen = []


@hookimpl
def xarb_on_{what}({what}):
    seen.append({what})
    {then}
"""


def watch(folder: Path, name: str, what: str, then: str = "return None") -> None:
    (folder / f"{name}.py").write_text(OBSERVER.format(what=what, then=then))


def load(folder: Path) -> Registry:
    return discover(builtin=None, folders=[folder], entry_points=False)


def a_step() -> Step:
    event = Event(id="1", source="test", type="go", time_ms=1, execution="x-1")
    snapshot = Snapshot(
        execution="x-1",
        chart="flow",
        version=1,
        hash="",
        seq=0,
        leaves=("a",),
        history={},
        context=msgspec.Raw(b"{}"),
        timers=(),
        status=Status.RUNNING,
        exposure=Exposure.FLAT,
    )
    return Step(event=event, signal="go", outcome=Outcome.MOVED, before=snapshot, after=snapshot)


def test_everybody_sees_a_step(tmp_path: Path) -> None:
    watch(tmp_path, "one", "step")
    watch(tmp_path, "two", "step")
    registry, step = load(tmp_path), a_step()

    assert registry.observers.on_step(step) == ()
    assert [[step], [step]] == [registry.module(name).seen for name in ("one", "two")]


@pytest.mark.parametrize(
    "then",
    [
        "raise ValueError('no')",
        "raise SystemExit(1)",
        "import asyncio; raise asyncio.CancelledError",
    ],
)
def test_an_observer_that_raises_costs_only_itself(tmp_path: Path, then: str) -> None:
    watch(tmp_path, "angry", "step", then)
    watch(tmp_path, "calm", "step")
    registry = load(tmp_path)
    findings = registry.observers.on_step(a_step())

    assert [(finding.code, finding.plugin) for finding in findings] == [("XP201", "angry")]
    assert len(registry.module("calm").seen) == 1


def test_an_interrupt_from_the_keyboard_passes(tmp_path: Path) -> None:
    watch(tmp_path, "stop", "step", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        load(tmp_path).observers.on_step(a_step())


def test_an_observer_cannot_change_what_others_see(tmp_path: Path) -> None:
    watch(tmp_path, "careless", "incident", "incident.clear()")
    watch(tmp_path, "watchful", "incident")
    incident: dict[str, Any] = {"kind": "exposed", "legs": [1]}
    registry = load(tmp_path)
    registry.observers.on_incident(incident)

    assert [incident] == registry.module("watchful").seen
    assert incident == {"kind": "exposed", "legs": [1]}


def test_an_observer_may_want_fewer_arguments(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text(
        "from xarb_runtime.plugins import hookimpl\nseen = []\n\n\n"
        "@hookimpl\ndef xarb_on_step():\n    seen.append(1)\n"
    )
    registry = load(tmp_path)
    registry.observers.on_step(a_step())

    assert registry.module("count").seen == [1]


def test_the_shipped_plugins_do_not_look_on() -> None:
    assert len(REGISTRY.observers) == 0
