"""
A cancelled task says nothing about the commit it waited for: it is complete or absent.
"""

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.store.factories import event, step
from tests.store.world import Store
from xarb_runtime.store.batch import Batch, Received
from xarb_runtime.store.errors import JournalBroken
from xarb_runtime.store.journal import Journal

TRIALS = 400


async def test_a_cancelled_commit_is_complete_or_absent(store: Store, journal: Journal) -> None:
    """
    Cancelled after a random number of turns of the loop, from before the first to after the last.
    """
    turns = random.Random(1)
    cancelled = 0
    for number in range(TRIALS):
        task = asyncio.create_task(journal.commit(Batch(steps=[step(f"x-{number}")])))
        await _turns(turns.randrange(60))
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        cancelled += isinstance(result, asyncio.CancelledError)
        if result is None:
            assert await journal.seen([("venue:sx", f"x-{number}/1")])
    await journal.renew()

    kept = store.count("executions")
    assert {store.count(table) for table in ("events", "transitions", "commands")} == {kept}
    assert cancelled > TRIALS // 10
    assert kept > TRIALS - cancelled


async def test_once_begun_a_cancelled_commit_is_complete(store: Store, journal: Journal) -> None:
    for number in range(20):
        task = asyncio.create_task(journal.commit(Batch(steps=[step(f"x-{number}")])))
        await _turns(1)
        task.cancel()
    await journal.renew()

    assert store.count("executions") == store.count("commands") == 20


async def test_closing_waits_for_commits_whose_callers_are_gone(store: Store) -> None:
    async with store.open() as journal:
        for number in range(20):
            task = asyncio.create_task(journal.commit(Batch(steps=[step(f"x-{number}")])))
            await _turns(1)
            task.cancel()

    assert store.count("executions") == 20
    assert store.rows("SELECT expires_ms FROM lease") == [(0,)]


async def test_a_cancelled_commit_that_fails_breaks_the_journal(journal: Journal) -> None:
    duplicate = Batch(events=[Received(event=event(), outcome="late")])
    await journal.commit(duplicate)
    task = asyncio.create_task(journal.commit(duplicate))
    await _turns(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    with pytest.raises(JournalBroken, match=r"(?i)unique"):
        await journal.renew()


async def test_cancelled_during_any_query_it_lets_go_of_the_store(store: Store) -> None:
    """Once for each time that opening, committing and closing wait for the database."""
    for number in itertools.count(1):
        guard = CancelAt(number)
        guard.task = asyncio.create_task(_open_and_commit(store, guard))
        (result,) = await asyncio.gather(guard.task, return_exceptions=True)
        async with store.open() as journal:
            kept = store.count("executions")
            assert store.count("events") == store.count("commands") == kept
        if result is None:
            break

    assert number > 10
    assert journal.epoch > kept > 1


class CancelAt:
    """Cancels a task while it waits for the database the nth time."""

    task: asyncio.Task[None]

    def __init__(self, number: int) -> None:
        self.left = number

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.left -= 1
        if self.left == 0:
            asyncio.get_running_loop().call_soon(self.task.cancel)
        yield


async def _open_and_commit(store: Store, guard: CancelAt) -> None:
    async with store.open(io_guard=guard) as journal:
        await journal.commit(Batch(steps=[step(f"x-{journal.epoch}")]))


async def _turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
