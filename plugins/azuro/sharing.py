"""
Asking together: what many want to know at the same moment is asked for once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from xarb_runtime.plugins.contracts import Clock

T = TypeVar("T")


class Shared(Generic[T]):
    """
    An answer that is shared by all who ask while it is on its way.

    Whoever asks first sends the request; if that call is cancelled, the next one sends it. A
    failure is shared like an answer: a venue that fails is not asked once more by everybody.

    Args:
        clock: the clock.
        good_for_ms: an answer is given again for so long.
    """

    def __init__(self, clock: Clock, *, good_for_ms: int = 0) -> None:
        self._clock, self._good_for_ms = clock, good_for_ms
        self._lock = asyncio.Lock()
        #: How many answers and failures there were.
        self._outcomes = 0
        self._failure: Exception | None = None
        self._answers: list[T] = []
        self._came_ms = 0

    @property
    def age_ms(self) -> int | None:
        """How old the newest answer is; None when there is none."""
        return self._clock.now_ms() - self._came_ms if self._answers else None

    async def ask(self, send: Callable[[], Awaitable[T]]) -> T:
        """
        Return an answer that came after this was called, or one that is still good.

        Raises:
            Exception: what `send` raised.
        """
        before = self._outcomes
        async with self._lock:
            if self._outcomes > before or self._is_good():
                return self._last()
            try:
                answer = await send()
            except Exception as error:
                self._failure, self._outcomes = error, self._outcomes + 1
                raise
            self._answers, self._failure = [answer], None
            self._outcomes, self._came_ms = self._outcomes + 1, self._clock.now_ms()
            return answer

    def _is_good(self) -> bool:
        age_ms = self.age_ms
        return age_ms is not None and self._failure is None and age_ms < self._good_for_ms

    def _last(self) -> T:
        if self._failure is not None:
            raise self._failure
        return self._answers[0]
