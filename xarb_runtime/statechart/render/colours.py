"""
Colours by exposure, the same in every picture.
"""

import msgspec

from xarb_runtime.statechart.meta import ChartMeta
from xarb_runtime.statechart.model import Model


class Colour(msgspec.Struct, frozen=True):
    """Fill, line, and what it means."""

    fill: str
    line: str
    meaning: str


COLOURS = {
    "flat": Colour("#e8f3ea", "#3f7d4e", "flat: nothing is owned"),
    "hedged": Colour("#e5eefa", "#3567a8", "hedged: both sides are covered"),
    "unknown": Colour("#f3e8f7", "#83479c", "unknown: an order may exist"),
    "one_leg": Colour("#fdebd8", "#c0661a", "one leg: money is open"),
    "group": Colour("#f7f7f8", "#6b7280", "several states"),
}


def exposure_of(model: Model, meta: ChartMeta | None, state: str) -> str:
    """Return the name of a state's colour; a group has its own."""
    entry = meta.states.get(state) if meta else None
    if entry is None or not model.states[state].atomic:
        return "group"
    return entry.exposure.value
