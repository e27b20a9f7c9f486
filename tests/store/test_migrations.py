"""
A store has the tables that the code speaks of, however it came to be.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.store.factories import outgoing, step
from tests.store.world import TABLES, FileStore
from xarb_runtime.store import migrate
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.schema import metadata

FIRST_REVISION = Path(__file__).parent / "data" / "store_0001.sql"


@pytest.fixture
def store(file_store: FileStore) -> FileStore:
    """Everything here is about SQLite's file."""
    return file_store


def tables(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1"
        return connection.execute(query).fetchall()


def test_the_migrations_build_exactly_the_declared_tables(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "store.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'store.db'}", poolclass=sa.NullPool)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_checks_and_foreign_keys_are_as_declared(tmp_path: Path) -> None:
    """What the comparison above does not look at."""
    migrate.upgrade(tmp_path / "migrated.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'declared.db'}", poolclass=sa.NullPool)
    metadata.create_all(engine)

    declared = {name: _words(sql) for name, sql in tables(tmp_path / "declared.db")}
    migrated = {name: _words(sql) for name, sql in tables(tmp_path / "migrated.db")}
    del migrated["alembic_version"]
    assert migrated == declared


def _words(sql: str) -> list[str]:
    """Constraints may come in another order."""
    return sorted(line.strip(" ,\n") for line in sql.replace("\t", "").split("\n"))


def test_an_empty_store_is_made_like_a_migrated_one(tmp_path: Path) -> None:
    migrate.create(tmp_path / "made.db")
    migrate.upgrade(tmp_path / "migrated.db")

    assert tables(tmp_path / "made.db") == tables(tmp_path / "migrated.db")
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection:
        assert connection.execute(migrate.REVISION_QUERY).fetchall() == [(migrate.REVISIONS[-1],)]


@pytest.mark.parametrize("bring_up", [migrate.create, migrate.upgrade])
def test_twice_is_once(tmp_path: Path, bring_up: object) -> None:
    assert callable(bring_up)
    path = tmp_path / "store.db"
    bring_up(path)
    before = tables(path)

    bring_up(path)

    assert tables(path) == before


def test_the_known_revisions_are_those_in_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", "xarb_runtime.store:migrations")
    script = ScriptDirectory.from_config(config)

    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == migrate.REVISIONS


async def test_a_store_opened_again_keeps_what_it_has(store: FileStore) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
    async with store.open() as journal:
        assert len((await journal.recover()).snapshots) == 1


async def test_a_store_of_the_first_revision_is_brought_up_with_all_it_has(
    store: FileStore,
) -> None:
    """The file is what a runtime of that revision left behind."""
    store.path.parent.mkdir()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.executescript(FIRST_REVISION.read_text("utf-8"))
    before = {name: store.rows(f"SELECT * FROM {name}") for name in TABLES if name != "outbox"}
    assert all(before.values())

    async with store.open("bob") as journal:
        await journal.commit(Batch(steps=[step("x-9")], outgoing=[outgoing(1)]))
        recovered = await journal.recover()
        assert journal.epoch == 2

    assert [kept.execution for kept in recovered.snapshots] == ["x-1", "x-2", "x-9"]
    for name, rows in before.items():
        assert store.rows(f"SELECT * FROM {name}")[: len(rows)] == rows
    migrate.create(store.path.with_name("fresh.db"))
    assert tables(store.path) == tables(store.path.with_name("fresh.db"))


async def test_a_store_that_is_behind_is_migrated_once_the_lease_is_taken(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.open():
        pass
    monkeypatch.setattr(migrate, "REVISIONS", (*migrate.REVISIONS, "0004"))
    applied: list[tuple[Path, str]] = []

    def upgrade(path: Path) -> None:
        ((owner,),) = store.rows("SELECT owner FROM lease")
        applied.append((path, owner))

    monkeypatch.setattr(migrate, "upgrade", upgrade)
    async with store.open("bob"):
        pass

    assert applied == [(store.path, "bob")]


async def test_a_store_of_a_newer_version_is_refused_untouched(store: FileStore) -> None:
    async with store.open():
        pass
    store.run("UPDATE alembic_version SET version_num = '9999'")
    store.run("UPDATE lease SET owner = 'nobody'")

    with pytest.raises(
        StoreError, match=r"expected a store of revision 0003 or older, found '9999'"
    ):
        async with store.open():
            pass

    assert store.rows("SELECT owner FROM lease") == [("nobody",)]


async def test_another_program_s_database_is_refused_untouched(store: FileStore) -> None:
    store.path.parent.mkdir()
    store.run("CREATE TABLE holidays (day TEXT)")

    with pytest.raises(StoreError, match="found another program's tables: holidays"):
        async with store.open():
            pass

    assert [name for name, _ in tables(store.path)] == ["holidays"]


def test_a_migration_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("CREATE TABLE trades (in_the_way TEXT)")

    with pytest.raises(StoreError, match="table trades already exists"):
        migrate.upgrade(tmp_path / "store.db")

    assert [name for name, _ in tables(tmp_path / "store.db")] == ["trades"]


def test_a_migration_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database, but long enough to look like one" * 50)

    for bring_up in (migrate.create, migrate.upgrade):
        with pytest.raises(StoreError, match=r"store\.db: .*SQLITE_NOTADB"):
            bring_up(tmp_path / "store.db")
