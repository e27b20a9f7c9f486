"""What RabbitMQ promises beyond the contract while all is well: limits, dead messages, routing."""

import asyncio

import pytest

from tests.bus.rabbitmq_world import OPPORTUNITY, a_bus, far, take, until
from tests.servers.rabbitmq import Broker
from xarb_runtime.plugins.contracts import UnroutableError


async def test_the_broker_hands_out_no_more_than_the_in_flight_limit(
    broker: Broker, prefix: str
) -> None:
    attentive = a_bus(broker.url, prefix, in_flight=7, heartbeat="1s")
    async with attentive as bus, far(broker.url, prefix) as others:
        for number in range(20):
            await others.submit(str(number).encode())
        await others.wait_for_ready(others.names.opportunities, 13)
        taken = await take(bus.messages(), 7)
        await until(lambda: bus.depth() == 13, "13 messages that wait")
        assert bus.state().unacknowledged == 7

        for message in taken[:4]:
            await bus.acknowledge(message)

        await others.wait_for_ready(others.names.opportunities, 9)
        assert bus.state().acknowledged == 4


async def test_operators_are_heard_however_many_opportunities_wait(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix, in_flight=1) as bus, far(broker.url, prefix) as others:
        for number in range(3):
            await others.submit(str(number).encode())
        await take(bus.messages(), 1)

        await others.submit(b"pause", "operator.pause", content_type="application/json")
        (word,) = await take(bus.words(), 1)

        assert (word.body, word.routing_key) == (b"pause", "operator.pause")
        assert word.content_type == "application/json"
        await bus.acknowledge(word)
        await until(lambda: bus.state().acknowledged == 1, "an acknowledged word")


async def test_a_message_says_how_it_was_published(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix) as bus, far(broker.url, prefix) as others:
        await others.submit(b"1", content_type="application/cloudevents+json")
        await others.submit(b"2")
        first, second = await take(bus.messages(), 2)

        assert (first.content_type, first.routing_key) == (
            "application/cloudevents+json",
            OPPORTUNITY,
        )
        assert second.content_type == ""


async def test_a_message_that_is_never_answered_ends_among_the_dead(
    broker: Broker, prefix: str
) -> None:
    limit = 2
    async with (
        a_bus(broker.url, prefix, delivery_limit=limit) as bus,
        far(broker.url, prefix) as others,
    ):
        await others.submit(b"poison")
        await others.submit(b"good")
        messages = bus.messages()
        seen = []
        for message in await take(messages, 2):
            if message.body == b"good":
                await bus.acknowledge(message)
            else:
                seen.append(message.redelivered)
                await bus.give_back(message)
        while len(seen) <= limit:
            (message,) = await take(messages, 1)
            seen.append(message.redelivered)
            await bus.give_back(message)

        dead = await others.get_when_there(others.names.dead)

        assert seen == [False] + [True] * limit
        assert dead.body == b"poison"
        (death,) = dead.headers["x-death"]
        assert (death["reason"], death["queue"]) == ("delivery_limit", others.names.opportunities)
        assert death["routing-keys"] == [OPPORTUNITY]


async def test_a_message_with_a_misspelt_key_is_kept_among_the_dead(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix), far(broker.url, prefix) as others:
        await others.submit(b"lost?", "oportunity.detected")

        dead = await others.get_when_there(others.names.dead)

        assert (dead.body, dead.routing_key) == (b"lost?", "oportunity.detected")


async def test_a_full_queue_refuses_what_comes_and_keeps_what_it_has(
    broker: Broker, prefix: str
) -> None:
    async with (
        a_bus(broker.url, prefix, in_flight=1, max_length=3) as bus,
        far(broker.url, prefix) as others,
    ):
        sent, refused = [], False
        for number in range(50):
            try:
                await others.submit(str(number).encode())
            except Exception as error:  # noqa: BLE001 -- whatever the library calls it
                refused = "nack" in str(error).lower()
                break
            sent.append(str(number).encode())

        assert refused
        messages = bus.messages()
        for body in sent:
            (message,) = await take(messages, 1)
            assert message.body == body
            await bus.acknowledge(message)


async def test_what_nobody_takes_is_an_error(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix, recent=0) as bus, far(broker.url, prefix) as others:
        with pytest.raises(UnroutableError, match=r"no queue takes kpi\.window"):
            await bus.publish(b"1", "kpi.window")
        assert (bus.state().unroutable, bus.state().confirmed) == (1, 0)

        heard = await others.listen("kpi.#")
        await bus.publish(b"2", "kpi.window")

        assert await anext(heard) == ("kpi.window", b"2")
        assert (bus.state().unroutable, bus.state().confirmed) == (1, 1)


async def test_the_newest_messages_are_kept_for_whoever_comes_later(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix, recent=5) as bus, far(broker.url, prefix) as others:
        for number in range(8):
            await bus.publish(str(number).encode(), "execution.transition")

        await others.wait_for_ready(others.names.recent, 5)
        assert (await others.get(others.names.recent)).body == b"3"


async def test_what_goes_out_is_persistent_and_says_what_it_is(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix) as bus, far(broker.url, prefix) as others:
        await bus.publish(b"{}", "execution.completed")

        message = await others.get_when_there(others.names.recent)

        assert message.content_type == "application/cloudevents+json"
        assert message.delivery_mode == 2


async def test_many_publishers_at_once_each_keep_their_order(broker: Broker, prefix: str) -> None:
    lanes, count = 20, 25
    async with a_bus(broker.url, prefix) as bus, far(broker.url, prefix) as others:
        heard = await others.listen("#")

        async def lane(number: int) -> None:
            for step in range(count):
                await bus.publish(f"{number}:{step}".encode(), "execution.transition")

        async with asyncio.TaskGroup() as group:
            for number in range(lanes):
                group.create_task(lane(number))
        got = [(await anext(heard))[1].decode().split(":") for _ in range(lanes * count)]

        for number in range(lanes):
            steps = [int(step) for lane_number, step in got if int(lane_number) == number]
            assert steps == list(range(count))


async def test_the_heartbeat_comes_back_and_is_measured(broker: Broker, prefix: str) -> None:
    async with a_bus(broker.url, prefix, heartbeat="200ms") as bus:
        await until(lambda: bus.state().last_beat_ms is not None, "a heartbeat")
        first = bus.state().last_beat_ms or 0
        await until(lambda: (bus.state().last_beat_ms or 0) > first, "another heartbeat")

        queues = {f"{prefix}.{name}" for name in ("dead", "opportunities", "operator", "recent")}
        await until(lambda: set(bus.state().waiting) == queues, "a look at all queues")
        assert (bus.state().beat_ms or 0) >= 0


async def test_a_bus_that_is_closed_leaves_nothing_of_its_own_behind(
    broker: Broker, prefix: str
) -> None:
    async with a_bus(broker.url, prefix) as bus:
        assert any(name.startswith(f"{prefix}.beat.") for name in await _queues(broker))

    assert bus.state().state == "closed"
    assert not [name for name in await _queues(broker) if name.startswith(f"{prefix}.beat.")]


async def _queues(broker: Broker) -> list[str]:
    return list(await asyncio.to_thread(broker.queues))
