"""
The connection to a server: what it promises is read back, what goes wrong is explained.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers.leash import wait_for
from tests.servers.postgres import PASSWORD, QUOTED_PASSWORD
from tests.servers.proxy import TcpProxy
from tests.store.factories import event, step
from tests.store.world import ServerStore
from xarb_runtime.store import postgres
from xarb_runtime.store.batch import Batch, Received
from xarb_runtime.store.errors import JournalBroken, StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.queries import Queries


@pytest.fixture
def store(server_store: ServerStore) -> ServerStore:
    return server_store


# -- What is promised ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("transaction_isolation", "read committed"),
        ("synchronous_commit", "on"),
        ("fsync", "on"),
        ("statement_timeout", "25s"),
        ("lock_timeout", "15s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ],
)
async def test_the_writer_is_durable_and_waits_for_nothing_for_ever(
    journal: Journal, setting: str, expected: str
) -> None:
    assert await journal._session.fetch(f"SHOW {setting}") == [(expected,)]


async def test_the_reader_cannot_write(journal: Journal) -> None:
    assert journal.queries._source is not journal._session
    with pytest.raises(StoreError, match="read-only transaction"):
        await journal.queries._source.fetch("DELETE FROM lease")


async def test_without_a_second_reader_one_connection_does_everything(store: ServerStore) -> None:
    async with store.open(second_reader=False) as journal:
        await journal.commit(Batch(steps=[step()]))

        assert journal.queries._source is journal._session
        assert [found.id for found in await journal.queries.executions()] == ["x-1"]


async def test_nothing_that_is_logged_or_shown_holds_the_password(
    store: ServerStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        seen = f"{journal.name} {vars(journal)} {vars(journal._session)} {caplog.text}"

    assert "Connected to database" in caplog.text
    for secret in (PASSWORD, QUOTED_PASSWORD, "sesame"):
        assert secret not in seen + caplog.text


async def test_texts_that_the_server_does_not_take_come_back_as_they_were(journal: Journal) -> None:
    names = ["a\x00b", "a\ue000b", "a\ue000\ue002b", "\x00"]
    events = [
        Received(event=event(id=name, data={name: name}), outcome="late", detail=name)
        for name in names
    ]

    await journal.commit(Batch(steps=[step()], events=events))
    timeline = await journal.queries.execution("x-1")

    assert timeline is not None
    assert [row.id for row in timeline.events[1:]] == names
    assert [row.detail for row in timeline.events[1:]] == names
    assert [row.data for row in timeline.events[1:]] == [{name: name} for name in names]
    pairs = {("venue:sx", name) for name in names}
    assert await journal.seen([*pairs, ("venue:sx", "ab")]) == pairs


async def test_every_wait_for_the_server_is_guarded(store: ServerStore) -> None:
    """A selector that blocks waits for the server: then something must be outstanding."""
    guard = Guard()
    loop = asyncio.get_running_loop()
    unguarded: list[float | None] = []
    select = loop._selector.select  # type: ignore[attr-defined]

    def watched(timeout: float | None = None) -> object:
        if (timeout is None or timeout > 0) and not guard.outstanding:
            unguarded.append(timeout)
        return select(timeout)

    loop._selector.select = watched  # type: ignore[attr-defined]
    try:
        async with store.open(io_guard=guard) as journal:
            await journal.commit(Batch(steps=[step()]))
            await journal.seen([("a", "b")])
            await journal.recover()
            await journal.queries.counts()
        async with Queries.open(store.url, io_guard=guard) as queries:
            await queries.lease()
    finally:
        loop._selector.select = select  # type: ignore[attr-defined]

    assert not unguarded
    assert guard.outstanding == 0
    assert guard.entered > 15


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


# -- What goes wrong later -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", "The server's disk is full: free space there"),
        ("53200", "The server is out of memory"),
        ("55P03", "Another session holds a lock"),
        ("57014", "gave the statement up"),
        ("25006", "can only read"),
        ("XX001", "reports damage"),
        ("22012", "Nothing of this transaction was written"),
    ],
)
async def test_what_the_server_refuses_is_explained_and_nothing_is_written(
    store: ServerStore, state: str, expected: str
) -> None:
    store.run(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$;"
        " CREATE TRIGGER no BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION no()"
    )
    try:
        async with store.open() as journal:
            with pytest.raises(StoreError, match=expected) as raised:
                await journal.commit(Batch(steps=[step()]))
            with pytest.raises(JournalBroken):
                await journal.renew()
    finally:
        store.run("DROP FUNCTION no() CASCADE")

    assert str(raised.value).startswith(f"{store.name}: expected PostgreSQL to succeed")
    assert not any(store.counts().values())


async def test_a_value_that_does_not_fit_its_column_breaks_the_journal_not_the_connection(
    store: ServerStore,
) -> None:
    async with store.open() as journal:
        with pytest.raises(StoreError, match="int64"):
            await journal.commit(Batch(steps=[step(event=event(time_ms=2**70))]))

        assert await journal.seen([("venue:sx", "x-1/1")]) == set()
    assert store.rows("SELECT expires_ms FROM lease") == [(0,)]
    assert not any(store.counts().values())


async def test_a_connection_that_dies_breaks_the_journal(store: ServerStore) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        assert store.server.kill_backends(store.database) >= 2

        with pytest.raises(StoreError, match="Nothing of the last transaction was written"):
            await journal.commit(Batch(steps=[step("x-2")]))
        with pytest.raises(JournalBroken, match="Restart the runtime"):
            await journal.commit(Batch(steps=[step("x-3")]))
        with pytest.raises(StoreError, match="expected the connection to last"):
            await journal.seen([("a", "b")])


async def test_a_reader_whose_connection_died_takes_another(store: ServerStore) -> None:
    async with Queries.open(store.url) as queries:
        assert await queries.executions() == []
        store.server.kill_backends(store.database)
        with pytest.raises(StoreError, match=r"(PostgreSQL|connection)"):
            await queries.executions()

        assert await queries.executions() == []


async def test_a_server_that_stands_still_is_given_up(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        ((backend,),) = await journal._session.fetch("SELECT pg_backend_pid()")
        monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.3)
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(StoreError, match=r"found no answer in time.*was written"):
                await journal.commit(Batch(steps=[step("x-2")]))
        finally:
            os.kill(backend, signal.SIGCONT)

    assert store.count("executions") == 1


async def test_a_connection_lost_in_a_commit_leaves_open_whether_it_was_written(
    store: ServerStore,
) -> None:
    """The server is held in the middle of COMMIT, the cable is cut, and it goes on."""
    store.run(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;"
        " CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION wait(); SELECT pg_advisory_lock(7)"
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    direct = store.url
    try:
        with TcpProxy(store.server.port) as proxy:
            store.url = direct.replace(f":{store.server.port}", f":{proxy.port}")
            async with store.open() as journal:
                commit = asyncio.create_task(journal.commit(Batch(steps=[step()])))
                await asyncio.to_thread(wait_for, lambda: store.rows(waiting) == [(1,)], waiting)
                proxy.cut()
                with pytest.raises(
                    StoreError, match="Whether the last commit was written is not"
                ) as first:
                    await commit
                with pytest.raises(StoreError) as later:
                    await journal.seen([("a", "b")])
                assert str(later.value) == str(first.value)
                with pytest.raises(JournalBroken, match="continues from what is on disk"):
                    await journal.renew()
    finally:
        store.run("SELECT pg_advisory_unlock(7)")
        store.run("DROP FUNCTION wait() CASCADE")

    store.url = direct
    async with store.open("bob", is_alive=lambda _: False) as again:
        assert [kept.execution for kept in (await again.recover()).snapshots] == ["x-1"]
