"""
How the demonstration's engine gets its opportunities to the service.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.ops.client import open_client
from xarb_runtime.service.settings_model import Settings

Publish = Callable[[bytes], Awaitable[None]]
CONNECT_SECONDS = 10.0


@asynccontextmanager
async def publisher(folder: Path, settings: Settings) -> AsyncGenerator[Publish, None]:
    """
    Give what publishes a message: on the broker, as an engine does, or where there is none through
    the control API.
    """
    if settings.bus.url.startswith("embedded"):
        client = open_client(folder, settings)

        async def submit(body: bytes) -> None:
            await asyncio.to_thread(client.submit, body)

        yield submit
        return
    async with _broker(settings) as publish:
        yield publish


@asynccontextmanager
async def _broker(settings: Settings) -> AsyncGenerator[Publish, None]:
    import aio_pika  # noqa: PLC0415 -- only with a broker

    from xarb_runtime.bus.rabbitmq.options import RabbitOptions  # noqa: PLC0415 -- the same
    from xarb_runtime.bus.rabbitmq.topology import Names  # noqa: PLC0415 -- the same

    options = msgspec.convert(settings.bus.options, RabbitOptions, strict=False)
    connection = await aio_pika.connect(settings.bus.url, timeout=CONNECT_SECONDS)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(Names(options.prefix).into)

        async def publish(body: bytes) -> None:
            message = aio_pika.Message(
                body,
                content_type="application/cloudevents+json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await exchange.publish(message, OPPORTUNITY_DETECTED, timeout=CONNECT_SECONDS)

        yield publish
