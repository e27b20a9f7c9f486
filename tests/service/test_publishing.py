"""
What goes out: written with the steps, confirmed in the end, whatever dies in between.
"""

import asyncio
import json
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.fickle import FickleBus
from tests.service.outside import OUTSIDE, arrived, came, play, until
from tests.service.test_runtime import START_MS, ended, message
from xarb_runtime.bus.published import (
    EXECUTION_COMPLETED,
    EXECUTION_TRANSITION,
    INCIDENT_REMINDER,
    CompletedData,
    TransitionData,
)
from xarb_runtime.domain.steps import Command
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime


def outbox(folder: Path) -> list[str]:
    """The ids that wait on disk."""
    with sqlite3.connect(folder / "var" / "xarb.db") as store:
        return [row[0] for row in store.execute("SELECT id FROM outbox ORDER BY position")]


async def executed(runtime: Runtime, bus: FickleBus, *names: str) -> None:
    """Let opportunities be executed to their ends."""
    for name in names:
        bus.incoming.put_nowait(came(message(name, runtime.clock.now_ms()), name))
    await ended(runtime, *(f"x-{name}" for name in names))


def told_whole(bus: FickleBus, *executions: str) -> None:
    """Check that each execution was told without a gap, in order, and with its result."""
    for name in executions:
        steps: list[TransitionData] = [
            each for each in arrived(bus, EXECUTION_TRANSITION) if each.execution == name
        ]
        results = [each for each in arrived(bus, EXECUTION_COMPLETED) if each.execution == name]

        assert [each.seq for each in steps] == list(range(1, len(steps) + 1))
        assert all(one.after == other.before for one, other in pairwise(steps))
        assert steps[-1].status == "final"
        assert len(results) == 1


def test_executions_are_told_while_they_happen_and_nothing_is_left(tmp_path: Path) -> None:
    bus = FickleBus()

    async def use(runtime: Runtime) -> None:
        await executed(runtime, bus, "1", "2", "3")

    play(tmp_path, bus, use)

    told_whole(bus, "x-1", "x-2", "x-3")
    assert outbox(tmp_path) == []
    levels = [each.after for each in arrived(bus) if getattr(each, "execution", "") == "supervisor"]
    assert levels[-1] == ("stopped",)


def test_a_bus_that_is_down_holds_nobody_up(tmp_path: Path) -> None:
    up, down = FickleBus(), FickleBus()
    down.down = True
    took: list[float] = []

    async def use(runtime: Runtime) -> None:
        began = asyncio.get_running_loop().time()
        await executed(runtime, runtime.bus, "1", "2", "3", "4", "5")  # type: ignore[arg-type]
        took.append(asyncio.get_running_loop().time() - began)

    play(tmp_path / "up", up, use)
    play(tmp_path / "down", down, use)

    assert took[0] == took[1]
    assert down.arrived == []
    assert len(outbox(tmp_path / "down")) > 20


def test_a_safe_stop_waits_for_the_bus_only_so_long(tmp_path: Path) -> None:
    bus = FickleBus()
    bus.down = True
    times: list[float] = []

    async def use(runtime: Runtime) -> None:
        await executed(runtime, bus, "1")
        times.append(asyncio.get_running_loop().time())
        loop = asyncio.get_running_loop()
        loop.call_later(60, times.append, 0)  # nothing waits for it

    play(tmp_path, bus, use)

    assert outbox(tmp_path)[-1].startswith("supervisor:")
    assert len(times) == 1  # it ended before that


def test_after_a_restart_it_goes_on_where_it_was(tmp_path: Path) -> None:
    bus = FickleBus()
    bus.down = True

    async def first(runtime: Runtime) -> None:
        await executed(runtime, bus, "1", "2")
        assert runtime.relay.figures().waiting == len(outbox(tmp_path))

    async def second(runtime: Runtime) -> None:
        assert runtime.relay.figures().waiting >= len(before)
        bus.down = False
        await executed(runtime, bus, "3")

    play(tmp_path, bus, first, dies=True)
    before = outbox(tmp_path)
    assert before
    play(tmp_path, bus, second, at_ms=START_MS + 20_000)

    told_whole(bus, "x-1", "x-2", "x-3")
    assert outbox(tmp_path) == []


