"""
Makes the exchanges and queues of a topology, or makes sure that they are there.
"""

from aiormq.channel import Channel

from xarb_runtime.bus.rabbitmq.driver import ours
from xarb_runtime.bus.rabbitmq.topology import Binding, Exchange, Queue, Topology


async def declare(channel: Channel, wanted: Topology) -> None:
    """
    Make what is missing; what is there as it should be stays as it is.

    Queues come first, and an exchange is bound as soon as it is there: whoever publishes already
    finds no exchange, not one that leads nowhere.

    Raises:
        AMQPError: something is there with other arguments, or we may not; closes the channel.
        Lost: the connection is gone.
    """
    for queue in wanted.queues:
        await declare_queue(channel, queue)
    for exchange in wanted.exchanges:
        await declare_exchange(channel, exchange)
        for binding in wanted.bindings:
            if binding.exchange == exchange.name:
                await bind(channel, binding)


async def expect(channel: Channel, wanted: Topology) -> None:
    """
    Make sure that all exchanges and queues are there, and change nothing.

    Raises:
        AMQPError: something is missing; closes the channel.
        Lost: the connection is gone.
    """
    for exchange in wanted.exchanges:
        await declare_exchange(channel, exchange, passive=True)
    for queue in wanted.queues:
        await declare_queue(channel, queue, passive=True)


async def declare_exchange(channel: Channel, exchange: Exchange, *, passive: bool = False) -> None:
    """Make one exchange, or only make sure that it is there."""
    with ours():
        await channel.exchange_declare(
            exchange.name,
            exchange_type=exchange.kind,
            durable=True,
            passive=passive,
            arguments=dict(exchange.arguments),
        )


async def declare_queue(
    channel: Channel, queue: Queue, *, passive: bool = False
) -> "tuple[int, int]":
    """Make one queue, or only make sure that it is there; return what waits and who consumes."""
    with ours():
        found = await channel.queue_declare(
            queue.name, durable=True, passive=passive, arguments=dict(queue.arguments)
        )
    return found.message_count or 0, found.consumer_count or 0


async def bind(channel: Channel, binding: Binding) -> None:
    """Bind a queue to an exchange; one that is bound already stays so."""
    with ours():
        await channel.queue_bind(binding.queue, binding.exchange, binding.key)
