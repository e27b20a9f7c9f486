"""
The wire between a plugin and its server: it listens to every request, and disturbs some.

It knows no protocol. Whose request it is tells the context: the kit marks what it calls, and tasks
inherit the mark. How a venue is asked to take an order is learned by watching one being placed.
"""

import asyncio
import errno
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

import aiohttp
import msgspec
from aiohttp import ClientRequest, ClientResponse

from xarb_runtime.testing.clock import KitClock
from xarb_runtime.testing.faults import BEFORE, FORGED, Fault
from xarb_runtime.testing.forge import Forger

Handler = Callable[[ClientRequest], Awaitable[ClientResponse]]

#: Requests that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_AN_ID = re.compile(r"^(0x)?[0-9a-fA-F-]{8,}$")


class Call:
    """
    A call of a plugin's method by the kit; `over` once nobody waits for it any more.

    Args:
        name: the method.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.over = False


class Life:
    """One opening of a venue; `over` once it was closed."""

    def __init__(self) -> None:
        self.over = False
        self.sessions: list[aiohttp.ClientSession] = []


CALL: ContextVar[Call | None] = ContextVar("CALL", default=None)
LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)


class Sent(msgspec.Struct, kw_only=True):
    """
    A request as it was heard.

    Attributes:
        method, path: what was asked.
        time_ms: when.
        call: the name of the plugin's method that asked; empty when none did.
        late: the call, or the whole venue, was over already.
        struck: it was disturbed.
        status: what the server answered, 0 when it did not.
    """

    method: str
    path: str
    time_ms: int
    call: str = ""
    late: bool = False
    struck: bool = False
    status: int = 0

    @property
    def changes(self) -> bool:
        """Whether it may have changed something."""
        return self.method not in SAFE


class Pattern(msgspec.Struct, frozen=True):
    """How a venue is asked to take an order: a method and the parts of a path; None is any."""

    method: str
    parts: tuple[str | None, ...]

    def fits(self, method: str, path: str) -> bool:
        """Return whether a request looks like it."""
        parts = path.split("/")
        return (
            method == self.method
            and len(parts) == len(self.parts)
            and all(own in (None, part) for own, part in zip(self.parts, parts, strict=True))
        )


def pattern_of(method: str, path: str, client_id: str) -> Pattern:
    """Return what requests like this one have in common: not what looks like somebody's id."""
    parts = (
        None if client_id in unquote(part) or _AN_ID.match(part) else part
        for part in path.split("/")
    )
    return Pattern(method, tuple(parts))


class Disturbance(msgspec.Struct, kw_only=True):
    """
    What is to happen to which requests.

    Attributes:
        fault: what happens.
        call: the plugin's method whose requests are meant.
        changing: only those that may change something.
        times: how many of them; None is all.
        delay_ms: how late, for faults that are late.
        every: 2 strikes every second one of them, and so on.
        met: how many it could have happened to.
        struck: how many it has happened to.
    """

    fault: Fault
    call: str
    changing: bool
    times: int | None = 1
    delay_ms: int = 3_000
    every: int = 1
    met: int = 0
    struck: int = 0


