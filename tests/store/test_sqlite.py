"""
The connection: what it promises is read back, what goes wrong is explained.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.store.factories import NOW, step
from tests.store.world import FileStore
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.queries import Queries
from xarb_runtime.store.session import to_its_end
from xarb_runtime.store.sqlite import WRITER_PRAGMAS, SqliteSession, explain, store_path


@pytest.fixture
def store(file_store: FileStore) -> FileStore:
    """Everything here is about SQLite's file."""
    return file_store


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("busy_timeout", 5_000), ("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
async def test_the_writer_is_durable(journal: Journal, pragma: str, expected: object) -> None:
    assert await journal._session.fetch(f"PRAGMA {pragma}") == [(expected,)]


async def test_the_reader_cannot_write(journal: Journal) -> None:
    reader = journal.queries._source

    assert reader is not journal._session
    with pytest.raises(StoreError, match="SQLITE_READONLY"):
        await reader.fetch("DELETE FROM lease")


async def test_without_a_second_reader_one_connection_does_everything(store: FileStore) -> None:
    async with store.open(second_reader=False) as journal:
        await journal.commit(Batch(steps=[step()]))

        assert journal.queries._source is journal._session
        assert [found.id for found in await journal.queries.executions()] == ["x-1"]


async def test_a_pragma_that_does_not_take_refuses_the_start(tmp_path: Path) -> None:
    wrong = [*WRITER_PRAGMAS, ("synchronous", "OFF", 2)]

    with pytest.raises(StoreError, match="expected PRAGMA synchronous to be 2, found 0"):
        async with SqliteSession.open(tmp_path / "store.db", wrong, Guard()):
            pass


async def test_an_unknown_pragma_refuses_the_start(tmp_path: Path) -> None:
    """SQLite says nothing about a PRAGMA that it does not know."""
    with pytest.raises(StoreError, match="expected PRAGMA sinchronous to be 2, found None"):
        async with SqliteSession.open(tmp_path / "s.db", [("sinchronous", "FULL", 2)], Guard()):
            pass


# -- The guard around I/O ------------------------------------------------------------------------


class Guard:
    """Counts what is outstanding, as a virtual clock would."""

    def __init__(self) -> None:
        self.entered = 0
        self.outstanding = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.entered += 1
        self.outstanding += 1
        yield
        self.outstanding -= 1


async def test_every_wait_for_the_database_is_guarded(store: FileStore) -> None:
    """
    A selector that blocks waits for a thread: then, and only then, something must be outstanding.
    """
    guard = Guard()
    loop = asyncio.get_running_loop()
    unguarded: list[int] = []
    select = loop._selector.select  # type: ignore[attr-defined]

    def watched(timeout: float | None = None) -> object:
        # Nothing is ready and no timer is armed: only another thread can wake this loop.
        if timeout is None and not guard.outstanding:
            unguarded.append(guard.entered)
        return select(timeout)

    loop._selector.select = watched  # type: ignore[attr-defined]
    try:
        async with store.open(io_guard=guard) as journal:
            await journal.commit(Batch(steps=[step()]))
            await journal.seen([("a", "b")])
            await journal.recover()
            await journal.queries.execution("x-1")
            await journal.queries.counts()
        async with Queries.open(store.url, io_guard=guard) as queries:
            await queries.lease()
    finally:
        loop._selector.select = select  # type: ignore[attr-defined]

    assert not unguarded
    assert guard.outstanding == 0
    assert guard.entered > 20


# -- Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/store.db", "data/store.db"),
        ("sqlite:////var/lib/xarb/store.db", "/var/lib/xarb/store.db"),
        ("sqlite:///a%20folder/st%25ore%3F%23.db", "a folder/st%ore?#.db"),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert store_path(url) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "store.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/store.db",
        "sqlite:///store.db?cache=shared",
        "postgres://u:secret@host/xarb",
        "mysql://u:sec/ret@host:secret/xarb",
        "",
    ],
)
def test_anything_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"store\.url: expected sqlite:///") as refused:
        store_path(url)

    assert "u:sec" not in str(refused.value)


async def test_any_name_of_a_file_can_be_opened(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "ünï %41 #1 ?x=y" / "st ore&.db")

    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))

    assert store.path.is_file()
    assert store.count("executions") == 1


# -- What goes wrong -----------------------------------------------------------------------------


async def test_a_file_that_is_no_database_is_refused_untouched(store: FileStore) -> None:
    store.path.parent.mkdir()
    text = b"these are my holiday notes, and they are long enough to be a header\n" * 50
    store.path.write_bytes(text)

    with pytest.raises(StoreError, match=r"store\.db: .*file is not a database.*store\.url"):
        async with store.open():
            pass

    assert store.path.read_bytes() == text


async def test_a_damaged_file_names_itself_and_the_way_out(store: FileStore) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    store.path.write_bytes(bytes(content))

    with pytest.raises(StoreError, match=r"store\.db: .*(MALFORMED|CORRUPT).*newest backup"):
        async with store.open():
            pass


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match=r"expected to create its folder, found .*store\.url"):
        async with FileStore(tmp_path / "file" / "deeper" / "store.db").open():
            pass


async def test_a_folder_in_place_of_the_file_is_named(store: FileStore) -> None:
    store.path.mkdir(parents=True)

    with pytest.raises(StoreError, match=r"store\.db: .*SQLITE_CANTOPEN.*folder exists"):
        async with store.open():
            pass


async def test_what_must_come_to_its_end_does_however_often_it_is_cancelled() -> None:
    opened, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await opened.wait()
        ended.set()

    waiting = asyncio.create_task(to_its_end(asyncio.create_task(work())))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    opened.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


def test_a_read_only_file_is_named(store: FileStore) -> None:
    """Permissions do not bind the superuser, so SQLite itself is told to open read-only."""
    store.path.parent.mkdir()
    store.run("CREATE TABLE t (x)")

    read_only = sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)
    with closing(read_only), pytest.raises(sqlite3.Error) as raised:
        read_only.execute("INSERT INTO t VALUES (1)")

    explained = str(explain(raised.value, store.path))
    assert explained.startswith(f"{store.path}: expected SQLite to succeed, found SQLITE_READONLY")
    assert "give this user write access" in explained


async def test_a_locked_file_is_named(store: FileStore) -> None:
    async with store.open() as journal:
        await journal._session.fetch("PRAGMA busy_timeout=1")
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"SQLITE_BUSY.*Another program holds"):
                await journal.renew()


async def test_a_reader_does_not_hold_up_the_writer(store: FileStore, journal: Journal) -> None:
    await journal.commit(Batch(steps=[step()]))
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM executions").fetchall()
        await journal.commit(Batch(steps=[step("x-2")]))

        assert other.execute("SELECT count(*) FROM executions").fetchone() == (1,)
    assert store.count("executions") == 2
    assert store.now_ms == NOW
