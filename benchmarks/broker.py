"""
A private RabbitMQ for the benchmarks, and opportunities that wait in it.

Usage: python -m benchmarks.broker URL COUNT NAME; publishes, each message confirmed.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import aio_pika

from benchmarks.deployment import opportunity
from tests.servers.rabbitmq import Broker
from xarb_runtime.service.clock import SystemClock

#: Confirms that are waited for at once.
AT_ONCE = 200
#: The publisher pauses when the queue is full (`reject-publish`).
PAUSE_SECONDS = 0.2


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """Run a broker for as long as the block lasts."""
    broker = Broker()
    try:
        yield broker.start()
    finally:
        broker.close()


def publishing(url: str, count: int, name: str) -> "subprocess.Popen[bytes]":
    """Begin to publish `count` opportunities, `{name}0` and so on, in another process."""
    command = [sys.executable, "-m", "benchmarks.broker", url, str(count), name]
    return subprocess.Popen(command)


def publish(url: str, count: int, name: str) -> None:
    """Publish, and return when the broker has all of them."""
    if publishing(url, count, name).wait():
        message = f"{count} opportunities could not be published"
        raise RuntimeError(message)


async def _publish(url: str, count: int, name: str) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.get_exchange("xarb.in")
        numbers = iter(range(count))
        now_ms = SystemClock().now_ms

        async def some() -> None:
            for number in numbers:
                body = opportunity(f"{name}{number}", now_ms())
                message = aio_pika.Message(
                    body,
                    content_type="application/cloudevents+json",
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                )
                await _until_taken(exchange, message)

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))


async def _until_taken(
    exchange: aio_pika.abc.AbstractExchange, message: aio_pika.abc.AbstractMessage
) -> None:
    while True:
        try:
            await exchange.publish(message, "opportunity.detected", mandatory=True)
        except aio_pika.exceptions.DeliveryError as error:
            if isinstance(error, aio_pika.exceptions.PublishError):
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


def main() -> None:
    """Publish as the command line says."""
    asyncio.run(_publish(sys.argv[1], int(sys.argv[2]), sys.argv[3]))


if __name__ == "__main__":
    main()
