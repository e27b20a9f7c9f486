"""
Asking plugins: every call has a deadline, and a plugin that does not let go is left behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog

from xarb_runtime.plugins.contracts import Venue
from xarb_runtime.plugins.process_wide import own_decimals
from xarb_runtime.service.question import NoAnswerError, Question

T = TypeVar("T")
log = structlog.get_logger("xarb.dispatcher")


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
        self._questions: set[Question] = set()

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
        late = [question.name for question in self._questions if question.is_late]
        return sorted([*self._abandoned.values(), *late])

    # -- Venues ----------------------------------------------------------------------------------

    def begin(
        self,
        name: str,
        call: Callable[[Venue], Awaitable[object]],
        deadline_ms: int,
        what: str,
        *,
        reached: Callable[[], None],
        told: Callable[[object], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        """
        Ask a venue, and tell its breaker how it went. Returns at once; `told` hears the answer or a
        NoAnswerError, `fail` what `reached` or `told` raised.
        """
        venue = self._venues.get(name)
        if venue is None:
            told(self._no_venue(name, what))
            return

        def heard(answer: object) -> None:
            self._notice(name, what, answer)
            told(answer)

        question = Question(
            f"{name} {what}",
            lambda: call(venue),
            deadline_ms,
            reached=reached,
            told=heard,
            clean=self._clean,
        )
        self._questions.add(question)
        question.begin(fail, self._questions.discard)

    def leave(self) -> None:
        """Cancel all questions that are under way, and wait for none of them."""
        for question in tuple(self._questions):
            question.leave()

    def _no_venue(self, name: str, what: str) -> NoAnswerError:
        known = ", ".join(sorted(self._venues)) or "none"
        return NoAnswerError(f"{what}: expected a venue of the settings ({known}), found {name!r}")

    def _notice(self, name: str, what: str, answer: object) -> None:
        if not isinstance(answer, NoAnswerError):
            self._health(name, "call.ok", "")
        elif what != "quote" or isinstance(answer.__cause__, OSError | None):
            # A market without a price says nothing about the venue; a broken line does.
            self._health(name, "call.failed", str(answer))

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
            raise self._no_venue(name, what)
        try:
            answer = await self.ask(lambda: call(venue), deadline_ms, f"{name} {what}")
        except NoAnswerError as error:
            self._notice(name, what, error)
            raise
        self._notice(name, what, answer)
        return answer


async def _awaited(call: Callable[[], Awaitable[T]]) -> T:
    """Call inside the task, so that what is raised before the first await lands there as well."""
    own_decimals()
    return await call()


__all__ = ["Asking", "NoAnswerError"]
