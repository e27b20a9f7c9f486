"""
What is put back is what comes next.
"""

from xarb_runtime.service.inbox import Delivery, Inbox


async def test_what_was_put_back_comes_before_what_arrived_meanwhile() -> None:
    inbox, deliveries = Inbox(), [Delivery() for _ in range(4)]
    for delivery in deliveries[:3]:
        inbox.put(delivery)

    taken = await inbox.take(3)
    inbox.put(deliveries[3])
    inbox.put_back(taken[1:])

    assert inbox.depth == 3
    assert all(map(_is, await inbox.take(9), deliveries[1:]))


async def test_what_was_put_back_into_an_empty_inbox_wakes_who_waits() -> None:
    inbox, delivery = Inbox(), Delivery()
    inbox.put(delivery)

    inbox.put_back(await inbox.take(1))

    assert await inbox.take(1) == [delivery]


def _is(one: Delivery, other: Delivery) -> bool:
    return one is other
