"""The broker dies, the network breaks, queues vanish: the bus comes back, and nothing is lost."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.bus.rabbitmq_world import (
    QUICK,
    WATCHFUL,
    a_bus,
    connected,
    far,
    opening,
    take,
    until,
    waiting,
)
from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.rabbitmq.bus import BLOCKED, RabbitBus, open_rabbitmq
from xarb_runtime.bus.rabbitmq.session import Session

Proxy = Callable[[int], TcpProxy]


@pytest.fixture(scope="module")
def breakable() -> Iterator[Broker]:
    one = Broker()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
async def own(breakable: Broker) -> Broker:
    """A broker that this module's tests may break; it runs again for each of them."""
    if not breakable.running:
        await asyncio.to_thread(breakable.start)
    return breakable


@pytest.mark.parametrize("way", ["kill", "stop"])
async def test_a_broker_that_was_restarted_has_everything_that_was_not_acknowledged(
    own: Broker, prefix: str, way: str
) -> None:
    async with a_bus(own.url, prefix) as bus:
        async with far(own.url, prefix) as others:
            for number in range(5):
                await others.submit(str(number).encode())
        first, second = await take(bus.messages(), 2)
        await bus.acknowledge(first)
        await _settled(bus)
        await asyncio.to_thread(getattr(own, way))
        await waiting(bus)
        with pytest.raises(ConnectionError, match="nothing is published now"):
            await bus.publish(b"1", "kpi.window")
        await bus.acknowledge(second)  # of an earlier connection: nothing, and no harm

        await asyncio.to_thread(own.start)
        await connected(bus, 2)

        messages = bus.messages()
        again = []
        for _ in range(4):
            again += await take(messages, 1)
            await bus.acknowledge(again[-1])
        assert sorted(message.body for message in again) == [b"1", b"2", b"3", b"4"]
        assert {message.body for message in again if message.redelivered} >= {b"1"}
        await bus.publish(b"2", "kpi.window")
        assert bus.state().confirmed == 1


async def test_an_iterator_outlives_the_broker(own: Broker, prefix: str) -> None:
    """Whoever waits for a message is not told of an outage: it is over when a message comes."""
    async with a_bus(own.url, prefix) as bus:
        coming = asyncio.ensure_future(anext(bus.messages()))
        word = asyncio.ensure_future(anext(bus.words()))
        await asyncio.to_thread(own.restart)
        await connected(bus, 2)
        async with far(own.url, prefix) as others:
            await others.submit(b"1")
            await others.submit(b"2", "operator.halt")

        async with asyncio.timeout(60):
            assert ((await coming).body, (await word).body) == (b"1", b"2")


async def test_a_broker_that_is_not_there_at_the_start_is_waited_for(
    own: Broker, prefix: str
) -> None:
    await asyncio.to_thread(own.stop)
    async with open_rabbitmq(opening(own.url, prefix=prefix)) as bus:
        coming = asyncio.ensure_future(anext(bus.messages()))
        assert bus.state().state == "connecting"
        assert "nothing listens" in await waiting(bus)
        assert (bus.state().connects, bus.depth()) == (0, 0)

        await asyncio.to_thread(own.start)
        await connected(bus)
        async with far(own.url, prefix) as others:
            await others.submit(b"1")

        async with asyncio.timeout(60):
            assert (await coming).body == b"1"


async def test_a_connection_that_is_cut_again_and_again_loses_nothing(
    broker: Broker, prefix: str, proxy: Proxy
) -> None:
    way, count = proxy(broker.port), 40
    async with (
        a_bus(broker.url_of(port=way.port), prefix, delivery_limit=1000) as bus,
        far(broker.url, prefix) as others,
    ):
        for number in range(count):
            await others.submit(str(number).encode())
        seen: set[bytes] = set()
        messages = bus.messages()
        for much in range(4, count + 1, 4):
            while len(seen) < much:
                (message,) = await take(messages, 1)
                seen.add(message.body)
                await bus.acknowledge(message)
            way.cut()

        assert seen == {str(number).encode() for number in range(count)}
        await connected(bus, 2)


async def test_a_network_that_says_nothing_any_more_is_noticed(
    broker: Broker, prefix: str, proxy: Proxy
) -> None:
    way = proxy(broker.port)
    async with a_bus(broker.url_of(port=way.port), prefix, heartbeat="700ms") as bus:
        way.stall()
        publishing = asyncio.ensure_future(bus.publish(b"1", "kpi.window"))

        assert "did not come back" in await waiting(bus)
        with pytest.raises(ConnectionError, match=r"kpi\.window may not have got through"):
            await publishing

        way.resume()
        await connected(bus, 2)
        await bus.publish(b"2", "kpi.window")


async def test_a_broker_that_stands_still_is_noticed(own: Broker, prefix: str) -> None:
    async with a_bus(own.url, prefix, heartbeat=WATCHFUL) as bus:
        own.freeze()
        try:
            assert "did not come back" in await waiting(bus)
        finally:
            own.thaw()

        await connected(bus, 2)


async def test_a_queue_that_was_deleted_is_made_again(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix, heartbeat=WATCHFUL) as bus:
        coming = asyncio.ensure_future(anext(bus.messages()))
        await asyncio.to_thread(broker.ctl, "delete_queue", f"{prefix}.opportunities")

        await connected(bus, 2)

        async with far(broker.url, prefix) as others:
            await others.submit(b"1")
        async with asyncio.timeout(60):
            assert (await coming).body == b"1"


