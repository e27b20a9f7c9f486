"""
The queue of dead messages: looked at by people, and emptied by putting messages back.
"""

from datetime import datetime
from typing import Any

import msgspec
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.driver import ours
from xarb_runtime.bus.rabbitmq.errand import publish_once
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Names
from xarb_runtime.bus.rabbitmq.wire import Wire

#: So much of a body is shown.
SHOWN = 200
#: What we call a message that no queue of the exchange took.
UNROUTABLE = "unroutable"
PERSISTENT = 2

_NOT_OURS = ("x-death", "x-delivery-count", "x-acquired-count")


class DeadMessage(msgspec.Struct, frozen=True, kw_only=True):
    """
    One dead message.

    Attributes:
        reason: `delivery_limit`, `rejected`, `maxlen`, ..., or `unroutable`: no queue took its key.
        queue: the queue that it came from; empty if it never got into one.
        count: how often that has happened to it.
        key: the routing key that it was published under.
        time_ms: when it died, milliseconds since the epoch; None if the broker did not note it.
        size: length of its body.
        begins: the beginning of its body.
    """

    reason: str
    queue: str
    count: int
    key: str
    time_ms: int | None
    size: int
    begins: str


async def look(wire: Wire, options: RabbitOptions, limit: int) -> tuple[DeadMessage, ...]:
    """
    Return the oldest dead messages; they stay where they are.

    Raises:
        AMQPError, Lost: the queue is missing, or we may not read it.
    """
    channel = await wire.channel()
    taken: list[DeliveredMessage] = []
    while len(taken) < limit and (message := await _next(channel, options)):
        taken.append(message)
    if taken:
        with ours():
            await channel.basic_nack(taken[-1].delivery_tag or 0, multiple=True, requeue=True)
    return tuple(describe(message) for message in taken)


async def replay(
    wire: Wire, options: RabbitOptions, limit: int, key: str = ""
) -> tuple[tuple[DeadMessage, ...], int]:
    """
    Publish dead messages again, the oldest first, each removed once the broker has the new one.

    Those whose routing key no queue takes are left alone unless another key is given.

    Args:
        wire: the connection.
        options: the names.
        limit: at most so many.
        key: publish under this routing key instead of their own.

    Returns:
        Those that were published, and how many were left.

    Raises:
        AMQPError, Lost: the queue is missing, or we may not. What was published before, was.
    """
    names = Names(options.prefix)
    channel, outgoing = await wire.channel(), await wire.channel(confirms=True)
    done: list[DeadMessage] = []
    left: list[DeliveredMessage] = []
    while len(done) + len(left) < limit and (message := await _next(channel, options)):
        dead = describe(message)
        if dead.reason == UNROUTABLE and not key:
            left.append(message)
            continue
        await publish_once(
            outgoing,
            message.body,
            exchange=names.into,
            routing_key=key or dead.key,
            properties=_revived(message),
            seconds=options.confirm_seconds,
        )
        with ours():
            await channel.basic_ack(message.delivery_tag or 0)
        done.append(dead)
    for message in left:
        with ours():
            await channel.basic_nack(message.delivery_tag or 0, requeue=True)
    return tuple(done), len(left)


def describe(message: DeliveredMessage) -> DeadMessage:
    """Return what a dead message says of itself."""
    deaths: Any = (message.header.properties.headers or {}).get("x-death")
    death: dict[str, Any] = deaths[0] if isinstance(deaths, list) and deaths else {}
    keys = death.get("routing-keys")
    own = getattr(message.delivery, "routing_key", "") or ""
    died = death.get("time")
    return DeadMessage(
        reason=str(death.get("reason", UNROUTABLE)),
        queue=str(death.get("queue", "")),
        count=int(death.get("count", 1)),
        key=str(keys[0]) if isinstance(keys, list) and keys else own,
        time_ms=int(died.timestamp() * 1000) if isinstance(died, datetime) else None,
        size=len(message.body),
        begins=message.body[:SHOWN].decode(errors="replace"),
    )


async def _next(channel: Channel, options: RabbitOptions) -> DeliveredMessage | None:
    with ours():
        found = await channel.basic_get(Names(options.prefix).dead, timeout=options.confirm_seconds)
    return found if found.delivery_tag else None


def _revived(message: DeliveredMessage) -> Basic.Properties:
    """As it was first published: what the broker has noted on it would count further."""
    old = message.header.properties
    headers = {
        name: value
        for name, value in (old.headers or {}).items()
        if name not in _NOT_OURS and not name.startswith(("x-first-death", "x-last-death"))
    }
    return Basic.Properties(
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        headers=headers,
        delivery_mode=PERSISTENT,
        correlation_id=old.correlation_id,
        reply_to=old.reply_to,
        message_id=old.message_id,
        timestamp=old.timestamp,
        message_type=old.message_type,
        app_id=old.app_id,
    )
