"""
Bringing a store to the tables of this version.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.session import IoGuard, Source
from xarb_runtime.store.sqlite import BUSY_TIMEOUT_MS, explain

#: The revisions that this version knows, oldest first. The last one is what it works with.
REVISIONS = ("0001", "0002", "0003")

REVISION_QUERY = "SELECT version_num FROM alembic_version"


async def prepare(session: Source, path: Path, io_guard: IoGuard) -> str:
    """
    Create the tables if there are none, and return the store's revision.

    Raises:
        StoreError: the file is not a store, or a newer version wrote it.
    """
    tables = await session.fetch("SELECT name FROM sqlite_master WHERE type = 'table'")
    if not tables:
        with io_guard():
            await asyncio.to_thread(create, path)
    else:
        refuse_if_foreign(session.name, [name for (name,) in tables], "file")
    return await read_revision(session)


def refuse_if_foreign(store: str, tables: list[str], place: str) -> None:
    """
    Refuse a place where something else keeps its tables.

    Raises:
        StoreError: there are tables, and they are not a store's.
    """
    if tables and "alembic_version" not in tables:
        message = (
            f"{store}: expected a store or an empty {place}, found another program's tables: "
            f"{', '.join(sorted(tables))}. Point `store.url` at a {place} of its own."
        )
        raise StoreError(message)


async def read_revision(source: Source) -> str:
    """
    Return the revision of a store.

    Raises:
        StoreError: a newer version wrote it, or it is none.
    """
    ((revision,),) = await source.fetch(REVISION_QUERY)
    check_revision(source.name, revision)
    return revision


def check_revision(store: str, revision: str) -> None:
    """
    Refuse a store that a newer version has written.

    Raises:
        StoreError: the revision is not one of ours.
    """
    if revision not in REVISIONS:
        message = (
            f"{store}: expected a store of revision {REVISIONS[-1]} or older, found {revision!r}. "
            "A newer xarb wrote it: install that version, or restore an older backup."
        )
        raise StoreError(message)


def create(path: Path) -> None:
    """
    Make all tables in an empty store, in one transaction; a store that has some is left alone.

    Raises:
        StoreError: SQLite refused.
    """
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                for statement in _all_tables():
                    connection.execute(statement)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise explain(error, path) from error


def upgrade(path: Path) -> None:
    """
    Apply the migrations that are missing, in one transaction, or none of them.

    Raises:
        StoreError: SQLite refused.
    """
    try:
        _migrate(lambda: _connect(path))
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise explain(error.orig, path) from error
        raise


@cache
def _all_tables() -> tuple[str, ...]:
    """Migrate a database in memory once; every empty store then becomes a copy of it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        _migrate(lambda: memory)
        tables = memory.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    version = f"INSERT INTO alembic_version VALUES ('{REVISIONS[-1]}')"  # noqa: S608
    return (*(sql for (sql,) in tables), version)


def _migrate(connect: Callable[[], sqlite3.Connection]) -> None:
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool)
    # Left to itself the driver would begin late and commit each table on its own.
    event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        apply(connection)


def apply(connection: sa.Connection) -> None:
    """Apply the migrations that are missing, in the transaction that `connection` is in."""
    config = Config()
    config.set_main_option("script_location", "xarb_runtime.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
