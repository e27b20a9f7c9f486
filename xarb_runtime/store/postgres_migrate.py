"""
Bringing a PostgreSQL database to the tables of this version.
"""

import asyncio

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from xarb_runtime.store import migrate
from xarb_runtime.store.errors import LeaseLost
from xarb_runtime.store.postgres import CONNECT_SECONDS
from xarb_runtime.store.postgres_address import PostgresAddress
from xarb_runtime.store.postgres_errors import BROKEN, explain
from xarb_runtime.store.session import IoGuard, Source, to_its_end

#: Longest time that a migration may take, seconds; a large table takes its time.
MIGRATION_SECONDS = 600.0

#: Whatever the role's own limits are: a migration is one transaction, and may take its time.
_MIGRATION_SETTINGS = {
    "application_name": "xarb migration",
    "lock_timeout": "60s",
    "statement_timeout": "0",
}

#: Two that start at once take turns. Any number will do that no other program uses: "xarb".
_LOCK = 0x78617262

_TABLES = "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"


async def tables_of(source: Source) -> list[str]:
    """
    Return the names of the tables in the schema that the role works in.

    Raises:
        StoreError: the database cannot be read.
    """
    return [name for (name,) in await source.fetch(_TABLES)]


async def upgrade(address: PostgresAddress, epoch: int | None, io_guard: IoGuard) -> None:
    """
    Apply the migrations that are missing, in one transaction, or none of them.

    Args:
        address: the database.
        epoch: the lease that is held, and stays so until this is done; None before there is one.
        io_guard: entered around every await.

    Raises:
        LeaseLost: another runtime has taken over.
        StoreError: PostgreSQL refused.
    """
    task = asyncio.create_task(_upgrade(address, epoch), name="migrate")
    with io_guard():
        await to_its_end(task)


async def _upgrade(address: PostgresAddress, epoch: int | None) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            timeout=CONNECT_SECONDS,
            server_settings=_MIGRATION_SETTINGS,
            **address.arguments(),
        )

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=sa.NullPool
    )
    try:
        async with asyncio.timeout(MIGRATION_SECONDS), engine.begin() as connection:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            await _hold(connection, address, epoch)
            await connection.run_sync(migrate.apply)
    except DBAPIError as error:
        # The driver's own error is what says something.
        cause = error.orig.__cause__ if error.orig is not None else None
        raise explain(cause or error, address.name) from error
    except (asyncpg.PostgresError, *BROKEN) as error:
        raise explain(error, address.name) from error
    finally:
        await engine.dispose()


async def _hold(connection: AsyncConnection, address: PostgresAddress, epoch: int | None) -> None:
    """Whoever holds the lease's row keeps everybody from taking it over."""
    if epoch is None:
        tables = [name for (name,) in await connection.execute(sa.text(_TABLES))]
        migrate.refuse_if_foreign(address.name, tables, "database")
        return
    query = sa.text("SELECT 1 FROM lease WHERE epoch = :mine FOR UPDATE")
    if not (await connection.execute(query, {"mine": epoch})).all():
        raise LeaseLost(store=address.name, epoch=epoch)
