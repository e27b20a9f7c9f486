"""
A durable three-step flow through the whole service: embedded bus, desk, journal, dispatcher, venue.

Each flow makes four commits: one that admits it and writes the first command, and one per answer.
The venue is a ghost that answers at once, in the same process.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.timing import Latency, summary
from xarb_runtime.bundle import bundled
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import BusSettings, ChartSettings, Settings
from xarb_runtime.service.work import Work

COMMITS = 4
CHART = Path(__file__).parent / "three_steps.yaml"


def settings(flow: str, in_flight: int) -> Settings:
    """Return settings with two ghosts that answer at once."""
    ghost: dict[str, Any] = {"kind": "ghost", "latency": "0ms", "prices": {"m/under": "2.05"}}
    return Settings(
        venues={"sx": ghost, "azuro": ghost},
        charts=ChartSettings(flow=flow),
        bus=BusSettings(in_flight=in_flight, max_age="10m"),
    )


def opportunity(name: str, now_ms: int) -> bytes:
    """Return the message of an opportunity."""

    def leg(venue: str, outcome: str, odds: str) -> dict[str, Any]:
        return {
            "selection": {"venue": venue, "market": "m", "outcome": outcome, "wins": [outcome]},
            "odds": odds,
        }

    data = {
        "id": name,
        "detected_ms": now_ms,
        "event": "Home - Away",
        "scenarios": ["over", "under"],
        "stake": "10",
        "leg_a": leg("sx", "over", "2.10"),
        "leg_b": leg("azuro", "under", "2.05"),
    }
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": name,
            "source": "bench",
            "type": "opportunity.detected",
            "time": datetime.fromtimestamp(now_ms / 1000, UTC),
            "data": data,
        }
    )


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


async def with_runtime(
    folder: Path, flow: str, in_flight: int, use: Callable[[Runtime, Ended], Awaitable[None]]
) -> None:
    """Run the service in `folder`, let `use` have it, and stop it safely."""
    if not (folder / "statecharts").exists():
        shutil.copytree(bundled("statecharts"), folder / "statecharts")
        shutil.copy(CHART, folder / "statecharts")
    ended = Ended()
    around = Surroundings(folder=folder, clock=SystemClock(), owner="bench", observers=(ended,))
    async with (
        assemble(settings(flow, in_flight), around) as runtime,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(runtime.run())
        await runtime.started.wait()
        await use(runtime, ended)
        await runtime.say("operator.stop", source="operator:bench")


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

    async def use(runtime: Runtime, ended: Ended) -> None:
        await _flows(runtime, ended, [f"warm{n}" for n in range(20)], at_once)
        names = [f"f{number}" for number in range(flows)]
        results.append(summary(*await _flows(runtime, ended, names, at_once)))

    asyncio.run(with_runtime(folder, flow, at_once, use))
    return results[0]
