"""
A server on which a runtime could not work is refused at the start, with what to do.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.postgres import PASSWORD, QUOTED_PASSWORD
from tests.servers.proxy import TcpProxy
from tests.store.world import ServerStore
from xarb_runtime.store import postgres, postgres_check
from xarb_runtime.store.errors import StoreError

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def store(server_store: ServerStore) -> ServerStore:
    return server_store


async def refusal(store: ServerStore, url: str = "") -> str:
    """What a runtime is told that cannot open the store."""
    store.url = url or store.url
    with pytest.raises(StoreError) as refused:
        async with store.open():
            pass
    assert PASSWORD not in str(refused.value)
    assert QUOTED_PASSWORD not in str(refused.value)
    return str(refused.value)


async def test_a_wrong_password_is_named_without_it(store: ServerStore) -> None:
    wrong = store.server.url(store.database, password="wrong%20one")

    found = await refusal(store, wrong)

    assert found.startswith(f"{store.name}: ")
    assert "The password is wrong, or there is no such role" in found
    assert "wrong%20one" not in found
    assert "wrong one" not in found


async def test_a_database_that_is_not_there_is_named(store: ServerStore) -> None:
    found = await refusal(store, store.server.url("nowhere"))

    assert 'database "nowhere" does not exist' in found
    assert "create it" in found


async def test_a_server_that_is_not_there_is_named(store: ServerStore) -> None:
    port = free_port()

    found = await refusal(store, f"postgresql://u:{QUOTED_PASSWORD}@127.0.0.1:{port}/db")

    assert found.startswith(f"postgresql://u@127.0.0.1:{port}/db: expected a connection, found")
    assert "Is the server running" in found


async def test_a_name_that_nobody_knows_is_named(store: ServerStore) -> None:
    found = await refusal(store, "postgresql://u:secret@no-such-host.invalid/db")

    assert "postgresql://u@no-such-host.invalid/db: expected a connection" in found


async def test_a_server_that_does_not_answer_is_given_up(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 0.3)
    with TcpProxy(store.server.port) as proxy:
        proxy.stall()
        found = await refusal(store, store.url.replace(f":{store.server.port}", f":{proxy.port}"))

    assert "found no answer in time" in found


async def test_a_standby_is_refused(store: ServerStore) -> None:
    with store.server.as_standby():
        found = await refusal(store)

    assert "expected a server that takes writes, found a standby" in found
    assert "Point `store.url` at the primary" in found


async def test_a_database_that_is_read_only_is_refused(store: ServerStore) -> None:
    with altered(store, "default_transaction_read_only"):
        found = await refusal(store)

    assert "This server or role can only read" in found


async def test_a_server_that_may_lose_commits_is_refused(store: ServerStore) -> None:
    with altered(store, "synchronous_commit", "off"):
        found = await refusal(store)

    assert "expected synchronous_commit to be on, found off" in found


async def test_a_server_that_is_too_old_is_refused(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_check, "OLDEST_VERSION", 99)

    assert "expected PostgreSQL 99 or newer, found 1" in await refusal(store)


async def test_a_connection_that_is_not_as_asked_for_is_refused(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler keeps settings to itself."""
    monkeypatch.setitem(postgres.WRITER_SETTINGS, "lock_timeout", "0")

    found = await refusal(store)

    assert "expected lock_timeout to be '15s' on this connection, found '0'" in found


async def test_a_role_without_rights_is_told_so(store: ServerStore) -> None:
    store.run("REVOKE INSERT, UPDATE ON lease FROM xarb")
    try:
        found = await refusal(store)
    finally:
        store.run("GRANT INSERT, UPDATE ON lease TO xarb")

    assert "permission denied for table lease" in found
    assert "The role lacks a right" in found


@contextmanager
def altered(store: ServerStore, setting: str, value: str = "on") -> Iterator[None]:
    store.run(f"ALTER DATABASE {store.database} SET {setting} = {value}")
    try:
        yield
    finally:
        store.run("SET default_transaction_read_only = off")
        store.run(f"ALTER DATABASE {store.database} RESET {setting}")


def test_without_the_driver_it_is_said_what_to_install() -> None:
    """It is not part of every installation."""
    code = (
        "import sys; sys.modules['asyncpg'] = None\n"
        "from xarb_runtime.store.check import check_store\n"
        "print(check_store('postgresql://u:secret@host/xarb'), check_store('sqlite:///none.db'))"
    )
    command = [sys.executable, "-c", code]

    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)

    assert done.returncode == 0, done.stderr
    assert "expected PostgreSQL's driver, found no module 'asyncpg'" in done.stdout
    assert "pip install 'xarb[postgres]'" in done.stdout
    assert done.stdout.rstrip().endswith("[]")
