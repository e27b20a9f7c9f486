"""
PostgreSQL: one connection for the writer, held for as long as the store is open, and a pool of one
for readers.

`databases` gives the connections; what it cannot give is made here, on the driver's own connection:
a unit of work that no cancellation tears, row counts, and an end to every wait. A connection that
did not answer in time, or broke, is never used again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
from databases import Database
from databases.core import Connection

from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.postgres_address import PostgresAddress
from xarb_runtime.store.postgres_errors import BROKEN, ends_the_connection, explain, lost
from xarb_runtime.store.postgres_text import from_text, to_text
from xarb_runtime.store.session import IoGuard, to_its_end
from xarb_runtime.store.statements import POSTGRES, POSTGRES_NOW, Row, RowsMissedError, Write

T = TypeVar("T")

#: Longest waits, seconds: for a connection, for a query or a whole unit of work, for the goodbye.
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30.0
CLOSE_SECONDS = 5.0

#: The server's own limits are below ours, so that it is the server that says what took so long.
READ_BACK = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "25s",
    "lock_timeout": "15s",
    # Ends the transaction of a runtime that stands still in the middle of it: its successor waits
    # for the lease's row until then.
    "idle_in_transaction_session_timeout": "10s",
}
_SETTINGS = READ_BACK | {
    # A dead machine says no goodbye. This is how the server finds out.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
WRITER_SETTINGS = _SETTINGS | {"application_name": "xarb writer"}
READER_SETTINGS = _SETTINGS | {
    "application_name": "xarb reader",
    "default_transaction_read_only": "on",
}
_FAILURES = (asyncpg.PostgresError, TimeoutError, *BROKEN)


class PostgresSession:
    """
    The writer's connection.

    Cancelling a call does not stop what has begun: a unit of work is then written completely or
    not at all.
    """

    def __init__(self, address: PostgresAddress, connection: Any, io_guard: IoGuard) -> None:
        self.name = address.name
        self.statements = POSTGRES
        self.io_guard = io_guard
        self._connection = connection
        self._turn = asyncio.Lock()
        self._lost: StoreError | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: PostgresAddress, io_guard: IoGuard
    ) -> AsyncIterator["PostgresSession"]:
        """
        Connect, for reading and writing.

        Raises:
            StoreError: there is no such database, or it does not let us in.
        """
        async with _database(address, WRITER_SETTINGS, io_guard) as database:
            held = database.connection()
            entering = asyncio.create_task(_within(CONNECT_SECONDS, held.__aenter__()))
            try:
                await _opened(entering, io_guard, address)
                yield cls(address, held.raw_connection, io_guard)
            finally:
                if _has_succeeded(entering):
                    await _guarded(io_guard, _release(held, held.raw_connection))

    async def run(self, unit: Sequence[Write]) -> None:
        """
        Write `unit` in one transaction.

        Raises:
            StoreError: PostgreSQL refused, and nothing was written; or the connection is lost, and
                the text says whether anything can have been written.
            RowsMissedError: a statement did not touch the rows it had to; nothing was written.
        """
        await _guarded(self.io_guard, self._run(unit))

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """
        Return all rows of a query, as of one moment.

        Raises:
            StoreError: PostgreSQL refused, or the connection is lost.
        """
        return await _guarded(self.io_guard, self._fetch(sql, parameters))

    async def now_ms(self, clock_ms: Callable[[], int]) -> int:  # noqa: ARG002  the server's counts
        """Return the server's time: the machines that share a store need not share a clock."""
        return await _server_now(self)

    def renewal(self, epoch: int, lease_ms: int, clock_ms: Callable[[], int]) -> Write:  # noqa: ARG002
        """Return the write that every transaction begins with: still ours, and for longer."""
        return Write(POSTGRES.lease_renew, [(lease_ms, epoch)], expect=1)

    # -- One after another -----------------------------------------------------------------------

    async def _run(self, unit: Sequence[Write]) -> None:
        async with self._turn:
            self._refuse_if_lost()
            committing = False
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._connection.execute("BEGIN")
                    for write in unit:
                        await self._execute(write)
                    committing = True
                    await self._commit()
            except RowsMissedError:
                await self._roll_back()
                raise
            except _FAILURES as error:
                if ends_the_connection(error) or isinstance(error, TimeoutError):
                    raise self._lose(error, committing=committing) from error
                await self._roll_back()
                raise explain(error, self.name) from error
            except BaseException:
                # A fault of ours, e.g. a value that does not fit its column.
                await self._roll_back()
                raise

    async def _execute(self, write: Write) -> None:
        rows = [tuple(map(to_text, row)) for row in write.rows]
        if write.expect is None:
            await self._connection.executemany(write.sql, rows)
            return
        found = 0
        for row in rows:
            found += _touched(await self._connection.execute(write.sql, *row))
        if found != write.expect:
            raise RowsMissedError(write, found)

    async def _commit(self) -> None:
        status = await self._connection.execute("COMMIT")
        if status != "COMMIT":
            message = f"{self.name}: expected COMMIT, found {status}. Nothing was written."
            raise StoreError(message)

    async def _roll_back(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._connection.execute("ROLLBACK")
        except _FAILURES as error:
            self._lose(error, committing=False)

    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        async with self._turn:
            self._refuse_if_lost()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await _rows(self._connection, sql, parameters)
            except _FAILURES as error:
                if ends_the_connection(error) or isinstance(error, TimeoutError):
                    raise self._lose(error, committing=False) from error
                raise explain(error, self.name) from error

    # -- The end of a connection -----------------------------------------------------------------

    def _refuse_if_lost(self) -> None:
        if self._lost is not None:
            raise StoreError(str(self._lost)) from self._lost

    def _lose(self, error: BaseException, *, committing: bool) -> StoreError:
        self._lost = self._lost or lost(error, self.name, committing=committing)
        _terminate(self._connection)
        return self._lost


class PostgresReader:
    """Reads, and cannot write. A connection that broke is followed by a new one."""

    def __init__(self, address: PostgresAddress, database: Database, io_guard: IoGuard) -> None:
        self.name = address.name
        self.statements = POSTGRES
        self._database = database
        self._io_guard = io_guard

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: PostgresAddress, io_guard: IoGuard
    ) -> AsyncIterator["PostgresReader"]:
        """
        Connect, for reading only.

        Raises:
            StoreError: there is no such database, or it does not let us in.
        """
        async with _database(address, READER_SETTINGS, io_guard) as database:
            yield cls(address, database, io_guard)

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """
        Return all rows of a query, as of one moment.

        Raises:
            StoreError: PostgreSQL refused, or cannot be reached.
        """
        return await _guarded(self._io_guard, self._fetch(sql, parameters))

    async def now_ms(self, clock_ms: Callable[[], int]) -> int:  # noqa: ARG002  the server's counts
        """Return the server's time."""
        return await _server_now(self)

    async def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        held = self._database.connection()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await held.__aenter__()
        except _FAILURES as error:
            raise explain(error, self.name) from error
        raw = held.raw_connection
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await _rows(raw, sql, parameters)
        except _FAILURES as error:
            if ends_the_connection(error) or isinstance(error, TimeoutError):
                _terminate(raw)
            raise explain(error, self.name) from error
        finally:
            await _release(held, raw)


