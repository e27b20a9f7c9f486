"""
A store file, the clock its leases run by, and eyes that look past the journal.
"""

import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.store.factories import NOW
from xarb_runtime.store.journal import Journal


class Store:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{quote(str(path))}"
        self.now_ms = NOW

    def open(self, owner: str = "ann", **options: Any) -> AbstractAsyncContextManager[Journal]:
        return Journal.open(self.url, owner=owner, clock_ms=lambda: self.now_ms, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What another program sees in the file."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def run(self, statement: str) -> None:
        """Change the file behind the journal's back."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(statement)

    def count(self, table: str) -> int:
        ((number,),) = self.rows(f"SELECT count(*) FROM {table}")
        return number

    def counts(self) -> dict[str, int]:
        return {table: self.count(table) for table in TABLES}


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
