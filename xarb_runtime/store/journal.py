"""
The journal: the one writer.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from itertools import islice

import sqlalchemy as sa

from xarb_runtime.store import migrate, schema
from xarb_runtime.store.backend import backend_of
from xarb_runtime.store.batch import Batch, Outgoing
from xarb_runtime.store.errors import JournalBroken, LeaseLost, StoreError
from xarb_runtime.store.lease import (
    Holder,
    give_back,
    holder_is_alive,
    take_lease,
    this_process,
)
from xarb_runtime.store.origin import claim
from xarb_runtime.store.queries import Queries
from xarb_runtime.store.reading import columns, fetch
from xarb_runtime.store.records import Known, Recovered
from xarb_runtime.store.recovery import read_recovered
from xarb_runtime.store.rows import unit_of
from xarb_runtime.store.session import IoGuard, Session
from xarb_runtime.store.statements import RowsMissedError, Write

_log = logging.getLogger(__name__)

#: Pairs asked for in one query; SQLite takes 32,766 parameters at most.
_PAIRS_AT_ONCE = 1_000


class Journal:
    """
    The one writer of a store, made by `Journal.open`.

    Attributes:
        name: what errors call the store; never with a password.
        epoch: the epoch of the lease that this journal holds.
        lease_until_ms: until when the lease holds if nothing renews it.
        queries: reads what this journal has written.
    """

    def __init__(
        self,
        session: Session,
        *,
        epoch: int,
        queries: Queries,
        clock_ms: Callable[[], int],
        lease_ms: int,
    ) -> None:
        self.name = session.name
        self.epoch = epoch
        self.queries = queries
        self._session = session
        self._clock_ms = clock_ms
        self._lease_ms = lease_ms
        self.lease_until_ms = clock_ms() + lease_ms
        self._turn = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        owner: str,
        clock_ms: Callable[[], int],
        lease_ms: int = 10_000,
        wait_ms: int = 0,
        io_guard: IoGuard = nullcontext,
        second_reader: bool = True,
        holder: Holder | None = None,
        mode: str = "",
        is_alive: Callable[[Holder], bool] = holder_is_alive,
    ) -> AsyncIterator["Journal"]:
        """
        Open the store for writing; create it, or bring its tables up to date, as needed.

        Args:
            url: `sqlite:///folder/file.db` or `postgresql://user:password@host/database`.
            owner: who works on it, for people.
            clock_ms: the time, milliseconds since the epoch; leases are measured by it unless
                the database has a clock of its own.
            lease_ms: how long the lease lasts after each commit or `renew`.
            wait_ms: how long to wait for a lease that somebody else holds.
            io_guard: entered around every await on the database, so that a virtual clock can
                stand still meanwhile.
            second_reader: queries get a connection of their own, so that a long list never
                delays a commit. Without it everything runs one after another on one thread.
            holder: the process that holds the lease, if not this one.
            mode: the runtime's mode; a store is for one. Empty for what has none.
            is_alive: whether the process that holds the lease can still be running.

        Raises:
            LeaseHeld: another runtime works on this store.
            WrongMode: the store was made in another mode.
            StoreError: the store cannot be used; the text says why and what to do.
        """
        backend = backend_of(url)
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            session = await enter(backend.writer(io_guard))
            revision = await backend.prepare(session, io_guard)
            epoch = await take_lease(
                session,
                owner=owner,
                holder=holder or this_process(),
                clock_ms=clock_ms,
                lease_ms=lease_ms,
                wait_ms=wait_ms,
                is_alive=is_alive,
            )
            stack.push_async_callback(give_back, session, epoch)
            if revision != migrate.REVISIONS[-1]:
                await backend.upgrade(epoch, io_guard)
            await claim(session, mode, epoch=epoch, lease_ms=lease_ms, clock_ms=clock_ms)
            reader = await enter(backend.reader(io_guard)) if second_reader else session
            journal = cls(
                session,
                epoch=epoch,
                queries=Queries(reader),
                clock_ms=clock_ms,
                lease_ms=lease_ms,
            )
            # For commits whose callers were cancelled.
            stack.push_async_callback(journal.written)
            yield journal

    @property
    def holds_lease(self) -> bool:
        """Whether commits have succeeded so far, and the lease has not run out."""
        return self._broken is None and self._clock_ms() < self.lease_until_ms

    async def commit(self, batch: Batch) -> None:
        """
        Write `batch` in one transaction.

        If cancelled, the commit still runs to its end: it is complete or absent, and the journal
        is broken if it failed. Commits are written in the order of the calls.

        Raises:
            LeaseLost: another runtime has taken over; nothing was written.
            JournalBroken: an earlier commit failed.
            StoreError: this one failed; nothing was written, and nothing will be.
        """
        self._refuse_if_broken()
        try:
            unit = unit_of(batch, self._session.statements)
        except BaseException as error:
            self._broken = error
            raise
        loop = asyncio.get_running_loop()
        # Like a shield around the task, in two turns of the loop less: each step waits for this.
        written: asyncio.Future[None] = loop.create_future()
        task = loop.create_task(self._write(unit, written), name="journal commit")
        self._writing.add(task)
        task.add_done_callback(self._settle)
        await written

    async def renew(self) -> None:
        """
        Renew the lease; due every third of `lease_ms` when nothing is committed.

        Raises:
            StoreError: as `commit`.
        """
        await self.commit(Batch())

    async def written(self) -> None:
        """
        Return when every commit that has been begun is over; never raises.

        What is in memory was stepped before its commit is on disk. Whoever may have been told of it
        waits for this, and then finds it by `queries`.
        """
        if self._writing:
            await asyncio.wait(self._writing)

    async def seen(self, pairs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """
        Return those of the pairs (source, id) that are in the inbox.

        Raises:
            StoreError: the store cannot be read.
        """
        return (await self.known(pairs, ())).seen

    async def known(self, pairs: Collection[tuple[str, str]], executions: Collection[str]) -> Known:
        """
        Return those of the pairs (source, id) that are in the inbox, and of the executions that
        exist.

        Raises:
            StoreError: the store cannot be read.
        """
        found = Known(seen=set(), executions=set())
        some_pairs, some_names = iter(pairs), iter(executions)
        while True:
            first = list(islice(some_pairs, _PAIRS_AT_ONCE))
            second = list(islice(some_names, _PAIRS_AT_ONCE))
            if not first and not second:
                return found
            rows = await self._session.fetch(*self._session.statements.known(first, second))
            found.seen.update((source, name) for source, name in rows if source is not None)
            found.executions.update(name for source, name in rows if source is None)

    async def outgoing(self, after: int, limit: int) -> list[Outgoing]:
        """
        Return messages of the outbox beyond the position `after`, in order, at most `limit`.

        Raises:
            StoreError: the store cannot be read.
        """
        table = schema.outbox
        query = sa.select(*columns(table, Outgoing)).where(table.c.position > after)
        return await fetch(self._session, query.order_by(table.c.position).limit(limit), Outgoing)

    async def newest_outgoing(self) -> int:
        """
        Return the newest position ever given to a message, sent or not; 0 before the first.

        Raises:
            StoreError: the store cannot be read.
        """
        query = sa.select(schema.outbox_end.c.position)
        rows = await self._session.fetch(*self._session.statements.compile(query))
        return rows[0][0] if rows else 0

    async def recover(self) -> Recovered:
        """
        Return what a runtime has to continue with.

        Raises:
            StoreError: the store cannot be read, or holds what this version cannot read.
        """
        return await read_recovered(self._session)

    async def _write(self, unit: Sequence[Write], written: "asyncio.Future[None]") -> None:
        """Write, and tell whoever waits, unless they were cancelled."""
        try:
            await self._write_in_turn(unit)
        except asyncio.CancelledError:
            written.cancel()
            raise
        except BaseException as error:
            if not written.done():
                written.set_exception(error)
            raise
        if not written.done():
            written.set_result(None)

    async def _write_in_turn(self, unit: Sequence[Write]) -> None:
        async with self._turn:
            self._refuse_if_broken()
            try:
                renewal = self._session.renewal(self.epoch, self._lease_ms, self._clock_ms)
                # By our own clock, from before it was asked for: never later than in the store.
                until = self._clock_ms() + self._lease_ms
                await self._session.run([renewal, *unit])
                self.lease_until_ms = until
            except RowsMissedError as error:
                self._broken = self._meaning(error)
                raise self._broken from error
            except BaseException as error:
                self._broken = error
                raise

    def _settle(self, task: asyncio.Task[None]) -> None:
        """Speak up about a failed commit, because its caller may have been cancelled."""
        self._writing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("%s", error)

    def _meaning(self, error: RowsMissedError) -> StoreError:
        if error.sql == self._session.statements.lease_renew:
            return LeaseLost(store=self.name, epoch=self.epoch)
        return StoreError(f"{self.name}: {error}. Nothing was written; restart the runtime.")

    def _refuse_if_broken(self) -> None:
        if self._broken is not None:
            raise JournalBroken(store=self.name, first=self._broken)
