"""
What the author of an HTTP venue writes: which requests to send, and what their answers prove.

`HttpProtocol` is that part; `HttpVenue`, in `xarb_runtime.plugins.http_venue`, is everything around
it. A protocol keeps nothing, retries nothing and catches nothing: it reads what proves something,
and returns None for all the rest. None is *nobody knows*: what is not said expressly is never taken
for a refusal, nor for the absence of an order.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote as escaped
from urllib.parse import urlencode

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    CancelRefused,
    Order,
    OrderReport,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.venues import Capabilities, VenueCheck

T = TypeVar("T")

#: What reading an answer may raise when it is not as agreed; it counts as None.
UNREADABLE = (msgspec.DecodeError, ValueError, LookupError, ArithmeticError)

#: What a part of a path may hold as it is, beside letters and digits (RFC 3986, 3.3).
_PLAIN = ":@"

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404

#: An order that nobody has placed; it expired in 1970.
_NOBODYS = Order(
    client_id="none",
    selection=Selection("none", "none", "none", ()),
    stake=Decimal(1),
    min_odds=Decimal(2),
    reduces=False,
    expires_ms=0,
)


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The section of the settings of an HTTP venue. One that needs more inherits from it.

    Attributes:
        url: where the venue is; paths of requests are below it.
        key_env: the variable of the environment that holds the key; by default the kind's name in
            capitals, and `_KEY`.
        timeout: longest wait for the answer to a request.
        poll: shortest pause between two looks for news when there are none, or looking failed.
        requests: most requests in `window`. A quarter of them is kept for orders, cancels, looks
            that money waits for, and heartbeats.
        window: the window of the venue's rate limit.
    """

    url: str
    key_env: str = ""
    timeout: str = "5s"
    poll: str = "1s"
    requests: int = 240
    window: str = "1m"

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"url: expected https://... or http://..., found {self.url!r}")
        if self.requests < 1:
            raise ValueError(f"requests: expected at least 1, found {self.requests}")
        for name in ("timeout", "poll", "window"):
            try:
                positive = parse_duration_ms(getattr(self, name)) > 0
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            if not positive:
                raise ValueError(f"{name}: expected more than nothing, found 0")


class Request(msgspec.Struct, frozen=True):
    """
    A request, exactly as it is sent.

    Attributes:
        method: `GET`, `POST`, ...
        target: path and query below the venue's `url`, escaped: `/orders/7?full=1`.
        body: JSON, or nothing.
    """

    method: str
    target: str
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came back.

    Attributes:
        status: the HTTP status. Redirects are not followed: an order is sent to one place, once.
        body: as it was received.
        headers: by their names in small letters.
        time_ms: when it was here by the clock, milliseconds since the epoch.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    time_ms: int = 0

    def read(self, shape: type[T]) -> T:
        """
        Return what the JSON body says, as a type: a `msgspec.Struct`, `dict[str, str]`, ...

        Let what it raises pass: a body that is not what was agreed proves nothing. So give fields
        without which an answer proves nothing no default.

        Raises:
            msgspec.DecodeError: it is no JSON, something is missing, or of another type.
        """
        return msgspec.json.decode(self.body, type=shape)


class Ask:
    """
    Sends requests on behalf of one call, which it is given to: `await ask("GET", "orders", id)`.

    It waits its turn within the rate limit, adds the protocol's headers and sends once. Once its
    call is over it sends nothing more.

    Args:
        send: sends a request. A test of a protocol gives its own.

    Attributes:
        last: the newest answer; None while there is none.
    """

    def __init__(self, send: Callable[[Request], Awaitable[Answer]]) -> None:
        self._send = send
        self._is_over = False
        self.last: Answer | None = None

    async def __call__(
        self,
        method: str,
        *path: str | int,
        query: Mapping[str, str | int] | None = None,
        json: object = None,
    ) -> Answer:
        """
        Send a request; return its answer, whatever its status is.

        Args:
            method: `GET`, `POST`, ...
            path: the parts of the path below `url`. Each is escaped: an id with a slash stays one
                part.
            query: what comes after the question mark.
            json: the body; a `Decimal` becomes a string, a `msgspec.Struct` an object.

        Raises:
            aiohttp.ClientError, OSError: no answer, or not in time. Let it pass: nobody knows then
                what became of the request.
            RuntimeError: the call on whose behalf it would be sent is over.
        """
        if self._is_over:
            raise RuntimeError(f"the call is over, nothing more is sent for it: {method} {path}")
        target = "".join(f"/{escaped(str(part), safe=_PLAIN)}" for part in path)
        if query:
            target += f"?{urlencode(query)}"
        self.last = None
        body = b"" if json is None else msgspec.json.encode(json)
        self.last = await self._send(Request(method, target, body))
        return self.last

    def told(self) -> str:
        """Return what there is to say about the newest answer: `HTTP 502`."""
        return f"HTTP {self.last.status}" if self.last else "no answer"

    def end(self) -> None:
        """Send nothing more."""
        self._is_over = True


