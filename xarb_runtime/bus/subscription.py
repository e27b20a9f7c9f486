"""
What a subscriber inside the process sees of the messages that go out.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

import msgspec


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message that went out.

    Attributes:
        body: a CloudEvent in structured JSON.
        routing_key: what it was published under, its type as a rule.
        missed: how many messages before this one the subscriber was too slow for.
    """

    body: bytes
    routing_key: str
    missed: int = 0


class Subscription:
    """
    An async iterator over published messages, in the order they were published.

    It hears from the moment it is made, not from the first question. Its buffer is bounded: when it
    is full, the oldest message goes. Close it, or use it as a context manager, to stop listening.
    """

    def __init__(
        self, pattern: str, capacity: int, forget: Callable[["Subscription"], None]
    ) -> None:
        self.pattern = pattern
        self._buffer: deque[Published] = deque(maxlen=capacity)
        self._missed = 0
        self._ended = False
        self._forget = forget
        self._readers: list[asyncio.Future[None]] = []

    def offer(self, body: bytes, routing_key: str) -> int:
        """Take a message if the pattern fits; return how many were dropped for it: 0 or 1."""
        if not matches(self.pattern, routing_key):
            return 0
        dropped = int(len(self._buffer) == self._buffer.maxlen)
        self._missed += dropped
        self._buffer.append(Published(body=body, routing_key=routing_key))
        self._wake()
        return dropped

    def end(self) -> None:
        """Let the iteration end after what is in the buffer."""
        self._ended = True
        self._wake()

    def close(self) -> None:
        """Stop listening, and end the iteration."""
        if not self._ended:
            self._forget(self)
        self._buffer.clear()
        self.end()

    def _wake(self) -> None:
        for reader in self._readers:
            if not reader.done():
                reader.set_result(None)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Published:
        """
        Return the next message.

        If cancelled, no message is lost.
        """
        while not self._buffer:
            if self._ended:
                raise StopAsyncIteration
            reader = asyncio.get_running_loop().create_future()
            self._readers.append(reader)
            try:
                await reader
            finally:
                self._readers.remove(reader)
        missed, self._missed = self._missed, 0
        return msgspec.structs.replace(self._buffer.popleft(), missed=missed)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def matches(pattern: str, routing_key: str) -> bool:
    """Return whether a routing key fits a pattern: itself, `prefix.*`, or `*` for everything."""
    if pattern.endswith("*"):
        return routing_key.startswith(pattern[:-1])
    return routing_key == pattern
