"""
The recorder of a soak: a consumer as any other, which writes down all that goes out.

Its queue is its own and durable, so that nothing is lost while it or the broker is away. It
acknowledges what is in its file; what comes again is written again.
"""

import asyncio
import contextlib
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import IO

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from tests.soak.evidence import Heard
from tests.soak.publisher import BROKEN, connected

CONNECT_SECONDS = 10.0
PREFETCH = 200
LOOK_SECONDS = 0.5


def read_message(body: bytes) -> Heard:
    """Return what is worth remembering of a message on `P.out`; one without a type is no such."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        event = json.loads(body)
        data = event["data"]
        return Heard(
            id=event["id"],
            type=event["type"],
            execution=str(data.get("execution", "")),
            seq=int(data.get("seq", 0)),
            digest=digest,
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return Heard(id=repr(error), type="", execution="", seq=0, digest=digest)


class Recorder:
    """
    Attributes:
        heard: all messages in the order of arrival, repetitions included.
        connections: how often it has connected.
    """

    def __init__(self, url: str, exchange: str, queue: str, file: Path) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.ready = asyncio.Event()
        self._url, self._exchange, self._queue = url, exchange, queue
        self._file = file
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Record until told to stop; a connection that breaks is made anew."""
        with self._file.open("ab") as out:
            while not self._ended.is_set():
                with contextlib.suppress(*BROKEN):
                    await self._connected(out)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LOOK_SECONDS)

    def end(self) -> None:
        """Stop recording."""
        self._ended.set()

    async def _connected(self, out: IO[bytes]) -> None:
        async with connected(self._url) as connection:
            async with asyncio.timeout(CONNECT_SECONDS):
                channel = await connection.channel()
                await channel.set_qos(prefetch_count=PREFETCH)
                queue = await channel.declare_queue(
                    self._queue, durable=True, arguments={"x-queue-type": "quorum"}
                )
                await queue.bind(self._exchange, "#")
                await queue.consume(partial(self._record, out))
            self.connections += 1
            self.ready.set()
            for _ in iter(lambda: self._goes_on(channel), False):
                await asyncio.sleep(LOOK_SECONDS)

    def _goes_on(self, channel: AbstractChannel) -> bool:
        return not (self._ended.is_set() or channel.is_closed)

    async def _record(self, out: IO[bytes], message: AbstractIncomingMessage) -> None:
        # Nothing is awaited before it is written: deliveries are recorded in their order.
        self.heard.append(read_message(message.body))
        out.write(message.body + b"\n")
        out.flush()
        with contextlib.suppress(*BROKEN):
            await message.ack()