@pytest.mark.parametrize("outcome", ["lost", "confirm"])
def test_dying_after_the_confirmation_repeats_a_message_under_the_same_id(
    tmp_path: Path, outcome: str
) -> None:
    bus = FickleBus([outcome] * 3)

    async def first(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t"))
        await until(lambda: len(bus.arrived) >= 1)

    async def second(runtime: Runtime) -> None:
        await ended(runtime, "x-1")

    play(tmp_path, bus, first, dies=True)
    play(tmp_path, bus, second, at_ms=START_MS + 20_000)
    bodies = [body for _, body in bus.arrived]

    told_whole(bus, "x-1")
    assert len(bodies) > len(set(bodies))
    ids = {msgspec.json.decode(body)["id"] for body in bodies}
    assert len(ids) == len(set(bodies))  # the same id is the same message, byte for byte


def test_how_long_an_execution_took_is_told_across_a_restart(tmp_path: Path) -> None:
    bus = FickleBus()

    async def first(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t"))
        await until(lambda: runtime.desk.book.in_flight == 1)

    async def second(runtime: Runtime) -> None:
        await ended(runtime, "x-1")

    play(tmp_path, bus, first, dies=True)
    play(tmp_path, bus, second, at_ms=START_MS + 20_000)
    (result,) = arrived(bus, EXECUTION_COMPLETED)
    assert isinstance(result, CompletedData)

    assert result.started_ms == START_MS
    assert result.ended_ms >= START_MS + 20_000


def test_only_what_the_settings_name_is_told(tmp_path: Path) -> None:
    bus = FickleBus()
    settings = msgspec.structs.replace(
        OUTSIDE, bus=msgspec.structs.replace(OUTSIDE.bus, publish=("execution.completed",))
    )

    async def use(runtime: Runtime) -> None:
        await executed(runtime, bus, "1")

    play(tmp_path, bus, use, settings)

    assert [kind for kind, _ in bus.arrived] == [EXECUTION_COMPLETED]


def test_what_a_chart_publishes_goes_out_too(tmp_path: Path) -> None:
    """An exposed execution reminds until somebody has settled it."""
    bus = FickleBus()
    dark: dict[str, Any] = {
        **OUTSIDE.venues["azuro"],
        "default": {"answer": "refused", "code": "CLOSED"},
    }
    settings = msgspec.structs.replace(
        OUTSIDE,
        venues={**OUTSIDE.venues, "azuro": dark},
        limits=msgspec.structs.replace(OUTSIDE.limits, hedge_order=(), realert="1s"),
    )

    async def use(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t"))
        await until(lambda: INCIDENT_REMINDER in [kind for kind, _ in bus.arrived])
        modes = [json.loads(body)["xarbmode"] for _, body in bus.arrived]
        assert set(modes) == {"ghost"}
        incident = next(each for each in runtime.desk.register.all if each.execution == "x-1")
        await runtime.say(
            "operator.resolve", source="operator:ann", execution="x-1", data={"note": "settled"}
        )
        await until(lambda: "incident.closed" in [kind for kind, _ in bus.arrived])
        (closed,) = arrived(bus, "incident.closed")
        assert (closed.incident, closed.closed_by) == (incident.id, "operator:ann")
        assert (closed.execution, closed.note) == ("x-1", "settled")

    play(tmp_path, bus, use, settings)


def test_the_instruments_hear_of_everything(tmp_path: Path) -> None:
    bus = FickleBus(["refuse"])
    heard: dict[str, list[Any]] = {}

    class All(Instruments):
        def committed(self, *, steps: int, rows: int, seconds: float) -> None:
            heard.setdefault("committed", []).append((steps, rows, seconds))

        def published(self, kind: str, outcome: str, seconds: float) -> None:
            heard.setdefault("published", []).append((kind, outcome, seconds))

        def issued(self, command: Command) -> None:
            heard.setdefault("issued", []).append(command.name)

        def answered(self, command: Command, outcome: str, seconds: float) -> None:
            assert seconds >= 0
            heard.setdefault("answered", []).append((command.name, outcome))

        def fired(self, timer: str, late_ms: int) -> None:
            heard.setdefault("fired", []).append((timer, late_ms))

    async def use(runtime: Runtime) -> None:
        await executed(runtime, bus, "1")
        await runtime.clock.sleep_ms(60_000)

    play(tmp_path, bus, use, instruments=All())

    assert all(rows >= steps and seconds >= 0 for steps, rows, seconds in heard["committed"])
    assert sum(steps for steps, _, _ in heard["committed"]) >= 4
    outcomes = [outcome for _, outcome, _ in heard["published"]]
    assert outcomes.count("failed") == 1
    assert outcomes.count("confirmed") == len(bus.arrived)
    assert heard["issued"] == ["place", "quote", "place"]
    assert heard["answered"] == [
        ("place", "order.report"),
        ("quote", "quote.received"),
        ("place", "order.report"),
    ]


def test_the_writer_comes_to_rest_when_everything_is_confirmed(tmp_path: Path) -> None:
    bus = FickleBus()
    commits: list[int] = []

    class Commits(Instruments):
        def committed(self, *, steps: int, rows: int, seconds: float) -> None:
            commits.append(rows)

    async def use(runtime: Runtime) -> None:
        await executed(runtime, bus, "1")
        await until(lambda: not outbox(tmp_path))
        before = len(commits)
        await asyncio.sleep(3_600)
        assert len(commits) == before

    play(tmp_path, bus, use, instruments=Commits())


def test_timers_that_are_due_are_told_to_the_instruments(tmp_path: Path) -> None:
    bus = FickleBus()
    fired: list[tuple[str, int]] = []
    slow = {**OUTSIDE.venues["sx"], "latency": "1s"}
    settings = msgspec.structs.replace(OUTSIDE, venues={**OUTSIDE.venues, "sx": slow})

    class Fired(Instruments):
        def fired(self, timer: str, late_ms: int) -> None:
            fired.append((timer, late_ms))

    async def use(runtime: Runtime) -> None:
        bus.incoming.put_nowait(came(message("1"), "t"))
        await until(lambda: bool(fired))

    play(tmp_path, bus, use, settings, instruments=Fired())

    assert fired[0] == ("ttl_leg_a", 0)
