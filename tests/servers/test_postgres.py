"""
The server that tests have of their own: up, down, killed, and nothing left of it.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import asyncpg
import pytest

from tests.servers.postgres import ROLE, SUPERUSER, PostgresServer, _children, _runs


def test_a_database_is_empty_and_belongs_to_the_role(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with postgres_server.console(postgres_database) as console:
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert console.rows(owner) == [(ROLE,)]
        assert console.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


async def test_whoever_does_not_know_the_password_stays_outside(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.url(postgres_database, password="wrong"))


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill])
def test_what_was_committed_is_there_after_a_stop_of_either_kind(
    postgres_server: PostgresServer, postgres_database: str, end: object
) -> None:
    assert callable(end)
    with postgres_server.console(postgres_database) as console:
        console.run("CREATE TABLE t AS SELECT 42 AS x")

    end(postgres_server)
    postgres_server.start()

    with postgres_server.console(postgres_database) as console:
        assert console.rows("SELECT x FROM t") == [(42,)]


def test_a_standby_can_only_be_read(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with postgres_server.as_standby(), postgres_server.console(postgres_database) as console:
        assert console.rows("SELECT pg_is_in_recovery()") == [(True,)]
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            console.run("CREATE TABLE t (x int)")


def test_connections_can_be_ended_from_the_server_s_side(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    with postgres_server.console(postgres_database) as console:
        assert postgres_server.kill_backends(postgres_database, SUPERUSER) == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            console.rows("SELECT 1")


def test_what_a_killed_test_run_left_is_removed_by_the_next() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = [
        Path(tempfile.mkdtemp(prefix=f"xarb-postgres-{pid}-")) for pid in (gone.pid, os.getpid())
    ]

    PostgresServer().destroy()

    assert [folder.exists() for folder in left] == [False, True]
    left[1].rmdir()


def test_nothing_is_left_of_a_server() -> None:
    server = PostgresServer()
    server.create()
    leash, folder = server._leash, server._folder
    assert leash is not None
    processes = [leash.pid, *_children(leash.pid)]

    server.destroy()

    assert len(processes) > 3
    assert not any(map(_runs, processes))
    assert not folder.exists()
