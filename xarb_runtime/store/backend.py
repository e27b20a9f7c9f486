"""
Which database a store is on, chosen by `store.url`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from xarb_runtime.store import migrate, sqlite_check
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.lease import Holder
from xarb_runtime.store.session import IoGuard, Session, Source
from xarb_runtime.store.sqlite import (
    READER_PRAGMAS,
    WRITER_PRAGMAS,
    SqliteSession,
    make_folder,
    store_path,
)


class Backend(Protocol):
    """
    A database that stores can be on.

    Attributes:
        name: what errors call the store; never with a password.
    """

    name: str

    def writer(self, io_guard: IoGuard) -> AbstractAsyncContextManager[Session]:
        """Connect for writing; what a store lies in is made if it is missing."""
        ...

    def reader(self, io_guard: IoGuard) -> AbstractAsyncContextManager[Source]:
        """Connect for reading only; there must be a store."""
        ...

    async def prepare(self, session: Session, io_guard: IoGuard) -> str:
        """Create the tables if there are none, and return the store's revision."""
        ...

    async def upgrade(self, epoch: int, io_guard: IoGuard) -> None:
        """Apply the migrations that are missing, or none of them; the lease is held."""
        ...

    def check(self, now_ms: int, is_alive: Callable[[Holder], bool], mode: str) -> list[str]:
        """Return everything that would stop a start in this mode; change nothing."""
        ...


def backend_of(url: str) -> Backend:
    """
    Return the database that `url` names.

    Raises:
        StoreError: it names none, or what it needs is not installed.
    """
    if not url.startswith("postgresql:"):
        return SqliteBackend(store_path(url))
    try:
        from xarb_runtime.store.postgres_backend import PostgresBackend  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = (
            f"store.url: expected PostgreSQL's driver, found no module {error.name!r}. "
            "Install it: pip install 'xarb[postgres]'."
        )
        raise StoreError(message) from error
    return PostgresBackend(url)


class SqliteBackend:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    @asynccontextmanager
    async def writer(self, io_guard: IoGuard) -> AsyncIterator[Session]:
        """Open the file, made if it is missing."""
        make_folder(self._path)
        async with SqliteSession.open(self._path, WRITER_PRAGMAS, io_guard) as session:
            yield session

    @asynccontextmanager
    async def reader(self, io_guard: IoGuard) -> AsyncIterator[Source]:
        """Open the file that is there."""
        if not self._path.is_file():
            message = f"{self.name}: expected a store, found no such file. Check `store.url`."
            raise StoreError(message)
        async with SqliteSession.open(self._path, READER_PRAGMAS, io_guard) as session:
            yield session

    async def prepare(self, session: Session, io_guard: IoGuard) -> str:
        """Create the tables if there are none, and return the store's revision."""
        return await migrate.prepare(session, self._path, io_guard)

    async def upgrade(self, epoch: int, io_guard: IoGuard) -> None:  # noqa: ARG002  one file, one lock
        """Apply the migrations that are missing, or none of them."""
        with io_guard():
            await asyncio.to_thread(migrate.upgrade, self._path)

    def check(self, now_ms: int, is_alive: Callable[[Holder], bool], mode: str) -> list[str]:
        """Return everything that would stop a start in this mode; change nothing."""
        return sqlite_check.problems(self._path, now_ms, is_alive, mode)
