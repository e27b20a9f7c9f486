"""
The operator of the demonstration: comes when trading has paused by itself, tries the hedges of what
is exposed once more, takes over what stays exposed, and lets trading go on.
"""

import asyncio

from xarb_runtime.ops.bodies import (
    LevelAnswer,
    Resolution,
    ResolveAnswer,
    RetryAnswer,
    Word,
)
from xarb_runtime.ops.client import ControlClient, segment
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.status import StatusAnswer

NAME = "attendant"
#: How long it takes him to come, seconds.
COMES_SECONDS = 2.0


class Attendant:
    """
    Looks after one service.

    Attributes:
        retried: executions whose hedges he let try again.
        taken_over: incidents that he closed: what is exposed stays so, and is his.
        resumed: how often he let trading go on.
    """

    def __init__(self, client: ControlClient) -> None:
        self._client = client
        self.retried: set[str] = set()
        self.taken_over = 0
        self.resumed = 0

    async def attend(self) -> None:
        """Look after it until cancelled."""
        while True:
            await asyncio.sleep(COMES_SECONDS)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        status = self._client.get("/status", StatusAnswer)
        for incident in status.incidents:
            if incident.kind == "exposed" and incident.execution not in self.retried:
                self.retried.add(incident.execution)
                self._retry(incident.execution)
            elif incident.kind in {"exposed", "finality_overdue", "auto_pause"}:
                self._take_over(incident.id)
        if status.level.level == "paused":
            self._client.post("/resume", LevelAnswer, Word(operator=NAME, reason="looked at it"))
            self.resumed += 1

    def _retry(self, execution: str) -> None:
        word = Word(operator=NAME, reason="the markets may be better now")
        try:
            self._client.post(f"/executions/{segment(execution)}/retry", RetryAnswer, word)
        except ProblemError:
            return  # an order is in doubt again, or it has ended: the next look shows

    def _take_over(self, incident: str) -> None:
        note = Resolution(operator=NAME, note="kept as it is")
        try:
            self._client.post(f"/incidents/{segment(incident)}/resolve", ResolveAnswer, note)
        except ProblemError:
            return  # it was closed meanwhile
        self.taken_over += 1
