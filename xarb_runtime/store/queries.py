"""
Reading the store.

Queries of a running journal have a connection of their own: with a write-ahead log readers never
wait for the writer nor the writer for them, so a long list cannot delay a commit. Where the order
of everything has to be the same on each run, a journal is opened without it, and one thread does
all the work.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import sqlalchemy as sa

from xarb_runtime.domain.steps import Snapshot, Status
from xarb_runtime.store import migrate, schema
from xarb_runtime.store.backend import backend_of
from xarb_runtime.store.batch import ChartText, Trade
from xarb_runtime.store.lease import read_lease
from xarb_runtime.store.origin import ORIGIN_REVISION, read_origin
from xarb_runtime.store.reading import T, columns, fetch
from xarb_runtime.store.records import (
    ActionRow,
    CommandRow,
    Counts,
    DeadLetterRow,
    EventRow,
    ExecutionRow,
    IncidentRow,
    LeaseRow,
    OriginRow,
    Timeline,
    TimerRow,
    TransitionRow,
)
from xarb_runtime.store.recovery import read_snapshot
from xarb_runtime.store.session import IoGuard, Source


class Queries:
    """
    What people and windows over the past ask the store. Nothing here changes anything.

    Every method raises `StoreError` when the store cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, io_guard: IoGuard = nullcontext) -> AsyncIterator["Queries"]:
        """
        Read a store beside the runtime that works on it, or when none does.

        Raises:
            StoreError: there is no store at `url`, or it cannot be read.
        """
        async with backend_of(url).reader(io_guard) as source:
            await migrate.read_revision(source)
            yield cls(source)

    async def executions(self, status: Status | None = None, limit: int = 50) -> list[ExecutionRow]:
        """Return executions, the newest first."""
        table = schema.executions
        query = sa.select(*columns(table, ExecutionRow))
        if status is not None:
            query = query.where(table.c.status == status.value)
        query = query.order_by(table.c.started_ms.desc(), table.c.id.desc()).limit(limit)
        return await fetch(self._source, query, ExecutionRow)

    async def execution(self, execution: str) -> Timeline | None:
        """Return everything about one execution; None if there is no such."""
        snapshot = await self.snapshot(execution)
        if snapshot is None:
            return None
        table = schema.executions
        head = sa.select(*columns(table, ExecutionRow)).where(table.c.id == execution)
        (row,) = await fetch(self._source, head, ExecutionRow)
        return Timeline(
            execution=row,
            snapshot=snapshot,
            events=await self._of(schema.events, execution, EventRow, "position"),
            transitions=await self._of(schema.transitions, execution, TransitionRow, "id"),
            commands=await self._of(schema.commands, execution, CommandRow, "seq", "idx"),
            incidents=await self._of(schema.incidents, execution, IncidentRow, "opened_ms", "id"),
        )

    async def origin(self) -> OriginRow | None:
        """Return the mode in which the store was made; None where an earlier version made it."""
        is_known = await migrate.read_revision(self._source) >= ORIGIN_REVISION
        return await read_origin(self._source) if is_known else None

    async def beginnings(self) -> list[EventRow]:
        """Return the first event of each execution that has not ended, in order."""
        table, status = schema.events, schema.executions.c.status
        query = (
            sa.select(*columns(table, EventRow))
            .join(schema.executions, schema.executions.c.id == table.c.execution)
            .where(table.c.seq == 1)
            .where(
                sa.or_(status == Status.RUNNING.value, status == Status.QUARANTINED.value),
            )
            .order_by(table.c.position)
        )
        return await fetch(self._source, query, EventRow)

    async def snapshot(self, execution: str) -> Snapshot | None:
        """Return an execution's newest snapshot; None if there is no such execution."""
        table = schema.executions
        query = sa.select(table.c.snapshot).where(table.c.id == execution)
        rows = await self._source.fetch(*self._source.statements.compile(query))
        return read_snapshot(self._source, execution, rows[0][0]) if rows else None

    async def incidents(self, *, open_only: bool = False, limit: int = 100) -> list[IncidentRow]:
        """Return incidents, the newest first."""
        table = schema.incidents
        query = sa.select(*columns(table, IncidentRow))
        if open_only:
            query = query.where(table.c.closed_ms.is_(None))
        query = query.order_by(table.c.opened_ms.desc(), table.c.id.desc()).limit(limit)
        return await fetch(self._source, query, IncidentRow)

    async def dead_letters(
        self, *, waiting_only: bool = False, limit: int = 100
    ) -> list[DeadLetterRow]:
        """Return dead letters, the newest first; `waiting_only`: those never replayed."""
        table = schema.dead_letters
        query = sa.select(*columns(table, DeadLetterRow))
        if waiting_only:
            query = query.where(table.c.replayed_ms.is_(None))
        query = query.order_by(table.c.id.desc()).limit(limit)
        return await fetch(self._source, query, DeadLetterRow)

    async def dead_letter(self, number: int) -> DeadLetterRow | None:
        """Return one dead letter; None if there is no such."""
        table = schema.dead_letters
        query = sa.select(*columns(table, DeadLetterRow)).where(table.c.id == number)
        return next(iter(await fetch(self._source, query, DeadLetterRow)), None)

    async def operator_actions(self, limit: int = 100) -> list[ActionRow]:
        """Return what people asked for, the newest first."""
        table = schema.operator_actions
        query = sa.select(*columns(table, ActionRow)).order_by(table.c.id.desc()).limit(limit)
        return await fetch(self._source, query, ActionRow)

    async def timers(self, limit: int = 100) -> list[TimerRow]:
        """Return pending timers, the next one first."""
        table = schema.timers
        query = sa.select(*columns(table, TimerRow))
        query = query.order_by(table.c.due_ms, table.c.execution, table.c.id).limit(limit)
        return await fetch(self._source, query, TimerRow)

    async def trades(
        self, venue: str | None = None, limit: int = 100, since_ms: int = 0
    ) -> list[Trade]:
        """Return terminal orders not older than `since_ms`, the newest first."""
        table = schema.trades
        query = sa.select(*columns(table, Trade)).where(table.c.at_ms >= since_ms)
        if venue is not None:
            query = query.where(table.c.venue == venue)
        query = query.order_by(table.c.at_ms.desc(), table.c.client_id.desc()).limit(limit)
        return await fetch(self._source, query, Trade)

    async def chart(self, content_hash: str) -> ChartText | None:
        """Return a stored chart; None if there is no such."""
        table = schema.charts
        query = sa.select(*columns(table, ChartText)).where(table.c.hash == content_hash)
        return next(iter(await fetch(self._source, query, ChartText)), None)

    async def newest_event_ms(self) -> int | None:
        """Return the time of the event that was written last; None before the first."""
        table = schema.events.c
        query = sa.select(table.time_ms).order_by(table.position.desc()).limit(1)
        rows = await self._source.fetch(*self._source.statements.compile(query))
        return rows[0][0] if rows else None

    async def lease(self) -> LeaseRow | None:
        """Return who works, or last worked, on the store; None if nobody ever did."""
        return await read_lease(self._source)

    async def counts(self) -> Counts:
        """Return how much of everything there is."""
        executions, open_ = schema.executions.c, schema.commands.c.status == "open"
        return Counts(
            executions=await self._count_by(executions.status, sa.true()),
            exposures=await self._count_by(
                executions.exposure, executions.status != Status.FINAL.value
            ),
            events=await self._count(schema.events, sa.true()),
            open_commands=await self._count(schema.commands, open_),
            pending_timers=await self._count(schema.timers, sa.true()),
            open_incidents=await self._count(
                schema.incidents, schema.incidents.c.closed_ms.is_(None)
            ),
            dead_letters=await self._count(
                schema.dead_letters, schema.dead_letters.c.replayed_ms.is_(None)
            ),
            trades=await self._count(schema.trades, sa.true()),
            outbox=await self._count(schema.outbox, sa.true()),
        )

    async def waiting_outgoing(self) -> int:
        """Return how many messages the bus has not confirmed."""
        return await self._count(schema.outbox, sa.true())

    async def _of(self, table: sa.Table, execution: str, shape: type[T], *order: str) -> list[T]:
        query = sa.select(*columns(table, shape)).where(table.c.execution == execution)
        return await fetch(self._source, query.order_by(*(table.c[name] for name in order)), shape)

    async def _count(self, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(where)
        ((count,),) = await self._source.fetch(*self._source.statements.compile(query))
        return count

    async def _count_by(
        self, column: sa.Column[str], where: sa.ColumnElement[bool]
    ) -> dict[str, int]:
        query = sa.select(column, sa.func.count()).where(where).group_by(column).order_by(column)
        return dict(await self._source.fetch(*self._source.statements.compile(query)))
