"""
Answers that no venue gave: what proxies, gateways and broken servers say instead.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

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
    Gives answers that were thought of before.

    Args:
        session: asks.
        url: where the answers come from.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, answers: list[Forged]) -> None:
        self._session, self._url, self._answers = session, url, answers

    async def answer(self, forged: Forged) -> aiohttp.ClientResponse:
        """Return an answer as an HTTP client sees it."""
        self._answers.append(forged)
        return await self._session.get(self._url)


@asynccontextmanager
async def open_forger() -> AsyncGenerator[Forger, None]:
    """Open a small server that says what it is told."""
    answers: list[Forged] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0).encoded())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield Forger(session, f"http://{host}:{port}/", answers)
    finally:
        server.close()
