"""
Scars 3 and 13: what needs no broker.
"""

import asyncio
import random
from pathlib import Path
from statistics import median
from typing import NoReturn

import msgspec
import pytest

from tests.service.test_runtime import SETTINGS, message
from tests.service.world import ROOT, World, charts
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.runtime import Runtime

TRIALS = 300
#: What a message takes is followed in steps of so much, for machines that are busy now and then.
FOLLOWED = 1.1
AT_ONCE = msgspec.structs.replace(
    SETTINGS,
    venues={name: {**own, "latency": "0ms"} for name, own in SETTINGS.venues.items()},
)


@pytest.mark.timeout(180)
async def test_03_whoever_is_cancelled_at_any_moment_finds_its_message_complete_or_absent(
    tmp_path: Path,
) -> None:
    """
    A handler that is cancelled says nothing about the commit; what it redelivers agrees with it.
    """
    registry = discover_plugins(ROOT, AT_ONCE)
    around = Surroundings(folder=tmp_path, clock=SystemClock(), owner="test", charts=charts())
    async with assemble(AT_ONCE, around, registry) as runtime, asyncio.TaskGroup() as group:
        running = group.create_task(runtime.run())
        await runtime.started.wait()
        cancelled, kept = await _trials(runtime)
        await runtime.say("operator.stop", source="operator:test")
        await running
        for number in range(TRIALS):
            timeline = await runtime.journal.queries.execution(f"x-{number}")
            assert timeline is not None
            began = [it.id for it in timeline.events if it.type == "opportunity.detected"]
            assert began == [f"message-{number}"]
            assert timeline.execution.status.value == "final"

    assert cancelled > TRIALS // 10
    assert 0 < kept < TRIALS, "some were cancelled before their commit, and some after"


async def _trials(runtime: Runtime) -> tuple[int, int]:
    """Return how many were cancelled, and how many of all were in the journal then."""
    bus, dice = runtime.bus, random.Random(3)
    assert isinstance(bus, EmbeddedBus)
    cancelled = kept = 0
    usual = await _usual_seconds(runtime, bus)
    for number in range(TRIALS):
        body = message(str(number), runtime.clock.now_ms())
        pair = ("bus:engine", f"message-{number}")
        waiting = asyncio.create_task(bus.deliver(body))
        await asyncio.sleep(dice.uniform(0, 2) * usual)
        waiting.cancel()
        (result,) = await asyncio.gather(waiting, return_exceptions=True)
        known = await runtime.journal.seen([pair])
        assert known or result is not None, "it returned without a commit"
        was_cancelled = isinstance(result, asyncio.CancelledError)
        cancelled += was_cancelled
        usual *= FOLLOWED if was_cancelled else 1 / FOLLOWED
        kept += bool(known)
        await bus.deliver(body)
        assert await runtime.journal.seen([pair])
    return cancelled, kept


async def _usual_seconds(runtime: Runtime, bus: EmbeddedBus) -> float:
    """How long a message takes from its delivery to its acknowledgement on this machine."""
    loop, taken = asyncio.get_running_loop(), list[float]()
    for number in range(20):
        body, began = message(f"before-{number}", runtime.clock.now_ms()), loop.time()
        await bus.deliver(body)
        taken.append(loop.time() - began)
    return median(taken)


def test_13_a_chart_steps_without_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        message = "a step asked for a loop"
        raise AssertionError(message)

    for name in ("new_event_loop", "run", "create_task", "ensure_future"):
        monkeypatch.setattr(asyncio, name, refuse)
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()

    world = World()
    world.complete("1")

    assert world.leaves("x-1") == ("completed",)
