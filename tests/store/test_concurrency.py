"""
Many at once: whoever has to wait waits, and nobody is turned away.
"""

import asyncio
from contextlib import AsyncExitStack, nullcontext

from tests.store.world import Store
from xarb_runtime.store.backend import backend_of
from xarb_runtime.store.session import Session
from xarb_runtime.store.statements import Write

SESSIONS = 10
UNITS = 50


async def test_fifty_units_at_once_on_ten_connections_are_all_written(store: Store) -> None:
    """Each renews the one lease and writes an event, so each needs what the others hold."""
    async with store.open() as journal, AsyncExitStack() as stack:
        backend = backend_of(store.url)
        sessions = [
            await stack.enter_async_context(backend.writer(nullcontext)) for _ in range(SESSIONS)
        ]
        await asyncio.gather(
            *(_unit(sessions[number % SESSIONS], journal.epoch, number) for number in range(UNITS))
        )

    assert store.count("events") == UNITS
    assert store.rows("SELECT DISTINCT seq FROM events") == [(None,)]


async def test_an_epoch_that_is_not_ours_writes_nothing_however_many_try(store: Store) -> None:
    async with store.open() as journal, AsyncExitStack() as stack:
        backend = backend_of(store.url)
        sessions = [await stack.enter_async_context(backend.writer(nullcontext)) for _ in range(3)]
        results = await asyncio.gather(
            *(
                _unit(sessions[number % 3], journal.epoch + number % 2, number)
                for number in range(12)
            ),
            return_exceptions=True,
        )

    assert [isinstance(result, Exception) for result in results] == [False, True] * 6
    names = {name for (name,) in store.rows("SELECT id FROM events")}
    assert names == {str(number) for number in range(0, 12, 2)}


async def _unit(session: Session, epoch: int, number: int) -> None:
    event = ("test", str(number), "t", "x", number, "{}", "late", "", None, "")
    renewal = session.renewal(epoch, 10_000, lambda: 0)
    await session.run([renewal, Write(session.statements.event, [event])])
