"""
One connection to the broker: opened with a deadline, watched, and closed whatever its state.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aio_pika
from aio_pika.abc import AbstractConnection
from aiormq.channel import Channel
from yarl import URL

from xarb_runtime.bus.rabbitmq.driver import ERRORS, Lost, ours
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions

T = TypeVar("T")

#: A broker that does not answer a goodbye is not waited for any longer.
GOODBYE_SECONDS = 2.0
#: Heartbeats of the protocol, in seconds: by them the broker notices that we are gone.
HEARTBEAT_SECONDS = 10


def tls_context(options: RabbitOptions) -> ssl.SSLContext:
    """
    Return how to encrypt, with the certificates of the options.

    Raises:
        ValueError: a file cannot be read; says which option names it.
    """
    context = _read("ca_file", options.ca_file, lambda: _trusting(options.ca_file))
    if options.cert_file:
        own = options.cert_file, options.key_file or None
        _read("cert_file", options.cert_file, lambda: context.load_cert_chain(*own))
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or None)


def _read(option: str, name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{option}: expected a PEM file, found {name}: {error}") from error


class Wire:
    """
    One connection.

    Args:
        connection: it.
        lose: called once with what has ended it, or one of its channels.
    """

    def __init__(
        self, connection: AbstractConnection, lose: Callable[[BaseException], None]
    ) -> None:
        self._connection = connection
        self._lose = lose
        self._channels: list[aio_pika.abc.AbstractChannel] = []
        if connection.transport is None:
            raise Lost("the connection was closed as soon as it was open")
        self._broken = False
        self._underlay: Any = connection.transport.connection
        self._underlay.closing.add_done_callback(self._ended)

    async def channel(self, *, confirms: bool = False) -> Channel:
        """
        Open a channel; it is the library's lower one: the upper one costs time for each message.

        Raises:
            Lost, AMQPError, RuntimeError: the connection is gone.
        """
        with ours():
            channel = self._connection.channel(
                publisher_confirms=confirms, on_return_raises=confirms
            )
            self._channels.append(await channel)
            underlay = await channel.get_underlay_channel()
        if not isinstance(underlay, Channel):
            raise TypeError(f"expected a channel of aiormq, found {underlay!r}")
        underlay.closing.add_done_callback(self._ended)
        underlay.on_consumer_cancel_callbacks.add(self._cancelled)
        return underlay

    @property
    def blocked(self) -> bool:
        """Whether the broker takes no messages because its memory or disk is full."""
        ready = self._underlay.ready()
        try:
            ready.send(None)  # ends at once, unless it would wait for the broker
        except StopIteration:
            return False
        ready.close()
        return True

    @property
    def server(self) -> dict[str, Any]:
        """What the broker says of itself: product, version, capabilities."""
        return dict(self._underlay.server_properties or {})

    async def close(self) -> None:
        """Close channels, so that nothing stays unsent, and then the connection. Never raises."""
        if not self._broken:
            self._broken = True
            async with _farewell():
                for channel in self._channels:
                    await channel.close()
                self._broken = False
        if self._broken:
            # Whoever is gone does not answer a goodbye either.
            self._underlay.READER_CLOSE_TIMEOUT = 0
        async with _farewell():
            await self._connection.close()

    def broken(self) -> None:
        """Say that it is of no use to wait for answers any more."""
        self._broken = True

    def _ended(self, closing: "asyncio.Future[Any]") -> None:
        error = None if closing.cancelled() else closing.exception()
        self._lose(error or Lost("the connection was closed"))

    def _cancelled(self, frame: Any) -> None:
        tag = str(frame.consumer_tag)
        self._lose(Lost(f"the broker has cancelled our consumer: was the queue {tag} deleted?"))


@asynccontextmanager
async def _farewell() -> AsyncIterator[None]:
    with contextlib.suppress(*ERRORS), ours():
        async with asyncio.timeout(GOODBYE_SECONDS):
            yield


@asynccontextmanager
async def connected(
    address: Address,
    options: RabbitOptions,
    *,
    name: str,
    tls: ssl.SSLContext | None,
    lose: Callable[[BaseException], None],
) -> AsyncIterator[Wire]:
    """
    Connect, give the connection, and close it.

    If cancelled, or if anything fails, nothing is left open.

    Raises:
        AMQPError, OSError, TimeoutError, Lost: there is no connection.
    """
    url = URL.build(
        scheme="amqps" if address.tls else "amqp",
        user=address.username,
        password=address.password,
        host=address.host,
        port=address.port,
        path="/" if address.vhost == "/" else f"/{address.vhost}",
        query={"heartbeat": HEARTBEAT_SECONDS},
    )
    connection = aio_pika.Connection(
        url, ssl_context=tls, client_properties={"connection_name": name}
    )
    try:
        with ours():
            await connection.connect(timeout=options.connect_seconds)
        wire = Wire(connection, lose)
    except BaseException:
        # An object that is merely dropped would close itself in a task that belongs to nobody.
        async with _farewell():
            await connection.close()
        raise
    try:
        yield wire
    finally:
        await wire.close()
