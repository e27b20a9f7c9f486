"""
Measuring: medians and percentiles of repeated calls. Figures of one run are compared as ratios
only.
"""

import statistics
import time
from collections.abc import Callable

import msgspec


class Latency(msgspec.Struct, frozen=True):
    """Latencies of single calls in microseconds, and calls a second over the whole run."""

    p50_us: float
    p99_us: float
    per_second: float


def summary(seconds: list[float], total: float | None = None) -> Latency:
    """
    Summarise single latencies, given in seconds; `total` is the run's length if calls overlapped.
    """
    ordered = sorted(seconds)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Latency(
        p50_us=round(statistics.median(ordered) * 1e6, 1),
        p99_us=round(last * 1e6, 1),
        per_second=round(len(ordered) / (total or sum(ordered)), 1),
    )


def timed(call: Callable[[], object]) -> float:
    """Return how long a call takes, seconds."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
