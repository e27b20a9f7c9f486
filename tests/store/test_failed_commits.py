"""
All of a commit or nothing, and nothing after one that failed.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest

from tests.store.factories import command, event, incident, step, timer, trade
from tests.store.world import FileStore, Store
from xarb_runtime.store.batch import Batch, Received
from xarb_runtime.store.errors import JournalBroken, StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.sqlite import explain

LATE_TABLES = ("events", "transitions", "commands", "timers", "trades", "incidents")


def everything(execution: str = "x-1") -> Batch:
    after = msgspec.structs.replace(step(execution).after, timers=(timer(),))
    return Batch(
        steps=[step(execution, after=after)],
        trades=[trade(f"{execution}:1:0")],
        incidents=[incident(f"{execution}:1:1")],
    )


@pytest.mark.parametrize("table", LATE_TABLES)
async def test_whichever_statement_fails_nothing_is_written(store: Store, table: str) -> None:
    async with store.open() as journal:
        refused = pytest.raises(StoreError, match=r": expected \w+ to succeed, .*: no\.")
        with store.refusing(table), refused as raised:
            await journal.commit(everything())

    assert str(raised.value).startswith(store.name)

    assert not any(store.counts().values())


async def test_a_broken_journal_accepts_no_more(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[step()]))
    with pytest.raises(StoreError, match=r"(?i)unique constraint.*events") as first:
        await journal.commit(Batch(steps=[step("x-2")], events=[_duplicate()]))

    with pytest.raises(JournalBroken, match="Restart the runtime") as later:
        await journal.commit(Batch(steps=[step("x-3")]))

    assert later.value.first is first.value
    assert store.rows("SELECT id FROM executions") == [("x-1",)]


async def test_a_broken_journal_can_still_be_read(journal: Journal) -> None:
    await journal.commit(Batch(steps=[step()]))
    with pytest.raises(StoreError):
        await journal.commit(Batch(events=[_duplicate()]))

    assert await journal.seen([("venue:sx", "x-1/1")])
    assert [found.id for found in await journal.queries.executions()] == ["x-1"]


async def test_a_broken_journal_gives_its_lease_back(store: Store) -> None:
    """The runtime that lets go is the one that recovers: it must not have to wait."""
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        with pytest.raises(StoreError):
            await journal.commit(Batch(events=[_duplicate()]))

    async with store.open() as again:
        assert again.epoch == 2
        assert [kept.execution for kept in (await again.recover()).snapshots] == ["x-1"]


async def test_the_same_command_key_twice_is_refused(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[step()]))

    with pytest.raises(StoreError, match=r"(?i)unique constraint.*commands"):
        await journal.commit(Batch(steps=[step(seq=2, commands=(command(seq=1),))]))

    assert store.rows("SELECT seq FROM executions") == [(1,)]


async def test_a_full_disk_says_so_and_loses_nothing(file_store: FileStore) -> None:
    store = file_store
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        ((pages,),) = await journal._session.fetch("PRAGMA page_count")
        await journal._session.fetch(f"PRAGMA max_page_count={pages}")

        with pytest.raises(StoreError, match=r"store\.db: .*SQLITE_FULL.*free space"):
            await _fill(journal)

    kept = store.count("executions")
    assert store.count("events") == store.count("transitions") == store.count("commands") == kept
    assert store.rows("PRAGMA integrity_check") == [("ok",)]


async def test_commits_that_wait_behind_a_failed_one_are_not_written(
    store: Store, journal: Journal
) -> None:
    await journal.commit(Batch(steps=[step()]))
    bad = _started(journal.commit(Batch(events=[_duplicate()])))
    behind = _started(journal.commit(Batch(steps=[step("x-2")])))

    results = await asyncio.gather(bad, behind, return_exceptions=True)

    assert [type(result) for result in results] == [StoreError, JournalBroken]
    assert store.rows("SELECT id FROM executions") == [("x-1",)]


async def test_a_lease_that_cannot_be_given_back_is_logged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.open():
        store.run("UPDATE lease SET epoch = 9")

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "lease could not be given back" in caplog.text


@pytest.mark.parametrize("kind", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR | (1 << 8)])
def test_extended_codes_are_explained_like_the_plain_one(file_store: FileStore, kind: int) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode, error.sqlite_errorname = kind, "SQLITE_IOERR_READ"

    assert "look at the system log" in str(explain(error, file_store.path))


def _duplicate() -> Received:
    return Received(event=event(), outcome="late")


async def _fill(journal: Journal) -> None:
    for number in range(2, 1_000):
        await journal.commit(Batch(steps=[step(f"x-{number}")]))


def _started(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work)
