"""
The part of a chart's document that is python-statemachine's own.
"""

from typing import Any, cast

from statemachine.io.validation import load_schema  # pyright: ignore[reportUnknownVariableType]

from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.meta import BLOCK
from xarb_runtime.statechart.model import Model


def native_part(document: Document) -> dict[str, Any]:
    """Return the document without our block: what the library's schema and loader see."""
    return {key: value for key, value in document.data.items() if key != BLOCK}


def called_names(model: Model) -> set[str]:
    """Return the names of all callback references."""
    return {
        action.body
        for state in model.states.values()
        for action in (
            *state.enter,
            *state.exit,
            *(a for t in state.transitions for a in t.actions),
        )
        if action.kind == "call"
    }


def native_schema() -> dict[str, Any]:
    """Return python-statemachine's published schema."""
    return cast("dict[str, Any]", load_schema())