async def test_a_heartbeat_queue_that_was_deleted_ends_the_connection(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix, heartbeat=WATCHFUL) as bus:
        queues = await asyncio.to_thread(broker.queues)
        (beat,) = [name for name in queues if name.startswith(f"{prefix}.beat.")]
        await asyncio.to_thread(broker.ctl, "delete_queue", beat)

        await connected(bus, 2)


async def test_a_broker_that_closes_the_connection_says_why(own: Broker, prefix: str) -> None:
    async with open_rabbitmq(opening(own.url, prefix=prefix, retry_from="200ms")) as bus:
        await connected(bus)
        # The command may take longer to end than the bus to come back.
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(own.close_connections, "maintenance of the year"))
            reason = await waiting(bus)

        assert "maintenance of the year" in reason
        await connected(bus, 2)


@pytest.mark.parametrize("alarm", ["set_memory_alarm", "set_disk_alarm"])
async def test_a_full_broker_blocks_publishing_and_nothing_else(
    own: Broker, prefix: str, alarm: str
) -> None:
    async with a_bus(own.url, prefix) as bus, far(own.url, prefix) as others:
        await others.submit(b"1")
        await bus.publish(b"first", "kpi.window")
        await asyncio.to_thread(getattr(own, alarm), on=True)
        await until(lambda: bus.state().reason == BLOCKED, "a bus that says that it is blocked")

        with pytest.raises(ConnectionError, match="memory or its disk is full"):
            await bus.publish(b"2", "kpi.window")
        (message,) = await take(bus.messages(), 1)
        await bus.acknowledge(message)
        await _settled(bus)
        assert (bus.state().state, bus.state().connects) == ("connected", 1)

        await asyncio.to_thread(getattr(own, alarm), on=False)
        await until(lambda: bus.state().reason == "", "a bus that is not blocked any more")
        await bus.publish(b"3", "kpi.window")
        assert bus.state().connects == 1


async def test_nothing_is_left_when_the_bus_is_closed_in_the_middle_of_an_outage(
    broker: Broker, prefix: str, proxy: Proxy
) -> None:
    way = proxy(broker.port)
    before = asyncio.all_tasks()
    async with a_bus(broker.url_of(port=way.port), prefix) as bus:
        await until(lambda: bus.state().last_beat_ms is not None, "a heartbeat")
        way.stall()

    assert bus.state().state == "closed"
    await until(lambda: asyncio.all_tasks() <= before, "no task that is left over")


async def test_a_waiting_message_that_is_not_delivered_ends_the_connection(
    broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the broker had forgotten its consumer: it says that it waits, and sends nothing."""
    watchful = a_bus(broker.url, prefix, heartbeat=WATCHFUL)
    async with watchful as bus, far(broker.url, prefix) as others:
        session, mailbox = bus._session, bus._opportunities
        assert session is not None
        assert mailbox._channel is not None
        # The consumer is cancelled behind the back of the bus, and a stranger takes its place.
        await mailbox._channel.basic_cancel(others.names.opportunities)
        stranger = await others.channel()
        await stranger.set_qos(1)
        queue = await stranger.get_queue(others.names.opportunities)
        await queue.consume(_never_answers)
        for number in range(4):
            await others.submit(str(number).encode())

        await connected(bus, 2)


async def test_a_defect_of_ours_ends_one_connection_and_not_the_bus(
    broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(_: Session) -> None:
        monkeypatch.undo()
        raise TypeError("a defect")

    async with a_bus(broker.url, prefix, retry_from="200ms", heartbeat=WATCHFUL) as bus:
        monkeypatch.setattr(Session, "look", stumble)

        assert "a defect of ours ended the connection" in await waiting(bus)
        await connected(bus, 2)


async def _never_answers(_: object) -> None:
    """A consumer that takes a message and says nothing of it."""


async def _settled(bus: RabbitBus) -> None:
    """Return when the broker has read our acknowledgements."""
    channel = bus._opportunities._channel
    assert channel is not None
    await channel.basic_qos(prefetch_count=3)


async def test_many_runtimes_do_not_come_back_at_the_same_moment(
    broker: Broker, prefix: str, proxy: Proxy
) -> None:
    way = proxy(broker.port)
    way.refuse()
    pauses: list[int] = []

    class Noting:
        def now_ms(self) -> int:
            return 0

        async def sleep_ms(self, milliseconds: int) -> None:
            pauses.append(milliseconds)
            await asyncio.sleep(0)

    told = opening(broker.url_of(port=way.port), QUICK, prefix=prefix)
    told = type(told)(url=told.url, options=told.options, in_flight=1, clock=Noting())
    chances = iter([0.0, 1.0, 0.0, 1.0, 0.5] + [0.0] * 10_000)
    bus = RabbitBus(told, chance=lambda: next(chances))
    running = asyncio.ensure_future(bus.run())
    await until(lambda: len(pauses) >= 6, "six attempts")
    running.cancel()
    await asyncio.wait([running])

    assert pauses[:6] == [20, 20, 80, 80, 150, 200]
