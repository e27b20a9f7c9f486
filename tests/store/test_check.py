"""
What would stop a start is found without starting, and without a trace.
"""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tests.store.factories import NOW, step
from tests.store.world import FileStore
from xarb_runtime.store import sqlite_check
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.check import check_store


@pytest.fixture
def store(file_store: FileStore) -> FileStore:
    """Everything here is about SQLite's file."""
    return file_store


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files but `-shm`, which is memory that readers and writers share, not contents."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def findings(store: FileStore) -> list[str]:
    before = everything_in(store.path.parents[1])
    found = check_store(store.url, now_ms=store.now_ms)
    assert everything_in(store.path.parents[1]) == before
    return found


def test_a_store_that_does_not_exist_yet_is_fine(store: FileStore) -> None:
    assert findings(store) == []
    assert not store.path.parent.exists()


async def test_a_store_that_nobody_works_on_is_fine(store: FileStore) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))

    assert findings(store) == []


async def test_a_store_that_somebody_works_on_is_named_with_its_holder(store: FileStore) -> None:
    async with store.open("ann") as journal:
        await journal.commit(Batch(steps=[step()]))
        (found,) = findings(store)

    assert "held by 'ann'" in found


async def test_a_lease_that_ran_out_is_fine_also_with_a_log_left_behind(store: FileStore) -> None:
    async with store.open("ann") as journal:
        await journal.commit(Batch(steps=[step()]))
        copy = FileStore(store.path.parents[1] / "copy" / "store.db")
        shutil.copytree(store.path.parent, copy.path.parent)

    assert copy.path.with_name("store.db-wal").stat().st_size
    copy.now_ms = NOW + 10_000
    assert findings(copy) == []


async def test_a_store_of_a_newer_version_is_found(store: FileStore) -> None:
    async with store.open():
        pass
    store.run("UPDATE alembic_version SET version_num = '9999'")

    (found,) = findings(store)

    assert "revision 0003 or older, found '9999'" in found


def test_another_program_s_database_is_found(store: FileStore) -> None:
    store.path.parent.mkdir()
    store.run("CREATE TABLE holidays (day TEXT)")

    (found,) = findings(store)

    assert "found another program's tables" in found


def test_a_file_that_is_no_database_is_found(store: FileStore) -> None:
    store.path.parent.mkdir()
    store.path.write_text("my holiday notes " * 100)

    (found,) = findings(store)

    assert "file is not a database" in found


async def test_damage_is_found(store: FileStore) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step(f"x-{number}") for number in range(50)]))
    content = bytearray(store.path.read_bytes())
    content[-4000:] = b"\x00" * 4000
    store.path.write_bytes(bytes(content))

    (found,) = findings(store)

    assert "store.db: expected" in found
    assert "backup" in found


def test_a_folder_or_a_file_in_the_way_is_found(store: FileStore) -> None:
    store.path.mkdir(parents=True)
    assert "expected a file, found something else" in findings(store)[0]

    store.path.rmdir()
    store.path.write_bytes(b"")
    deeper = FileStore(store.path / "deeper" / "store.db")
    assert "expected a folder, found a file at" in check_store(deeper.url)[0]


def test_an_empty_file_is_fine(store: FileStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"")

    assert findings(store) == []


def test_an_address_that_names_no_file_is_found() -> None:
    (found,) = check_store("mysql://u:secret@host:port/xarb")

    assert found.startswith("store.url: expected sqlite:///")
    assert "secret" not in found


def test_missing_permissions_are_found(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser, as whom tests may run, has every permission."""
    store.path.parent.mkdir()
    store.path.write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)

    found = findings(store)

    assert any("write in this folder" in text for text in found)
    assert any("read and write this file" in text for text in found)


def test_a_disk_that_is_nearly_full_is_found(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 99 * 1024**2))

    (found,) = findings(store)

    assert "expected 100 MB of free disk, found 99" in found


def test_a_network_disk_is_found(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = tmp_path / "mounts"
    point = str(tmp_path).replace(" ", "\\040")
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {point} nfs4 rw 0 0\n")
    monkeypatch.setattr(sqlite_check, "_MOUNTS", mounts)

    (found,) = check_store(store.url)

    assert "expected a local disk, found nfs4" in found
