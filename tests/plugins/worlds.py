"""
What the plugins' tests stand on: the first-party plugins, and time that costs nothing.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.settings import open_settings

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
BUILTIN = ROOT / "plugins"
OVER = Selection("sx", "ou25", "over", ("over",))

ghost = load_file("ghost", (BUILTIN / "ghost" / "__init__.py").resolve())
REGISTRY = discover(builtin=BUILTIN, entry_points=False)


def settings(**raw: Any) -> Any:
    """A ghost's settings, read the way the runtime reads them."""
    return open_settings(REGISTRY.venue("ghost"), raw, "venues.sx")


def order(client_id: str = "x-1:1:0", **changes: Any) -> Order:
    facts: dict[str, Any] = {
        "client_id": client_id,
        "selection": OVER,
        "stake": Decimal(100),
        "min_odds": Decimal("1.9"),
        "reduces": False,
        "expires_ms": 10**14,
    }
    return Order(**facts | changes)


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait for a timer: it moves the time to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            message = "everything waits, and nothing will ever happen"
            raise AssertionError(message)
        self.now += timeout
        return super().select(0)


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class LoopClock:
    """The running loop's time."""

    def now_ms(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    async def sleep_ms(self, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)


CLOCK = LoopClock()


def opening(name: str, own: Any, clock: Any = CLOCK) -> VenueOpening:
    """What a venue is opened with."""
    return VenueOpening(name=name, settings=own, clock=clock)


def run(scene: Coroutine[Any, Any, T]) -> T:
    """Play a scene in a loop whose time jumps."""
    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        return runner.run(scene)
