"""The embedded bus: the contract, and what only it promises."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bus.contract import IN_FLIGHT, BusContract, bodies, take
from xarb_runtime.bus.embedded import (
    BusClosedError,
    EmbeddedBus,
    embedded_spec,
    open_embedded,
)
from xarb_runtime.bus.subscription import matches
from xarb_runtime.plugins.contracts import API, BusMessage, BusOpening, NoOptions
from xarb_runtime.service.clock import SystemClock


def opening(url: str, in_flight: int = 1) -> BusOpening:
    return BusOpening(url=url, options=NoOptions(), in_flight=in_flight, clock=SystemClock())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class EmbeddedHarness:
    def __init__(self, bus: EmbeddedBus) -> None:
        self.bus = bus

    async def submit(self, body: bytes) -> None:
        await self.bus.submit(body)

    async def settle(self) -> None:
        await settle()

    async def lose_consumer(self) -> None:
        self.bus.give_back_all()

    def listen(self, pattern: str) -> AsyncIterator[tuple[str, bytes]]:
        subscription = self.bus.subscribe(pattern)

        async def heard() -> AsyncIterator[tuple[str, bytes]]:
            async for published in subscription:
                yield published.routing_key, published.body

        return heard()


class TestContract(BusContract):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[EmbeddedHarness]:
        async with open_embedded(opening("embedded://", IN_FLIGHT)) as bus:
            yield EmbeddedHarness(bus)


@pytest.fixture
async def small() -> AsyncIterator[EmbeddedBus]:
    async with open_embedded(opening("embedded://?capacity=2")) as bus:
        yield bus


def test_the_spec_names_the_scheme() -> None:
    spec = embedded_spec()

    assert (spec.scheme, spec.api) == ("embedded", API)
    assert spec.open is open_embedded


# -- Backpressure ----------------------------------------------------------------------------------


async def test_a_producer_waits_while_the_bus_is_full(small: EmbeddedBus) -> None:
    producers = [asyncio.ensure_future(small.submit(str(n).encode())) for n in range(4)]
    await settle()

    assert [producer.done() for producer in producers] == [True, True, False, False]
    assert small.depth() == 4

    messages = small.messages()
    taken = await drain(small, messages, 4)
    await settle()

    assert bodies(taken) == [b"0", b"1", b"2", b"3"]
    assert all(producer.done() for producer in producers)


async def test_nobody_overtakes_a_producer_that_waits(small: EmbeddedBus) -> None:
    waiting = [asyncio.ensure_future(small.submit(str(n).encode())) for n in range(3)]
    await settle()
    messages = small.messages()
    await drain(small, messages, 1)  # makes room; producer 2 has it before it runs
    late = asyncio.ensure_future(small.submit(b"late"))
    await asyncio.wait(waiting)

    assert bodies(await drain(small, messages, 3)) == [b"1", b"2", b"late"]
    await late


async def test_a_producer_that_is_cancelled_while_it_waits_has_not_submitted(small) -> None:
    await small.submit(b"0")
    await small.submit(b"1")
    producer = asyncio.ensure_future(small.submit(b"2"))
    await settle()
    producer.cancel()
    await asyncio.wait([producer])

    assert small.depth() == 2
    taken = await drain(small, small.messages(), 2)
    assert bodies(taken) == [b"0", b"1"]
    assert small.depth() == 0


async def test_a_producer_that_is_cancelled_as_it_gets_in_has_not_submitted(small) -> None:
    await small.submit(b"0")
    await small.submit(b"1")
    producers = [asyncio.ensure_future(small.submit(body)) for body in (b"2", b"3")]
    await settle()
    await take(small.messages(), 1)  # lets b"2" in; its task has not run yet
    producers[0].cancel()
    await asyncio.wait(producers)

    assert producers[0].cancelled()
    assert producers[1].exception() is None
    assert small.depth() == 2  # b"1" and b"3"


@given(
    capacity=st.integers(1, 4),
    in_flight=st.integers(1, 4),
    producers=st.integers(1, 12),
    cancelled=st.sets(st.integers(0, 11)),
)
def test_whoever_was_not_cancelled_is_delivered_once_and_in_order(
    capacity: int, in_flight: int, producers: int, cancelled: set[int]
) -> None:
    async def run() -> tuple[list[int], list[int]]:
        bus = EmbeddedBus(in_flight=in_flight, capacity=capacity)
        tasks = [asyncio.ensure_future(bus.submit(str(n).encode())) for n in range(producers)]
        await settle()
        for number in cancelled:
            if number < producers:
                tasks[number].cancel()
        await settle()
        expected = [
            number for number, task in enumerate(tasks) if not (task.done() and task.cancelled())
        ]
        messages = bus.messages()
        got = await drain(bus, messages, len(expected))
        assert bus.depth() == 0
        return expected, [int(message.body) for message in got]

    expected, got = asyncio.run(run())
    assert got == expected


# -- deliver ---------------------------------------------------------------------------------------


async def test_deliver_returns_when_the_message_is_acknowledged(small: EmbeddedBus) -> None:
    delivery = asyncio.ensure_future(small.deliver(b"1"))
    (message,) = await take(small.messages(), 1)
    await settle()
    assert not delivery.done()

    await small.acknowledge(message)

    await delivery


async def test_deliver_outlasts_a_message_that_is_given_back(small: EmbeddedBus) -> None:
    delivery = asyncio.ensure_future(small.deliver(b"1"))
    messages = small.messages()
    (message,) = await take(messages, 1)
    await small.give_back(message)
    (again,) = await take(messages, 1)
    await settle()
    assert not delivery.done()

    await small.acknowledge(again)

    await delivery


async def test_a_delivery_that_is_cancelled_leaves_its_message_on_the_bus(small) -> None:
    delivery = asyncio.ensure_future(small.deliver(b"1"))
    await settle()
    delivery.cancel()
    await asyncio.wait([delivery])

    (message,) = await take(small.messages(), 1)
    await small.acknowledge(message)
    assert message.body == b"1"


# -- Order -----------------------------------------------------------------------------------------


async def test_what_is_given_back_comes_at_its_old_place() -> None:
    bus = EmbeddedBus(in_flight=2)
    for number in range(4):
        await bus.submit(str(number).encode())
    messages = bus.messages()
    first, second = await take(messages, 2)
    await bus.give_back(second)
    await bus.give_back(first)

    taken = await drain(bus, messages, 4)
    assert bodies(taken) == [b"0", b"1", b"2", b"3"]
    assert [message.redelivered for message in taken] == [True, True, False, False]


# -- Closing ---------------------------------------------------------------------------------------


async def test_closing_ends_every_iterator(small: EmbeddedBus) -> None:
    async def listen() -> list[BusMessage]:
        return [message async for message in small.messages()]

    consumers = [asyncio.ensure_future(listen()) for _ in range(2)]
    await settle()
    small.close()

    assert await asyncio.gather(*consumers) == [[], []]


async def test_closing_tells_the_producers_that_wait(small: EmbeddedBus) -> None:
    for body in (b"0", b"1"):
        await small.submit(body)
    producers = [asyncio.ensure_future(work) for work in (small.submit(b"2"), small.deliver(b"3"))]
    await settle()
    small.close()

    for producer in producers:
        with pytest.raises(BusClosedError, match="look in the journal"):
            await producer


async def test_closing_tells_whoever_waits_for_an_acknowledgement(small: EmbeddedBus) -> None:
    deliveries = [asyncio.ensure_future(small.deliver(body)) for body in (b"0", b"1")]
    (message,) = await take(small.messages(), 1)
    small.close()
    await small.acknowledge(message)

    for delivery in deliveries:
        with pytest.raises(BusClosedError):
            await delivery


async def test_a_closed_bus_takes_nothing(small: EmbeddedBus) -> None:
    small.close()
    for work in (small.submit(b"1"), small.deliver(b"1"), small.publish(b"1", "a")):
        with pytest.raises(BusClosedError):
            await work
    assert [heard async for heard in small.subscribe("*")] == []


async def test_the_context_closes_the_bus() -> None:
    async with open_embedded(opening("embedded://")) as bus:
        pass
    with pytest.raises(BusClosedError):
        await bus.submit(b"1")


# -- Subscribers -----------------------------------------------------------------------------------


async def test_a_slow_subscriber_misses_the_oldest_and_is_told(small: EmbeddedBus) -> None:
    slow = small.subscribe("*")
    for number in range(5):
        await small.publish(str(number).encode(), "a")

    got = [await anext(slow) for _ in range(2)]
    assert [(it.body, it.missed) for it in got] == [(b"3", 3), (b"4", 0)]
    assert small.statistics().missed == 3


async def test_a_slow_subscriber_does_not_hurt_a_quick_one(small: EmbeddedBus) -> None:
    small.subscribe("*")
    quick = small.subscribe("*")
    got = []
    for number in range(5):
        await small.publish(str(number).encode(), "a")
        got.append((await anext(quick)).body)

    assert got == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_subscription_hears_from_the_moment_it_is_made(small: EmbeddedBus) -> None:
    await small.publish(b"before", "a")
    with small.subscribe("a") as heard:
        await small.publish(b"after", "a")
        assert (await anext(heard)).body == b"after"


async def test_a_closed_subscription_ends_and_is_forgotten(small: EmbeddedBus) -> None:
    with small.subscribe("a") as heard:
        waiting = asyncio.ensure_future(anext(heard, None))
        await settle()
    await small.publish(b"1", "a")
    heard.close()

    assert await waiting is None
    assert [it async for it in heard] == []


async def test_a_reader_that_is_cancelled_loses_nothing(small: EmbeddedBus) -> None:
    heard = small.subscribe("a")
    waiting = asyncio.ensure_future(anext(heard))
    await settle()
    await small.publish(b"1", "a")
    waiting.cancel()
    await asyncio.wait([waiting])

    assert (await anext(heard)).body == b"1"


async def test_what_is_in_the_buffer_is_still_read_after_the_end(small: EmbeddedBus) -> None:
    heard = small.subscribe("a")
    await small.publish(b"1", "a")
    small.close()

    assert [it.body async for it in heard] == [b"1"]


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("*", "anything", True),
        ("incident.*", "incident.opened", True),
        ("incident.*", "incident", False),
        ("incident.*", "incidents.opened", False),
        ("incident.opened", "incident.opened", True),
        ("incident.opened", "incident.opened.twice", False),
    ],
)
def test_patterns(pattern: str, key: str, fits: bool) -> None:
    assert matches(pattern, key) is fits


# -- Figures and settings --------------------------------------------------------------------------


async def test_statistics_count_everything(small: EmbeddedBus) -> None:
    producers = [asyncio.ensure_future(small.submit(b"x")) for _ in range(4)]
    messages = small.messages()
    (message,) = await take(messages, 1)
    await small.give_back(message)
    (message,) = await take(messages, 1)
    await small.publish(b"y", "z")
    statistics = small.statistics()
    assert (statistics.waiting, statistics.unacknowledged, statistics.producers) == (2, 1, 1)
    assert (statistics.submitted, statistics.given_back, statistics.published) == (3, 1, 1)

    await small.acknowledge(message)

    assert small.statistics().acknowledged == 1
    for producer in producers:
        producer.cancel()


@pytest.mark.parametrize(
    "url",
    [
        "amqp://localhost",
        "embedded://host",
        "embedded:///path",
        "embedded://?size=1",
        "embedded://?capacity=0",
        "embedded://?capacity=",
        "embedded://?capacity=-1",
    ],
)
async def test_a_url_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^bus\.url: expected .*, found "):
        async with open_embedded(opening(url)):
            pass


def test_an_in_flight_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an in-flight limit of 1 or more, found 0"):
        EmbeddedBus(in_flight=0)


async def drain(
    bus: EmbeddedBus, messages: AsyncIterator[BusMessage], count: int
) -> list[BusMessage]:
    """Take messages one after the other, each acknowledged before the next."""
    taken: list[BusMessage] = []
    for _ in range(count):
        taken += await take(messages, 1)
        await bus.acknowledge(taken[-1])
    return taken
