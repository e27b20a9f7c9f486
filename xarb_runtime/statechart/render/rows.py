"""
What is written about a state: its ways out as rows, those to the same target in one.
"""

from collections.abc import Iterable

import msgspec

from xarb_runtime.statechart.lint.effects import Command, effect_of
from xarb_runtime.statechart.model import Model, TransitionModel


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """
    One way out of a state, or what it does without leaving.

    Attributes:
        source: the state it is written in.
        target: the state it leads to, for a history state the group it remembers; empty when it
            stays.
        label: events and guards, for a line of text.
        lines: the same in full, one line per transition.
        timer: whether all its events are timers.
    """

    source: str
    target: str
    label: str
    lines: tuple[str, ...]
    timer: bool = False


def rows_of(model: Model, state: str) -> list[Row]:
    """Return the ways out of a state in document order, merged by target and kind."""
    timers = timer_events(model)
    groups: dict[tuple[str, bool, str], list[TransitionModel]] = {}
    for transition in model.states[state].transitions:
        timer = bool(transition.events) and set(transition.events) <= timers
        # What happens by itself is not hidden behind an event that leads to the same place.
        kind = "event" if transition.events else "guard" if transition.guarded else "otherwise"
        for target in transition.targets or ("",):
            groups.setdefault((target, timer, kind), []).append(transition)
    rows = (_row(state, target, group, timer=t) for (target, t, _), group in groups.items())
    return [_remembering(model, row) for row in rows]


def _remembering(model: Model, row: Row) -> Row:
    target = model.states.get(row.target)
    if target is None or not target.history:
        return row
    return msgspec.structs.replace(row, target=target.parent, label=f"{row.label} (as it was left)")


def deeds_of(model: Model, state: str) -> tuple[str, ...]:
    """Return what entering a state sends, timers aside: `place leg_a`."""
    deeds: list[str] = []
    for action in model.states[state].enter:
        effect = effect_of(action)
        if isinstance(effect, Command):
            deeds.append(f"{effect.name} {effect.slot}".strip())
    return tuple(deeds)


def timer_events(model: Model) -> set[str]:
    """Return the events that timers of the chart make."""
    return {
        str(each.body.get("event"))
        for state in model.states.values()
        for action in (
            *state.enter,
            *state.exit,
            *(a for t in state.transitions for a in t.actions),
        )
        for each in action.walk()
        if each.kind == "send" and ("delayexpr" in each.body or "delay" in each.body)
    }


def _row(source: str, target: str, group: list[TransitionModel], *, timer: bool) -> Row:
    events = dict.fromkeys(event for transition in group for event in transition.events)
    guards = [_guard(transition) for transition in group]
    label = shortened(events)
    if all(guards):
        label = f"{label} [{' | '.join(dict.fromkeys(guards))}]".strip()
    lines = tuple(_line(transition, target) for transition in group)
    return Row(source=source, target=target, label=label or "otherwise", lines=lines, timer=timer)


def _line(transition: TransitionModel, target: str) -> str:
    guard = _guard(transition)
    parts = [", ".join(transition.events), f"[{guard}]" if guard else ""]
    way = f"-> {target}" if target else "(stays)"
    return " ".join([*filter(None, parts), way])


def _guard(transition: TransitionModel) -> str:
    return " and ".join([*transition.cond, *(f"not ({text})" for text in transition.unless)])


def shortened(events: Iterable[str]) -> str:
    """Return events in a line, with a common beginning written once: `leg_a.filled, .refused`."""
    shown: list[str] = []
    last = ""
    for event in events:
        first, dot, rest = event.partition(".")
        shown.append(f".{rest}" if dot and first == last else event)
        last = first
    return ", ".join(shown)
