"""A store of its own for every test, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.servers.postgres import PostgresServer
from tests.store.world import FileStore, ServerStore, Store
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.postgres_address import read_address
from xarb_runtime.store.postgres_migrate import upgrade


@pytest.fixture
def file_store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "a folder" / "store.db")


@pytest.fixture(scope="session")
def _shared(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with all tables: making one for each test would take longer than the tests."""
    with postgres_server.database() as name:
        asyncio.run(upgrade(read_address(postgres_server.url(name)), None, nullcontext))
        yield name


@pytest.fixture
def server_store(postgres_server: PostgresServer, _shared: str) -> Iterator[ServerStore]:
    with postgres_server.console(_shared) as console:
        store = ServerStore(postgres_server, _shared, console)
        store.clear()
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    kind = "file_store" if request.param == "sqlite" else "server_store"
    return request.getfixturevalue(kind)


@pytest.fixture
async def journal(store: Store) -> AsyncIterator[Journal]:
    async with store.open() as journal:
        yield journal
