"""
A time axis for scenarios: true to scale where something happens, short where nothing does. Pure.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

import msgspec

#: Between two moments that matter, up to this long is drawn to scale; more is squeezed.
QUIET_MS = 3_000
#: How wide a squeezed pause is at least, and what a tenfold longer one adds, in milliseconds.
PAUSE_MS = 700
SQUEEZE_MS = 250
#: Smallest distance between two labels, pixels.
_LABEL_PX = 62
_ROOM_PX = 36
_NICE_MS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000)


class Tick(msgspec.Struct, frozen=True):
    """A label on the axis."""

    x: float
    text: str


class Pause(msgspec.Struct, frozen=True):
    """A stretch that is drawn shorter than it was."""

    left: float
    right: float
    text: str


class Axis:
    """
    Maps moments to pixels.

    Attributes:
        left, right: the first and the last pixel.
        pauses: where time is squeezed.
        ticks: labels.
    """

    def __init__(
        self, start_ms: int, end_ms: int, moments: Iterable[int], left: float, right: float
    ) -> None:
        inside = {min(max(moment, start_ms), end_ms) for moment in moments}
        self._moments = sorted({start_ms, end_ms, *inside})
        self._start_ms = start_ms
        self.left, self.right = left, right
        widths = [_width(after - before) for before, after in self._steps]
        scale = (right - left) / (sum(widths) or 1)
        self._pixels = [left]
        for width in widths:
            self._pixels.append(self._pixels[-1] + width * scale)
        self._px_per_ms = scale
        self.pauses = self._find_pauses()
        self.ticks = self._find_ticks()

    @property
    def _steps(self) -> list[tuple[int, int]]:
        return list(pairwise(self._moments))

    def x(self, moment_ms: int) -> float:
        """Return where a moment is."""
        index = min(max(bisect_right(self._moments, moment_ms) - 1, 0), len(self._moments) - 2)
        if index < 0:
            return self.left
        before, after = self._moments[index], self._moments[index + 1]
        part = (min(max(moment_ms, before), after) - before) / (after - before)
        here, there = self._pixels[index], self._pixels[index + 1]
        return round(here + part * (there - here), 1)

    def _find_pauses(self) -> list[Pause]:
        return [
            Pause(self.x(before), self.x(after), elapsed(after - before))
            for before, after in self._steps
            if after - before > QUIET_MS
        ]

    def _find_ticks(self) -> list[Tick]:
        """First where things begin again after a pause, then what a ruler has, if there is room."""
        begins = [after for before, after in self._steps if after - before > QUIET_MS]
        step_ms = next((it for it in _NICE_MS if it * self._px_per_ms >= _LABEL_PX), _NICE_MS[-1])
        ruler = range(self._start_ms, self._moments[-1], step_ms)
        ticks: list[Tick] = []
        for moment_ms in [self._start_ms, *begins[:-1], *ruler]:
            x = self.x(moment_ms)
            taken = [tick.x for tick in ticks] + [(it.left + it.right) / 2 for it in self.pauses]
            if x <= self.right - 8 and all(abs(x - other) >= _ROOM_PX for other in taken):
                ticks.append(Tick(x, elapsed(moment_ms - self._start_ms)))
        return ticks


def _width(gap_ms: int) -> float:
    """How wide a stretch without anything in it is drawn, in milliseconds of scale."""
    if gap_ms <= QUIET_MS:
        return float(gap_ms)
    return PAUSE_MS + SQUEEZE_MS * math.log10(gap_ms / QUIET_MS)


def elapsed(milliseconds: int) -> str:
    """Return a duration in seconds, as short as possible."""
    return f"{milliseconds / 1000:.3g} s"
