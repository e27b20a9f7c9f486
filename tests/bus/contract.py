"""
What every bus must do. Inherit from `BusContract`, and give the fixture `harness`.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from xarb_runtime.plugins.contracts import Bus, BusMessage

IN_FLIGHT = 3
DEADLINE = 60  # seconds; only a broken bus ever waits for it


class Harness(Protocol):
    """
    A bus with an in-flight limit of `IN_FLIGHT`, and both of its far ends.

    Attributes:
        bus: the bus as the runtime sees it.
    """

    bus: Bus

    async def submit(self, body: bytes) -> None:
        """Put a message on the bus as a producer does."""
        ...

    async def settle(self) -> None:
        """Return when everything that can happen by itself has happened."""
        ...

    async def lose_consumer(self) -> None:
        """Let the bus think that whoever has its messages is gone."""
        ...

    def listen(self, pattern: str) -> AsyncIterator[tuple[str, bytes]]:
        """Return what is published from now on: routing keys and bodies."""
        ...


async def take(messages: AsyncIterator[BusMessage], count: int) -> list[BusMessage]:
    """Take so many messages."""
    async with asyncio.timeout(DEADLINE):
        return [await anext(messages) for _ in range(count)]


def bodies(messages: list[BusMessage]) -> list[bytes]:
    """Return the bodies."""
    return [message.body for message in messages]


class BusContract:
    """The tests."""

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        message = "give a fixture `harness`"
        raise NotImplementedError(message)
        return

    async def submit(self, harness: Harness, *numbers: int) -> None:
        async with asyncio.timeout(DEADLINE):
            for number in numbers:
                await harness.submit(str(number).encode())
            await harness.settle()

    async def test_messages_arrive_in_the_order_they_were_submitted(self, harness: Harness):
        await self.submit(harness, 1, 2, 3)

        assert bodies(await take(harness.bus.messages(), 3)) == [b"1", b"2", b"3"]

    async def test_a_body_arrives_byte_for_byte(self, harness: Harness) -> None:
        body = bytes(range(256)) * 3
        await harness.submit(body)

        assert bodies(await take(harness.bus.messages(), 1)) == [body]

    async def test_a_message_is_new_the_first_time(self, harness: Harness) -> None:
        await self.submit(harness, 1)
        (message,) = await take(harness.bus.messages(), 1)

        assert not message.redelivered

    async def test_no_more_than_the_limit_is_handed_out_unacknowledged(self, harness: Harness):
        await self.submit(harness, *range(IN_FLIGHT + 1))
        messages = harness.bus.messages()
        taken = await take(messages, IN_FLIGHT)
        one_more = asyncio.ensure_future(anext(messages))
        await harness.settle()
        assert not one_more.done()

        await harness.bus.acknowledge(taken[0])

        async with asyncio.timeout(DEADLINE):
            assert (await one_more).body == str(IN_FLIGHT).encode()

    async def test_the_limit_holds_for_several_consumers_together(self, harness: Harness) -> None:
        await self.submit(harness, *range(IN_FLIGHT + 1))
        first, second = harness.bus.messages(), harness.bus.messages()
        taken = [*await take(first, 1), *await take(second, IN_FLIGHT - 1)]
        more = [asyncio.ensure_future(anext(it)) for it in (first, second)]
        await harness.settle()
        assert not any(task.done() for task in more)

        await harness.bus.acknowledge(taken[0])
        async with asyncio.timeout(DEADLINE):
            done, pending = await asyncio.wait(more, return_when=asyncio.FIRST_COMPLETED)
        await harness.settle()

        assert (len(done), len(pending)) == (1, 1)
        for task in pending:
            task.cancel()

    async def test_what_is_acknowledged_never_comes_again(self, harness: Harness) -> None:
        await self.submit(harness, 1, 2)
        messages = harness.bus.messages()
        first, second = await take(messages, 2)
        await harness.bus.acknowledge(first)
        await harness.bus.give_back(second)

        (again,) = await take(messages, 1)
        assert again.body == b"2"
        await harness.bus.acknowledge(again)
        await harness.settle()
        assert harness.bus.depth() == 0

    async def test_what_is_given_back_comes_again_and_says_so(self, harness: Harness) -> None:
        await self.submit(harness, 1)
        messages = harness.bus.messages()
        (message,) = await take(messages, 1)

        await harness.bus.give_back(message)

        (again,) = await take(messages, 1)
        assert (again.body, again.redelivered) == (b"1", True)

    async def test_what_is_given_back_frees_its_place(self, harness: Harness) -> None:
        await self.submit(harness, *range(IN_FLIGHT))
        messages = harness.bus.messages()
        taken = await take(messages, IN_FLIGHT)

        for message in taken:
            await harness.bus.give_back(message)

        again = await take(messages, IN_FLIGHT)
        assert sorted(bodies(again)) == sorted(bodies(taken))
        assert all(message.redelivered for message in again)

    async def test_what_a_lost_consumer_had_comes_again_in_order(self, harness: Harness) -> None:
        await self.submit(harness, *range(IN_FLIGHT + 1))
        messages = harness.bus.messages()
        taken = await take(messages, IN_FLIGHT)
        await harness.bus.acknowledge(taken[1])
        await harness.lose_consumer()

        again = await take(harness.bus.messages(), IN_FLIGHT)
        assert bodies(again) == [b"0", *[str(n).encode() for n in range(2, IN_FLIGHT + 1)]]
        # The last one may have been on its way to us, so a bus may say either of it.
        assert [message.redelivered for message in again[:-1]] == [True] * (IN_FLIGHT - 1)

    async def test_an_acknowledgement_after_the_loss_does_no_harm(self, harness: Harness) -> None:
        await self.submit(harness, 1)
        (message,) = await take(harness.bus.messages(), 1)
        await harness.lose_consumer()
        await harness.bus.acknowledge(message)

        (again,) = await take(harness.bus.messages(), 1)
        assert (again.body, again.redelivered) == (b"1", True)

    async def test_a_late_word_about_an_earlier_delivery_means_nothing(self, harness: Harness):
        await self.submit(harness, 1)
        (message,) = await take(harness.bus.messages(), 1)
        await harness.lose_consumer()
        (again,) = await take(harness.bus.messages(), 1)
        await harness.bus.acknowledge(message)
        await harness.bus.give_back(again)

        (third,) = await take(harness.bus.messages(), 1)
        assert third.body == b"1"

    async def test_messages_may_be_acknowledged_in_any_order(self, harness: Harness) -> None:
        await self.submit(harness, *range(2 * IN_FLIGHT))
        messages = harness.bus.messages()
        taken = await take(messages, IN_FLIGHT)
        for message in reversed(taken):
            await harness.bus.acknowledge(message)

        rest = await take(messages, IN_FLIGHT)
        assert bodies(taken + rest) == [str(number).encode() for number in range(2 * IN_FLIGHT)]

    async def test_acknowledging_twice_does_no_harm(self, harness: Harness) -> None:
        await self.submit(harness, *range(IN_FLIGHT + 2))
        messages = harness.bus.messages()
        taken = await take(messages, IN_FLIGHT)
        await harness.bus.acknowledge(taken[0])
        await harness.bus.acknowledge(taken[0])
        await harness.bus.give_back(taken[0])

        assert bodies(await take(messages, 1)) == [str(IN_FLIGHT).encode()]
        one_more = asyncio.ensure_future(anext(messages))
        await harness.settle()
        assert not one_more.done()
        one_more.cancel()

    async def test_a_consumer_that_is_cancelled_while_it_waits_loses_nothing(self, harness):
        waiting = asyncio.ensure_future(anext(harness.bus.messages()))
        await harness.settle()
        waiting.cancel()
        await asyncio.wait([waiting])

        await self.submit(harness, 1)

        assert bodies(await take(harness.bus.messages(), 1)) == [b"1"]

    async def test_a_message_that_comes_while_the_consumer_is_cancelled_is_not_lost(self, harness):
        waiting = asyncio.ensure_future(anext(harness.bus.messages()))
        await harness.settle()
        await harness.submit(b"1")
        waiting.cancel()
        await asyncio.wait([waiting])

        taken = [waiting.result()] if not waiting.cancelled() else []
        taken = taken or await take(harness.bus.messages(), 1)
        assert bodies(taken) == [b"1"]

    async def test_a_consumer_hears_of_a_message_that_comes_later(self, harness: Harness) -> None:
        waiting = asyncio.ensure_future(anext(harness.bus.messages()))
        await harness.settle()
        await self.submit(harness, 1)

        async with asyncio.timeout(DEADLINE):
            assert (await waiting).body == b"1"

    async def test_subscribers_get_what_is_published_in_order(self, harness: Harness) -> None:
        heard = harness.listen("*")
        await harness.settle()
        for number in range(5):
            await harness.bus.publish(str(number).encode(), "execution.completed")

        async with asyncio.timeout(DEADLINE):
            got = [await anext(heard) for _ in range(5)]
        assert got == [("execution.completed", str(number).encode()) for number in range(5)]

    async def test_every_subscriber_gets_its_own_copy(self, harness: Harness) -> None:
        first, second = harness.listen("*"), harness.listen("*")
        await harness.settle()
        await harness.bus.publish(b"1", "incident.opened")

        async with asyncio.timeout(DEADLINE):
            assert await anext(first) == await anext(second) == ("incident.opened", b"1")

    async def test_a_subscriber_gets_only_what_its_pattern_fits(self, harness: Harness) -> None:
        heard = harness.listen("incident.*")
        await harness.settle()
        for key in ("execution.completed", "incident.opened", "incidents", "incident.resolved"):
            await harness.bus.publish(key.encode(), key)

        async with asyncio.timeout(DEADLINE):
            got = [(await anext(heard))[0] for _ in range(2)]
        assert got == ["incident.opened", "incident.resolved"]

    async def test_publishing_without_subscribers_is_confirmed(self, harness: Harness) -> None:
        async with asyncio.timeout(DEADLINE):
            await harness.bus.publish(b"1", "execution.completed")

    async def test_what_is_published_does_not_come_in(self, harness: Harness) -> None:
        await harness.bus.publish(b"out", "execution.completed")
        await self.submit(harness, 1)

        assert bodies(await take(harness.bus.messages(), 1)) == [b"1"]

    async def test_depth_counts_what_waits(self, harness: Harness) -> None:
        await self.submit(harness, *range(IN_FLIGHT + 2))
        await take(harness.bus.messages(), IN_FLIGHT)
        await harness.settle()

        assert harness.bus.depth() == 2
