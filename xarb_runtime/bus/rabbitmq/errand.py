"""
One connection for one errand: what a command does on the broker, beside any runtime.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aio_pika.exceptions import DeliveryError, PublishError
from aiormq.channel import Channel
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.driver import ERRORS, ours, quiet
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions, read_address
from xarb_runtime.bus.rabbitmq.reasons import explain
from xarb_runtime.bus.rabbitmq.wire import Wire, connected, tls_context
from xarb_runtime.plugins.contracts import BusOpening


class BrokerError(ConnectionError):
    """The broker cannot be reached or does not allow it; the text says why, and what to do."""


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """A connection, and how it was made."""

    wire: Wire
    address: Address
    options: RabbitOptions


@asynccontextmanager
async def errand(opening: BusOpening, purpose: str) -> AsyncIterator[Errand]:
    """
    Connect for one errand.

    Args:
        opening: what a bus would be opened with.
        purpose: how the connection is called on the broker.

    Raises:
        BrokerError: the broker cannot be reached, or refuses something during the errand.
        ValueError: the URL or an option is wrong.
    """
    quiet()
    options: RabbitOptions = opening.options
    address = read_address(opening.url, options)
    tls = tls_context(options) if address.tls else None
    name = f"xarb {options.prefix} {purpose}"
    try:
        async with connected(address, options, name=name, tls=tls, lose=_nobody) as wire:
            yield Errand(wire=wire, address=address, options=options)
    except BrokerError:
        raise
    except ERRORS as error:
        raise BrokerError(explain(error, address, options)) from error


def _nobody(_: BaseException) -> None:
    """Nobody waits for the end of this connection: whoever uses it hears of it."""


async def publish_once(
    channel: Channel,
    body: bytes,
    *,
    exchange: str,
    routing_key: str,
    properties: Basic.Properties,
    seconds: float,
) -> None:
    """
    Publish one message, confirmed.

    Raises:
        BrokerError: no queue takes it, or the broker refuses it.
        AMQPError, Lost, TimeoutError: it may have got through.
    """
    try:
        with ours():
            await channel.basic_publish(
                body,
                exchange=exchange,
                routing_key=routing_key,
                properties=properties,
                mandatory=True,
                timeout=seconds,
            )
    except PublishError as error:
        raise BrokerError(
            f"no queue takes {routing_key} from the exchange {exchange}: `xarb bus declare` makes"
            " those that there should be"
        ) from error
    except DeliveryError as error:
        raise BrokerError(
            f"the broker refuses {routing_key}: a queue that takes it is full"
        ) from error
