"""
The clock that a runtime begins with, where the store knows a later time than the machine does.

Deadlines in the store are absolute. Under a clock that was set back while nothing ran, they would
be late by as much, and nobody would see why. A clock that is behind by little therefore goes on
from the store's newest time, ahead of the machine's. One that is behind by more is either wrong or
was wrong before, and which of the two nobody can tell from here: a start is refused, until the
machine's clock has been set, or a person says that it is right.
"""

import asyncio
import time
from collections.abc import Iterator

import structlog

from xarb_runtime.ops.findings import Check
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.queries import Queries

log = structlog.get_logger("xarb.clock")

#: A clock may be ahead of the machine's by so much, milliseconds. Two hosts that are kept in step
#: differ by less, and so does a clock that is corrected after a reboot.
LONGEST_MS = 60_000
#: The machine's clock is not as the store has it, which more than one try may change.
_CONFLICT = 409


async def starting_clock(url: str, *, is_right: bool = False) -> SystemClock:
    """
    Return a clock that does not begin before the newest event in the store.

    Args:
        url: the store; one that is not there yet knows no time.
        is_right: the machine's clock counts, whatever the store holds.

    Raises:
        ProblemError: the machine's clock is behind by more than a minute.
    """
    newest_ms, now_ms = await _newest_ms(url), time.time_ns() // 1_000_000
    behind_ms = newest_ms - now_ms
    if behind_ms <= 0:
        return SystemClock()
    if is_right:
        effect = "deadlines from before the start are late by as much: look at xarb executions"
        log.warning("clock_behind", behind_ms=behind_ms, newest_ms=newest_ms, effect=effect)
        return SystemClock()
    if behind_ms > LONGEST_MS:
        raise ProblemError(_problem(newest_ms, now_ms), _CONFLICT)
    log.warning(
        "clock_behind",
        behind_ms=behind_ms,
        newest_ms=newest_ms,
        effect="time goes on from the store's newest; messages look older than they are",
        do="set the machine's clock, then restart",
    )
    return SystemClock(newest_ms)


def check_starting_clock(url: str) -> Iterator[Check]:
    """Yield what stops a start on the machine's clock, if anything does."""
    newest_ms, now_ms = asyncio.run(_newest_ms(url)), time.time_ns() // 1_000_000
    if newest_ms - now_ms > LONGEST_MS:
        yield Check(area="clock", severity="error", problem=_problem(newest_ms, now_ms))


async def _newest_ms(url: str) -> int:
    try:
        async with Queries.open(url) as queries:
            return await queries.newest_event_ms() or 0
    except StoreError:
        return 0  # none yet; if it is there and cannot be read, opening it says so in a moment


def _problem(newest_ms: int, now_ms: int) -> Problem:
    return Problem(
        what=f"the machine's clock is {(newest_ms - now_ms) // 1000} s behind the store",
        where="the machine's clock",
        expected=f"not before the newest event, {_shown(newest_ms)}",
        found=_shown(now_ms),
        do="Set the clock and start again. If it is right, and was ahead before: "
        "xarb run --clock-is-right; deadlines of executions in flight are late then",
    )


def _shown(time_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time_ms / 1000))
