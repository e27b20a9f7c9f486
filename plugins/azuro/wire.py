"""
Requests: one at a time as asked for, never repeated by itself, numbers exact.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, cast

import aiohttp
import msgspec
from yarl import URL

from xarb_runtime.plugins.pacing import Pace

from .haste import Haste

OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404
TOO_MANY = 429
SERVER_ERROR = 500

#: A price that has to wait longer for its turn comes too late to be of use. That there is none says
#: nothing about the venue; one that is waited for in vain would make it count as down.
PRICE_WITHIN_MS = 300
#: How long to be silent when the venue asks for silence and does not say how long.
SILENCE_MS = 1_000

Params = Sequence[tuple[str, str]]


class TooLateError(Exception):
    """When its turn had come, it was too late to send it. It was not sent."""


class Answer(msgspec.Struct, frozen=True):
    """
    What came back.

    Attributes:
        status: of HTTP.
        body: read from JSON, fractions as Decimal; None when it was something else.
    """

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return OK <= self.status < OK + 100

    def fields(self) -> Mapping[str, Any]:
        """Return the body if it is an object, and nothing otherwise."""
        return fields_of(self.body)

    def said(self) -> str:
        """Return the answer for people, short."""
        given = self.fields()
        words = given.get("errorMessage") or given.get("message") or given.get("error")
        if isinstance(words, list):
            words = "; ".join(str(word) for word in cast("list[Any]", words))
        return f"HTTP {self.status}{f': {words}' if words else ''}"[:300]


class Wire:
    """
    The REST API.

    Args:
        session: sends.
        url: what all paths are below.
        timeout_ms: deadline of one request.
        pace: the rate limit.

    Attributes:
        date_ms: the venue's time as it was last told, whole seconds; None when it never was.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, timeout_ms: int, pace: Pace
    ) -> None:
        self._session, self._url, self.pace = session, URL(f"{url.rstrip('/')}/"), pace
        self._timeout = aiohttp.ClientTimeout(total=timeout_ms / 1000)
        self.date_ms: int | None = None

    def spare(self, haste: Haste) -> int:
        """Return how many requests that are so pressing may be sent at once."""
        return self.pace.left(leave=haste.leaves(self.pace.limit))

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        haste: Haste = Haste.LOOK,
        within_ms: int | None = None,
    ) -> Answer:
        """
        Ask.

        Args:
            path: below the address.
            params: of the query.
            haste: how pressing it is.
            within_ms: the deadline once its turn has come; None for that of every request.

        Raises:
            aiohttp.ClientError, TimeoutError: there was no answer.
            NoTurnError: the rate is used up, and it is about a price. It was not sent.
        """
        await self._turn(haste)
        return await self._call("GET", path, within_ms, params=list(params))

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        haste: Haste = Haste.LOOK,
        may: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """
        Send, once, if it still may be sent when its turn has come.

        Raises:
            aiohttp.ClientError, TimeoutError: there was no answer. It may have arrived.
            TooLateError: it was not sent.
            NoTurnError: the rate is used up, and it is about a price. It was not sent.
        """
        await self._turn(haste)
        if not may():
            raise TooLateError
        return await self._call("POST", path, None, json=body)

    async def _turn(self, haste: Haste) -> None:
        within_ms = PRICE_WITHIN_MS if haste.is_price else None
        await self.pace.turn(leave=haste.leaves(self.pace.limit), within_ms=within_ms)

    async def _call(self, method: str, path: str, within_ms: int | None, **asked: Any) -> Answer:
        url = self._url.join(URL(path))
        timeout = self._timeout
        if within_ms is not None:
            timeout = aiohttp.ClientTimeout(total=within_ms / 1000)
        # A redirect would send an order twice.
        async with self._session.request(
            method,
            url,
            timeout=timeout,
            allow_redirects=False,
            headers={"Accept": "application/json"},
            **asked,
        ) as answer:
            self.date_ms = _date_ms(answer.headers.get("Date", "")) or self.date_ms
            if answer.status == TOO_MANY:
                self.pace.hold(_silence_ms(answer.headers.get("Retry-After", "")))
            return Answer(answer.status, read_json(await answer.read()))


def read_json(text: bytes | str) -> Any:
    """Return JSON with exact numbers, or None when it is none."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def fields_of(value: object) -> Mapping[str, Any]:
    """Return an object's fields; those of anything else are none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def rows_of(value: object) -> list[Mapping[str, Any]]:
    """Return the objects in a list; of anything else none."""
    return [fields for row in list_of(value) if (fields := fields_of(row))]


def list_of(value: object) -> list[Any]:
    """Return a list; of anything else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def number_of(value: object) -> Decimal | None:
    """Return a number, written as one or as a text; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def text_of(value: object) -> str:
    """Return a text; a number becomes its digits, anything else an empty text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)


def words_of(error: BaseException) -> str:
    """Return an error in words."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _date_ms(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return round((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000)


def _silence_ms(text: str) -> int:
    return int(text) * 1000 if text.isascii() and text.isdigit() else SILENCE_MS
