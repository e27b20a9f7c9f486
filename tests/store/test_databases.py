"""
What `databases` really does, where the store relies on it or works around it.

If one of these fails after an upgrade, look at `xarb_runtime/store/sqlite.py` before anything else.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from databases import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path / 'd.db'}", timeout=0) as database:
        await database.execute("PRAGMA journal_mode=WAL")
        await database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER UNIQUE)")
        yield database


async def test_a_connection_lives_only_as_long_as_it_is_held(database: Database) -> None:
    """So PRAGMAs are forgotten at once, unless one connection is held for good."""
    await database.execute("PRAGMA foreign_keys=ON")
    assert await database.fetch_val("PRAGMA foreign_keys") == 0

    async with database.connection() as held:
        await held.execute("PRAGMA foreign_keys=ON")
        assert await held.fetch_val("PRAGMA foreign_keys") == 1


async def test_a_transaction_begins_deferred(database: Database) -> None:
    """So one that reads and then writes fails at once when another wrote; ours begin immediate."""
    other = Database(database.url, timeout=0)
    async with database.transaction():
        await database.fetch_all("SELECT * FROM t")
        async with other.connection() as second:
            await second.execute("INSERT INTO t (x) VALUES (1)")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            await database.execute("INSERT INTO t (x) VALUES (2)")


async def test_the_result_of_execute_does_not_tell_whether_a_row_was_touched(
    database: Database,
) -> None:
    """So a lease is checked by the driver's own row count."""
    async with database.connection() as held:
        await held.execute("INSERT INTO t (id, x) VALUES (42, 1)")
        assert await held.execute("UPDATE t SET x = 2 WHERE id = 7") == 42

        cursor = await held.raw_connection.executemany("UPDATE t SET x = ? WHERE id = ?", [(2, 7)])
        assert cursor.rowcount == 0


async def test_a_child_task_is_outside_the_transaction(database: Database) -> None:
    """So a unit of work is one call on one connection, handed on explicitly."""

    async def child() -> int:
        return await database.fetch_val("SELECT count(*) FROM t")

    async with database.transaction(force_rollback=True):
        await database.execute("INSERT INTO t (x) VALUES (1)")
        assert await database.fetch_val("SELECT count(*) FROM t") == 1
        assert await asyncio.create_task(child()) == 0


async def test_options_reach_the_driver_and_with_them_our_own_connection(tmp_path: Path) -> None:
    """So a whole unit of work is one call of `commit`, in the driver's thread."""
    threads: list[threading.Thread] = []

    class Ours(sqlite3.Connection):
        def commit(self) -> None:
            threads.append(threading.current_thread())

    database = Database(f"sqlite:///{tmp_path / 'd.db'}", factory=Ours)
    async with database, database.connection() as held:
        await held.raw_connection.commit()

    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


async def test_the_driver_leaves_transactions_to_us(database: Database) -> None:
    async with database.connection() as held:
        assert held.raw_connection.isolation_level is None


async def test_the_driver_runs_one_call_after_another_and_ends_what_it_began(
    database: Database,
) -> None:
    """So a cancelled wait does not tear a call, and the next call comes after it."""
    async with database.connection() as held:
        raw = held.raw_connection
        rows = [(number,) for number in range(50)]
        insert = asyncio.create_task(raw.executemany("INSERT INTO t (x) VALUES (?)", rows))
        await asyncio.sleep(0)
        insert.cancel()
        count = await raw.execute_fetchall("SELECT count(*) FROM t")

    assert list(count) == [(50,)]
    assert insert.cancelled()
