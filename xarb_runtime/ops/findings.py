"""
One thing that was looked up before a start.
"""

from typing import Literal

import msgspec

from xarb_runtime.ops.problems import Problem

Area = Literal[
    "settings",
    "plugins",
    "charts",
    "venues",
    "store",
    "bus",
    "clock",
    "control",
    "metrics",
    "tracing",
    "logs",
]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that was looked up.

    Attributes:
        area: what it belongs to.
        severity: `ok`, `warning`, or `error`: that stops a start.
        problem: what is wrong; for `ok`, `what` says what was found.
    """

    area: Area
    severity: Literal["ok", "warning", "error"]
    problem: Problem


def fine(area: Area, what: str, where: str = "") -> Check:
    """Return that something was found to be right."""
    return Check(area=area, severity="ok", problem=Problem(what=what, where=where))


def warns(area: Area, what: str, where: str = "", do: str = "") -> Check:
    """Return that something is doubtful, and stops no start."""
    return Check(area=area, severity="warning", problem=Problem(what=what, where=where, do=do))


def stops(area: Area, what: str, where: str = "", do: str = "") -> Check:
    """Return that something stops a start."""
    return Check(area=area, severity="error", problem=Problem(what=what, where=where, do=do))
