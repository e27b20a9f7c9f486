"""
Reading odds over REST: one request for all conditions that are wanted at the same moment.
"""

from collections.abc import Mapping

from xarb_runtime.plugins.contracts import Clock
from xarb_runtime.plugins.pacing import NoTurnError

from .books import Book, read_book
from .feed import Feed
from .haste import Haste
from .settings import AzuroSettings
from .sharing import Shared
from .wire import Wire, rows_of

#: So soon after another request, or when the rate is short, a request waits so long for company.
GATHER_MS = 20
#: Conditions in one request. The venue publishes no limit.
MOST = 50


class _Batch:
    """Conditions whose odds are asked for with one request."""

    def __init__(self, clock: Clock, *conditions: str) -> None:
        self.conditions = list(conditions)
        self.haste = Haste.QUOTE
        self.answer: Shared[Mapping[str, Book]] = Shared(clock)


class Reading:
    """
    Reads odds.

    Args:
        wire: the REST API.
        feed: the stream, which keeps what was read; None where it is not to be used.
        settings: the venue's.
        clock: the clock.
    """

    def __init__(
        self, wire: Wire, feed: Feed | None, settings: AzuroSettings, clock: Clock
    ) -> None:
        self._wire, self._feed, self._clock = wire, feed, clock
        self._environment = settings.environment
        self._open: _Batch | None = None
        self._flying: dict[str, _Batch] = {}
        self._went_ms = 0

    async def read(self, condition: str, haste: Haste) -> Book:
        """
        Return a condition's odds.

        Args:
            condition: its id.
            haste: how pressing it is; all that are asked for together are as the most pressing one.

        Raises:
            LookupError: there is no such condition, or the venue does not say.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        flying = self._flying.get(condition)
        # An answer to what was sent before now may be older than the subscription: it is not kept.
        beginning = self._feed.begin(condition) if self._feed and flying is None else None
        book = await self._in_company(condition, flying or self._joined(condition, haste))
        if self._feed and beginning:
            return self._feed.keep(beginning, book)
        return book

    def _joined(self, condition: str, haste: Haste) -> _Batch:
        if self._open is None or len(self._open.conditions) >= MOST:
            self._open = _Batch(self._clock)
        if condition not in self._open.conditions:
            self._open.conditions.append(condition)
        self._open.haste = min(self._open.haste, haste)
        return self._open

    async def _in_company(self, condition: str, batch: _Batch) -> Book:
        try:
            read = await batch.answer.ask(lambda: self._ask(batch))
            return _of(condition, read)
        except NoTurnError:
            raise
        except LookupError:
            if len(batch.conditions) == 1:
                raise
        # Perhaps it is another one of them that the venue does not like.
        return _of(condition, await self._ask(_Batch(self._clock, condition)))

    async def _ask(self, batch: _Batch) -> Mapping[str, Book]:
        is_soon = self._clock.now_ms() - self._went_ms < GATHER_MS
        if is_soon or not self._wire.spare(Haste.LOOK):
            await self._clock.sleep_ms(GATHER_MS)
        asked = {"conditionIds": batch.conditions, "environment": self._environment}
        try:
            answer = await self._wire.post(
                "market-manager/condition-batch",
                asked,
                haste=batch.haste,
                may=lambda: self._goes(batch),
            )
        finally:
            for condition in batch.conditions:
                if self._flying.get(condition) is batch:
                    del self._flying[condition]
        if not answer.ok:
            raise LookupError(f"no odds: {answer.said()}")
        now_ms = self._clock.now_ms()
        conditions = rows_of(answer.fields().get("conditions"))
        return dict(read for given in conditions if (read := read_book(given, now_ms)))

    def _goes(self, batch: _Batch) -> bool:
        """Close a batch whose turn has come: until now more could join it."""
        if self._open is batch:
            self._open = None
        self._went_ms = self._clock.now_ms()
        self._flying.update(dict.fromkeys(batch.conditions, batch))
        return True


def _of(condition: str, books: Mapping[str, Book]) -> Book:
    if condition not in books:
        raise LookupError(f"no condition {condition} in what the venue answered")
    return books[condition]
