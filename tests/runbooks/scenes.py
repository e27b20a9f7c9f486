"""
Scenes: situations made real. Each lays out a deployment in which exactly that has happened.

A situation that goes on from another one has it as its argument `after`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.runbooks.table import Table

Scene = Callable[[Table], None]


class Situation(msgspec.Struct, frozen=True):
    """A situation: how it comes about, and which one it goes on from."""

    name: str
    scene: Scene
    after: str


SITUATIONS: dict[str, Situation] = {}


def situation(*, after: str = "") -> Callable[[Scene], Scene]:
    """Register a situation under its function's name."""

    def register(scene: Scene) -> Scene:
        SITUATIONS[scene.__name__] = Situation(scene.__name__, scene, after)
        return scene

    return register


#: Deadlines that a test can wait for, and long ones for what comes in time: however busy the
#: machine is, it does. What is counted or compared stays as it ships.
LIMITS: dict[str, Any] = {
    "max_age": "60s",
    "ttl_leg_a": "60s",
    "ttl_leg_b": "60s",
    "ttl_hedge": "60s",
    "ttl_cancel": "60s",
    "ttl_quote": "60s",
    "ttl_plan": "60s",
    "finality": "800ms",
    "find_retry": "50ms",
    "find_retry_max": "200ms",
}
REFUSED = {"answer": "refused", "code": "MARKET_SUSPENDED"}
#: A pool that takes all or nothing, quickly.
POOL = {"latency": "10ms", "default": {"reports": [{"after": "20ms", "status": "filled"}]}}
EXCHANGE: dict[str, Any] = {"latency": "10ms", "final_after": "20ms"}


def run(table: Table, sx: Any = None, azuro: Any = None, **sections: Any) -> None:
    """Lay a deployment out and start it."""
    sections["limits"] = LIMITS | sections.get("limits", {})
    venues = {"sx": EXCHANGE | (sx or {}), "azuro": POOL | (azuro or {})}
    table.lay_out(venues, **sections)
    started = table.start()
    assert started.exit_code is None, started.output


def expose(table: Table, **sections: Any) -> None:
    """Leg A is filled; leg B and all three hedges are refused once, then taken."""
    run(
        table,
        sx={"orders": [{}, REFUSED]},
        azuro={"orders": [REFUSED] * 3},
        **sections,
    )
    table.submit("o-1")
    table.until_state("x-o-1", "exposed")
    table.until_incident("exposed")
