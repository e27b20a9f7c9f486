"""
The statements are those of both databases.
"""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.schema import CreateIndex, CreateTable

from xarb_runtime.store import schema
from xarb_runtime.store.statements import SQLITE, Statements


def texts(statements: Statements) -> dict[str, str]:
    return {name: text for name, text in vars(statements).items() if isinstance(text, str)}


def test_every_statement_exists_for_postgresql_with_the_same_parameters() -> None:
    sqlite, postgresql = texts(SQLITE), texts(Statements(PGDialect_asyncpg()))

    assert postgresql.keys() == sqlite.keys()
    for name, text in sqlite.items():
        assert postgresql[name].count("$") == text.count("?"), name


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=str)
def test_every_table_exists_for_postgresql_with_room_for_milliseconds(table: sa.Table) -> None:
    text = str(CreateTable(table).compile(dialect=PGDialect_asyncpg()))

    for line in text.splitlines():
        assert "_ms" not in line.split(" ")[0] or "BIGINT" in line
    for index in table.indexes:
        assert str(CreateIndex(index).compile(dialect=PGDialect_asyncpg()))


def test_parameters_in_another_order_than_promised_are_noticed() -> None:
    query = sa.update(schema.lease).values(epoch=sa.bindparam("a"), pid=sa.bindparam("b"))

    with pytest.raises(AssertionError, match=r"expected parameters \['b', 'a'\]"):
        SQLITE._text(query, ["b", "a"])
