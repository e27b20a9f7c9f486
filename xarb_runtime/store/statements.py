"""
The journal's statements, compiled once from the tables.

`databases` compiles a query each time it is executed, which costs more than executing it. Here each
statement is compiled at import, and its rows are plain tuples in the order of its parameters.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect

from xarb_runtime.store import schema

Row = tuple[Any, ...]


class Write(NamedTuple):
    """
    One statement of a unit of work, executed for each of its rows.

    With `expect`, that many rows must have been touched, or the whole unit is undone.
    """

    sql: str
    rows: Sequence[Row]
    expect: int | None = None


class RowsMissedError(Exception):
    """A statement touched another number of rows than it had to; the unit was undone."""

    def __init__(self, write: Write, found: int) -> None:
        self.sql, self.expected, self.found = write.sql, write.expect, found
        super().__init__(f"expected {write.expect} rows, found {found}: {write.sql}")


class Statements:
    """
    Everything that the journal executes, in one dialect.

    The parameters of an insert are the table's columns in order, without a column that numbers
    itself; those of the other statements are listed where they are built.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.chart = self._insert(schema.charts, keep=["hash"])
        self.execution = self._insert(schema.executions, renew=["id"], but=["started_ms"])
        self.event = self._insert(schema.events)
        self.transition = self._insert(schema.transitions)
        self.command = self._insert(schema.commands)
        self.timer = self._insert(schema.timers, renew=["execution", "id"])
        self.trade = self._insert(schema.trades, renew=["client_id"])
        self.incident = self._insert(schema.incidents, keep=["id"])
        self.action = self._insert(schema.operator_actions)
        self.dead_letter = self._insert(schema.dead_letters)
        self.outgoing = self._insert(schema.outbox)
        self.outgoing_end = self._outgoing_end()
        self.sent = self._sent()
        self.no_timer = self._no_timer()
        self.answer = self._answer()
        self.closure = self._closure()
        self.replay = self._replay()
        self.lease_renew = self._lease_renew()
        self.lease_end = self._lease_end()
        self.lease_first = self._insert(schema.lease, keep=["id"])
        self.lease_take = self._lease_take()
        self.origin = self._insert(schema.origin, keep=["id"])

    def compile(self, query: sa.sql.ClauseElement) -> tuple[str, list[Any]]:
        """Return the text of a query and its parameters in order."""
        compiled = query.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        params = compiled.construct_params() or {}
        return str(compiled), [params[name] for name in _order(compiled)]

    def seen(self, pairs: Sequence[tuple[str, str]]) -> tuple[str, list[Any]]:
        """Return the query for those of the pairs (source, id) that are in the inbox."""
        if self._dialect.name == "postgresql":
            wanted = "SELECT * FROM unnest($1::text[], $2::text[])"
            parameters: list[Any] = [list(words) for words in zip(*pairs, strict=True)]
        else:
            wanted = f"VALUES {','.join(['(?,?)'] * len(pairs))}"
            parameters = [word for pair in pairs for word in pair]
        query = f"SELECT source, id FROM events WHERE (source, id) IN ({wanted})"  # noqa: S608
        return query, parameters

    def known(
        self, pairs: Sequence[tuple[str, str]], executions: Sequence[str]
    ) -> tuple[str, list[Any]]:
        """
        Return the query for what is in the inbox, as `seen`, and for executions that exist.

        One question instead of two: it is asked before each commit. An execution's row has no
        source.
        """
        query, parameters = self.seen(pairs) if pairs else ("", [])
        if not executions:
            return query, parameters
        if self._dialect.name == "postgresql":
            wanted = f"SELECT unnest(${len(parameters) + 1}::text[])"
            parameters = [*parameters, list(executions)]
        else:
            wanted = ",".join("?" * len(executions))
            parameters = [*parameters, *executions]
        exist = f"SELECT NULL, id FROM executions WHERE id IN ({wanted})"  # noqa: S608
        return f"{query} UNION ALL {exist}" if query else exist, parameters

    def _insert(
        self,
        table: sa.Table,
        *,
        keep: Sequence[str] = (),
        renew: Sequence[str] = (),
        but: Sequence[str] = (),
    ) -> str:
        """A row that is there already fails, or is kept, or renewed in all `but` some columns."""
        names = [column.name for column in table.columns if not _numbers_itself(column)]
        insert = _INSERTS[self._dialect.name](table).inline()
        if keep:
            insert = insert.on_conflict_do_nothing(index_elements=keep)
        if renew:
            fresh = {name: insert.excluded[name] for name in names if name not in {*renew, *but}}
            insert = insert.on_conflict_do_update(index_elements=renew, set_=fresh)
        return self._text(insert, names, column_keys=names)

    def _no_timer(self) -> str:
        timers = schema.timers
        delete = sa.delete(timers).where(
            timers.c.execution == sa.bindparam("execution"), timers.c.id == sa.bindparam("id")
        )
        return self._text(delete, ["execution", "id"])

    def _answer(self) -> str:
        commands = schema.commands
        update = (
            sa.update(commands)
            .where(commands.c.key == sa.bindparam("of"), commands.c.status == _literal("open"))
            .values(
                status=_literal("done"),
                answered_ms=sa.bindparam("at"),
                answer_type=sa.bindparam("type"),
                answer_detail=sa.bindparam("detail"),
            )
        )
        return self._text(update, ["at", "type", "detail", "of"])

    def _closure(self) -> str:
        incidents = schema.incidents
        update = (
            sa.update(incidents)
            .where(incidents.c.id == sa.bindparam("of"), incidents.c.closed_ms.is_(None))
            .values(
                closed_ms=sa.bindparam("at"),
                closed_by=sa.bindparam("by"),
                note=sa.bindparam("text"),
            )
        )
        return self._text(update, ["at", "by", "text", "of"])

    def _replay(self) -> str:
        letters = schema.dead_letters
        update = (
            sa.update(letters)
            .where(letters.c.id == sa.bindparam("of"))
            .values(replayed_ms=sa.bindparam("at"))
        )
        return self._text(update, ["at", "of"])

    def _outgoing_end(self) -> str:
        """Touches no row if the first new position is not beyond every earlier one."""
        end = schema.outbox_end
        insert = _INSERTS[self._dialect.name](end).inline()
        insert = insert.on_conflict_do_update(
            index_elements=["id"],
            set_={"position": insert.excluded.position},
            where=end.c.position < sa.bindparam("first", type_=sa.BigInteger()),
        )
        return self._text(insert, ["id", "position", "first"], column_keys=["id", "position"])

    def _sent(self) -> str:
        outbox = schema.outbox
        delete = sa.delete(outbox).where(outbox.c.position == sa.bindparam("of"))
        return self._text(delete, ["of"])

    def _lease_renew(self) -> str:
        """`until` is a time, or how long from now where the database has a clock of its own."""
        lease = schema.lease
        until = sa.bindparam("until", type_=sa.BigInteger())
        clock = _CLOCKS[self._dialect.name]
        update = (
            sa.update(lease)
            .where(lease.c.epoch == sa.bindparam("mine"))
            .values(expires_ms=until if clock is None else clock + until)
        )
        return self._text(update, ["until", "mine"])

    def _lease_end(self) -> str:
        lease = schema.lease
        end = sa.update(lease).where(lease.c.epoch == sa.bindparam("mine"))
        return self._text(end.values(expires_ms=sa.literal_column("0")), ["mine"])

    def _lease_take(self) -> str:
        """Compare and swap: the lease must still be as it was when it was found takeable."""
        lease = schema.lease
        names = [column.name for column in lease.columns if column.name != "id"]
        update = (
            sa.update(lease)
            .where(
                lease.c.epoch == sa.bindparam("seen_epoch"),
                lease.c.expires_ms == sa.bindparam("seen_expires"),
            )
            .values({name: sa.bindparam(f"new_{name}") for name in names})
        )
        order = [*(f"new_{name}" for name in names), "seen_epoch", "seen_expires"]
        return self._text(update, order)

    def _text(
        self,
        query: sa.sql.ClauseElement,
        order: Sequence[str],
        column_keys: Sequence[str] | None = None,
    ) -> str:
        compiled = query.compile(dialect=self._dialect, column_keys=column_keys)
        if list(order) != _order(compiled):
            message = f"expected parameters {list(order)}, found {_order(compiled)}: {compiled}"
            raise AssertionError(message)
        return str(compiled)


def _order(compiled: Any) -> list[str]:
    return list(compiled.positiontup or ())


def _literal(word: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{word}'", sa.Text)


def _numbers_itself(column: sa.Column[Any]) -> bool:
    return column is column.table.autoincrement_column


_INSERTS: dict[str, Callable[[sa.Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

#: Milliseconds since the epoch; None where the database has no clock but that of its users.
POSTGRES_NOW = "CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT)"
_CLOCKS: dict[str, sa.ColumnElement[int] | None] = {
    "sqlite": None,
    "postgresql": sa.literal_column(POSTGRES_NOW, sa.BigInteger),
}

SQLITE = Statements(SQLiteDialect_pysqlite(paramstyle="qmark"))
POSTGRES = Statements(PGDialect_asyncpg())
