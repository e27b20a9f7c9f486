"""
An HTTP venue, made of its protocol: everything that is the same at each of them.

Who writes a venue plugin writes an `HttpProtocol`: which requests to send, and what their answers
prove. `http_spec` makes a kind of venue of it, and `HttpVenue` does the rest:

* what nobody can say is *unknown*: silence, broken connections, redirects, a status or a body that
  the protocol does not know, an answer about another order;
* a request is sent once. A call that is cancelled sends nothing more;
* requests keep to the rate limit, those that money waits for go first, and after a 429 nothing is
  sent until `Retry-After` is over;
* `reports` never gives up: it goes on where it was after an outage. Where the venue does not tell
  what has changed, it looks for each order that was placed, or watched, until it is settled;
* without trading, or without the capability, nothing is placed and nothing is cancelled;
* the key is hidden before it is used.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.following import Following
from xarb_runtime.plugins.http_protocol import (
    UNREADABLE,
    Answer,
    Ask,
    Changes,
    HttpProtocol,
    HttpSettings,
    Request,
)
from xarb_runtime.plugins.pacing import Pace
from xarb_runtime.plugins.venues import (
    API,
    Capabilities,
    Venue,
    VenueCheck,
    VenueOpening,
    VenueSpec,
)

#: Nothing came back, or not in time: the request may have arrived all the same.
FAILURES = (aiohttp.ClientError, OSError)

TOO_MANY = 429

#: How long nothing is sent after a 429 that does not say how long.
HOLD_MS = 1_000

T = TypeVar("T")


class HttpVenue(Venue):
    """
    A connection to an HTTP venue, which speaks a protocol.

    Args:
        opening: what the venue is opened with; its settings are `HttpSettings`.
        protocol: which requests to send, and what their answers prove.
        session: where they are sent; closed by whoever opened it.
    """

    def __init__(
        self, opening: VenueOpening, protocol: HttpProtocol, session: aiohttp.ClientSession
    ) -> None:
        settings: HttpSettings = opening.settings
        self._name, self._clock, self._trades = opening.name, opening.clock, opening.trades
        self._protocol, self._session = protocol, session
        self._can = protocol.capabilities()
        self._url = settings.url.rstrip("/")
        self._poll_ms = parse_duration_ms(settings.poll)
        window_ms = parse_duration_ms(settings.window)
        kept = settings.requests // 4
        self._pace = Pace(opening.clock, settings.requests, window_ms, kept=kept)
        self._following = Following()
        self._has_feed = type(protocol).changes is not HttpProtocol.changes

    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        """
        Wait for the request's turn, send it, and return its answer.

        Raises:
            aiohttp.ClientError, OSError: there is none. The request may have arrived.
        """
        await self._pace.turn(urgent=urgent)
        headers = self._protocol.headers(request, self._clock.now_ms())
        if request.body:
            headers = {"Content-Type": "application/json", **headers}
        # As it is: what was signed is what is sent.
        url = URL(self._url + request.target, encoded=True)
        async with self._session.request(
            request.method,
            url,
            data=request.body or None,
            headers=headers,
            allow_redirects=False,
        ) as answer:
            now_ms = self._clock.now_ms()
            if answer.status == TOO_MANY:
                self._pace.hold(_hold_ms(answer.headers.get("Retry-After", ""), now_ms))
            names = {name.lower(): value for name, value in answer.headers.items()}
            body = await answer.read()
            return Answer(status=answer.status, body=body, headers=names, time_ms=now_ms)

    async def place(self, order: Order) -> PlaceAnswer:
        """Send an order once. Cancelled or failed, it may have arrived; `find` tells."""
        if not self._trades:
            return Refused("SHADOW", "opened without trading")
        self._follow(order)
        said = await self._asked(self._protocol.place, order)
        if isinstance(said, OrderReport):
            return Accepted(said)
        if isinstance(said, Refused):
            self._following.drop(order)
        return said

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask to cancel. Cancelled or failed, it may have taken effect; `find` tells."""
        if not self._can.cancel:
            return CancelRefused("this venue cancels nothing")
        said = await self._asked(self._protocol.cancel, order)
        return Accepted(said) if isinstance(said, OrderReport) else said

    async def find(self, order: Order) -> FindAnswer:
        """Look an order up."""
        return await self._look(order, urgent=True)

    async def quote(self, selection: Selection) -> Quote:
        """
        Ask for a price.

        Raises:
            LookupError: the venue has none.
            aiohttp.ClientError, OSError: it cannot be asked.
        """
        with self._asking(urgent=False) as ask:
            quote = await self._protocol.quote(selection, ask)
            if quote is None:
                raise LookupError(f"{self._name} gave no price: {ask.told()}")
            return quote

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what becomes of orders, from the beginning on; to hear it again is harmless."""
        news = self._feed() if self._has_feed else self._looks()
        async for report in news:
            yield report

    async def heartbeat(self) -> None:
        """
        Tell the venue that we are alive.

        Raises:
            ConnectionError: the venue did not confirm it.
            aiohttp.ClientError, OSError: it cannot be reached.
        """
        with self._asking(urgent=True) as ask:
            if not await self._protocol.beat(ask):
                raise ConnectionError(f"{self._name} did not confirm: {ask.told()}")

    def watch(self, order: Order) -> None:
        """Look for an order until it is settled, where the venue does not tell what changes."""
        self._follow(order)

    def account(self) -> str:
        """Return what the protocol says."""
        return self._protocol.account()

    async def check(self) -> tuple[VenueCheck, ...]:
        """
        Look at what must be so before one can trade; nothing where one does not.

        Raises:
            ConnectionError: the venue does not say.
            aiohttp.ClientError, OSError: it cannot be asked.
        """
        if not self._trades:
            return ()  # there need be no key
        with self._asking(urgent=False) as ask:
            checks = await self._protocol.check(ask)
            if checks is None:
                raise ConnectionError(f"{self._name} does not say: {ask.told()}")
            return checks

    def figures(self) -> Mapping[str, Decimal | int]:
        """Return how many requests may be sent at once."""
        return {"requests_left": self._pace.left()}

    def _follow(self, order: Order) -> None:
        if not self._has_feed:
            self._following.add(order)

    async def _look(self, order: Order, *, urgent: bool) -> FindAnswer:
        said = await self._asked(self._protocol.find, order, urgent=urgent)
        if isinstance(said, Absent) and not self._can.proves_absence:
            return Unknown(f"not there, which proves nothing here: {said.reason}")
        return Found(said) if isinstance(said, OrderReport) else said

    async def _asked(
        self,
        call: Callable[[Order, Ask], Awaitable[T | None]],
        order: Order,
        *,
        urgent: bool = True,
    ) -> T | Unknown:
        """Return what a call of the protocol proves, or why it proves nothing."""
        with self._asking(urgent=urgent) as ask:
            try:
                said = await call(order, ask)
            except FAILURES as error:
                return Unknown(_text(error))
            except UNREADABLE as error:
                return Unknown(f"{ask.told()}, not as agreed: {_text(error)}")
            if said is None:
                return Unknown(ask.told())
        if isinstance(said, OrderReport) and said.client_id != order.client_id:
            return Unknown(f"{ask.told()}, about another order: {said.client_id}")
        return said

    @contextmanager
    def _asking(self, *, urgent: bool) -> Generator[Ask]:
        """Send for one call; nothing more once it is over."""

        async def send(request: Request) -> Answer:
            return await self.send(request, urgent=urgent)

        ask = Ask(send)
        try:
            yield ask
        finally:
            ask.end()

    async def _feed(self) -> AsyncIterator[OrderReport]:
        """Yield what the venue tells of changes."""
        after: Any = None
        while True:
            began_ms = self._clock.now_ms()
            changes = await self._changes(after)
            if changes is not None:
                after = changes.after
                for report in changes.reports:
                    yield report
                if changes.reports:
                    continue  # there may be more
            waited_ms = self._clock.now_ms() - began_ms
            has_waited = changes is not None and waited_ms >= self._poll_ms
            await self._clock.sleep_ms(0 if has_waited else self._poll_ms)

    async def _changes(self, after: Any) -> Changes | None:
        with self._asking(urgent=False) as ask:
            try:
                return await self._protocol.changes(after, ask)
            except (*FAILURES, *UNREADABLE):
                return None

    async def _looks(self) -> AsyncIterator[OrderReport]:
        """Yield what looking for the orders that are not settled brings."""
        self._following.begin()
        while True:
            for order in self._following.due():
                said = await self._look(order, urgent=False)
                if isinstance(said, Found) and self._following.is_news(said.report):
                    yield said.report
                    self._following.told(said.report)
                elif isinstance(said, Absent):
                    self._following.drop(order)
                else:
                    self._following.silent(order, self._clock.now_ms())
            await self._clock.sleep_ms(self._poll_ms)


def http_spec(
    protocol: type[HttpProtocol],
    *,
    name: str,
    version: str,
    settings: type[HttpSettings] = HttpSettings,
    venue: type[HttpVenue] = HttpVenue,
    api: int = API,
) -> VenueSpec:
    """
    Return a kind of venue that speaks a protocol, for `xarb_venues`.

    Args:
        protocol: which requests to send, and what their answers prove.
        name: the kind's name; settings refer to it as `venues.<name>.kind`.
        version: the plugin's version.
        settings: what the venue's section of the settings is read as.
        venue: for venues that need more than their protocol can say.
        api: the plugin API that the protocol was written for.
    """

    def capabilities(section: Any) -> Capabilities:
        return protocol(section).capabilities()

    @asynccontextmanager
    async def opened(opening: VenueOpening) -> AsyncGenerator[HttpVenue, None]:
        section: HttpSettings = opening.settings
        key = _key(opening, section.key_env or f"{name.upper()}_KEY")
        timeout = aiohttp.ClientTimeout(total=parse_duration_ms(section.timeout) / 1000)
        async with opening.http(timeout=timeout) as session:
            yield venue(opening, protocol(section, key), session)

    return VenueSpec(
        name=name,
        version=version,
        capabilities=capabilities,
        settings=settings,
        open=opened,
        api=api,
    )


def _key(opening: VenueOpening, variable: str) -> str:
    key = opening.environ.get(variable, "")
    if key:
        opening.hide(key)
    elif opening.trades:
        raise ValueError(f"expected the key in the variable {variable}, found none")
    return key


def _hold_ms(text: str, now_ms: int) -> int:
    """Seconds, or a date, as HTTP allows it."""
    if text.isdecimal():
        return int(text) * 1000
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return HOLD_MS
    return max(HOLD_MS, int(until.replace(tzinfo=until.tzinfo or UTC).timestamp() * 1000) - now_ms)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


__all__ = [
    "FAILURES",
    "UNREADABLE",
    "Answer",
    "Ask",
    "Changes",
    "HttpProtocol",
    "HttpSettings",
    "HttpVenue",
    "Request",
    "http_spec",
]
