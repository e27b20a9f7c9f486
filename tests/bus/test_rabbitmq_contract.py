"""RabbitMQ keeps the contract of every bus, on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.bus.contract import IN_FLIGHT, BusContract
from tests.bus.rabbitmq_world import QUICK, Far, connected, far, opening, until
from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.rabbitmq.bus import RabbitBus, open_rabbitmq


class RabbitHarness:
    """A bus behind a proxy that can be cut, and somebody on the other side."""

    def __init__(self, bus: RabbitBus, others: Far, proxy: TcpProxy) -> None:
        self.bus: Any = bus
        self._others, self._proxy = others, proxy
        self._listening: list[asyncio.Task[AsyncIterator[tuple[str, bytes]]]] = []

    async def submit(self, body: bytes) -> None:
        await self._others.submit(body)

    async def settle(self) -> None:
        """All listeners are bound, and the broker has delivered whatever there is room for."""
        await asyncio.gather(*self._listening)
        mailbox, queue = self.bus._opportunities, self._others.names.opportunities
        async with asyncio.timeout(60):
            while await self._others.ready(queue) and not mailbox.full:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await self.bus._session.look()

    async def lose_consumer(self) -> None:
        # A word to the channel that the acknowledgements went over: the broker has read them.
        await self.bus._opportunities._channel.basic_qos(prefetch_count=IN_FLIGHT)
        connects = self.bus.state().connects
        self._proxy.cut()
        await connected(self.bus, connects + 1)

    def listen(self, pattern: str) -> AsyncIterator[tuple[str, bytes]]:
        bound = asyncio.ensure_future(self._others.listen("#" if pattern == "*" else pattern))
        self._listening.append(bound)

        async def heard() -> AsyncIterator[tuple[str, bytes]]:
            async for published in await bound:
                yield published

        return heard()


class TestContract(BusContract):
    @pytest.fixture
    async def harness(
        self, broker: Broker, proxy: Callable[[int], TcpProxy], prefix: str
    ) -> AsyncIterator[RabbitHarness]:
        way = proxy(broker.port)
        told = opening(broker.url_of(port=way.port), QUICK, in_flight=IN_FLIGHT, prefix=prefix)
        async with open_rabbitmq(told) as bus, far(broker.url, prefix) as others:
            await connected(bus)
            yield RabbitHarness(bus, others, way)
        await until(lambda: bus.state().state == "closed", "a closed bus")
