"""
A chart as a Mermaid state diagram, as code hosts and note books draw it.
"""

from collections.abc import Iterator

from xarb_runtime.statechart.meta import ChartMeta
from xarb_runtime.statechart.model import Model, StateModel
from xarb_runtime.statechart.render.colours import COLOURS, exposure_of
from xarb_runtime.statechart.render.rows import Row, rows_of

_LONGEST = 60

#: Characters that end or encode something in Mermaid's labels, and what is written instead.
_READABLE = str.maketrans({";": ",", "#": " "})


def to_mermaid(model: Model, meta: ChartMeta | None = None) -> str:
    """Return the chart as text for Mermaid; exposure is shown by colour, groups are nested."""
    top = [state for state in model.states.values() if not state.parent]
    lines = ["stateDiagram-v2", *_indented(_section(model, top, ""))]
    for name, colour in COLOURS.items():
        states = [s for s in model.states if exposure_of(model, meta, s) == name]
        if states and name != "group":
            lines.append(
                f"    classDef {name} fill:{colour.fill},stroke:{colour.line},color:#111827"
            )
            lines.append(f"    class {','.join(states)} {name}")
    return "\n".join(lines) + "\n"


def _section(model: Model, states: list[StateModel], group: str) -> Iterator[str]:
    """States that belong together, then the arrows between them."""
    regions = bool(group) and model.states[group].parallel
    yield from (f"[*] --> {state.id}" for state in states if state.initial and not regions)
    for state in states:
        if not state.history:
            yield from _state(model, state)
    yield from (f"{state.id} --> [*]" for state in states if state.final)
    if regions:
        return
    for source in model.states:
        for row in rows_of(model, source):
            target = row.target or source
            if _meeting(model, source, target) == group:
                yield f"{source} --> {target} : {_label(row)}"


def _state(model: Model, state: StateModel) -> Iterator[str]:
    children = [model.states[child] for child in state.children]
    if not children:
        yield state.id
        return
    yield f"state {state.id} {{"
    for index, region in enumerate(_regions(state, children)):
        yield from ["    --"] if index else []
        yield from _indented(_section(model, region, state.id))
    yield "}"


def _meeting(model: Model, source: str, target: str) -> str:
    """
    The innermost group around both ends of an arrow; empty for the top.

    Mermaid draws a state inside the group in which an arrow first names it. It has no place for
    arrows from one region to another: those are written around the regions.
    """
    inside = [state.id for state in model.ancestors(source)][1:]
    outer = {state.id for state in list(model.ancestors(target))[1:]}
    return next((s for s in inside if s in outer and not model.states[s].parallel), "")


def _regions(state: StateModel, children: list[StateModel]) -> list[list[StateModel]]:
    return [[child] for child in children] if state.parallel else [children]


def _label(row: Row) -> str:
    text = row.label if len(row.label) <= _LONGEST else f"{row.label[: _LONGEST - 1]}…"
    text = text.translate(_READABLE)
    return f"{text} (timer)" if row.timer else text


def _indented(lines: Iterator[str]) -> list[str]:
    return [f"    {line}" for line in lines]
