"""
The mission's flow, stepped with a restore each time, beside a machine of python-statemachine's own
that lives through the same events.
"""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from statemachine.io import load

from tests.statechart.explorer import timer_moves
from tests.statechart.market import Market
from tests.statechart.test_flow import CHART, CHART_FILE, context_of, opportunity
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Command, Status, Step
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.engine import start, step
from xarb_runtime.statechart.native import native_part


class _Living(CrossVenue, kw_only=True):
    state: Any = None


class _Commands:
    """Stands in for the library's invoke manager: gives each command its key."""

    def __init__(self, model: _Living) -> None:
        self._model = model
        self.seq = 0
        self.seen: list[Command] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None

    def send_to_child(self, target: str, event: str, **params: Any) -> bool:
        draft = Command(f"x-1:{self.seq}:{len(self.seen)}", target, event, params)
        completed = self._model.issued(draft)
        self.seen.append(msgspec.structs.replace(draft, params=completed))
        return True


def _without_delays(part: Any) -> Any:
    """The living machine would sleep until they are due; here timers come from the snapshot."""
    if isinstance(part, list):
        return [_without_delays(item) for item in part if not _is_delayed(item)]
    if isinstance(part, dict):
        return {key: _without_delays(value) for key, value in part.items()}
    return part


def _is_delayed(item: Any) -> bool:
    return isinstance(item, dict) and "delayexpr" in (item.get("send") or {})


DOCUMENT = json.dumps(_without_delays(native_part(parse(CHART_FILE.read_text(encoding="utf-8")))))
FLAGS = {"catch_errors_as_events": False, "atomic_configuration_update": True}
PLAIN = type("living", (load(DOCUMENT, format="json", name="living_flow"),), FLAGS)


class _Life:
    """One execution on a machine that is never restored."""

    def __init__(self, first: Event) -> None:
        blank = _Living(execution="x-1", now_ms=first.time_ms)
        blank.observe(first)  # while it is built, the machine looks at all attributes
        self.model = blank
        self.machine: Any = PLAIN(blank)
        self.commands = self.machine._engine._invoke_manager = _Commands(blank)

    def hear(self, signal: str, event: Event, seq: int) -> None:
        self.commands.seq, self.commands.seen = seq, []
        self.machine.send(signal)

    def know(self, event: Event) -> None:
        self.model.now_ms = event.time_ms
        self.model.observe(event)

    @property
    def leaves(self) -> tuple[str, ...]:
        return tuple(sorted(s.id for s in self.machine.configuration if s.is_atomic))


def _same(taken: Step, life: _Life) -> None:
    known, lived = context_of(taken.after), life.model

    assert taken.after.leaves == life.leaves
    assert list(taken.commands) == life.commands.seen
    for field in CrossVenue.__struct_fields__:
        assert getattr(known, field) == getattr(lived, field)
    assert (taken.after.status is Status.FINAL) is life.machine.is_terminated


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1000), max_size=40), st.booleans())
def test_stepping_equals_living(choices: list[int], gamble: bool) -> None:
    first = opportunity(hedge_before_known=gamble)
    life = _Life(first)
    taken = step(CHART, start(CHART, "x-1"), first)
    life.hear(taken.signal, first, taken.after.seq)
    _same(taken, life)
    snapshot, market = taken.after, Market("x-1", 1100).after(taken)

    for choice in choices:
        if snapshot.status is Status.FINAL:
            break
        moves = [*market.moves(snapshot), *timer_moves(snapshot, market)]
        move = moves[choice % len(moves)]
        market = move.outside
        if move.event is None:
            continue
        taken = step(CHART, snapshot, move.event)
        if taken.signal:
            life.know(move.event)
            life.hear(taken.signal, move.event, taken.after.seq)
            _same(taken, life)
        snapshot, market = taken.after, market.after(taken)
