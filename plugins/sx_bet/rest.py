"""
Requests to the exchange: paced, with a deadline each, never redirected.

Only reading is tried again. An order is sent once: what became of it is found out by looking.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.pacing import Pace

from . import wire
from .silence import Group, Silences, group_of, told_ms

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 401, 403, 404, 429
_SERVER_ERRORS = range(500, 600)

#: A minute, and a second for requests that take longer on their way than those after them.
_MINUTE_MS = 61_000
_TRIES = 3
_RETRY_MS = 200


class NoAnswerError(ConnectionError):
    """
    The exchange did not answer, or not with what it should. Nobody knows what it has done.

    Attributes:
        status: of what it answered; 0 when nothing came.
    """

    def __init__(self, words: str, status: int = 0) -> None:
        self.status = status
        super().__init__(words)


class HeldError(NoAnswerError):
    """The exchange asks for silence. It was not sent."""


class TooLateError(Exception):
    """When its turn had come, it was too late to send it. It was not sent."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def problem(self) -> wire.ErrorBody | None:
        """The exchange's own words for an error; None when they are not its own."""
        return None if self.status == OK else wire.read_problem(self.body)

    @property
    def said(self) -> str:
        """What came back, for people."""
        problem = self.problem
        return f"HTTP {self.status}{f': {problem.reason}' if problem else ''}"


class Rest:
    """
    The exchange's REST service.

    Attributes:
        pace: how many requests may be sent.
        silences: until when the exchange wants no more of which.
        date_ms: the exchange's time as it was last told, or None when it never was.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        url: str,
        api_key: str,
        timeout_ms: int,
        limit: int,
        kept: int,
        fills_limit: int,
    ) -> None:
        self._session, self._clock = session, clock
        self._url = URL(url)
        self._headers = {"x-sx-api-key": api_key} if api_key else {}
        self._timeout_ms = timeout_ms
        self.pace = Pace(clock, limit, _MINUTE_MS, kept=kept)
        fills = min(limit, fills_limit)
        self._fills_pace = Pace(clock, fills, _MINUTE_MS, kept=fills // 2)
        self.silences = Silences(clock)
        self.date_ms: int | None = None

    def silence(self, *groups: Group) -> str:
        """Return why some of these cannot be sent for longer than a request may take, or ""."""
        return self.silences.words(*groups, longer_than_ms=self._timeout_ms)

    def wait_ms(self, group: Group, *, urgent: bool = False) -> int:
        """Return how long a request has to wait; 0 when it may be sent now."""
        return max(self.pace.wait_ms(urgent=urgent), self.silences.left_ms(group))

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        private: bool = False,
        urgent: bool = False,
    ) -> Answer:
        """
        Read something; tried again when the exchange has too much to do.

        Raises:
            HeldError: the exchange asks for silence, and not only for a moment.
            NoAnswerError: there was no answer.
        """
        until_ms = self._clock.now_ms() + self._timeout_ms
        group = group_of("GET", path)
        for left in reversed(range(_TRIES)):
            await self._turn(group, urgent=urgent)
            answer, error = None, None
            try:
                answer = await self._once("GET", path, self._timeout_ms, private, params=params)
            except NoAnswerError as caught:
                error = caught
            if answer is not None and answer.status == TOO_MANY:
                self._refuse_in_silence(group)
            wait_ms = max(_RETRY_MS, self.wait_ms(group, urgent=urgent))
            again = answer is None or answer.status == TOO_MANY or answer.status in _SERVER_ERRORS
            if not again or not left or self._clock.now_ms() + wait_ms >= until_ms:
                if answer is None:
                    raise error or NoAnswerError("no answer")
                return answer
            await self._clock.sleep_ms(wait_ms)
        raise AssertionError("unreachable")

    async def _turn(self, group: Group, *, urgent: bool) -> None:
        """Wait until a request may be sent, and count it; for a long silence nobody waits."""
        while True:
            self._refuse_in_silence(group)
            if (left_ms := self.silences.left_ms(group)) > 0:
                await self._clock.sleep_ms(left_ms)
                continue
            if group is Group.FILLS:
                await self._fills_pace.turn(urgent=urgent)
            await self.pace.turn(urgent=urgent)
            if self.silences.left_ms(group) == 0:  # it may have been asked for meanwhile
                return

    def _refuse_in_silence(self, group: Group) -> None:
        if problem := self.silences.words(group):
            raise HeldError(problem)

    async def read(
        self,
        path: str,
        shape: type[wire.T],
        params: Mapping[str, str] | None = None,
        *,
        private: bool = False,
        urgent: bool = False,
    ) -> wire.T:
        """
        Read something as `shape`.

        Raises:
            NoAnswerError: there was no answer, or an error.
            wire.WireError: the answer is not what it should be.
        """
        answer = await self.get(path, params, private=private, urgent=urgent)
        if answer.status != OK:
            raise NoAnswerError(f"{path}: {answer.said}", answer.status)
        return wire.read_data(answer.body, shape)

    async def send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        longer_ms: int = 0,
        until_ms: int | None = None,
    ) -> Answer:
        """
        Send something, once, and before `until_ms`.

        Raises:
            HeldError: the exchange asks for silence; it was not sent.
            NoAnswerError: there was no answer; it may have arrived.
            TooLateError: it was not sent.
        """
        await self._turn(group_of(method, path), urgent=True)
        if until_ms is not None and self._clock.now_ms() >= until_ms:
            raise TooLateError
        return await self._once(
            method, path, self._timeout_ms + longer_ms, private=True, data=msgspec.json.encode(body)
        )

    async def _once(
        self, method: str, path: str, timeout_ms: int, private: bool, **asked: Any
    ) -> Answer:
        headers = dict(self._headers) if private else {}
        if "data" in asked:
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method,
                self._url.joinpath(path),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout_ms / 1000),
                allow_redirects=False,  # a redirected order would be sent twice
                **asked,
            ) as answer:
                found = Answer(answer.status, await answer.read(), answer.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise NoAnswerError(f"{method} {path}: {words}") from error
        self.date_ms = told_ms(found.headers.get("Date", "")) or self.date_ms
        if found.status == TOO_MANY:
            self.silences.hear(group_of(method, path), found.headers)
        return found
