"""
Plays one scenario: the engine publishes, venues misbehave, an operator acts, the runtime dies and
is started again, and everything is written down.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.simulation.actors import Actors
from xarb_runtime.simulation.death import SimulatedCrash
from xarb_runtime.simulation.ending import Ending, look
from xarb_runtime.simulation.expectations import unmet
from xarb_runtime.simulation.invariants import Known
from xarb_runtime.simulation.overhear import overheard
from xarb_runtime.simulation.recorder import Recorder
from xarb_runtime.simulation.recording import Level, Recording, StepFact
from xarb_runtime.simulation.recovered import catch_up
from xarb_runtime.simulation.referee import Referee
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.simulation.scenario_file import settings_of
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.simulation.world import Stage, World

_LEVELS: dict[str, Level] = {"debug": "info", "info": "info", "warning": "warning"}


class Played(msgspec.Struct, kw_only=True):
    """
    A scenario that was played. Pure data.

    Attributes:
        scenario: the scenario.
        recording: what was seen.
        ending: how it stood in the end.
        books: what the venues' books held in the end, and what was believed, by execution.
        unmet: what was not as the scenario says it must be.
    """

    scenario: Scenario
    recording: Recording
    ending: Ending
    books: dict[str, Known] = {}
    unmet: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be, and nothing happened that must never happen."""
        return not self.unmet and not self.recording.violations


def play(scenario: Scenario, stage: Stage, start_ms: int, folder: Path) -> Played:
    """
    Play a scenario in virtual time.

    Args:
        scenario: the scenario.
        stage: what all scenarios share.
        start_ms: the moment at which it begins, milliseconds since the epoch.
        folder: an empty folder for its stores.
    """
    player = _Player(scenario, stage, start_ms, folder)
    with (
        overheard(player.hear),
        asyncio.Runner(debug=False, loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(player.play())


class _Player:
    def __init__(self, scenario: Scenario, stage: Stage, start_ms: int, folder: Path) -> None:
        self.scenario = scenario
        self.stage = stage
        self.start_ms = start_ms
        self.folder = folder
        self.recording = Recording(scenario=scenario.name, start_ms=start_ms)
        self.ending = Ending()
        self._failed = False

    def hear(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write down what the service logs."""
        span = {"execution": fields.pop("execution")} if "execution" in fields else {}
        known = _LEVELS.get(level, "error")
        self.recorder.say("xarb.service", message, fields, level=known, span=span)

    async def play(self) -> Played:
        """Play it from its first to its last moment."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)  # noqa: S101  the runner made it
        self.loop = loop
        self.machine = Machine(loop, self.start_ms)
        self.recorder = Recorder(self.recording, self.machine.true_ms)
        settings, secrets = settings_of(self.scenario), self.scenario.secrets
        self.world = World(
            self.stage, settings, loop, self.machine, self.recorder, self.folder, secrets
        )
        self.referee = Referee(self.world, settings.limits, secrets)
        self.actors = Actors(self.scenario, self.world)
        self.recorder.on_step = self._on_step
        self.recorder.say("scenario", "begins", {"title": self.scenario.title})
        async with AsyncExitStack() as stack:
            await self.world.open_venues(stack)
            async with asyncio.TaskGroup() as group:
                doing = self.actors.begin(group)
                await self._live()
                for task in doing:
                    task.cancel()
        self.recording.end_ms = self.machine.true_ms()
        return self._judged()

    def _judged(self) -> Played:
        ending, known = self.ending, self.referee.known_at_end
        self.referee.finish(ending)
        found = unmet(self.scenario.expect, self.recording, ending, known)
        for text in found:
            self.recorder.say("scenario", "not as expected", {"text": text}, level="error")
        passed = not found and not self.recording.violations
        self.recorder.say("scenario", "passed" if passed else "failed")
        return Played(
            scenario=self.scenario,
            recording=self.recording,
            ending=ending,
            books={end.id: known(end) for end in ending.executions},
            unmet=found,
        )

    def _on_step(self, fact: StepFact) -> None:
        self.referee.after(fact)
        self.actors.saw(fact)

    # -- The runtime's lives ---------------------------------------------------------------------

    async def _live(self) -> None:
        crashes = iter(self.scenario.crashes)
        crash = next(crashes, None)
        while self._left() > 0 and not self._failed:
            died = await self._one_life(crash.kill if crash else "")
            if died and crash is not None:
                await asyncio.sleep(parse_duration_ms(crash.pause) / 1000)
                crash = next(crashes, None)
            elif self._left() > 0 and not self._failed:
                await self._until_wanted()

    async def _one_life(self, kill_at: str) -> bool:
        """Let a runtime live until the scenario ends, it stops, or it dies; tell if it died."""
        died = False
        try:
            async with self.world.life(kill_at) as runtime:
                await catch_up(self.recorder, runtime.journal.queries)
                if self.recording.crashes:
                    self._born_again()
                await self._run(runtime)
        except* SimulatedCrash:
            died = True
        except* Exception as errors:  # noqa: BLE001  it is what the scenario has found
            self._failed = True
            self.recorder.violated("the runtime lives", "; ".join(_leaves_of(errors)))
        return died

    async def _run(self, runtime: Runtime) -> None:
        self.actors.runtime = runtime
        self.actors.running.set()
        try:
            async with asyncio.timeout_at(self.loop.time() + self._left()):
                await runtime.run()
        except TimeoutError:
            self.ending = await look(runtime, self.world, ended=False)
        else:
            self.recorder.mark("ended", "ended by itself")
            self.ending = await look(runtime, self.world, ended=True)
        finally:
            self.actors.running.clear()
            self.actors.runtime = None

    def _born_again(self) -> None:
        crash = self.recording.crashes[-1]
        if crash.restarted_ms is None:
            crash.restarted_ms = self.machine.true_ms()
            self.recorder.say("xarb.process", "started again")

    async def _until_wanted(self) -> None:
        self.actors.wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.loop.time() + self._left()):
                await self.actors.wanted.wait()

    def _left(self) -> float:
        return self.scenario.until_ms / 1000 - self.loop.time()


def _leaves_of(error: BaseException) -> list[str]:
    """What went wrong, without the groups around it."""
    if isinstance(error, BaseExceptionGroup):
        return [text for inner in error.exceptions for text in _leaves_of(inner)]
    return [f"{type(error).__name__}: {error}"]
