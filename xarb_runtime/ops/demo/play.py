"""
The demonstration from its first to its last moment.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import msgspec
import yaml

from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.client import NotRunningError, open_client
from xarb_runtime.ops.demo.attendant import Attendant
from xarb_runtime.ops.demo.board import (
    AZURO,
    SX,
    Game,
    azuro_simulator,
    make_games,
    sx_simulator,
)
from xarb_runtime.ops.demo.broker import publisher
from xarb_runtime.ops.demo.deployment import Reached, write_deployment
from xarb_runtime.ops.demo.engine import Engine, NoPriceError
from xarb_runtime.ops.demo.processes import START_SECONDS, Child, child, reached
from xarb_runtime.ops.demo.report import Attended, DemoReport, make_report
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.status import StatusAnswer
from xarb_runtime.service.assembly import Surroundings, discover_plugins, open_venues
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.settings import load_settings
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.store.records import ExecutionRow

KINDS = {SX: "sx_bet", AZURO: "azuro"}
LOOK_SECONDS = 0.5
#: Once everything is published: how long executions may take to end, seconds.
TAIL_SECONDS = 180.0
#: More executions than are ever in flight.
IN_FLIGHT = 1_000


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is shown.

    Attributes:
        folder: where the deployment is made; new or empty.
        count: opportunities.
        rate: opportunities a second.
        games: games that they are about.
        seed: other seeds, other games and other moods of the venues.
        bus: `bus.url` of the deployment.
        delay_scale: what Azuro's delays are multiplied by; 1 is as long as in life.
        stake: what leg A stakes.
    """

    folder: Path
    count: int = 200
    rate: float = 4.0
    games: int = 24
    seed: int = 1
    bus: str = "embedded://"
    delay_scale: Decimal = Decimal("0.1")
    stake: str = "50"


async def play(plan: DemoPlan, tell: Callable[[str, int], None]) -> DemoReport:
    """
    Play the demonstration.

    Args:
        plan: what is shown.
        tell: told what is being done, and how many opportunities were published.

    Raises:
        ProblemError: a process did not start, or ended before its time.
    """
    games = make_games(plan.games, plan.seed)
    logs = plan.folder / "var"
    logs.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        tell("starting both venues", 0)
        sims = await _simulators(plan, games, logs, stack)
        environ = {name: value for sim in sims for name, value in sim.environ.items()}
        write_deployment(plan.folder, sims, plan.bus)
        settings = load_settings(plan.folder, {**os.environ, **environ})
        tell("starting the service", 0)
        run = ["run", "--folder", str(plan.folder)]
        service = await stack.enter_async_context(
            child("the service", run, logs / "run.out", environ)
        )
        await _listening(plan.folder, settings, service)
        return await _trade(plan, settings, environ, games, service, stack, tell)


async def _simulators(
    plan: DemoPlan, games: tuple[Game, ...], logs: Path, stack: AsyncExitStack
) -> list[Reached]:
    scripts = {
        SX: sx_simulator(games, plan.seed),
        AZURO: azuro_simulator(games, plan.seed, plan.delay_scale),
    }
    children: list[Child] = []
    for name, script in scripts.items():
        file = logs / f"{name}-simulator.yaml"
        file.write_text(yaml.safe_dump(script, sort_keys=False), "utf-8")
        command = ["venue-sim", KINDS[name], "--name", name, "--settings", str(file), "--json"]
        log = logs / f"{name}-simulator.out"
        started = child(f"the simulator of {KINDS[name]}", command, log, {})
        children.append(await stack.enter_async_context(started))
    return [await reached(simulator) for simulator in children]


async def _listening(folder: Path, settings: Settings, service: Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        service.require_life()
        try:
            status = await asyncio.to_thread(_status, folder, settings)
        except (NotRunningError, ProblemError, OSError):
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if all(venue.up for venue in status.venues):
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise ProblemError(
        Problem(
            what="the service is not ready",
            where=str(service.log),
            expected=f"both venues up within {START_SECONDS:.0f} s",
        )
    )


def _status(folder: Path, settings: Settings) -> StatusAnswer:
    return open_client(folder, settings).get("/status", StatusAnswer)


async def _trade(
    plan: DemoPlan,
    settings: Settings,
    environ: Mapping[str, str],
    games: tuple[Game, ...],
    service: Child,
    stack: AsyncExitStack,
    tell: Callable[[str, int], None],
) -> DemoReport:
    clock = SystemClock()
    around = Surroundings(folder=plan.folder, clock=clock, owner="demonstration", environ=environ)
    registry = discover_plugins(plan.folder, settings)
    venues = (await open_venues(settings, registry, around, stack)).venues
    engine = Engine(venues, clock, plan.stake)
    began = time.monotonic()
    publish = await stack.enter_async_context(publisher(plan.folder, settings))
    attendant = Attendant(open_client(plan.folder, settings))
    attending = asyncio.create_task(attendant.attend(), name="attendant")
    stack.callback(attending.cancel)
    chance = random.Random(plan.seed)  # noqa: S311 -- a story, not a secret
    unpriced = 0
    for number in range(plan.count):
        await asyncio.sleep(max(0.0, began + number / plan.rate - time.monotonic()))
        service.require_life()
        try:
            body = await engine.message(chance.choice(games), f"demo-{number + 1:03d}")
            await publish(body)
        except NoPriceError:
            unpriced += 1
        tell("trading", number + 1)
    tell("waiting for the last ones to end", plan.count)
    await _ended(plan.folder, settings, service)
    attending.cancel()
    status = await asyncio.to_thread(_status, plan.folder, settings)
    took = time.monotonic() - began
    tell("stopping safely, and asking the venues about every order", plan.count)
    code = await service.end()
    return await make_report(
        plan.folder,
        settings,
        venues,
        status,
        Attended(
            unpriced=unpriced,
            exit_code=code,
            seconds=took,
            pauses=attendant.resumed,
            retried=len(attendant.retried),
            taken_over=attendant.taken_over,
        ),
    )


async def _ended(folder: Path, settings: Settings, service: Child) -> None:
    """Wait until no execution runs, or until waiting is in vain."""
    client = open_client(folder, settings)
    deadline = time.monotonic() + TAIL_SECONDS
    while time.monotonic() < deadline:
        service.require_life()
        query = {"status": Status.RUNNING.value, "limit": IN_FLIGHT}
        rows = await asyncio.to_thread(client.get, "/executions", list[ExecutionRow], **query)
        if not any(row.id.startswith("x-") for row in rows):
            return
        await asyncio.sleep(LOOK_SECONDS)
