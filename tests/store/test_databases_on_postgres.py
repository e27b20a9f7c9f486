"""
What `databases` really does on PostgreSQL, where the store relies on it or works around it.

If one of these fails after an upgrade, look at `xarb_runtime/store/postgres.py` first.
"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from databases import Database

from tests.servers.postgres import PostgresServer

ADVISORY_LOCKS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def database(
    postgres_server: PostgresServer, postgres_database: str
) -> AsyncIterator[Database]:
    url = postgres_server.url(postgres_database)
    async with Database(url, min_size=1, max_size=3) as database:
        await database.execute("CREATE TABLE t (id int PRIMARY KEY, x int)")
        yield database


async def test_the_result_of_execute_says_nothing_and_the_driver_s_own_does(
    database: Database,
) -> None:
    """So what a statement has touched is read from the driver's status."""
    async with database.connection() as held:
        await held.execute("INSERT INTO t VALUES (42, 1)")
        assert await held.execute("UPDATE t SET x = 2 WHERE id = 42") is None
        assert await held.execute("UPDATE t SET x = 2 WHERE id = 7") is None

        raw = held.raw_connection
        assert await raw.execute("UPDATE t SET x = $1 WHERE id = $2", 2, 42) == "UPDATE 1"
        assert await raw.execute("UPDATE t SET x = $1 WHERE id = $2", 2, 7) == "UPDATE 0"
        assert await raw.execute("INSERT INTO t VALUES (7, 1)") == "INSERT 0 1"
        assert await raw.executemany("UPDATE t SET x = $1", [(3,)]) is None


async def test_a_child_task_is_outside_the_transaction(database: Database) -> None:
    """So a unit of work is one task on one connection."""

    async def child() -> int:
        await database.execute("INSERT INTO t VALUES (2, 1)")
        return await database.fetch_val("SELECT count(*) FROM t")

    async with database.transaction(force_rollback=True):
        await database.execute("INSERT INTO t VALUES (1, 1)")
        assert await database.fetch_val("SELECT count(*) FROM t") == 1
        assert await asyncio.create_task(child()) == 1

    assert [row["id"] for row in await database.fetch_all("SELECT id FROM t")] == [2]


async def test_a_session_s_lock_is_given_back_with_the_connection(database: Database) -> None:
    """So nothing is locked through it, and a connection that matters is held."""
    await database.fetch_val("SELECT pg_advisory_lock(7)")
    assert await database.fetch_val(ADVISORY_LOCKS) == 0

    async with database.connection() as held:
        await held.fetch_val("SELECT pg_advisory_lock(7)")
        assert await held.fetch_val(ADVISORY_LOCKS) == 1


async def test_a_connection_that_was_killed_is_noticed_at_the_next_query_only(
    postgres_server: PostgresServer, postgres_database: str, database: Database
) -> None:
    """So it is not the connection that tells who may write, but the epoch in each transaction."""
    async with database.connection() as held:
        await held.fetch_val("SELECT pg_advisory_lock(7)")
        assert postgres_server.kill_backends(postgres_database) >= 1
        with postgres_server.console(postgres_database) as other:
            assert other.rows("SELECT pg_try_advisory_lock(7)") == [(True,)]

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await held.fetch_val("SELECT 1")


async def test_settings_of_the_start_outlive_the_pool_s_reset(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    """So a reader stays one that cannot write."""
    settings = {"default_transaction_read_only": "on"}
    url = postgres_server.url(postgres_database)
    async with Database(url, min_size=1, max_size=1, server_settings=settings) as database:
        for _ in range(2):
            assert await database.fetch_val("SHOW transaction_read_only") == "on"
            async with database.connection() as held:
                await held.raw_connection.execute("SET default_transaction_read_only = off")


async def test_arguments_come_before_what_the_url_says(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    """So the password need not be in the URL, which is logged."""
    url = postgres_server.url(postgres_database, password="wrong")
    async with Database(url, min_size=1, max_size=1, password="open sesame/1") as database:
        assert await database.fetch_val("SELECT current_user") == "xarb"


async def test_executemany_needs_one_hop_and_stays_in_the_transaction(database: Database) -> None:
    async with database.connection() as held:
        raw = held.raw_connection
        await raw.execute("BEGIN")
        await raw.executemany("INSERT INTO t VALUES ($1, $2)", [(n, n) for n in range(500)])
        assert await raw.execute("ROLLBACK") == "ROLLBACK"

        assert await held.fetch_val("SELECT count(*) FROM t") == 0


async def test_a_commit_after_a_failed_statement_says_rollback(database: Database) -> None:
    """So the status of COMMIT is looked at."""
    async with database.connection() as held:
        raw = held.raw_connection
        await raw.execute("BEGIN")
        with pytest.raises(asyncpg.UndefinedTableError):
            await raw.execute("SELECT * FROM nothing")

        assert await raw.execute("COMMIT") == "ROLLBACK"
