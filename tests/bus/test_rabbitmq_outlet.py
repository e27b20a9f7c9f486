"""What is put together by hand is what the library would have sent, only cheaper."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiormq
import pytest
from aio_pika.exceptions import PublishError
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.rabbitmq.driver import Lost
from xarb_runtime.bus.rabbitmq.outlet import CONTENT_TYPE, Outlet


class Paper:
    """As much of a channel as frames need."""

    number = 3
    max_content_size = 16


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 15, b"x" * 16, b"x" * 17, b"x" * 100])
async def test_frames_are_those_of_the_library(body: bytes) -> None:
    channel: Any = Paper()
    properties = Basic.Properties(content_type=CONTENT_TYPE, delivery_mode=2, message_id="17")
    parts = [body[at : at + 16] for at in range(0, len(body), 16)]
    wanted = [
        Basic.Publish(exchange="out", routing_key="execution.transition", mandatory=True),
        ContentHeader(0, len(body), properties),
        *map(ContentBody, parts),
    ]

    frames = Outlet(channel, "out", 5)._frames(body, "execution.transition", b"17")

    assert frames == b"".join(frame.marshal(each, 3) for each in wanted)


class World:
    """An exchange and a queue that takes one routing key, and an outlet to them."""

    def __init__(self, channel: Any, other: Any, name: str) -> None:
        self.channel = channel
        self.other = other
        self.name = name
        self.outlet = Outlet(channel, name, 60)

    async def waiting(self) -> list[bytes]:
        """Take everything out of the queue."""
        bodies: list[bytes] = []
        while True:
            message = await self.other.basic_get(self.name, no_ack=True)
            if message.delivery_tag is None:
                return bodies
            bodies.append(message.body)


@asynccontextmanager
async def world(broker: Broker, prefix: str) -> AsyncIterator[World]:
    connection = await aiormq.connect(broker.url)
    try:
        other = await connection.channel()
        await other.exchange_declare(exchange=prefix, exchange_type="topic")
        await other.queue_declare(prefix, durable=True, arguments={"x-queue-type": "quorum"})
        await other.queue_bind(prefix, prefix, "good")
        yield World(await connection.channel(on_return_raises=True), other, prefix)
    finally:
        await connection.close()


async def test_many_at_once_arrive_in_the_order_in_which_they_were_begun(
    broker: Broker, prefix: str
) -> None:
    async with world(broker, prefix) as it:
        bodies = [b"%d" % number for number in range(500)]

        await asyncio.gather(*(it.outlet.publish(body, "good") for body in bodies))

        assert await it.waiting() == bodies


async def test_a_message_that_is_larger_than_a_frame_arrives_whole(
    broker: Broker, prefix: str
) -> None:
    async with world(broker, prefix) as it:
        large = bytes(range(256)) * 3_000
        assert len(large) > 5 * it.channel.max_content_size

        await it.outlet.publish(large, "good")

        assert await it.waiting() == [large]


async def test_only_those_that_no_queue_takes_are_returned(broker: Broker, prefix: str) -> None:
    async with world(broker, prefix) as it:
        keys = ["good", "bad", "good", "bad", "good"]

        ended = await asyncio.gather(
            *(it.outlet.publish(b"%d" % index, key) for index, key in enumerate(keys)),
            return_exceptions=True,
        )

        assert [isinstance(each, PublishError) for each in ended] == [key == "bad" for key in keys]
        assert await it.waiting() == [b"0", b"2", b"4"]
        assert not it.channel.message_id_delivery_tag


async def test_whoever_waits_hears_that_the_connection_is_lost(broker: Broker, prefix: str) -> None:
    async with world(broker, prefix) as it:
        waiting = [asyncio.ensure_future(it.outlet.publish(b"", "good")) for _ in range(3)]
        await asyncio.sleep(0)

        it.outlet.close()

        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in ended] == [Lost, Lost, Lost]
        with pytest.raises(Lost):
            await it.outlet.publish(b"", "good")
        assert await it.waiting() == []


class Deaf:
    """A channel whose broker never answers."""

    def __init__(self) -> None:
        self.number, self.max_content_size, self.delivery_tag = 1, 1000, 0
        self.confirmations: dict[int, Any] = {}
        self.message_id_delivery_tag: dict[str, int] = {}
        self.write_queue: asyncio.Queue[Any] = asyncio.Queue()


async def test_a_confirmation_that_does_not_come_is_given_up_and_others_are_not() -> None:
    deaf: Any = Deaf()
    outlet = Outlet(deaf, "out", 0.1)
    first = asyncio.ensure_future(outlet.publish(b"1", "good"))
    second = asyncio.ensure_future(outlet.publish(b"2", "good"))
    await asyncio.sleep(0)

    deaf.confirmations[2].set_result(None)

    with pytest.raises(TimeoutError):
        await first
    await second
    # The timer is set anew for whatever is published later.
    with pytest.raises(TimeoutError):
        await outlet.publish(b"3", "good")
    outlet.close()
