"""
The stream of odds: what it said last about the conditions that somebody has asked for.

There is no snapshot on it, no sequence and no time. So a condition is believed only when it was
read over REST after the stream had confirmed the subscription, and every connection begins anew.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from xarb_runtime.plugins.contracts import Clock

from .books import Book, read_book
from .wire import fields_of, list_of, read_json, text_of

#: Conditions beyond this many are forgotten, the one that was asked for longest ago first.
MOST = 500
#: The venue sends pings too; ours find out that a connection is dead.
PING_S = 10
FIRST_PAUSE_MS = 1_000
LONGEST_PAUSE_MS = 30_000


class Beginning(msgspec.Struct, frozen=True):
    """
    What was known when a condition was about to be read over REST.

    Attributes:
        condition: its id.
        connection: the number of the connection.
        known: its odds.
    """

    condition: str
    connection: int
    known: Book | None


class Feed:
    """
    Listens.

    Args:
        session: connects.
        url: the streams.
        environment: its name.
        clock: the clock.
        good_for_ms: how long odds are believed that the stream has not repeated.

    Attributes:
        connected: there is a connection.
        heard_ms: when anything was heard last; 0 before.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        environment: str,
        clock: Clock,
        good_for_ms: int,
    ) -> None:
        self._session, self._url = session, f"{url.rstrip('/')}/feed"
        self._environment, self._clock, self._good_for_ms = environment, clock, good_for_ms
        self._wanted: dict[str, None] = {}
        self._confirmed: set[str] = set()
        self._books: dict[str, Book] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connections = 0
        self.heard_ms = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None

    def book(self, condition: str) -> Book | None:
        """Return the odds of a condition, if they can be believed."""
        book = self._books.get(condition)
        if book is None or not self.connected:
            return None
        age_ms = self._clock.now_ms() - book.heard_ms
        return book if age_ms < self._good_for_ms else None

    def begin(self, condition: str) -> Beginning | None:
        """
        Say that a condition is about to be read over REST.

        Returns None when the stream has not confirmed its subscription: what is read does not last.
        """
        if not (self.connected and condition in self._confirmed):
            return None
        return Beginning(condition, self._connections, self._books.get(condition))

    def keep(self, beginning: Beginning, book: Book) -> Book:
        """
        Keep what was read over REST, unless the stream has said something meanwhile.

        Returns what is to be believed: REST adds what the stream has left out, and no more, for as
        long as the stream's word is good.
        """
        condition = beginning.condition
        same = self._connections == beginning.connection
        if not (
            same and self._books.get(condition) is beginning.known and condition in self._wanted
        ):
            return book
        known = self.book(condition)
        if known is not None:
            sides = {**book.sides, **known.sides}
            book = Book(known.open and book.open, sides, known.heard_ms)
        self._books[condition] = book
        return book

    async def want(self, condition: str) -> None:
        """Subscribe to a condition, now or with the next connection."""
        is_new = condition not in self._wanted
        self._wanted.pop(condition, None)
        self._wanted[condition] = None
        if not is_new:
            return
        await self._send("SubscribeConditions", [condition])
        if len(self._wanted) > MOST:
            oldest = next(iter(self._wanted))
            del self._wanted[oldest]
            self._confirmed.discard(oldest)
            self._books.pop(oldest, None)
            await self._send("UnsubscribeConditions", [oldest])

    async def run(self) -> None:
        """Connect, listen, and connect again, until cancelled."""
        pause_ms = FIRST_PAUSE_MS
        while True:
            try:
                async with self._session.ws_connect(self._url, heartbeat=PING_S) as socket:
                    pause_ms = FIRST_PAUSE_MS
                    await self._listen(socket)
            except (aiohttp.ClientError, TimeoutError, OSError):
                pause_ms = min(LONGEST_PAUSE_MS, pause_ms * 2)
            await self._clock.sleep_ms(pause_ms)

    async def reach(self) -> None:
        """
        Connect and leave again.

        Raises:
            aiohttp.ClientError, TimeoutError, OSError: there is no stream.
        """
        async with self._session.ws_connect(self._url):
            pass

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._connections += 1
        try:
            if self._wanted:
                await self._send("SubscribeConditions", list(self._wanted))
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(fields_of(read_json(message.data)))
        finally:
            self._socket = None
            self._confirmed.clear()
            self._books.clear()

    def _hear(self, frame: Mapping[str, Any]) -> None:
        now_ms = self.heard_ms = self._clock.now_ms()
        data = fields_of(frame.get("data"))
        match frame.get("event"):
            case "SubscribedToConditions":
                ids = {text_of(name) for name in list_of(data.get("conditionIds"))}
                self._confirmed |= ids & self._wanted.keys()
            case "ConditionUpdated":
                read = read_book({"id": text_of(frame.get("id")), **data}, now_ms)
                if read is not None and read[0] in self._wanted:
                    self._update(*read)
            case _:
                pass  # other events are not about odds

    def _update(self, condition: str, book: Book) -> None:
        """Take a frame for all that is known: an outcome that it gives no odds has no price."""
        known = self._books.get(condition)
        if known is not None and not (book.open or book.sides):
            # Closed, and no more than that was said. Odds that cannot be had grow no younger.
            book = Book(book.open, known.sides, known.heard_ms)
        self._confirmed.add(condition)
        self._books[condition] = book

    async def _send(self, event: str, conditions: list[str]) -> None:
        if self._socket is None or self._socket.closed:
            return
        data = {"conditionIds": conditions, "environment": self._environment}
        try:
            await self._socket.send_json({"event": event, "data": data})
        except (ConnectionError, RuntimeError):
            return  # the connection is on its way down; the next one subscribes to everything
