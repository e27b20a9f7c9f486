"""
A message that kills whoever takes it is counted alone: those behind it do not die with it.
"""

import asyncio

from tests.bus.rabbitmq_world import a_bus, far, take, until
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.rabbitmq.topology import Names

LIMIT = 2
POISON = b"1"
FACTS = {"in_flight": 6, "delivery_limit": LIMIT}


async def test_what_kills_one_process_after_another_ends_alone_among_the_dead(
    broker: Broker, prefix: str
) -> None:
    """A process that dies is a bus that is closed with messages in its hands."""
    names = Names(prefix)
    async with a_bus(broker.url, prefix, **FACTS) as bus, far(broker.url, prefix) as there:
        messages = bus.messages()
        for number in range(6):
            await there.submit(str(number).encode())
        first = await take(messages, 1)
        await bus.acknowledge(first[0])
        assert [it.body for it in await take(messages, 5)] == [b"1", b"2", b"3", b"4", b"5"]

    survivors: list[bytes] = []
    for _ in range(LIMIT):
        async with a_bus(broker.url, prefix, **FACTS) as bus:
            messages = bus.messages()
            while (body := (message := (await take(messages, 1))[0]).body) != POISON:
                assert message.redelivered
                survivors.append(body)
                await bus.acknowledge(message)
            assert bus.state().unacknowledged == 1, "it dies alone"

    async with a_bus(broker.url, prefix, **FACTS) as bus, far(broker.url, prefix) as there:
        messages = bus.messages()
        while len(survivors) < 4:
            survivors.append((await _settled(bus, messages)).body)
        assert (await there.get_when_there(names.dead)).body == POISON
        assert await there.ready(names.dead) == 0
    assert sorted(survivors) == [b"2", b"3", b"4", b"5"]


async def test_once_something_new_has_come_there_is_room_for_all(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix, **FACTS) as bus, far(broker.url, prefix) as there:
        await there.submit(b"old")
        await take(bus.messages(), 1)

    async with a_bus(broker.url, prefix, **FACTS) as bus, far(broker.url, prefix) as there:
        messages = bus.messages()
        for number in range(8):
            await there.submit(str(number).encode())
        old, new = [(await _settled(bus, messages)) for _ in range(2)]
        assert [old.body, new.body] == [b"old", b"0"]
        some = await take(messages, 6)
        await until(lambda: bus.state().delivered == 8, "a full house")
        assert [it.body for it in some] == [str(number).encode() for number in range(1, 7)]


async def _settled(bus, messages):
    (message,) = await take(messages, 1)
    await bus.acknowledge(message)
    return message


async def test_an_empty_queue_is_nothing_to_be_careful_about(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix, **FACTS) as bus, far(broker.url, prefix) as there:
        for number in range(6):
            await there.submit(str(number).encode())
        async with asyncio.timeout(60):
            assert len(await take(bus.messages(), 6)) == 6
