"""
What a database has to offer: one connection, held for as long as the store is open.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from xarb_runtime.store.statements import Row, Statements, Write

#: Entered around every await on the database, so that a virtual clock can stand still meanwhile.
IoGuard = Callable[[], AbstractContextManager[object]]


class Source(Protocol):
    """
    What a store is read through.

    Attributes:
        name: what errors call the store; never with a password.
        statements: what the journal executes, in this database's words.
    """

    name: str
    statements: Statements

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """
        Return all rows of a query, as of one moment.

        Raises:
            StoreError: the database refused, or cannot be reached.
        """
        ...

    async def now_ms(self, clock_ms: Callable[[], int]) -> int:
        """
        Return the time that leases are measured by: the database's own, or else `clock_ms`.

        Raises:
            StoreError: the database cannot be asked.
        """
        ...


class Session(Source, Protocol):
    """One open connection that a store is written through."""

    async def run(self, unit: Sequence[Write]) -> None:
        """
        Write `unit` in one transaction.

        If cancelled, the transaction still runs to its end: all of it is written, or nothing.

        Raises:
            StoreError: the database refused, or cannot be reached any more.
            RowsMissedError: a statement did not touch the rows it had to; nothing was written.
        """
        ...

    def renewal(self, epoch: int, lease_ms: int, clock_ms: Callable[[], int]) -> Write:
        """Return the write that every transaction begins with: still ours, and for longer."""
        ...


async def to_its_end(task: asyncio.Task[Any]) -> None:
    """
    Wait for a task that must not be left half way.

    If cancelled, the task still runs to its end, and only then is the cancellation passed on.
    """
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    failed = None if task.cancelled() else task.exception()
    if cancelled is not None:
        raise cancelled from failed
    task.result()
