"""PostgreSQL for whoever asks: one server for all tests, a database of its own for each."""

from collections.abc import Iterator

import pytest

from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that only this test run uses. Whoever stops it starts it again."""
    server = PostgresServer()
    try:
        server.create()
        yield server
    finally:
        server.destroy()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of an empty database that is gone after the test."""
    with postgres_server.database() as name:
        yield name
