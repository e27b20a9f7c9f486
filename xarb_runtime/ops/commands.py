"""
What can be said of a command, whatever it is.
"""

from typing import Any

from xarb_runtime.domain.steps import Command


def venue_of(command: Command) -> str:
    """Return the venue that a command speaks with; empty where it speaks with none."""
    params: dict[str, Any] = command.params
    selection = params.get("selection")
    inner = selection.get("venue", "") if isinstance(selection, dict) else ""
    return str(params.get("venue") or inner)
