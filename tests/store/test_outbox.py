"""
Messages wait in the outbox, written with what they tell of, until the bus has confirmed them.
"""

import pytest

from tests.store.factories import NOW, command, outgoing, step
from tests.store.world import Store
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal


async def test_messages_come_back_as_they_were_written_in_order(journal: Journal) -> None:
    messages = [outgoing(number, body=bytes([number, 0, 255])) for number in range(1, 6)]

    await journal.commit(Batch(outgoing=messages[:3]))
    await journal.commit(Batch(outgoing=messages[3:]))

    assert await journal.outgoing(0, 100) == messages
    assert await journal.outgoing(2, 2) == messages[2:4]
    assert await journal.outgoing(5, 100) == []


async def test_positions_order_beyond_the_ninth(journal: Journal) -> None:
    await journal.commit(Batch(outgoing=[outgoing(number) for number in range(8, 13)]))

    assert [found.position for found in await journal.outgoing(9, 10)] == [10, 11, 12]


async def test_what_was_sent_is_gone_and_the_rest_stays(journal: Journal) -> None:
    await journal.commit(Batch(outgoing=[outgoing(number) for number in (1, 2, 3)]))

    await journal.commit(Batch(sent=[1, 3]))

    assert [found.position for found in await journal.outgoing(0, 10)] == [2]


async def test_sent_twice_or_written_and_sent_at_once_is_no_fault(journal: Journal) -> None:
    await journal.commit(Batch(outgoing=[outgoing(1), outgoing(2)], sent=[1]))
    await journal.commit(Batch(sent=[1, 2]))
    await journal.commit(Batch(sent=[2]))

    assert await journal.outgoing(0, 10) == []


async def test_a_message_is_written_with_its_step_or_not_at_all(
    store: Store, journal: Journal
) -> None:
    await journal.commit(Batch(steps=[step()], outgoing=[outgoing(1)]))
    again = step(seq=2, commands=(command(seq=1),))

    with pytest.raises(StoreError, match="commands"):
        await journal.commit(Batch(steps=[again], outgoing=[outgoing(2)], sent=[1]))

    assert store.rows("SELECT position FROM outbox") == [(1,)]
    assert store.rows("SELECT position FROM outbox_end") == [(1,)]


async def test_the_newest_position_is_known_also_after_everything_was_sent(store: Store) -> None:
    async with store.open() as journal:
        assert await journal.newest_outgoing() == 0
        await journal.commit(Batch(outgoing=[outgoing(1), outgoing(2)]))
        await journal.commit(Batch(sent=[1, 2]))
    async with store.open() as journal:
        assert await journal.newest_outgoing() == 2
        await journal.commit(Batch(outgoing=[outgoing(3)]))
        assert await journal.newest_outgoing() == 3


@pytest.mark.parametrize("position", [1, 2])
async def test_a_position_is_never_given_twice(
    store: Store, journal: Journal, position: int
) -> None:
    await journal.commit(Batch(outgoing=[outgoing(1), outgoing(2)]))
    await journal.commit(Batch(sent=[1, 2]))

    with pytest.raises(StoreError, match=r"expected 1 rows, found 0.*outbox_end"):
        await journal.commit(Batch(outgoing=[outgoing(position), outgoing(7)]))

    assert store.count("outbox") == 0


async def test_status_shows_how_many_wait(journal: Journal) -> None:
    batch = [outgoing(1, time_ms=NOW), outgoing(2, time_ms=NOW + 5), outgoing(3, time_ms=NOW + 2)]
    await journal.commit(Batch(outgoing=batch))
    await journal.commit(Batch(sent=[1]))

    assert (await journal.queries.counts()).outbox == 2
