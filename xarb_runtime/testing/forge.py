"""
Answers that no venue gave: what proxies, gateways and broken servers say instead.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import msgspec


class Forged(msgspec.Struct, frozen=True, kw_only=True):
    """
    An answer.

    Attributes:
        status: of HTTP.
        body: what follows.
        content_type: what the body is said to be.
        retry_after: seconds, in the header `Retry-After`; None leaves it out.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    retry_after: int | None = None

    def encoded(self) -> bytes:
        """Return it as it goes over the wire."""
        lines = [
            f"HTTP/1.1 {self.status} Forged",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Forger:
    """
    Gives answers in a server's place.

    Args:
        session: asks for them.

    Attributes:
        url: where it listens.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._answers: list[Forged] = []
        self.url = ""

    async def answer(self, forged: Forged) -> aiohttp.ClientResponse:
        """Return an answer as an HTTP client sees it."""
        self._answers.append(forged)
        return await self._session.get(f"{self.url}/{len(self._answers) - 1}")

    def speaker(self) -> "_Speaker":
        """Return what speaks on one connection."""
        return _Speaker(self._answers)


class _Speaker(asyncio.Protocol):
    """Answers the one request of a connection with what its path numbers."""

    def __init__(self, answers: list[Forged]) -> None:
        self._answers = answers
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if b"\r\n\r\n" in self._heard:
            number = int(self._heard.split(b" ", 2)[1].strip(b"/"))
            self._transport.write(self._answers[number].encoded())
            self._transport.close()


@asynccontextmanager
async def open_forger() -> AsyncGenerator[Forger, None]:
    """Open a small server that says what it is told."""
    async with aiohttp.ClientSession() as session:
        forger = Forger(session)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(forger.speaker, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        forger.url = f"http://{host}:{port}"
        try:
            yield forger
        finally:
            server.close()
