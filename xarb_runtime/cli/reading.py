"""
Reading what a deployment has done: from its running service, or from the store when none runs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from xarb_runtime.cli.deployment import settings_of
from xarb_runtime.cli.screen import remark
from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.bodies import DeadLetterView, letter_view
from xarb_runtime.ops.client import ControlClient, NotRunningError, open_client, segment
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.status import StatusAnswer
from xarb_runtime.ops.timeline import ExecutionView, view_of
from xarb_runtime.store.records import ExecutionRow, IncidentRow

if TYPE_CHECKING:
    from xarb_runtime.store.queries import Queries

T = TypeVar("T")


class Reading(Protocol):
    """What can be read."""

    def executions(self, status: Status | None, limit: int) -> list[ExecutionRow]:
        """Return executions, the newest first."""
        ...

    def execution(self, identity: str) -> ExecutionView:
        """Return one execution."""
        ...

    def incidents(self, limit: int, *, everything: bool) -> list[IncidentRow]:
        """Return incidents, the newest first."""
        ...

    def dead_letters(self, limit: int, *, everything: bool) -> list[DeadLetterView]:
        """Return dead letters, the newest first."""
        ...

    def dead_letter(self, number: int) -> DeadLetterView:
        """Return one dead letter."""
        ...


def reading(folder: Path) -> Reading:
    """
    Return what reads a deployment.

    Raises:
        ProblemError: the folder is no deployment, or its service cannot be asked.
    """
    settings = settings_of(folder)
    try:
        client = open_client(folder, settings)
        client.get("/status", StatusAnswer)
    except NotRunningError:
        from xarb_runtime.service.assembly import store_url

        remark("No runtime is running; this is read from the store.")
        return _Store(store_url(folder, settings.store.url, settings.store.password))
    return _Service(client)


class _Service:
    def __init__(self, client: ControlClient) -> None:
        self._client = client

    def executions(self, status: Status | None, limit: int) -> list[ExecutionRow]:
        query = {"status": status.value} if status else {}
        return self._client.get("/executions", list[ExecutionRow], limit=limit, **query)

    def execution(self, identity: str) -> ExecutionView:
        return self._client.get(f"/executions/{segment(identity)}", ExecutionView)

    def incidents(self, limit: int, *, everything: bool) -> list[IncidentRow]:
        return self._client.get("/incidents", list[IncidentRow], limit=limit, all=int(everything))

    def dead_letters(self, limit: int, *, everything: bool) -> list[DeadLetterView]:
        path = "/dead-letters"
        return self._client.get(path, list[DeadLetterView], limit=limit, all=int(everything))

    def dead_letter(self, number: int) -> DeadLetterView:
        return self._client.get(f"/dead-letters/{number}", DeadLetterView)


class _Store:
    def __init__(self, url: str) -> None:
        self._url = url

    def executions(self, status: Status | None, limit: int) -> list[ExecutionRow]:
        return self._read(lambda queries: queries.executions(status, limit))

    def execution(self, identity: str) -> ExecutionView:
        found = self._read(lambda queries: queries.execution(identity))
        if found is None:
            raise ProblemError(_missing("execution", identity, "xarb executions"), 404)
        return view_of(found)

    def incidents(self, limit: int, *, everything: bool) -> list[IncidentRow]:
        return self._read(lambda queries: queries.incidents(open_only=not everything, limit=limit))

    def dead_letters(self, limit: int, *, everything: bool) -> list[DeadLetterView]:
        found = self._read(
            lambda queries: queries.dead_letters(waiting_only=not everything, limit=limit)
        )
        return [letter_view(row) for row in found]

    def dead_letter(self, number: int) -> DeadLetterView:
        found = self._read(lambda queries: queries.dead_letter(number))
        if found is None:
            raise ProblemError(_missing("dead letter", str(number), "xarb dead-letters"), 404)
        return letter_view(found)

    def _read(self, ask: "Callable[[Queries], Awaitable[T]]") -> T:
        from xarb_runtime.store.queries import Queries

        async def read() -> T:
            async with Queries.open(self._url) as queries:
                return await ask(queries)

        return asyncio.run(read())


def _missing(what: str, where: str, command: str) -> Problem:
    return Problem(what=f"there is no such {what}", where=where, do=f"{command} lists them")
