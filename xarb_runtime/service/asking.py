"""
Asking plugins: every call has a deadline, and a plugin that does not let go is left behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog

from xarb_runtime.plugins.contracts import Venue

T = TypeVar("T")
log = structlog.get_logger("xarb.dispatcher")


class NoAnswerError(RuntimeError):
    """A call ended without an answer: it raised, or its deadline passed."""


class Asking:
    """
    Calls plugins on behalf of the dispatcher.

    Args:
        venues: by name.
        health: told `call.ok` or `call.failed` after each call of a venue, with the reason.
        clean: makes what a plugin said fit to be written down.
    """

    def __init__(
        self,
        venues: Mapping[str, Venue],
        health: Callable[[str, str, str], None],
        clean: Callable[[str], str],
    ) -> None:
        self._venues = venues
        self._health = health
        self._clean = clean
        self._abandoned: dict[asyncio.Future[Any], str] = {}

    async def ask(self, call: Callable[[], Awaitable[T]], deadline_ms: int, what: str) -> T:
        """
        Await a plugin's answer.

        Raises:
            NoAnswerError: the deadline passed, or the plugin raised, or cancelled itself.
        """
        task = asyncio.ensure_future(_awaited(call))
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline_ms / 1000)
        except asyncio.CancelledError:
            self._abandon(task, what)
            raise
        if not done:
            self._abandon(task, what)
            message = f"{what}: no answer within {deadline_ms} ms"
            raise NoAnswerError(message)
        try:
            return task.result()
        except asyncio.CancelledError as error:
            message = f"{what}: the plugin cancelled itself"
            raise NoAnswerError(message) from error
        except Exception as error:  # a plugin may raise anything; it means no answer
            message = self._clean(f"{what}: {type(error).__name__}: {error}")
            raise NoAnswerError(message) from error

    def _abandon(self, task: asyncio.Future[Any], what: str) -> None:
        """Cancel a call without waiting for it: a plugin may swallow the cancellation."""
        task.cancel()
        self._abandoned[task] = what
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Future[Any]) -> None:
        what = self._abandoned.pop(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("abandoned_call_failed", call=what, error=repr(task.exception()))

    @property
    def abandoned(self) -> list[str]:
        """Calls whose deadline has passed and that have not ended yet."""
        return sorted(self._abandoned.values())

    async def venue(
        self, name: str, call: Callable[[Venue], Awaitable[T]], deadline_ms: int, what: str
    ) -> T:
        """
        Await a venue's answer, and tell its breaker how it went.

        Raises:
            NoAnswerError: as `ask`; or there is no such venue.
        """
        venue = self._venues.get(name)
        if venue is None:
            known = ", ".join(sorted(self._venues)) or "none"
            message = f"{what}: expected a venue of the settings ({known}), found {name!r}"
            raise NoAnswerError(message)
        try:
            answer = await self.ask(lambda: call(venue), deadline_ms, f"{name} {what}")
        except NoAnswerError as error:
            # A market without a price says nothing about the venue; a broken line does.
            if what != "quote" or isinstance(error.__cause__, OSError | None):
                self._health(name, "call.failed", str(error))
            raise
        self._health(name, "call.ok", "")
        return answer


async def _awaited(call: Callable[[], Awaitable[T]]) -> T:
    """Call inside the task, so that what is raised before the first await lands there as well."""
    return await call()
