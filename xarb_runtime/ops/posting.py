"""
Messages that come in through the control API: opportunities, and dead letters once more.
"""

import asyncio
from collections.abc import Awaitable, Sequence

from xarb_runtime.bus.cloudevents import Malformed, decode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.ops.bodies import ReplayAnswer, ReplayOrder, SubmitAnswer
from xarb_runtime.ops.commits import committed
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.store.batch import OperatorAction, Replay

#: Longest wait for the bus, seconds.
BUS_SECONDS = 5


class Posting:
    """Puts messages onto the bus of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def replay(self, number: int, order: ReplayOrder) -> ReplayAnswer:
        """Put a dead letter onto the bus again, as it came in or corrected."""
        letter = await self._runtime.journal.queries.dead_letter(number)
        if letter is None:
            problem = Problem(
                what="there is no such dead letter",
                where=str(number),
                do="xarb dead-letters lists them",
            )
            raise ProblemError(problem, 404)
        body = letter.body if order.body is None else order.body.encode()
        await self._within(self._send(body), "replay")
        now_ms = self._runtime.clock.now_ms()
        action = OperatorAction(
            time_ms=now_ms,
            operator=order.operator,
            action="replay",
            target=f"dead letter {number}",
            detail={"reason": order.reason, "corrected": order.body is not None},
        )
        replay = Replay(id=number, replayed_ms=now_ms)
        said = self._runtime.tell(Delivery(replay=replay, action=action))
        await committed(said, "replay")
        found = decode(body)
        note = "It is in the journal; the age limit holds for it as for any other message."
        if isinstance(found, Malformed):
            note = f"It still cannot be read and is a new dead letter: {found.reason}"
        return ReplayAnswer(number=number, corrected=order.body is not None, note=note)

    async def submit(self, bodies: Sequence[bytes]) -> SubmitAnswer:
        """
        Put messages onto the bus, and return when they are in the journal.

        A message that is no event is taken too: it becomes a dead letter, with its reason.
        """
        results = await asyncio.gather(*(self._submitted(body) for body in bodies))
        named = list(zip(map(_id_of, bodies), results, strict=True))
        unsure = [name for name, accepted in named if not accepted]
        problem = Problem(
            what="the bus did not take everything in time",
            expected=f"room within {BUS_SECONDS} s",
            found=f"{self._runtime.bus.depth()} messages waiting",
            do="Submit the unsure ones again later; the same id is the same message",
        )
        return SubmitAnswer(
            accepted=[name for name, accepted in named if accepted],
            unsure=unsure,
            problem=problem if unsure else None,
        )

    async def _submitted(self, body: bytes) -> bool:
        try:
            async with asyncio.timeout(BUS_SECONDS):
                await self._send(body)
        except TimeoutError:
            return False
        return True

    async def _send(self, body: bytes) -> None:
        # Only what is in the journal counts as accepted. A bus that others share is not asked: what
        # this runtime publishes there is meant for others, and what it reads there is anybody's.
        bus = self._runtime.bus
        if isinstance(bus, EmbeddedBus):
            await bus.deliver(body)
        else:
            await self._runtime.intake.enter(body)

    async def _within(self, sending: Awaitable[None], what: str) -> None:
        try:
            async with asyncio.timeout(BUS_SECONDS):
                await sending
        except TimeoutError as error:
            problem = Problem(
                what=f"{what}: the bus has no room",
                expected=f"room within {BUS_SECONDS} s",
                found=f"{self._runtime.bus.depth()} messages waiting",
                do="Try again later",
            )
            raise ProblemError(problem, 429) from error


def _id_of(body: bytes) -> str:
    found = decode(body)
    return "" if isinstance(found, Malformed) else found.id