class Changes(msgspec.Struct, frozen=True):
    """
    News about orders.

    Attributes:
        reports: about orders that changed, oldest first; none is fine. Orders of others do no harm.
        after: what to ask with the next time: a number, a time, a cursor of the venue.
    """

    reports: Sequence[OrderReport]
    after: Any


class HttpProtocol(ABC):
    """
    How to speak to a venue over HTTP.

    Each method gets an `Ask`, sends what it has to, and returns what the answer proves. **None, or
    an answer that cannot be read, means that nobody knows**; so do a broken connection and silence.
    Write a list of what proves something; whatever is not on it falls through to None.

    It keeps nothing between calls and reads no clock: `Answer.time_ms` is the time.

    Args:
        settings: the venue's section, of the type that the spec names.
        key: the secret; empty where the venue is only described, or opened without trading.

    Attributes:
        key_header: the header that carries the key, unless `headers` says otherwise.
    """

    key_header: ClassVar[str] = "Authorization"

    def __init__(self, settings: Any, key: str = "") -> None:
        self.settings = settings
        self.key = key

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """
        Return what the venue can do. What is not named it cannot.

        Without `cancel` nothing is ever cancelled. Without `proves_absence` an `Absent` of `find`
        counts as *unknown*.
        """

    def headers(self, request: Request, now_ms: int) -> dict[str, str]:
        """
        Return what a request carries; by default the key, as it is, in `key_header`.

        Here is the place for `Bearer ...`, or for a signature over the request and the time.

        Args:
            request: exactly as it will be sent.
            now_ms: the time at which it will be sent, milliseconds since the epoch.
        """
        del request, now_ms
        return {self.key_header: self.key} if self.key else {}

    @abstractmethod
    async def place(self, order: Order, ask: Ask) -> OrderReport | Refused | Unknown | None:
        """
        Send an order, once.

        Its `client_id` must make placing it twice harmless: hand it to the venue, or make of it
        what the venue tells duplicates by. Hand over `min_odds` and `expires_ms` too.

        Returns:
            The order as the venue states it; `Refused` if the answer proves that the venue does not
            have it and never will; otherwise None, or `Unknown` with words for people.
        """

    @abstractmethod
    async def find(self, order: Order, ask: Ask) -> OrderReport | Absent | Unknown | None:
        """
        Look an order up; it may be one of an earlier process.

        Returns:
            The order as the venue states it; `Absent` if the answer proves that the venue does not
            have it and will not get it any more, which *not found* alone does not; otherwise None,
            or `Unknown` with words for people.
        """

    async def cancel(self, order: Order, ask: Ask) -> OrderReport | CancelRefused | Unknown | None:
        """
        Ask for an order to be cancelled; only called if `capabilities` say `cancel`.

        Returns:
            The order as the venue states it after that; `CancelRefused` if it says that it does not
            cancel it; otherwise None, or `Unknown` with words for people.
        """
        del order, ask
        return None

    @abstractmethod
    async def quote(self, selection: Selection, ask: Ask) -> Quote | None:
        """Return a live price, or None: there is none to be had."""

    @abstractmethod
    async def beat(self, ask: Ask) -> bool:
        """
        Tell the venue that we are alive; return whether it has confirmed it.

        Where there is no dead man's switch: send something that only succeeds when the venue is
        there and works for us, such as asking for the balance.
        """

    async def changes(self, after: Any, ask: Ask) -> Changes | None:
        """
        Ask what has changed. Leave it out where the venue does not tell: then each order that is
        not settled is looked for again and again.

        Args:
            after: None at the beginning: tell everything, at least of the last hours. Then what the
                last `Changes` said.
            ask: sends requests.

        Returns:
            None if it did not work: it is asked again with the same `after`.
        """
        del after, ask
        return None

    async def check(self, ask: Ask) -> tuple[VenueCheck, ...] | None:
        """
        Return what must be so before one can trade: key, balance, allowance. Place nothing.

        By default it looks for an order that is not there, and says whether that was let in. None:
        the venue does not say.
        """
        with suppress(*UNREADABLE):  # it is only asked who is let in
            await self.find(_NOBODYS, ask)
        status = ask.last.status if ask.last else 0
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            hint = "Compare it with the one that the venue has given you."
            found = f"the venue does not take it: {ask.told()}"
            return (VenueCheck(what="key", ok=False, found=found, hint=hint),)
        if status == _NOT_FOUND or status // 100 == 2:  # noqa: PLR2004  all that begin with 2
            found = f"the venue let in who looked for an order that is not there: {ask.told()}"
            return (VenueCheck(what="key", ok=True, found=found),)
        return None

    def account(self) -> str:
        """
        Return under which account orders are sent, never a secret: `Venue.account`.

        By default something made of the key that does not give it away. Return the number of the
        account where it is known: then a new key for the same account is no other account.
        """
        if not self.key:
            return ""
        return f"key {hashlib.sha256(self.key.encode()).hexdigest()[:16]}"


__all__ = [
    "UNREADABLE",
    "Answer",
    "Ask",
    "Changes",
    "HttpProtocol",
    "HttpSettings",
    "Request",
]
