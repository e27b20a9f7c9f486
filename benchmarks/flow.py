"""
Latency of a durable flow through the whole service: embedded bus, desk, journal, dispatcher, venue.

Each three-step flow makes four commits: one that admits it and writes the first command, and one
per answer. The venue is a ghost that answers at once, in the same process.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.deployment import opportunity, settings, with_runtime
from benchmarks.timing import Latency, summary
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.work import Work

COMMITS = 4


class Ended:
    """Lets callers wait for an execution's end."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def __call__(self, work: Work) -> None:
        """Observe a round of work."""
        for taken in work.steps:
            if taken.after.status is Status.FINAL:
                waiting = self._waiting.pop(taken.after.execution, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    def wait(self, execution: str) -> asyncio.Future[None]:
        """Return a future that is done when the execution has ended."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[execution] = future
        return future


async def _flows(
    runtime: Runtime, ended: Ended, names: list[str], at_once: int
) -> tuple[list[float], float]:
    bus: Any = runtime.bus
    gate = asyncio.Semaphore(at_once)
    seconds: list[float] = []

    async def one(name: str) -> None:
        async with gate:
            begin = time.perf_counter()
            done = ended.wait(f"x-{name}")
            await bus.submit(opportunity(name, runtime.clock.now_ms()))
            await done
            seconds.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(one(name) for name in names))
    return seconds, time.perf_counter() - begin


def measure(folder: Path, *, flow: str, flows: int, at_once: int) -> Latency:
    """Return latencies and throughput of `flows` flows, `at_once` at a time."""
    results: list[Latency] = []
    ended = Ended()

    async def use(runtime: Runtime) -> None:
        await _flows(runtime, ended, [f"warm{n}" for n in range(20)], at_once)
        names = [f"f{number}" for number in range(flows)]
        results.append(summary(*await _flows(runtime, ended, names, at_once)))

    asyncio.run(with_runtime(folder, settings(flow, at_once), ended, use))
    return results[0]
