"""
A question to a venue: one task that calls, one timer, and one answer, whatever the plugin does.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from xarb_runtime.plugins.process_wide import own_decimals
from xarb_runtime.service.cancellation import is_cancelled

log = structlog.get_logger("xarb.dispatcher")


class NoAnswerError(RuntimeError):
    """A call ended without an answer: it raised, or its deadline passed."""


class Question:
    """
    Every order goes through this, so that it is one task, and nobody waits for it: what is to be
    done with the answer is done by the task itself, or by the timer.

    Args:
        name: whom and what it asks, e.g. `sx place`.
        call: asks.
        deadline_ms: longest wait for the answer. A plugin that does not let go is left behind.
        reached: called right before `call`, in the task.
        told: called exactly once, with the answer or why there is none; not after `leave`.
        clean: makes what a plugin said fit to be written down.

    Attributes:
        is_late: nobody waits for its task any more.
    """

    __slots__ = (
        "_call",
        "_clean",
        "_deadline_ms",
        "_fail",
        "_reached",
        "_task",
        "_timer",
        "_told",
        "is_late",
        "name",
    )

    def __init__(
        self,
        name: str,
        call: Callable[[], Awaitable[object]],
        deadline_ms: int,
        *,
        reached: Callable[[], None],
        told: Callable[[object], None],
        clean: Callable[[str], str],
    ) -> None:
        self.name = name
        self.is_late = False
        self._call = call
        self._deadline_ms = deadline_ms
        self._reached = reached
        self._told = told
        self._clean = clean

    def begin(
        self, fail: Callable[[BaseException], None], ended: Callable[["Question"], None]
    ) -> None:
        """
        Ask; returns at once.

        Args:
            fail: told what `reached` or `told` raised; that is never a plugin's doing.
            ended: called when the task has ended, in time or not.
        """
        self._fail = fail
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._ask(), name=f"command {self.name}")
        self._timer = loop.call_later(self._deadline_ms / 1000, self._is_late_now)

        def done(task: asyncio.Task[None]) -> None:
            self._timer.cancel()
            ended(self)
            if not task.cancelled() and (error := task.exception()) is not None:
                fail(error)

        self._task.add_done_callback(done)

    def leave(self) -> None:
        """Cancel it, and wait for nothing: a plugin may swallow the cancellation."""
        self.is_late = True
        self._timer.cancel()
        self._task.cancel()

    async def _ask(self) -> None:
        self._reached()
        own_decimals()
        try:
            answer = await self._call()
        except asyncio.CancelledError as error:
            if self.is_late or is_cancelled():
                raise
            self._tell(self._no_answer("the plugin cancelled itself", error))
        except Exception as error:  # noqa: BLE001  a plugin may raise anything; it means no answer
            if self.is_late:
                log.info("abandoned_call_failed", call=self.name, error=self._clean(repr(error)))
            else:
                self._tell(self._no_answer(f"{type(error).__name__}: {error}", error))
        else:
            if not self.is_late:
                self._tell(answer)

    def _tell(self, answer: object) -> None:
        self._timer.cancel()
        self._told(answer)

    def _is_late_now(self) -> None:
        self.leave()
        try:
            self._told(self._no_answer(f"no answer within {self._deadline_ms} ms", None))
        except BaseException as error:  # noqa: BLE001  a timer has nobody above it
            self._fail(error)

    def _no_answer(self, why: str, cause: BaseException | None) -> NoAnswerError:
        error = NoAnswerError(self._clean(f"{self.name}: {why}"))
        error.__cause__ = cause
        return error
