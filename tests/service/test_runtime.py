"""
The whole service in virtual time, on a real SQLite file, with ghost venues and the embedded bus.
"""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.world import ROOT, charts, opportunity
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.service.settings_model import BusSettings, ChartSettings, KpiSettings, Settings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.store.errors import StoreError

NO_CANCEL = {"cancel": False, "final_at_once": True}
START_MS = 1_800_000_000_000
GHOST: dict[str, Any] = {"kind": "ghost", "latency": "20ms"}
SETTINGS = Settings(
    venues={"sx": GHOST, "azuro": {**GHOST, "prices": {"m/under": "2.05"}}},
    limits=Limits(max_age="5s"),
    bus=BusSettings(in_flight=4, max_age="5s"),
)

Use = Callable[[Runtime, EmbeddedBus], Awaitable[None]]


def play(folder: Path, use: Use, settings: Settings = SETTINGS, flow: Charts | None = None) -> None:
    """Run the service in virtual time, let `use` have it, and stop it safely if it still runs."""
    loop = VirtualLoop()
    machine = Machine(loop, START_MS)
    registry = discover_plugins(ROOT, settings)

    async def live() -> None:
        around = Surroundings(
            folder=folder,
            clock=machine.clock(),
            owner="test",
            io_guard=loop.io_guard,
            second_reader=False,
            charts=flow or charts(),
        )
        async with assemble(settings, around, registry) as runtime, asyncio.TaskGroup() as group:
            group.create_task(runtime.run())
            await runtime.started.wait()
            bus = runtime.bus
            assert isinstance(bus, EmbeddedBus)
            await use(runtime, bus)
            await runtime.say("operator.stop", source="operator:test")

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(live())


def message(name: str, at_ms: int = START_MS, **changes: Any) -> bytes:
    data = opportunity(name, at_ms, **changes)
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"message-{name}",
            "source": "engine",
            "type": "opportunity.detected",
            "time": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
            "data": data,
        }
    ).encode()


async def ended(runtime: Runtime, *executions: str) -> None:
    """Wait in virtual time until these executions have ended."""
    while any(
        (snapshot := runtime.desk.book.get(name)) is None or snapshot.status is Status.RUNNING
        for name in executions
    ):
        await runtime.clock.sleep_ms(10)


def test_an_opportunity_becomes_a_settled_execution_on_disk(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        await ended(runtime, "x-1")
        timeline = await runtime.journal.queries.execution("x-1")

        assert timeline is not None
        assert timeline.execution.leaves == ("completed",)
        assert {command.status for command in timeline.commands} == {"done"}
        assert [command.name for command in timeline.commands] == ["place", "quote", "place"]

    play(tmp_path, use)


def test_a_message_is_acknowledged_only_when_it_is_on_disk(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))

        assert await runtime.journal.seen([("bus:engine", "message-1")])

    play(tmp_path, use)


