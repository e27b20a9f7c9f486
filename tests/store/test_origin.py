"""
A store is for one mode: what was simulated is never recovered as money, nor money as simulated.
"""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from tests.store.factories import step
from tests.store.test_migrations import FIRST_REVISION
from tests.store.world import FileStore, Store
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.check import check_store
from xarb_runtime.store.errors import WrongMode
from xarb_runtime.store.queries import Queries


async def test_the_first_runtime_decides_and_those_of_its_mode_go_on(store: Store) -> None:
    async with store.open(mode="shadow") as journal:
        await journal.commit(Batch(steps=[step()]))
        origin = await journal.queries.origin()
        assert origin is not None
        assert (origin.mode, origin.since_ms) == ("shadow", store.now_ms)
    store.now_ms += 5

    async with store.open(mode="shadow") as journal:
        assert len((await journal.recover()).snapshots) == 1

    assert store.rows("SELECT mode, since_ms FROM origin") == [("shadow", store.now_ms - 5)]


@pytest.mark.parametrize(
    ("made_in", "mode"),
    [("shadow", "live"), ("live", "shadow"), ("ghost", "live"), ("live", "ghost")],
)
async def test_another_mode_is_refused_before_anything_is_recovered(
    store: Store, made_in: str, mode: str
) -> None:
    async with store.open(mode=made_in):
        pass

    with pytest.raises(WrongMode) as refused:
        async with store.open(mode=mode):
            pytest.fail("it was opened")

    assert (refused.value.mode, refused.value.found) == (mode, made_in)
    assert f"expected a store of mode {mode}, found one of mode {made_in}" in str(refused.value)
    assert store.rows("SELECT mode FROM origin") == [(made_in,)]
    async with store.open(mode=made_in, wait_ms=0):
        pass  # whoever was refused has given its lease back


async def test_who_has_no_mode_may_look_and_decides_nothing(store: Store) -> None:
    async with store.open():
        pass
    assert store.count("origin") == 0

    async with store.open(mode="live"):
        pass
    async with store.open():
        pass
    assert store.count("origin") == 1


@pytest.mark.parametrize("mode", ["ghost", "live"])
async def test_a_store_of_an_earlier_version_is_taken_for_what_it_is_opened_as(
    file_store: FileStore, mode: str
) -> None:
    _make_old(file_store)
    async with Queries.open(file_store.url) as queries:
        assert await queries.origin() is None

    async with file_store.open(mode=mode) as journal:
        assert len((await journal.recover()).snapshots) == 2

    assert file_store.rows("SELECT mode FROM origin") == [(mode,)]


async def test_a_store_of_an_earlier_version_is_never_a_shadow(file_store: FileStore) -> None:
    _make_old(file_store)
    (found,) = check_store(file_store.url, mode="shadow")

    with pytest.raises(WrongMode, match="found one of mode ghost or live"):
        async with file_store.open(mode="shadow"):
            pass

    assert "expected a store of mode shadow, found one of mode ghost or live" in found
    assert file_store.count("origin") == 0


async def test_a_store_that_nothing_was_executed_on_may_become_a_shadow(store: Store) -> None:
    async with store.open():
        pass
    async with store.open(mode="shadow"):
        pass

    assert store.rows("SELECT mode FROM origin") == [("shadow",)]


def _make_old(store: FileStore) -> None:
    store.path.parent.mkdir()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.executescript(FIRST_REVISION.read_text("utf-8"))


async def _make(store: Store, mode: str) -> None:
    async with store.open(mode=mode):
        pass


@pytest.mark.parametrize(("mode", "problems"), [("shadow", 0), ("live", 1), ("", 0)])
def test_a_check_says_so_before_a_start(store: Store, mode: str, problems: int) -> None:
    asyncio.run(_make(store, "shadow"))

    found = check_store(store.url, mode=mode)

    assert len(found) == problems
    assert all("expected a store of mode live, found one of mode shadow" in it for it in found)
