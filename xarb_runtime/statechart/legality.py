"""
Which configurations a chart can be in: exactly one leaf in every active region.

A damaged snapshot would otherwise restore as an execution that runs and hears nothing.
"""

from collections.abc import Collection, Iterable, Mapping

from xarb_runtime.statechart.model import Model, StateModel


def damaged_leaves(model: Model, leaves: tuple[str, ...]) -> str:
    """Return what is wrong with a set of active leaves; empty when the chart can rest there."""
    if list(leaves) != sorted(set(leaves)):
        return f"leaves that are not sorted or not unique: {', '.join(leaves)}"
    alien = [leaf for leaf in leaves if leaf not in model.states or not model.states[leaf].atomic]
    if alien:
        return f"no atomic states: {', '.join(alien)}"
    active = _with_ancestors(model, leaves)
    tops = [state.id for state in model.states.values() if not state.parent]
    return _damaged_choice("the chart", tops, active) or _damaged_below(model, active)


def damaged_history(model: Model, history: Mapping[str, tuple[str, ...]]) -> str:
    """Return what is wrong with remembered history; empty when the chart can have left it."""
    found = (_damaged_memory(model, key, values) for key, values in history.items())
    return next((damage for damage in found if damage), "")


def _damaged_memory(model: Model, key: str, values: tuple[str, ...]) -> str:
    history = model.states.get(key)
    if history is None or not history.history:
        return f"no history state: {key}"
    region = model.states[history.parent]
    inside = {state.id for state in model.states.values() if _within(model, state, region)}
    alien = [value for value in values if value not in inside]
    if alien:
        return f"history {key} of states outside {region.id}: {', '.join(alien)}"
    active = {region.id, *values}
    direct = [value for value in values if model.states[value].parent == region.id]
    if len(direct) == len(values):  # shallow, or deep over atomic children
        return _damaged_children(model, region, active)
    return _damaged_below(model, active)


def _within(model: Model, state: StateModel, region: StateModel) -> bool:
    return not state.history and any(a.id == region.id for a in model.ancestors(state.parent))


def _with_ancestors(model: Model, leaves: Iterable[str]) -> set[str]:
    return {state.id for leaf in leaves for state in model.ancestors(leaf)}


def _damaged_below(model: Model, active: Collection[str]) -> str:
    found = (_damaged_children(model, model.states[state], active) for state in sorted(active))
    return next((damage for damage in found if damage), "")


def _damaged_children(model: Model, state: StateModel, active: Collection[str]) -> str:
    children = [child for child in state.children if not model.states[child].history]
    if state.parallel:
        missing = [child for child in children if child not in active]
        return f"{state.id} without its region {', '.join(missing)}" if missing else ""
    return _damaged_choice(state.id, children, active) if children else ""


def _damaged_choice(where: str, among: Iterable[str], active: Collection[str]) -> str:
    found = [state for state in among if state in active]
    if len(found) == 1:
        return ""
    return f"{len(found)} active states in {where}: {', '.join(found) or 'none'}"
