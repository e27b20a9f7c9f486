"""
Opportunities that wait in a bus, worked off as fast as the service can.

All of them are on the bus before it begins, so that the publisher's work is not measured. It ends
when the last execution has ended and, where messages go out, the bus has confirmed the last one.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.deployment import opportunity, settings, with_runtime
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.work import Work

#: So many executions end before the measuring begins.
WARM = 50
#: As settings ship it.
IN_FLIGHT = 50
GOOD = {"cross_venue": "completed", "three_steps": "done"}


class Stream(msgspec.Struct, frozen=True):
    """
    Attributes:
        flows: how many were measured.
        per_second: executions that ended, until the last one has.
        sent_per_second: the same, until everything about them was confirmed.
        messages: messages that went out, a flow.
        cpu_ms: milliseconds of processor time of this process, a flow.
        commits: commits, a flow.
    """

    flows: int
    per_second: float
    sent_per_second: float
    messages: float
    cpu_ms: float
    commits: float


class Counted:
    """
    Counts executions that have ended, by the state they ended in, and messages in the outbox.

    Attributes:
        warm, done: as many have ended as it takes.
    """

    def __init__(self, until: int) -> None:
        self.ends: Counter[str] = Counter()
        self.outgoing = 0
        self.rounds = 0
        self.warm = asyncio.Event()
        self.done = asyncio.Event()
        self._until = until

    def __call__(self, work: Work) -> None:
        """Observe a round of work."""
        self.rounds += 1
        self.outgoing += len(work.batch.outgoing)
        for taken in work.steps:
            if taken.after.status is Status.FINAL and is_trade(taken.after.execution):
                self.ends["+".join(taken.after.leaves)] += 1
        ended = self.ends.total()
        if ended >= WARM:
            self.warm.set()
        if ended >= self._until:
            self.done.set()


def names(count: int) -> list[str]:
    """Return the names of the opportunities, those to warm up first."""
    return [f"s{number}" for number in range(WARM + count)]


async def measure(
    folder: Path, *, flow: str, flows: int, bus: str, store: str | None = None
) -> Stream:
    """Work off `flows` opportunities; an in-process bus is filled here, a broker's was before."""
    counted = Counted(WARM + flows)
    found: list[Stream] = []
    chosen = {} if store is None else {"store": store}
    wanted = settings(flow, IN_FLIGHT, bus=bus, **chosen)

    async def use(runtime: Runtime) -> None:
        inside: Any = runtime.bus
        if hasattr(inside, "submit"):
            now_ms = runtime.clock.now_ms()
            for name in names(flows):
                await inside.submit(opportunity(name, now_ms))
        found.append(await _watch(runtime, counted))

    await with_runtime(folder, wanted, counted, use)
    if set(counted.ends) != {GOOD[flow]}:
        message = f"expected all executions to end in {GOOD[flow]!r}, found {dict(counted.ends)}"
        raise RuntimeError(message)
    return found[0]


async def _watch(runtime: Runtime, counted: Counted) -> Stream:
    await counted.warm.wait()
    begin, cpu, rounds = time.perf_counter(), time.process_time(), counted.rounds
    ended, outgoing = counted.ends.total(), counted.outgoing
    await counted.done.wait()
    seconds = time.perf_counter() - begin
    while runtime.relay.figures().waiting:
        await runtime.clock.sleep_ms(2)
    sent_seconds = time.perf_counter() - begin
    flows = counted.ends.total() - ended
    return Stream(
        flows=flows,
        per_second=round(flows / seconds, 1),
        sent_per_second=round(flows / sent_seconds, 1),
        messages=round((counted.outgoing - outgoing) / flows, 2),
        cpu_ms=round((time.process_time() - cpu) / flows * 1000, 3),
        commits=round((counted.rounds - rounds) / flows, 3),
    )
