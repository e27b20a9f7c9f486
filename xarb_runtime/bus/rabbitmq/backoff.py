"""
How long to wait before the next attempt to connect.
"""

from collections.abc import Callable

#: The share of a pause that chance decides: many runtimes must not come back all at once.
JITTER = 0.5


class Backoff:
    """
    Pauses that double up to a limit, a part of each left to chance.

    Args:
        from_ms: the first pause, at its longest.
        up_to_ms: no pause is longer.
        chance: gives a number from 0 up to 1, e.g. `random.random`.
    """

    def __init__(self, from_ms: int, up_to_ms: int, chance: Callable[[], float]) -> None:
        self._from_ms, self._up_to_ms, self._chance = from_ms, up_to_ms, chance
        self._pause_ms = from_ms

    def next_ms(self) -> int:
        """Return the next pause in milliseconds."""
        pause_ms = self._pause_ms
        self._pause_ms = min(2 * pause_ms, self._up_to_ms)
        return round(pause_ms * (1 - JITTER * self._chance()))

    def reset(self) -> None:
        """Begin with the shortest pause again: the connection was good."""
        self._pause_ms = self._from_ms
