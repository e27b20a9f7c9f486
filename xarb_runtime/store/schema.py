"""
The tables, the same on SQLite and PostgreSQL.

Times are whole milliseconds since the epoch, decimals are texts, structured values are JSON.
Nothing is nullable unless its absence means something. The migrations build what is declared here;
a test compares the two.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A number that grows with each row. SQLite numbers rows by itself only if the type is INTEGER.
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
#: Ordered by its bytes, whatever the database's language and the system's library.
_Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _Text, nullable=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON, nullable=False)


def _of_execution() -> sa.Column[str]:
    return sa.Column("execution", _Text, sa.ForeignKey("executions.id"), nullable=False)


executions = sa.Table(
    "executions",
    metadata,
    sa.Column("id", _Text, primary_key=True),
    _text("chart"),
    _int("version"),
    _text("hash"),
    _int("seq"),
    _text("status"),
    _text("exposure"),
    _json("leaves"),
    _text("title"),
    _text("reason"),
    _int("started_ms"),
    _int("updated_ms"),
    # Bytes, not JSON: a database that rewrites JSON would change the context behind our back.
    sa.Column("snapshot", sa.LargeBinary, nullable=False),
    sa.Index(None, "status", "started_ms"),
)

#: The inbox: whatever made or tried to make an execution move, once.
events = sa.Table(
    "events",
    metadata,
    sa.Column("position", _Number, primary_key=True),
    _text("source"),
    _text("id"),
    _text("type"),
    _text("execution"),
    _int("time_ms"),
    _json("data"),
    _text("outcome"),
    _text("signal"),
    sa.Column("seq", sa.BigInteger, nullable=True),
    _text("detail"),
    sa.UniqueConstraint("source", "id"),
    sa.Index(None, "execution"),
)

transitions = sa.Table(
    "transitions",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    _of_execution(),
    _int("seq"),
    _int("idx"),
    _text("event"),
    _text("signal"),
    _text("outcome"),
    _text("path"),
    _text("source"),
    _text("target"),
    _text("exposure"),
    _int("time_ms"),
    sa.Index(None, "execution"),
)

#: The outbox: what an execution wants done, on disk before it is attempted.
commands = sa.Table(
    "commands",
    metadata,
    sa.Column("key", _Text, primary_key=True),
    _of_execution(),
    _int("seq"),
    _int("idx"),
    _text("target"),
    _text("name"),
    _json("params"),
    _int("issued_ms"),
    _text("status"),
    sa.Column("answered_ms", sa.BigInteger, nullable=True),
    _text("answer_type"),
    _text("answer_detail"),
    sa.CheckConstraint("status IN ('open', 'done')", name="status"),
    sa.Index(None, "execution"),
)
sa.Index(
    "ix_commands_open",
    commands.c.issued_ms,
    sqlite_where=commands.c.status == "open",
    postgresql_where=commands.c.status == "open",
)

timers = sa.Table(
    "timers",
    metadata,
    sa.Column("execution", _Text, sa.ForeignKey("executions.id"), primary_key=True),
    sa.Column("id", _Text, primary_key=True),
    _text("event"),
    _int("due_ms"),
    _int("armed_seq"),
)

charts = sa.Table(
    "charts",
    metadata,
    sa.Column("hash", _Text, primary_key=True),
    _text("name"),
    _int("version"),
    _text("text"),
    _int("stored_ms"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", _Text, primary_key=True),
    _text("execution"),
    _text("kind"),
    _text("severity"),
    _text("reason"),
    _text("exposure"),
    _int("opened_ms"),
    sa.Column("closed_ms", sa.BigInteger, nullable=True),
    _text("closed_by"),
    _text("note"),
    sa.Index(None, "execution"),
)

operator_actions = sa.Table(
    "operator_actions",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    _int("time_ms"),
    _text("operator"),
    _text("action"),
    _text("target"),
    _json("detail"),
    _text("result"),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", _Number, primary_key=True),
    _int("received_ms"),
    _text("source"),
    _text("reason"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("replayed_ms", sa.BigInteger, nullable=True),
)

trades = sa.Table(
    "trades",
    metadata,
    sa.Column("client_id", _Text, primary_key=True),
    _text("execution"),
    _text("venue"),
    _text("slot"),
    _text("strategy"),
    _text("stake"),
    _text("filled"),
    _text("status"),
    _int("sent_ms"),
    _int("answered_ms"),
    sa.Column("accept_ms", sa.BigInteger, nullable=True),
    _int("at_ms"),
    sa.Index(None, "venue", "at_ms"),
)

#: Messages that the bus has not confirmed yet. The one writer numbers them, over all its lives.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("id"),
    _text("type"),
    _text("execution"),
    _int("time_ms"),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

#: One row: the newest position ever given. Rows leave the outbox, but no position comes twice.
outbox_end = sa.Table(
    "outbox_end",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    _int("position"),
    sa.CheckConstraint("id = 1", name="single_row"),
)

#: One row, once a runtime has said its mode.
origin = sa.Table(
    "origin",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    _text("mode"),
    _int("since_ms"),
    sa.CheckConstraint("id = 1", name="single_row"),
)

#: One row. It is taken before anything else is read or migrated, so its shape never changes.
lease = sa.Table(
    "lease",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    _int("epoch"),
    _text("owner"),
    _text("host"),
    _int("pid"),
    _text("machine"),
    _text("born"),
    _int("acquired_ms"),
    _int("expires_ms"),
    sa.CheckConstraint("id = 1", name="single_row"),
)
