"""
A store, the clock its leases run by, and eyes that look past the journal.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.servers.leash import wait_for
from tests.servers.postgres import Console, PostgresServer
from tests.store.factories import NOW
from xarb_runtime.store import schema
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.postgres import WRITER_SETTINGS


class Store:
    """
    What tests do with a store of either kind.

    Attributes:
        url: what it is opened with.
        name: what errors call it.
        now_ms: the time of the runtimes that work on it.
    """

    url: str
    name: str
    now_ms: int = NOW

    def open(self, owner: str = "ann", **options: Any) -> AbstractAsyncContextManager[Journal]:
        return Journal.open(self.url, owner=owner, clock_ms=lambda: self.now_ms, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What another program sees in the store."""
        raise NotImplementedError

    def run(self, statement: str) -> None:
        """Change the store behind the journal's back."""
        raise NotImplementedError

    def let_pass(self, milliseconds: int) -> None:
        """Let time pass, as far as leases are concerned."""
        raise NotImplementedError

    def lease_lasts_ms(self) -> int:
        """How much longer the lease lasts."""
        raise NotImplementedError

    def is_inside_a_commit(self) -> bool:
        """Tell whether somebody is in the middle of writing."""
        raise NotImplementedError

    def refusing(self, table: str) -> Any:
        """Let the database refuse every new row of a table, saying no."""
        raise NotImplementedError

    def count(self, table: str) -> int:
        ((number,),) = self.rows(f"SELECT count(*) FROM {table}")
        return number

    def counts(self) -> dict[str, int]:
        return {table: self.count(table) for table in TABLES}


class FileStore(Store):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.url = f"sqlite:///{quote(str(path))}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(statement)

    def let_pass(self, milliseconds: int) -> None:
        self.now_ms += milliseconds

    def lease_lasts_ms(self) -> int:
        ((expires_ms,),) = self.rows("SELECT expires_ms FROM lease")
        return expires_ms - self.now_ms

    def is_inside_a_commit(self) -> bool:
        with closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as file:
            try:
                file.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
        return False

    @contextmanager
    def refusing(self, table: str) -> Iterator[None]:
        self.run(f"CREATE TRIGGER no BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
        yield
        self.run("DROP TRIGGER no")


class ServerStore(Store):
    """A database whose tables are there already, and empty."""

    def __init__(self, server: PostgresServer, database: str, console: Console) -> None:
        self.server = server
        self.database = database
        self.name = server.url(database).replace(":open%20sesame%2F1", "")
        self.url = server.url(database)
        self._console = console

    def clear(self) -> None:
        """Make it as new."""
        self.run(_CLEARING)

    def reconnect(self) -> None:
        """Look again, after the server has been away."""
        self._console.connect()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._console.rows(query)

    def run(self, statement: str) -> None:
        self._console.run(statement)

    def let_pass(self, milliseconds: int) -> None:
        """The server's clock goes its own way: instead the lease is older than it was."""
        self.now_ms += milliseconds
        self.run(
            f"UPDATE lease SET acquired_ms = acquired_ms - {milliseconds},"
            f" expires_ms = expires_ms - {milliseconds} WHERE expires_ms > 0"
        )

    def lease_lasts_ms(self) -> int:
        now = "(extract(epoch from clock_timestamp()) * 1000)::bigint"
        ((left,),) = self.rows(f"SELECT expires_ms - {now} FROM lease")
        return left

    def is_inside_a_commit(self) -> bool:
        """A writer that was just stopped may have sent something: the server is to see it first."""
        wait_for(lambda: not _has_unread(self.server.port), "the server to read what was sent")
        time.sleep(_SHOWN_BY_THEN_SECONDS)
        return bool(self.rows(_WRITERS_AT_WORK))

    @contextmanager
    def refusing(self, table: str) -> Iterator[None]:
        self.run(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
            f" CREATE TRIGGER no BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no()"
        )
        yield
        self.run("DROP FUNCTION no() CASCADE")


def _has_unread(port: int) -> bool:
    """Whether anything has come to a server's port, on this machine, that it has not read yet."""
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, queues, *_ = line.split()
        ours = state == _ESTABLISHED and int(local.partition(":")[2], 16) == port
        if ours and int(queues.partition(":")[2], 16):
            return True
    return False


_ESTABLISHED = "01"
TABLES = (
    "executions",
    "events",
    "transitions",
    "commands",
    "timers",
    "charts",
    "incidents",
    "operator_actions",
    "dead_letters",
    "trades",
    "outbox",
)

#: From reading a statement until the server shows that it is at work on it.
_SHOWN_BY_THEN_SECONDS = 0.05
_WRITERS_AT_WORK = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    f" AND application_name = '{WRITER_SETTINGS['application_name']}' AND state <> 'idle'"
)
_CLEARING = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(schema.metadata.sorted_tables)),
        *(
            f"ALTER SEQUENCE {table.name}_{table.autoincrement_column.name}_seq RESTART"
            for table in schema.metadata.sorted_tables
            if table.autoincrement_column is not None
        ),
    ]
)