class Wire:
    """
    Listens to all requests of a plugin.

    Args:
        clock: the time of what is heard.
        forger: gives answers in the server's place.
        placing: how the venue is asked to take an order, if that is known.

    Attributes:
        sent: all requests, in order.
        is_cut: the server cannot be reached.
    """

    def __init__(self, clock: KitClock, forger: Forger, placing: Pattern | None = None) -> None:
        self._clock, self._forger, self._placing = clock, forger, placing
        self.sent: list[Sent] = []
        self.is_cut = False
        self.after_each: Callable[[Sent], Awaitable[None]] | None = None
        self._disturbances: list[Disturbance] = []
        self._late: set[asyncio.Task[None]] = set()

    def opener(self, life: Life) -> Callable[..., aiohttp.ClientSession]:
        """Return what one opening of a venue makes its sessions with."""

        def open_session(**options: Any) -> aiohttp.ClientSession:
            middlewares = (*options.pop("middlewares", ()), self._listen)
            session = aiohttp.ClientSession(**options, middlewares=middlewares)
            life.sessions.append(session)
            return session

        return open_session

    def disturb(
        self,
        fault: Fault,
        call: str,
        *,
        times: int | None = 1,
        delay_ms: int = 3_000,
        every: int = 1,
        met: int = 0,
    ) -> Disturbance:
        """Let something happen to the next requests of a plugin's method."""
        disturbance = Disturbance(
            fault=fault,
            call=call,
            changing=call in {"place", "cancel"},
            times=times,
            delay_ms=delay_ms,
            every=every,
            met=met,
        )
        self._disturbances.append(disturbance)
        return disturbance

    def calm(self) -> None:
        """Disturb nothing any more."""
        self._disturbances.clear()
        self.is_cut = False

    async def settle(self) -> None:
        """Wait until what arrives late has arrived."""
        while self._late:
            await asyncio.wait(self._late)

    async def _listen(self, request: ClientRequest, handler: Handler) -> ClientResponse:
        call, life = CALL.get(), LIFE.get()
        sent = Sent(
            method=request.method,
            path=request.url.raw_path,
            time_ms=self._clock.now_ms(),
            call=call.name if call else "",
            late=bool((call and call.over) or (life and life.over)),
        )
        self.sent.append(sent)
        if self.is_cut:
            raise aiohttp.ClientOSError(errno.ECONNREFUSED, "connection refused")
        disturbance = self._meant(sent)
        if disturbance is None:
            answer = await handler(request)
            sent.status = answer.status
        else:
            sent.struck = True
            disturbance.struck += 1
            answer = await self._strike(disturbance, request, handler)
        if self.after_each is not None:
            await self.after_each(sent)
        return answer

    def _meant(self, sent: Sent) -> Disturbance | None:
        for disturbance in self._disturbances:
            if disturbance.times is not None and disturbance.struck >= disturbance.times:
                continue
            if disturbance.call == sent.call and (sent.changes or not disturbance.changing):
                if sent.call == "place" and not self._places(sent):
                    continue
                disturbance.met += 1
                if disturbance.met % disturbance.every == 0:
                    return disturbance
        return None

    def placings(self) -> list[Sent]:
        """Return the requests that asked for an order to be taken."""
        return [sent for sent in self.sent if sent.call == "place" and self._places(sent)]

    def _places(self, sent: Sent) -> bool:
        if self._placing is None:
            return sent.changes
        return self._placing.fits(sent.method, sent.path)

    async def _strike(
        self, disturbance: Disturbance, request: ClientRequest, handler: Handler
    ) -> ClientResponse:
        fault = disturbance.fault
        if fault in BEFORE:
            return await self._forger.answer(FORGED[fault])
        if fault is Fault.RESET_BEFORE:
            raise aiohttp.ClientOSError(errno.ECONNRESET, "connection reset by peer")
        if fault is Fault.SILENCE_BEFORE:
            return await _for_ever()
        if fault is Fault.ARRIVES_LATE:
            await self._send_later(request, disturbance.delay_ms)
            return await _for_ever()
        answer = await handler(request)
        if fault is Fault.SLOW:
            await self._clock.sleep_ms(disturbance.delay_ms)
            return answer
        await answer.read()
        answer.close()
        if fault is Fault.SILENCE_AFTER:
            return await _for_ever()
        if fault is Fault.LOST_ANSWER:
            raise aiohttp.ServerDisconnectedError
        return await self._forger.answer(FORGED[fault])

    async def _send_later(self, request: ClientRequest, delay_ms: int) -> None:
        """Send it when its client has long given up: bytes that lay somewhere on their way."""
        body = b"" if isinstance(request.body, bytes) else await request.body.as_bytes()
        headers = request.headers.copy()
        method, url = request.method, request.url

        async def send() -> None:
            await self._clock.sleep_ms(delay_ms)
            with suppress(aiohttp.ClientError):  # the server may have gone meanwhile
                async with (
                    aiohttp.ClientSession() as session,
                    session.request(method, url, data=body, headers=headers) as answer,
                ):
                    await answer.read()

        # Not the plugin's task: it must neither be cancelled nor counted with the plugin.
        token = LIFE.set(None)
        try:
            task = asyncio.create_task(send())
        finally:
            LIFE.reset(token)
        self._late.add(task)
        task.add_done_callback(self._late.discard)


async def _for_ever() -> ClientResponse:
    """Wait for what never comes, until whoever waits is cancelled."""
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets was set")
