"""
The first tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# The order of texts must not change with the database's language or the system's library.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create everything."""
    _create_lease()
    _create_executions()
    _create_events()
    _create_transitions()
    _create_commands()
    _create_timers()
    _create_charts()
    _create_incidents()
    _create_operator_actions()
    _create_dead_letters()
    _create_trades()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _int(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _perhaps_int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=f"pk_{table}")


def _of_execution(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_execution_executions"
    return sa.ForeignKeyConstraint(["execution"], ["executions.id"], name=name)


def _create_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        *_int("epoch"),
        *_text("owner", "host"),
        *_int("pid"),
        *_text("machine", "born"),
        *_int("acquired_ms", "expires_ms"),
        _key("lease", "id"),
        sa.CheckConstraint("id = 1", name=op.f("ck_lease_single_row")),
    )


def _create_executions() -> None:
    op.create_table(
        "executions",
        *_text("id", "chart"),
        *_int("version"),
        *_text("hash"),
        *_int("seq"),
        *_text("status", "exposure"),
        _json("leaves"),
        *_text("title", "reason"),
        *_int("started_ms", "updated_ms"),
        _bytes("snapshot"),
        _key("executions", "id"),
    )
    op.create_index("ix_executions_status_started_ms", "executions", ["status", "started_ms"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("position", _NUMBER, nullable=False),
        *_text("source", "id", "type", "execution"),
        *_int("time_ms"),
        _json("data"),
        *_text("outcome", "signal"),
        _perhaps_int("seq"),
        *_text("detail"),
        _key("events", "position"),
        sa.UniqueConstraint("source", "id", name="uq_events_source_id"),
    )
    op.create_index("ix_events_execution", "events", ["execution"])


def _create_transitions() -> None:
    op.create_table(
        "transitions",
        sa.Column("id", _NUMBER, nullable=False),
        *_text("execution"),
        *_int("seq", "idx"),
        *_text("event", "signal", "outcome", "path", "source", "target", "exposure"),
        *_int("time_ms"),
        _key("transitions", "id"),
        _of_execution("transitions"),
    )
    op.create_index("ix_transitions_execution", "transitions", ["execution"])


def _create_commands() -> None:
    op.create_table(
        "commands",
        *_text("key", "execution"),
        *_int("seq", "idx"),
        *_text("target", "name"),
        _json("params"),
        *_int("issued_ms"),
        *_text("status"),
        _perhaps_int("answered_ms"),
        *_text("answer_type", "answer_detail"),
        _key("commands", "key"),
        _of_execution("commands"),
        sa.CheckConstraint("status IN ('open', 'done')", name=op.f("ck_commands_status")),
    )
    op.create_index("ix_commands_execution", "commands", ["execution"])
    is_open = sa.text("status = 'open'")
    op.create_index(
        "ix_commands_open",
        "commands",
        ["issued_ms"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _create_timers() -> None:
    op.create_table(
        "timers",
        *_text("execution", "id", "event"),
        *_int("due_ms", "armed_seq"),
        _key("timers", "execution", "id"),
        _of_execution("timers"),
    )


def _create_charts() -> None:
    op.create_table(
        "charts",
        *_text("hash", "name"),
        *_int("version"),
        *_text("text"),
        *_int("stored_ms"),
        _key("charts", "hash"),
    )


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        *_text("id", "execution", "kind", "severity", "reason", "exposure"),
        *_int("opened_ms"),
        _perhaps_int("closed_ms"),
        *_text("closed_by", "note"),
        _key("incidents", "id"),
    )
    op.create_index("ix_incidents_execution", "incidents", ["execution"])


def _create_operator_actions() -> None:
    op.create_table(
        "operator_actions",
        sa.Column("id", _NUMBER, nullable=False),
        *_int("time_ms"),
        *_text("operator", "action", "target"),
        _json("detail"),
        *_text("result"),
        _key("operator_actions", "id"),
    )


def _create_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", _NUMBER, nullable=False),
        *_int("received_ms"),
        *_text("source", "reason"),
        _bytes("body"),
        _perhaps_int("replayed_ms"),
        _key("dead_letters", "id"),
    )


def _create_trades() -> None:
    op.create_table(
        "trades",
        *_text("client_id", "execution", "venue", "slot", "strategy", "stake", "filled", "status"),
        *_int("sent_ms", "answered_ms"),
        _perhaps_int("accept_ms"),
        *_int("at_ms"),
        _key("trades", "client_id"),
    )
    op.create_index("ix_trades_venue_at_ms", "trades", ["venue", "at_ms"])
