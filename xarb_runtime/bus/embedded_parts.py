"""
What the embedded bus is made of: messages on their way, figures, and the one error.
"""

import asyncio

import msgspec


class BusClosedError(ConnectionError):
    """The bus was closed; whether the message got through is told by the journal alone."""


class BusStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """
    Gauges and counters of an embedded bus.

    Attributes:
        waiting: messages that wait for the runtime.
        unacknowledged: messages that it has and has not acknowledged.
        producers: producers that wait for room.
        submitted: messages ever taken from producers.
        acknowledged: messages ever acknowledged.
        given_back: times a message was given back.
        published: messages ever published.
        missed: times a slow subscriber missed one.
    """

    waiting: int
    unacknowledged: int
    producers: int
    submitted: int
    acknowledged: int
    given_back: int
    published: int
    missed: int


class Entry:
    """
    A message on its way through the bus; ordered by when it came in.

    Attributes:
        body: the message.
        number: its place in the order; -1 before it came in.
        redelivered: it was given back before.
        settled: resolved when it is acknowledged, for a producer that waits for that.
    """

    __slots__ = ("body", "number", "redelivered", "settled")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.number = -1
        self.redelivered = False
        self.settled: asyncio.Future[None] | None = None

    def __lt__(self, other: "Entry") -> bool:
        return self.number < other.number
