"""
A database gets the tables that the code speaks of, once, however many start at the same time.
"""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers.leash import wait_for
from tests.servers.postgres import PASSWORD, Console, PostgresServer
from tests.store.factories import step
from xarb_runtime.store import migrate
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import LeaseHeld, LeaseLost, StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.postgres_address import read_address
from xarb_runtime.store.postgres_migrate import upgrade
from xarb_runtime.store.schema import metadata


@pytest.fixture
def url(postgres_server: PostgresServer, postgres_database: str) -> str:
    return postgres_server.url(postgres_database)


@pytest.fixture
def console(postgres_server: PostgresServer, postgres_database: str) -> Iterator[Console]:
    with postgres_server.console(postgres_database) as console:
        yield console


_TO_THE_FIRST_REVISION = (
    "DROP TABLE outbox, outbox_end, origin; UPDATE alembic_version SET version_num = '0001'"
)


def opening(url: str, owner: str = "ann", **options: Any) -> Any:
    return Journal.open(url, owner=owner, clock_ms=lambda: 0, **options)


def tables(console: Console) -> list[str]:
    query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [name for (name,) in console.rows(query)]


async def test_the_migrations_build_exactly_the_declared_tables(url: str) -> None:
    await upgrade(read_address(url), None, nullcontext)
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))

    def compare(connection: sa.Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": False}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()


async def test_texts_are_ordered_by_their_bytes_whatever_the_database_s_language(
    url: str, console: Console
) -> None:
    """Indexes then survive a new version of the system's library, and lists look alike."""
    await upgrade(read_address(url), None, nullcontext)

    odd = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema ="
        " 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    assert console.rows(odd) == []


async def test_an_empty_database_becomes_a_store(url: str, console: Console) -> None:
    async with opening(url) as journal:
        await journal.commit(Batch(steps=[step()]))

    assert tables(console) == sorted([*metadata.tables, "alembic_version"])
    assert console.rows(migrate.REVISION_QUERY) == [(migrate.REVISIONS[-1],)]
    assert console.rows("SELECT id FROM executions") == [("x-1",)]


async def test_of_two_that_start_on_an_empty_database_one_gets_the_lease(
    url: str, console: Console
) -> None:
    async def start(owner: str) -> None:
        async with opening(url, owner):
            await both.wait()

    both = asyncio.Barrier(2)
    tasks = [asyncio.create_task(start(owner)) for owner in ("ann", "bob")]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    (loser,) = done
    assert isinstance(loser.exception(), LeaseHeld)
    await both.wait()
    await asyncio.wait(tasks)

    assert [task.exception() for task in tasks if task is not loser] == [None]
    assert console.rows(migrate.REVISION_QUERY) == [(migrate.REVISIONS[-1],)]


async def test_a_database_of_the_first_revision_is_brought_up_under_the_lease(
    url: str, console: Console
) -> None:
    async with opening(url) as journal:
        await journal.commit(Batch(steps=[step()]))
    console.run(_TO_THE_FIRST_REVISION)

    async with opening(url, "bob") as journal:
        assert await journal.newest_outgoing() == 0
        assert [kept.execution for kept in (await journal.recover()).snapshots] == ["x-1"]

    assert console.rows(migrate.REVISION_QUERY) == [(migrate.REVISIONS[-1],)]


async def test_whoever_lost_the_lease_migrates_nothing(url: str, console: Console) -> None:
    async with opening(url):
        pass
    console.run(_TO_THE_FIRST_REVISION)

    with pytest.raises(LeaseLost):
        await upgrade(read_address(url), 7, nullcontext)

    assert "outbox" not in tables(console)


async def test_nobody_takes_the_lease_while_its_holder_migrates(
    url: str, console: Console, postgres_server: PostgresServer, postgres_database: str
) -> None:
    async with opening(url):
        pass
    console.run(_TO_THE_FIRST_REVISION)
    console.run("BEGIN; LOCK TABLE alembic_version")
    migrating = asyncio.create_task(upgrade(read_address(url), 1, nullcontext))
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'alembic_version'::regclass"
    await asyncio.to_thread(wait_for, lambda: console.rows(waiting) != [], "the migration to wait")

    with postgres_server.console(postgres_database) as other:
        with pytest.raises(asyncpg.LockNotAvailableError):
            other.rows("SELECT 1 FROM lease FOR UPDATE NOWAIT")
        console.run("COMMIT")
        await migrating
        assert other.rows("SELECT epoch FROM lease FOR UPDATE NOWAIT") == [(1,)]
    assert "outbox" in tables(console)


async def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    url: str, console: Console
) -> None:
    async with opening(url):
        pass
    console.run("DROP TABLE outbox; UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(StoreError, match=r'relation "outbox_end" already exists') as raised:
        await upgrade(read_address(url), 1, nullcontext)

    assert PASSWORD not in str(raised.value)
    assert "outbox" not in tables(console)
    assert console.rows(migrate.REVISION_QUERY) == [("0001",)]


async def test_another_program_s_database_is_refused_untouched(url: str, console: Console) -> None:
    console.run("CREATE TABLE holidays (day text)")

    with pytest.raises(StoreError, match="found another program's tables: holidays"):
        async with opening(url):
            pass

    assert tables(console) == ["holidays"]


async def test_a_database_of_a_newer_version_is_refused_untouched(
    url: str, console: Console
) -> None:
    async with opening(url):
        pass
    console.run("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match=r"or older, found '9999'\. A newer xarb wrote it"):
        async with opening(url, "bob"):
            pass

    assert console.rows("SELECT owner FROM lease") == [("ann",)]


async def test_a_migration_that_is_cancelled_is_complete_or_absent(
    url: str, console: Console
) -> None:
    task = asyncio.create_task(upgrade(read_address(url), None, nullcontext))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert tables(console) in ([], sorted([*metadata.tables, "alembic_version"]))
    async with opening(url) as journal:
        assert journal.epoch == 1