def test_what_is_no_message_is_kept_with_its_reason_and_stops_nothing(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(b"not json")
        await bus.deliver(message("1", stake="-5"))
        await bus.deliver(message("2"))
        await ended(runtime, "x-2")
        letters = await runtime.journal.queries.dead_letters()

        assert [letter.body for letter in letters][1] == b"not json"
        assert all(letter.reason for letter in letters)
        assert runtime.intake.malformed == 2

    play(tmp_path, use)


def test_a_stale_message_is_dropped_counted_and_noted(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1", START_MS - 60_000))

        assert runtime.intake.stale == 1
        assert runtime.desk.book.get("x-1") is None
        assert await runtime.journal.seen([("bus:engine", "message-1")])

    play(tmp_path, use)


def test_slow_venues_hold_the_bus_back(tmp_path: Path) -> None:
    most = 0

    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        nonlocal most
        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(bus.deliver(message(str(number))))
            for _ in range(20):
                most = max(most, runtime.desk.book.in_flight)
                await runtime.clock.sleep_ms(10)
        await ended(runtime, *(f"x-{number}" for number in range(12)))

    play(tmp_path, use)

    assert most == SETTINGS.bus.in_flight


def test_a_second_life_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    async def first(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        await ended(runtime, "x-1")

    async def second(runtime: Runtime, bus: EmbeddedBus) -> None:
        await runtime.clock.sleep_ms(50)
        assert runtime.desk.level == "running"
        await bus.deliver(message("1"))
        await bus.deliver(message("2"))
        await ended(runtime, "x-2")
        executions = await runtime.journal.queries.executions()

        assert sorted(row.id for row in executions if row.id[0] == "x") == ["x-1", "x-2"]

    play(tmp_path, first)
    play(tmp_path, second)


def test_a_failed_commit_ends_the_runtime_and_acknowledges_nothing(tmp_path: Path) -> None:
    acknowledged: list[str] = []

    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        acknowledged.append("1")
        await ended(runtime, "x-1")
        with sqlite3.connect(tmp_path / "var" / "xarb.db") as other:
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON executions WHEN NEW.id = 'x-2' "
                "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        await bus.deliver(message("2"))
        acknowledged.append("2")

    with pytest.raises(BaseExceptionGroup) as caught:
        play(tmp_path, use)

    assert caught.group_contains(StoreError, match="the disk is full")
    assert acknowledged == ["1"]


def test_a_word_after_the_end_is_answered(tmp_path: Path) -> None:
    kept: list[Runtime] = []

    async def use(runtime: Runtime, _: EmbeddedBus) -> None:
        kept.append(runtime)
        await runtime.say("operator.stop", source="operator:test")
        while not runtime.writer.stopped.is_set():
            await runtime.clock.sleep_ms(1)
        await runtime.clock.sleep_ms(100)
        with pytest.raises(RuntimeEndedError):
            await runtime.say("operator.pause", source="operator:test")

    with pytest.raises(BaseExceptionGroup) as caught:
        play(tmp_path, use)

    assert caught.group_contains(RuntimeEndedError)


class PowerCutError(Exception):
    """The runtime ends without a safe stop."""


def changed_charts(folder: Path) -> Charts:
    """The project's charts, the flow with a line more: the same behaviour under another hash."""
    shutil.copytree(ROOT / "statecharts", folder / "statecharts")
    flow = folder / "statecharts" / "cross_venue.yaml"
    flow.write_text(flow.read_text(encoding="utf-8") + "# deployed\n", encoding="utf-8")
    return read_charts(folder, ChartSettings(), None)


def test_an_execution_finishes_on_the_chart_it_began_with(tmp_path: Path) -> None:
    """A changed chart is for new executions; its text comes from the store for the old ones."""
    nobody_fills = {**GHOST, "default": {"reports": []}, "final_after": None}
    stuck = msgspec.structs.replace(
        SETTINGS, venues={**SETTINGS.venues, "sx": {**nobody_fills, "capabilities": NO_CANCEL}}
    )
    hashes: list[str] = []

    async def first(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        while runtime.desk.book.trades[0].leaves != ("exposed",):
            await runtime.clock.sleep_ms(1_000)
        hashes.append(runtime.desk.book.trades[0].hash)

    async def second(runtime: Runtime, bus: EmbeddedBus) -> None:
        (old,) = runtime.desk.book.trades
        await runtime.say("operator.resolve", source="operator:ann", execution="x-1")
        await runtime.say("operator.resume", source="operator:ann")
        await bus.deliver(message("2", runtime.clock.now_ms()))
        (new,) = runtime.desk.book.trades

        assert old.hash == hashes[0]
        assert new.hash != hashes[0]
        after = runtime.desk.book.get("x-1")
        assert after is not None
        assert (after.leaves, after.hash) == (("closed",), hashes[0])

    play(tmp_path, first, stuck)
    play(tmp_path, second, stuck, changed_charts(tmp_path / "deployed"))


def test_windows_are_rebuilt_from_the_journal(tmp_path: Path) -> None:
    figures: list[object] = []
    settings = msgspec.structs.replace(SETTINGS, kpi=KpiSettings(min_sample=3, window=3))

    async def first(runtime: Runtime, bus: EmbeddedBus) -> None:
        for name in ("1", "2", "3", "4"):
            await bus.deliver(message(name, runtime.clock.now_ms()))
            await ended(runtime, f"x-{name}")
        figures.append(runtime.windows.figures())
        raise PowerCutError

    async def second(runtime: Runtime, _: EmbeddedBus) -> None:
        figures.append(runtime.windows.figures())

    with pytest.raises(BaseExceptionGroup) as caught:
        play(tmp_path, first, settings)
    play(tmp_path, second, settings)

    assert caught.group_contains(PowerCutError)

    assert figures[0]
    assert figures[0] == figures[1]


def test_safe_stops_follow_one_another(tmp_path: Path) -> None:
    """What is said at the end of one life has another identity than at the end of the next."""

    def use(name: str) -> Use:
        async def submit_and_stop_at_once(runtime: Runtime, bus: EmbeddedBus) -> None:
            await runtime.clock.sleep_ms(100)
            await bus.deliver(message(name))

        return submit_and_stop_at_once

    for name in ("1", "2", "3"):
        play(tmp_path, use(name))


def test_a_message_that_comes_again_when_it_is_too_old_is_no_failure(tmp_path: Path) -> None:
    async def first(_: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1"))
        await bus.deliver(message("2", START_MS - 60_000))

    async def second(runtime: Runtime, bus: EmbeddedBus) -> None:
        await runtime.clock.sleep_ms(10_000)
        await bus.deliver(message("1"))
        await bus.deliver(message("2", START_MS - 60_000))

    play(tmp_path, first)
    play(tmp_path, second)


def test_a_message_from_the_future_is_not_traded(tmp_path: Path) -> None:
    async def use(runtime: Runtime, bus: EmbeddedBus) -> None:
        await bus.deliver(message("1", START_MS + 3_600_000))

        assert runtime.desk.book.get("x-1") is None

    play(tmp_path, use)


@pytest.mark.parametrize("word", ["pause", "reduce", "halt"])
def test_what_was_held_back_stays_so_over_a_restart(tmp_path: Path, word: str) -> None:
    async def first(runtime: Runtime, _: EmbeddedBus) -> None:
        await runtime.say(f"operator.{word}", source="operator:ann")

    async def second(runtime: Runtime, _: EmbeddedBus) -> None:
        await runtime.clock.sleep_ms(100)
        level = runtime.desk.level
        await runtime.say("operator.resume", source="operator:ann")

        assert (level, runtime.desk.level) == ("paused", "running")

    play(tmp_path, first)
    play(tmp_path, second)
