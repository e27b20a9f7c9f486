"""
Kill points: the places where a crash is most interesting, reachable through `debug.kill_at`.

`kill_at` is `NAME:N`, the N-th time the point is reached, counted from 1; or `NAME:WHAT:N` for a
point that is reached for several things, e.g. `before_wire:place:2`.

Names: `before_commit`, `after_commit`, `before_wire`, `after_wire`.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable

NAMES = ("before_commit", "after_commit", "before_wire", "after_wire")


def kill_process() -> None:
    """Die at once, as in a power cut: no cleanup, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


class KillPoints:
    """Counts how often each point is reached and kills at the chosen one."""

    def __init__(self, kill_at: str = "", kill: Callable[[], None] = kill_process) -> None:
        """
        Args:
            kill_at: as above; empty for never.
            kill: what killing means; simulations raise instead.

        Raises:
            ValueError: `kill_at` is not of that form.
        """
        self._kill = kill
        self._reached: Counter[str] = Counter()
        self._point, self._count = _read(kill_at)

    def reach(self, name: str, what: str = "") -> None:
        """Say that a point is reached; does not return if it is the chosen one."""
        for point in {name, f"{name}:{what}" if what else name}:
            self._reached[point] += 1
            if point == self._point and self._reached[point] == self._count:
                self._kill()

    @property
    def reached(self) -> dict[str, int]:
        """How often each point was reached; tells a campaign how far it can count."""
        return dict(self._reached)


def _read(kill_at: str) -> tuple[str, int]:
    if not kill_at:
        return "", 0
    point, _, count = kill_at.rpartition(":")
    if point.partition(":")[0] not in NAMES or not count.isdigit():
        names = ", ".join(NAMES)
        message = (
            "debug.kill_at: expected NAME:N or NAME:WHAT:N with NAME one of "
            f"{names}, found {kill_at!r}"
        )
        raise ValueError(message)
    return point, int(count)
