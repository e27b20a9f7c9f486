"""
One SQLite connection, held for as long as the store is open.

`databases` gives the connection; what it cannot give is made here, through its own and its driver's
public ways: PRAGMAs that are set and read back, `BEGIN IMMEDIATE`, and a whole unit of work in one
hop to the driver's thread.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosqlite
from databases import Database, DatabaseURL

from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.session import IoGuard, to_its_end
from xarb_runtime.store.statements import SQLITE, Row, RowsMissedError, Write

Pragma = tuple[str, str, object]

BUSY_TIMEOUT_MS = 5_000

#: Name, value to set, value to read back. The timeout comes first: the others need the lock.
WRITER_PRAGMAS: tuple[Pragma, ...] = (
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("fullfsync", "ON", 1),
    ("foreign_keys", "ON", 1),
)
READER_PRAGMAS: tuple[Pragma, ...] = (
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
    ("query_only", "ON", 1),
)

_WHAT_TO_DO = {
    sqlite3.SQLITE_FULL: "The disk is full: free space, then start again.",
    sqlite3.SQLITE_READONLY: "The file or its folder is read-only: give this user write access.",
    sqlite3.SQLITE_CANTOPEN: "Check that the folder exists and that this user may write in it.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: keep a copy, restore the newest backup.",
    sqlite3.SQLITE_NOTADB: "The file is not an SQLite database: point `store.url` elsewhere.",
    sqlite3.SQLITE_IOERR: "The disk reports an error: look at the system log, check the disk.",
    sqlite3.SQLITE_BUSY: "Another program holds the file's lock: close it, then start again.",
}


def store_path(url: str) -> Path:
    """
    Return the file that `url` names.

    Raises:
        StoreError: it does not name an SQLite file.
    """
    parsed = DatabaseURL(url)
    if parsed.dialect != "sqlite" or parsed.netloc or not parsed.database or parsed.options:
        expected = (
            "sqlite:///folder/file.db (or sqlite:////folder/file.db, from the root), or "
            "postgresql://user:password@host/database"
        )
        message = f"store.url: expected {expected}, found {_shown(url)!r}."
        raise StoreError(message)
    return Path(parsed.database)


def _shown(url: str) -> str:
    """Whatever stands before the host may be a password."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else url


def make_folder(path: Path) -> None:
    """
    Create the folder of the store's file.

    Raises:
        StoreError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"{path}: expected to create its folder, found {error.strerror}. "
            "Create it by hand, or point `store.url` at a folder that this user may write in."
        )
        raise StoreError(message) from error


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """Return what `error` means for whoever has to repair it."""
    # The low byte is the error, the rest says more about it.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    advice = _WHAT_TO_DO.get(code, "Nothing of this transaction was written; restart the runtime.")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreError(f"{path}: expected SQLite to succeed, found {name}: {error}. {advice}")


class UnitConnection(sqlite3.Connection):
    """
    A connection whose `commit` writes the next staged unit of work, all of it or nothing.

    The driver runs one call after another in a thread of its own. A unit that is one call costs one
    hop, and nothing can come between its statements: no other call, and no cancellation.
    """

    units: deque[Sequence[Write]] = deque()

    def commit(self) -> None:
        """Write the oldest staged unit."""
        unit = self.units.popleft()
        cursor = self.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            for write in unit:
                self._execute(cursor, write)
            cursor.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back by itself.
            if self.in_transaction:
                cursor.execute("ROLLBACK")
            raise

    @staticmethod
    def _execute(cursor: sqlite3.Cursor, write: Write) -> None:
        cursor.executemany(write.sql, write.rows)
        if write.expect is not None and cursor.rowcount != write.expect:
            raise RowsMissedError(write, cursor.rowcount)


class SqliteSession:
    """
    One open connection to a store file.

    Cancelling a call does not stop what the driver has begun: a unit of work is then written
    completely or not at all.
    """

    def __init__(
        self,
        path: Path,
        connection: aiosqlite.Connection,
        units: deque[Sequence[Write]],
        io_guard: IoGuard,
    ) -> None:
        self.path = path
        self.name = str(path)
        self.statements = SQLITE
        self.io_guard = io_guard
        self._connection = connection
        self._units = units

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, pragmas: Sequence[Pragma], io_guard: IoGuard
    ) -> AsyncIterator["SqliteSession"]:
        """
        Connect, set each PRAGMA and read it back.

        Raises:
            StoreError: the file cannot be opened, or a PRAGMA does not take.
        """
        units: deque[Sequence[Write]] = deque()
        async with _connected(path, units, io_guard) as connection:
            session = cls(path, connection, units, io_guard)
            for pragma in pragmas:
                await session._set(*pragma)
            yield session

    async def run(self, unit: Sequence[Write]) -> None:
        """
        Write `unit` in one transaction.

        Raises:
            StoreError: SQLite refused; nothing was written.
            RowsMissedError: a statement did not touch the rows it had to; nothing was written.
        """
        self._units.append(unit)
        try:
            with self.io_guard():
                await self._connection.commit()
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """
        Return all rows of a query, as of one moment.

        Raises:
            StoreError: SQLite refused.
        """
        try:
            with self.io_guard():
                rows = await self._connection.execute_fetchall(sql, parameters)
                return [tuple(row) for row in rows]
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    async def now_ms(self, clock_ms: Callable[[], int]) -> int:
        """Return the time by `clock_ms`: everybody who can open the file shares a clock."""
        return clock_ms()

    def renewal(self, epoch: int, lease_ms: int, clock_ms: Callable[[], int]) -> Write:
        """Return the write that every transaction begins with: still ours, and for longer."""
        return Write(SQLITE.lease_renew, [(clock_ms() + lease_ms, epoch)], expect=1)

    async def _set(self, name: str, value: str, expected: object) -> None:
        await self.fetch(f"PRAGMA {name}={value}")
        rows = await self.fetch(f"PRAGMA {name}")
        found = rows[0][0] if rows else None
        if found != expected:
            message = (
                f"{self.path}: expected PRAGMA {name} to be {expected!r}, found {found!r}. "
                "Put the store on a local disk that allows it; a commit would not be durable here."
            )
            raise StoreError(message)


@asynccontextmanager
async def _connected(
    path: Path, units: deque[Sequence[Write]], io_guard: IoGuard
) -> AsyncIterator[aiosqlite.Connection]:
    _try_to_open(path)
    connecting = type("UnitConnection", (UnitConnection,), {"units": units})
    async with Database(f"sqlite:///{quote(str(path))}", factory=connecting) as database:
        held = database.connection()
        entering = asyncio.create_task(held.__aenter__())
        try:
            with io_guard():
                await to_its_end(entering)
            yield held.raw_connection
        finally:
            if entering.exception() is None:
                with io_guard():
                    await to_its_end(asyncio.create_task(held.__aexit__()))


def _try_to_open(path: Path) -> None:
    """The driver, when it cannot connect, leaves a thread behind that answers to a closed loop."""
    try:
        sqlite3.connect(path).close()
    except sqlite3.Error as error:
        raise explain(error, path) from error
