"""
Pacing: staying inside a venue's rate limit, and out of the way when it says to wait.
"""

import asyncio
from collections import deque

from xarb_runtime.plugins.clock import Clock


class NoTurnError(LookupError):
    """A request would have to wait for too long. It was not sent, and the venue is not to blame."""


class Pace:
    """
    A sliding window over requests: at most `limit` of them in any `window_ms`.

    Orders, cancels and whatever else money waits for are *urgent*: they may use the share of the
    limit that is kept back for them. What is not urgent waits its turn. Where two degrees are not
    enough, each request says how many it leaves for more pressing ones.

    Args:
        clock: the clock.
        limit: most requests in a window.
        window_ms: the window, milliseconds.
        kept: how many of them only urgent requests may use.

    Attributes:
        limit: as given.
    """

    def __init__(self, clock: Clock, limit: int, window_ms: int, *, kept: int = 0) -> None:
        if not (limit > kept >= 0 and window_ms > 0):
            message = f"expected limit > kept >= 0 and a window, found {limit}, {kept}, {window_ms}"
            raise ValueError(message)
        self._clock = clock
        self.limit, self._window_ms, self._kept = limit, window_ms, kept
        self._sent: deque[int] = deque()
        self._closed_until_ms = 0

    def left(self, *, leave: int = 0) -> int:
        """Return how many requests that leave so many for others may be sent at once."""
        now_ms = self._clock.now_ms()
        self._forget(now_ms)
        if now_ms < self._closed_until_ms:
            return 0
        return max(0, self.limit - leave - len(self._sent))

    def wait_ms(self, *, urgent: bool = False, leave: int | None = None) -> int:
        """
        Return how long a request has to wait; 0 when it may be sent now.

        Args:
            urgent: it may use what is kept for urgent ones.
            leave: how many of a window it leaves for others, whatever is kept.
        """
        now_ms = self._clock.now_ms()
        self._forget(now_ms)
        if leave is None:
            leave = 0 if urgent else self._kept
        limit = max(1, self.limit - leave)
        full_ms = 0
        if len(self._sent) >= limit:
            full_ms = self._sent[len(self._sent) - limit] + self._window_ms - now_ms
        return max(0, full_ms, self._closed_until_ms - now_ms)

    async def turn(
        self, *, urgent: bool = False, leave: int | None = None, within_ms: int | None = None
    ) -> None:
        """
        Wait until a request may be sent, and count it.

        Args:
            urgent: it may use what is kept for urgent ones.
            leave: how many of a window it leaves for others, whatever is kept.
            within_ms: the longest wait that makes sense; None for any.

        Raises:
            NoTurnError: it would have to wait longer. It is not counted.
        """
        began_ms = self._clock.now_ms()
        while (wait_ms := self.wait_ms(urgent=urgent, leave=leave)) > 0:
            waits_ms = self._clock.now_ms() - began_ms + wait_ms
            if within_ms is not None and waits_ms > within_ms:
                raise NoTurnError(
                    f"the rate of {self.limit} requests in {self._window_ms} ms is used up for"
                    f" another {wait_ms} ms"
                )
            await self._clock.sleep_ms(wait_ms)
            await asyncio.sleep(0)
        self._sent.append(self._clock.now_ms())

    def hold(self, for_ms: int) -> None:
        """Send nothing for so long: the venue said so (HTTP 429, `Retry-After`)."""
        self._closed_until_ms = max(self._closed_until_ms, self._clock.now_ms() + for_ms)

    def _forget(self, now_ms: int) -> None:
        while self._sent and self._sent[0] <= now_ms - self._window_ms:
            self._sent.popleft()
