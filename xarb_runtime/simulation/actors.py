"""
Everybody else in a scenario: the engine that publishes, the operator, and whoever sets the clock.
"""

import asyncio

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.book import SUPERVISOR
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.simulation import market
from xarb_runtime.simulation.recording import MessageFact, StepFact
from xarb_runtime.simulation.scenario import OperatorWord, Published, Scenario, StateEntered
from xarb_runtime.simulation.world import World
from xarb_runtime.store.batch import OperatorAction

SOURCE = "engine"


class Actors:
    """
    What the engine, the operator and the clock do in a scenario.

    Attributes:
        runtime: the runtime that they talk to; None while there is none.
        running: set while there is one.
        wanted: set when the operator wants it to be started again.
    """

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.runtime: Runtime | None = None
        self.running = asyncio.Event()
        self.wanted = asyncio.Event()
        self._scenario = scenario
        self._world = world
        self._entered: dict[StateEntered, asyncio.Event] = {}

    def begin(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Let everybody begin; returns what they do."""
        tasks = [
            group.create_task(self._publish(it), name=f"engine publishes {it.id or 'a text'}")
            for it in self._scenario.opportunities
        ]
        tasks += [
            group.create_task(self._operate(it), name=f"operator says {it.say}")
            for it in self._scenario.operator
        ]
        tasks += [
            group.create_task(self._set_clock(parse_duration_ms(it.at), it.by_ms), name="clock")
            for it in self._scenario.clock
        ]
        return tasks

    def saw(self, fact: StepFact) -> None:
        """Tell those who wait for it that an execution has entered a state."""
        for state in fact.visited:
            waiting = self._entered.get(StateEntered(execution=fact.execution, state=state))
            if waiting is not None:
                waiting.set()

    async def _publish(self, published: Published) -> None:
        await _pause(parse_duration_ms(published.at))
        for index in range(published.times):
            if index:
                await _pause(parse_duration_ms(published.every))
            name = f"{published.id}-{index + 1:02}" if published.times > 1 else published.id
            await self._publish_one(published, name)

    async def _publish_one(self, published: Published, name: str) -> None:
        if published.body is not None:
            fact = MessageFact(at_ms=self._world.machine.true_ms())
            await self._world.broker.publish(published.body.encode(), fact, "publishes a text")
            return
        seen_ms = self._world.machine.true_ms() - parse_duration_ms(published.age)
        identity = published.message or name
        body = encode(
            CloudEvent(
                id=identity,
                source=SOURCE,
                type=OPPORTUNITY_DETECTED,
                time_ms=seen_ms,
                data=msgspec.to_builtins(market.opportunity(published, name, seen_ms)),
            )
        )
        await self._send(body, identity, name, "publishes")
        began_ms = parse_duration_ms(published.at)
        for again in published.again:
            elapsed_ms = self._world.machine.elapsed_ms()
            await _pause(max(0, parse_duration_ms(again) - max(began_ms, elapsed_ms)))
            await self._send(body, identity, name, "publishes again")

    async def _send(self, body: bytes, identity: str, name: str, note: str) -> None:
        fact = MessageFact(
            at_ms=self._world.machine.true_ms(), source=SOURCE, id=identity, execution=f"x-{name}"
        )
        await self._world.broker.publish(body, fact, note)

    async def _operate(self, word: OperatorWord) -> None:
        if word.at is not None:
            await _pause(parse_duration_ms(word.at))
        if word.when is not None:
            entered = StateEntered(execution=_execution(word.when.execution), state=word.when.state)
            await self._entered.setdefault(entered, asyncio.Event()).wait()
        await _pause(parse_duration_ms(word.after))
        if word.say == "start":
            self._world.recorder.mark("started", f"{word.by}: start", "xarb.operator")
            self.wanted.set()
            return
        await self.running.wait()
        self._say(word)

    def _say(self, word: OperatorWord) -> None:
        runtime = self.runtime
        if runtime is None:
            return
        execution = _execution(word.to) if word.to else SUPERVISOR
        action = OperatorAction(
            time_ms=runtime.clock.now_ms(), operator=word.by, action=word.say, target=execution
        )
        data = {"reason": word.note} if execution == SUPERVISOR else {"note": word.note}
        runtime.say(
            f"operator.{word.say}",
            source=f"operator:{word.by}",
            execution=execution,
            data=data,
            delivery=Delivery(action=action, retire=word.say == "resolve"),
        )

    async def _set_clock(self, at_ms: int, by_ms: int) -> None:
        await _pause(at_ms)
        self._world.machine.set_by_ms += by_ms
        self._world.recorder.mark("clock", f"clock set by {by_ms} ms", "machine", level="warning")


async def _pause(milliseconds: int) -> None:
    await asyncio.sleep(milliseconds / 1000)


def _execution(name: str) -> str:
    """Scenarios leave out the `x-` of an opportunity's execution."""
    return name if name == SUPERVISOR or name.startswith("venue:") else f"x-{name}"
