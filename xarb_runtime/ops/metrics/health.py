"""
Whether a runtime lives, and whether it is ready to trade; if not, why.
"""

import msgspec

from xarb_runtime.ops.looking import level_of
from xarb_runtime.service.runtime import Runtime

#: The level in which opportunities are admitted.
TRADING = "running"
CONNECTED = "connected"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """
    Attributes:
        dead: why the process should be started again; empty while it lives.
        unready: why no opportunity would be executed now; empty while one would be.
    """

    dead: list[str]
    unready: list[str]


def health_of(runtime: Runtime) -> Health:
    """Return the health of a runtime. That somebody gets it says that its loop answers."""
    dead = []
    if not runtime.journal.holds_lease:
        dead.append("the lease on the store has run out or a commit has failed")
    return Health(dead=dead, unready=[*dead, *_unready(runtime)])


def _unready(runtime: Runtime) -> list[str]:
    level, bus = level_of(runtime), runtime.bus.state()
    found = []
    if not runtime.started.is_set():
        # Alive all the same: whoever ends it now only makes it begin anew.
        found.append("it is still recovering")
    if level.level != TRADING:
        because = f": {level.reason}" if level.reason else ""
        found.append(f"the level is {level.level}{because}")
    if bus.state != CONNECTED:
        because = f": {bus.reason}" if bus.reason else ""
        found.append(f"the bus is {bus.state}{because}")
    return found
