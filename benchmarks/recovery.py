"""
What it takes to continue with many executions in flight: time, and memory of each.

Leg A of every execution is on its way when the process ends. Recovery is over when every one of
those orders has been called unknown, and that is on disk.
"""

import asyncio
import gc
import time
import tracemalloc
from decimal import Decimal
from pathlib import Path

import msgspec

from benchmarks.deployment import opportunity, settings, with_runtime
from xarb_runtime.bus.cloudevents import decode
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED, Event
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.plugins.contracts import Capabilities
from xarb_runtime.service.admission import Facts
from xarb_runtime.service.assembly import store_url
from xarb_runtime.service.book import Book
from xarb_runtime.service.charts import read_charts
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.desk import Desk
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.kpi import Windows
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import ChartSettings, KpiSettings, StoreSettings
from xarb_runtime.service.work import Work
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.journal import Journal

_AT_ONCE = 500
_WIDE = Limits(max_open_stake=Decimal(10**9), max_in_flight=10**6, max_age="10m")


class Recovery(msgspec.Struct, frozen=True):
    """Seconds until everything in flight is taken up again, and bytes of each in memory."""

    executions: int
    seconds: float
    bytes_each: int


async def _called_unknown(runtime: Runtime, execution: str) -> None:
    while (found := runtime.desk.book.get(execution)) and "a_placing" in found.leaves:
        await runtime.clock.sleep_ms(5)


class _EnoughError(Exception):
    """What was to be measured is measured; what is still in flight is of no interest."""


def _desk(folder: Path) -> Desk:
    can = Capabilities(min_stake=Decimal(1), max_stake=Decimal(1000))
    facts = Facts(
        limits=_WIDE,
        capabilities={"sx": can, "azuro": can},
        level=lambda: "running",
        is_up=lambda _: True,
    )
    charts = read_charts(folder, ChartSettings(), None)
    return Desk(charts, facts, Windows(KpiSettings()), drain="30s")


def _deliveries(count: int, now_ms: int) -> list[Delivery]:
    found: list[Delivery] = []
    for number in range(count):
        message = decode(opportunity(f"r{number}", now_ms))
        event = Event(
            id=f"r{number}",
            source="bus:bench",
            type=OPPORTUNITY_DETECTED,
            time_ms=now_ms,
            execution=f"x-r{number}",
            data={"opportunity": message.data},  # pyright: ignore[reportAttributeAccessIssue]
        )
        found.append(Delivery(event=event, message=True))
    return found


async def _prepare(folder: Path, count: int) -> list[object]:
    """Bring `count` executions to leg A, on disk; return their snapshots."""
    clock = SystemClock()
    desk = _desk(folder)
    url = store_url(folder, StoreSettings().url)
    async with Journal.open(url, owner="bench", clock_ms=clock.now_ms) as journal:
        await journal.commit(Batch(charts=desk.charts.texts(clock.now_ms())))
        deliveries = _deliveries(count, clock.now_ms())
        for begin in range(0, count, _AT_ONCE):
            work = desk.work(deliveries[begin : begin + _AT_ONCE], set())
            await journal.commit(work.batch)
        recovered = await journal.recover()
        return list(recovered.snapshots)


def _bytes_each(folder: Path, count: int) -> int:
    """Measure what a book of freshly read snapshots holds."""

    async def read() -> Book:
        clock = SystemClock()
        url = store_url(folder, StoreSettings().url)
        async with Journal.open(url, owner="bench", clock_ms=clock.now_ms) as journal:
            book = Book()
            for snapshot in (await journal.recover()).snapshots:
                book.put(snapshot)
            return book

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    book = asyncio.run(read())
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return held // max(1, min(count, book.in_flight))


def _nobody(_: Work) -> None:
    """Look at no round of work."""


def measure(folder: Path, *, executions: int) -> Recovery:
    """Prepare a store with `executions` in flight and measure taking them up again."""
    seconds: list[float] = []

    async def use(runtime: Runtime) -> None:
        for snapshot in runtime.desk.book.trades:
            await _called_unknown(runtime, snapshot.execution)
        seconds.append(time.perf_counter() - begin)
        runtime.writer.stopped.set()
        raise _EnoughError

    async def lay_out(_: Runtime) -> None:
        """The first start lays out the folder and the store."""

    asyncio.run(with_runtime(folder, settings("cross_venue", 10), _nobody, lay_out))
    asyncio.run(_prepare(folder, executions))
    each = _bytes_each(folder, executions)
    begin = time.perf_counter()
    try:
        asyncio.run(with_runtime(folder, settings("cross_venue", 10**6), _nobody, use))
    except* _EnoughError:
        pass
    return Recovery(executions=executions, seconds=round(seconds[0], 2), bytes_each=each)
