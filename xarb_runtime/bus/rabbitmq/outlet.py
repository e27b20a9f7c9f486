"""
The way out over one channel, made for many small messages.

The library's own `basic_publish` builds each frame field by field and writes each message to the
socket by itself, which costs more than everything else that a message costs us. Here the frames of
a type of message are put together once, and what is published in one turn of the event loop is one
write. Confirmations, and messages that the broker returns, remain the library's.
"""

import asyncio
import struct
import uuid
from collections import deque
from typing import Any

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import frame
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.driver import Lost

CONTENT_TYPE = "application/cloudevents+json"
PERSISTENT = 2

#: Pause before the next try while the library takes no more to write, seconds.
_FULL = 0.005
_END = b"\xce"
_BODY = 3
_HEADER = 2
#: Class, weight, length of the body, which properties there are.
_FIELDS = ">HHQH"
_BASIC = 60
#: Content type, delivery mode, message id.
_FLAGS = 1 << 15 | 1 << 12 | 1 << 7


class Outlet:
    """
    Publishes to one exchange over one channel, which nobody else publishes over.

    Args:
        channel: a channel with confirms, on which returned messages are errors.
        exchange: where to.
        confirm_seconds: longest wait for a confirmation.
    """

    def __init__(self, channel: Channel, exchange: str, confirm_seconds: float) -> None:
        self._channel = channel
        self._exchange = exchange
        self._confirm_seconds = confirm_seconds
        # A message id that comes again after a reconnect would look like a repetition to consumers.
        self._life = uuid.uuid4().hex[:12]
        self._loop = asyncio.get_running_loop()
        self._begins: dict[str, bytes] = {}
        content_type = CONTENT_TYPE.encode("ascii")
        self._properties = bytes([len(content_type)]) + content_type + bytes([PERSISTENT])
        self._waiting: list[bytes] = []
        self._scheduled: asyncio.Handle | None = None
        #: What is not confirmed, oldest first, and until when; one timer for all of them.
        self._pending: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    async def publish(self, body: bytes, routing_key: str) -> None:
        """
        Publish, and return when the broker has confirmed. If cancelled, it may have got through.

        Raises:
            PublishError: it was returned; no queue takes it.
            DeliveryError: the broker refused it.
            Lost: the connection was closed before it was confirmed.
            TimeoutError: it was not confirmed in time.
        """
        if self._closed:
            raise Lost("the connection was closed")
        channel = self._channel
        channel.delivery_tag = tag = channel.delivery_tag + 1
        # How the library finds out which message is returned.
        name = f"{self._life}.{tag}"
        confirmed: asyncio.Future[Any] = self._loop.create_future()
        channel.confirmations[tag] = confirmed
        channel.message_id_delivery_tag[name] = tag
        self._expect(confirmed)
        self._waiting.append(self._frames(body, routing_key, name.encode("ascii")))
        if self._scheduled is None:
            self._scheduled = self._loop.call_soon(self._write)
        try:
            await confirmed
        finally:
            channel.message_id_delivery_tag.pop(name, None)

    def close(self) -> None:
        """Publish nothing more; whoever waits for a confirmation hears that it is lost."""
        self._closed = True
        if self._scheduled is not None:
            self._scheduled.cancel()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for _, confirmed in self._pending:
            if not confirmed.done():
                confirmed.set_exception(Lost("the connection was closed before it was confirmed"))

    def _expect(self, confirmed: "asyncio.Future[Any]") -> None:
        while self._pending and self._pending[0][1].done():
            self._pending.popleft()
        self._pending.append((self._loop.time() + self._confirm_seconds, confirmed))
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self._confirm_seconds, self._sweep)

    def _sweep(self) -> None:
        """Give up what has waited for too long."""
        now = self._loop.time()
        while self._pending and (self._pending[0][0] <= now or self._pending[0][1].done()):
            _, confirmed = self._pending.popleft()
            if not confirmed.done():
                confirmed.set_exception(TimeoutError())
        self._sweeping = None
        if self._pending:
            self._sweeping = self._loop.call_at(self._pending[0][0], self._sweep)

    def _write(self) -> None:
        self._scheduled = None
        queue = self._channel.write_queue
        if queue.full():
            self._scheduled = self._loop.call_later(_FULL, self._write)
            return
        queue.put_nowait(ChannelFrame(payload=b"".join(self._waiting), should_close=False))
        self._waiting.clear()

    # -- Frames ----------------------------------------------------------------------------------

    def _frames(self, body: bytes, routing_key: str, name: bytes) -> bytes:
        begin = self._begins.get(routing_key)
        if begin is None:
            begin = self._begins[routing_key] = self._begin(routing_key)
        fields = struct.pack(_FIELDS, _BASIC, 0, len(body), _FLAGS)
        header = fields + self._properties + bytes([len(name)]) + name
        most = self._channel.max_content_size
        parts = [body[at : at + most] for at in range(0, len(body), most)]
        return b"".join(
            (begin, self._frame(_HEADER, header), *(self._frame(_BODY, part) for part in parts))
        )

    def _begin(self, routing_key: str) -> bytes:
        publish = Basic.Publish(exchange=self._exchange, routing_key=routing_key, mandatory=True)
        return frame.marshal(publish, self._channel.number)

    def _frame(self, kind: int, content: bytes) -> bytes:
        return struct.pack(">BHI", kind, self._channel.number, len(content)) + content + _END
