"""
Resident memory of the service over many executions, measured in a process of its own.

Usage: python -m benchmarks.memory FOLDER EXECUTIONS BUS; prints one JSON object.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import structlog

from benchmarks.deployment import INSTANT, opportunity, settings, with_runtime
from benchmarks.stream import IN_FLIGHT
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.work import Work

#: The figure at this share of the way is the one that the end is compared with.
SETTLED = 10
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Memory(msgspec.Struct, frozen=True):
    """
    Attributes:
        executions: how many there were.
        curve_mb: resident memory in megabytes (10^6 bytes) after each tenth of them.
        growth_mb: how much it grew from the first tenth to the end.
    """

    executions: int
    curve_mb: list[float]
    growth_mb: float


class _Curve:
    """Takes a sample after each tenth of the executions."""

    def __init__(self, executions: int) -> None:
        self.samples: list[float] = []
        self.done = asyncio.Event()
        self._each = executions // SETTLED
        self._ended = 0

    def __call__(self, work: Work) -> None:
        for taken in work.steps:
            if taken.after.status is Status.FINAL and is_trade(taken.after.execution):
                self._ended += 1
                if self._ended % self._each == 0:
                    self.samples.append(round(_resident_bytes() / 1e6, 1))
        if len(self.samples) == SETTLED:
            self.done.set()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


async def _feed(runtime: Runtime, executions: int) -> None:
    """An engine in the process: it waits when the bus is full."""
    if not isinstance(runtime.bus, EmbeddedBus):
        return
    for number in range(executions):
        while runtime.bus.depth() > IN_FLIGHT:
            await runtime.clock.sleep_ms(1)
        await runtime.bus.submit(opportunity(f"m{number}", runtime.clock.now_ms()))


async def _run(folder: Path, executions: int, bus: str) -> list[float]:
    curve = _Curve(executions)

    async def use(runtime: Runtime) -> None:
        await _feed(runtime, executions)
        await curve.done.wait()

    wanted = settings("cross_venue", IN_FLIGHT, bus=bus, venue=INSTANT)
    await with_runtime(folder, wanted, curve, use)
    return curve.samples


def measure(folder: Path, *, executions: int, bus: str) -> Memory:
    """Run `executions` executions in a new process; a broker's are published by somebody else."""
    command = [sys.executable, "-m", "benchmarks.memory", str(folder), str(executions), bus]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    curve = json.loads(done.stdout.strip().splitlines()[-1])
    return Memory(executions, curve, round(curve[-1] - curve[0], 1))


def main() -> None:
    """Run and print the curve."""
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    folder, executions, bus = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    begin = time.perf_counter()
    curve = asyncio.run(_run(folder, executions, bus))
    sys.stderr.write(f"{executions / (time.perf_counter() - begin):.0f} executions a second\n")
    print(json.dumps(curve))


if __name__ == "__main__":
    main()
