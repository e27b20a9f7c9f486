"""
What would stop a start on a server is found without starting, and without a trace.
"""

import asyncio

import pytest

from tests.servers.ports import free_port
from tests.servers.postgres import PASSWORD, ROLE, PostgresServer
from tests.store.factories import step
from tests.store.world import ServerStore
from xarb_runtime.store import migrate
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.check import check_store
from xarb_runtime.store.lease import Holder


async def findings(url: str) -> list[str]:
    """It runs a loop of its own, as the command line needs it."""
    return await asyncio.to_thread(check_store, url)


def everything_in(store: ServerStore) -> list[tuple[object, ...]]:
    return [*store.counts().items(), *store.rows("SELECT * FROM lease, alembic_version")]


async def test_an_empty_database_is_fine_and_stays_empty(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    assert await findings(postgres_server.url(postgres_database)) == []

    with postgres_server.console(postgres_database) as console:
        assert console.rows("SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


async def test_a_store_that_nobody_works_on_is_fine(server_store: ServerStore) -> None:
    async with server_store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
    before = everything_in(server_store)

    assert await findings(server_store.url) == []
    assert everything_in(server_store) == before


async def test_a_store_that_somebody_works_on_is_named_with_its_holder(
    server_store: ServerStore,
) -> None:
    async with server_store.open("ann"):
        (found,) = await findings(server_store.url)
        dead = await asyncio.to_thread(
            check_store, server_store.url, is_alive=lambda _holder: False
        )

    assert "held by 'ann'" in found
    assert found.startswith(server_store.name)
    assert dead == []


async def test_a_lease_that_ran_out_by_the_server_s_clock_is_fine(
    server_store: ServerStore,
) -> None:
    async with server_store.open("ann"):
        server_store.let_pass(10_000)

        assert await findings(server_store.url) == []


async def test_a_store_of_a_newer_version_is_found(server_store: ServerStore) -> None:
    async with server_store.open():
        pass
    server_store.run("UPDATE alembic_version SET version_num = '9999'")
    try:
        (found,) = await findings(server_store.url)
    finally:
        server_store.run(f"UPDATE alembic_version SET version_num = '{migrate.REVISIONS[-1]}'")

    assert f"revision {migrate.REVISIONS[-1]} or older, found '9999'" in found


async def test_another_program_s_tables_are_found(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with postgres_server.console(postgres_database) as console:
        console.run("CREATE TABLE holidays (day text)")

    (found,) = await findings(postgres_server.url(postgres_database))

    assert "expected a store or an empty database, found another program's tables: holi" in found
    assert "Point `store.url` at a database of its own" in found


async def test_a_server_that_is_not_there_is_found() -> None:
    port = free_port()

    (found,) = await findings(f"postgresql://u:secret@127.0.0.1:{port}/xarb")

    assert found.startswith(f"postgresql://u@127.0.0.1:{port}/xarb: expected a connection")
    assert "secret" not in found


async def test_a_role_that_may_not_create_tables_is_found(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with postgres_server.console(postgres_database) as console:
        console.run(f"ALTER DATABASE {postgres_database} OWNER TO boss")

    (found,) = await findings(postgres_server.url(postgres_database))

    assert "expected a role that may create tables" in found
    assert "the owner of the database" in found


async def test_missing_rights_are_found(server_store: ServerStore) -> None:
    server_store.run(f"REVOKE DELETE ON outbox FROM {ROLE}; REVOKE INSERT ON events FROM {ROLE}")
    try:
        (found,) = await findings(server_store.url)
    finally:
        server_store.run(f"GRANT DELETE ON outbox TO {ROLE}; GRANT INSERT ON events TO {ROLE}")

    assert "these are missing: INSERT on events, DELETE on outbox" in found


async def test_a_standby_is_found(server_store: ServerStore) -> None:
    with server_store.server.as_standby():
        (found,) = await findings(server_store.url)

    assert "found a standby" in found


async def test_everything_is_found_at_once(server_store: ServerStore) -> None:
    name = server_store.database
    server_store.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    server_store.run(f"ALTER DATABASE {name} SET search_path = nowhere")
    try:
        found = await findings(server_store.url)
    finally:
        server_store.run(f"ALTER DATABASE {name} RESET ALL")

    assert any("synchronous_commit to be on, found off" in text for text in found)
    assert any("a schema to work in, found none" in text for text in found)
    assert not any(PASSWORD in text for text in found)


@pytest.mark.parametrize("url", ["postgresql://u:secret@host", "postgresql://u:secret@host/a/b"])
async def test_an_address_that_names_no_database_is_found(url: str) -> None:
    (found,) = await findings(url)

    assert found.startswith("store.url: expected postgresql://")
    assert "secret" not in found


async def test_a_holder_elsewhere_is_asked_about(server_store: ServerStore) -> None:
    asked: list[Holder] = []

    def is_alive(holder: Holder) -> bool:
        asked.append(holder)
        return True

    async with server_store.open("ann", holder=Holder(host="elsewhere", pid=7)):
        await asyncio.to_thread(check_store, server_store.url, is_alive=is_alive)

    assert [holder.host for holder in asked] == ["elsewhere"]
