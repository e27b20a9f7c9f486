"""
How the tests of ghosts play a scene: one venue, a script, virtual time that begins at 0.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tests.plugins.worlds import CLOCK, REGISTRY, opening, run, settings
from xarb_runtime.domain.orders import OrderReport

T = TypeVar("T")
ID = "x-1:1:0"


def play(scene: Callable[[Any], Awaitable[T]], **raw: Any) -> T:
    """Play a scene with one ghost, in virtual time that begins at 0."""

    async def scenery() -> T:
        spec = REGISTRY.venue("ghost")
        async with spec.open(opening("sx", settings(**raw))) as venue:
            return await scene(venue)

    return run(scenery())


async def at(moment_ms: int) -> None:
    await CLOCK.sleep_ms(moment_ms - CLOCK.now_ms())


async def heard(venue: Any, for_ms: int) -> list[OrderReport]:
    """Everything that is reported until so long after now."""
    reports: list[OrderReport] = []

    async def listen() -> None:
        async for report in venue.reports():
            reports.append(report)  # noqa: PERF401 -- what was heard stays when this is cancelled

    listener = asyncio.create_task(listen())
    await CLOCK.sleep_ms(for_ms)
    listener.cancel()
    await asyncio.wait([listener])
    return reports


def shape(reports: list[OrderReport]) -> list[tuple[str, str]]:
    return [(report.status.value, str(report.filled)) for report in reports]


#: A timeline: a fifth is filled soon, the rest much later.
OPEN = [{"after": "100ms", "status": "open", "filled": "0.2"}, {"after": "9s"}]
