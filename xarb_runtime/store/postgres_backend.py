"""
A store in a PostgreSQL database.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from xarb_runtime.store import migrate, postgres_check, postgres_migrate
from xarb_runtime.store.lease import Holder
from xarb_runtime.store.postgres import PostgresReader, PostgresSession
from xarb_runtime.store.postgres_address import read_address
from xarb_runtime.store.session import IoGuard, Session, Source


class PostgresBackend:
    """A database on a server, which several machines may share."""

    def __init__(self, url: str) -> None:
        self._address = read_address(url)
        self.name = self._address.name

    @asynccontextmanager
    async def writer(self, io_guard: IoGuard) -> AsyncIterator[Session]:
        """Connect, and refuse a server on which a commit would not last."""
        async with PostgresSession.open(self._address, io_guard) as session:
            await postgres_check.refuse_if_unfit(session)
            yield session

    @asynccontextmanager
    async def reader(self, io_guard: IoGuard) -> AsyncIterator[Source]:
        """Connect for reading only."""
        async with PostgresReader.open(self._address, io_guard) as source:
            yield source

    async def prepare(self, session: Session, io_guard: IoGuard) -> str:
        """Create the tables if there are none, and return the store's revision."""
        tables = await postgres_migrate.tables_of(session)
        migrate.refuse_if_foreign(self.name, tables, "database")
        if not tables:
            await postgres_migrate.upgrade(self._address, None, io_guard)
        return await migrate.read_revision(session)

    async def upgrade(self, epoch: int, io_guard: IoGuard) -> None:
        """Apply the migrations that are missing, or none of them; the lease is held."""
        await postgres_migrate.upgrade(self._address, epoch, io_guard)

    def check(
        self,
        now_ms: int,  # noqa: ARG002
        is_alive: Callable[[Holder], bool],
        mode: str,
    ) -> list[str]:
        """Return everything that would stop a start; the server's clock counts, not `now_ms`."""
        return asyncio.run(postgres_check.problems(self._address, is_alive, mode))