# -- Connecting, and the way back ----------------------------------------------------------------


@asynccontextmanager
async def _database(
    address: PostgresAddress, settings: dict[str, str], io_guard: IoGuard
) -> AsyncIterator[Database]:
    # The password is not in the URL, which the library logs.
    # It writes a traceback a second while the server is away; what that means to us, we say once.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL + 1)
    database = Database(
        address.name,
        min_size=1,
        max_size=1,
        timeout=CONNECT_SECONDS,
        server_settings=settings,
        **address.arguments(),
    )
    connecting = asyncio.create_task(_within(CONNECT_SECONDS, database.connect()))
    try:
        await _opened(connecting, io_guard, address)
        yield database
    finally:
        if _has_succeeded(connecting):
            await _guarded(io_guard, _close(database))


async def _opened(task: asyncio.Task[Any], io_guard: IoGuard, address: PostgresAddress) -> None:
    try:
        with io_guard():
            await to_its_end(task)
    except _FAILURES as error:
        raise explain(error, address.name) from error


def _has_succeeded(task: asyncio.Task[Any]) -> bool:
    """Whoever waited may have been cancelled: what was opened is closed all the same."""
    return not task.cancelled() and task.exception() is None


async def _close(database: Database) -> None:
    try:
        await _within(CLOSE_SECONDS, database.disconnect())
    except _FAILURES:
        # Nothing is lost with it: what was committed is on disk.
        return


async def _release(held: Connection, raw: Any) -> None:
    try:
        await _within(CLOSE_SECONDS, held.__aexit__())
    except _FAILURES:
        _terminate(raw)


def _terminate(raw: Any) -> None:
    # The pool may have noticed before us, and taken the connection away.
    with suppress(asyncpg.InterfaceError):
        raw.terminate()


async def _within(seconds: float, work: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


async def _guarded(io_guard: IoGuard, work: Any) -> Any:
    """A task of its own: a cancelled caller leaves no connection in the middle of a sentence."""
    task = asyncio.ensure_future(work)
    with io_guard():
        await to_its_end(task)
    return task.result()


async def _rows(connection: Any, sql: str, parameters: Sequence[Any]) -> list[Row]:
    found = await connection.fetch(sql, *map(to_text, parameters))
    return [tuple(map(from_text, row)) for row in found]


async def _server_now(source: PostgresSession | PostgresReader) -> int:
    ((now_ms,),) = await source.fetch(f"SELECT {POSTGRES_NOW}")
    return now_ms


def _touched(status: str) -> int:
    """The number of rows, from e.g. `UPDATE 1` or `INSERT 0 1`."""
    return int(status.rpartition(" ")[2])
