"""
Whether a store on SQLite could be opened for work, found out without touching it.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from xarb_runtime.store.errors import LeaseHeld, StoreError
from xarb_runtime.store.lease import Holder, refuse_if_held
from xarb_runtime.store.migrate import REVISION_QUERY, check_revision
from xarb_runtime.store.origin import ANY_EXECUTION, refuse_other_mode
from xarb_runtime.store.records import LeaseRow, OriginRow
from xarb_runtime.store.sqlite import explain

#: Below this a store is reported before it runs full: a full disk stops the runtime.
LEAST_FREE_BYTES = 100 * 1024 * 1024

#: File systems on which SQLite's locks and write-ahead log cannot be relied on.
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs"})

_MOUNTS = Path("/proc/self/mounts")


def problems(
    path: Path, now_ms: int, is_alive: Callable[[Holder], bool], mode: str = ""
) -> list[str]:
    """Return everything that would stop a runtime from opening the store in this file."""
    findings = [*_access(path), *_disk(path)]
    if path.is_file():
        findings += _contents(path, now_ms, is_alive, mode)
    return findings


def _access(path: Path) -> list[str]:
    folder = _nearest_folder(path)
    findings: list[str] = []
    if not folder.is_dir():
        findings.append(f"{path}: expected a folder, found a file at {folder}. Move one of them.")
    elif not os.access(folder, os.W_OK | os.X_OK):
        findings.append(f"{folder}: expected to write in this folder, found no permission.")
    if path.exists() and not path.is_file():
        findings.append(f"{path}: expected a file, found something else. Change `store.url`.")
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        findings.append(f"{path}: expected to read and write this file, found no permission.")
    return findings


def _nearest_folder(path: Path) -> Path:
    """The folder of the store, or where it would be created."""
    return next(folder for folder in path.absolute().parents if folder.exists())


def _disk(path: Path) -> list[str]:
    folder = _nearest_folder(path)
    findings: list[str] = []
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        least, found = LEAST_FREE_BYTES // 1024**2, free // 1024**2
        findings.append(f"{folder}: expected {least} MB of free disk, found {found}. Free space.")
    kind = _file_system(folder, _MOUNTS.read_text("utf-8") if _MOUNTS.exists() else "")
    if kind in NETWORK_FILE_SYSTEMS:
        findings.append(
            f"{folder}: expected a local disk, found {kind}. Locks and commits cannot be relied on "
            "over a network; put the store on a disk of this machine."
        )
    return findings


def _file_system(folder: Path, mounts: str) -> str:
    """The type of the file system mounted closest above `folder`; empty where unknown."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        # Blanks in a mount point are written as an octal escape.
        _, point, found, *_ = line.split(" ")
        mounted = Path(point.replace("\\040", " "))
        if folder.resolve().is_relative_to(mounted) and len(mounted.parts) >= best:
            best, kind = len(mounted.parts), found
    return kind


def _contents(path: Path, now_ms: int, is_alive: Callable[[Holder], bool], mode: str) -> list[str]:
    try:
        with closing(sqlite3.connect(_read_only(path), uri=True)) as connection:
            damage = [text for (text,) in connection.execute("PRAGMA quick_check(5)")]
            if damage != ["ok"]:
                found = "; ".join(damage)
                return [f"{path}: expected an intact file, found: {found}. Restore a backup."]
            return _state(path, connection, now_ms, is_alive, mode)
    except sqlite3.Error as error:
        return [str(explain(error, path))]


def _read_only(path: Path) -> str:
    """
    Without a write-ahead log nobody is at work, and the file can be read without leaving a trace.
    """
    log = path.with_name(f"{path.name}-wal")
    busy = log.exists() and log.stat().st_size > 0
    return f"file:{quote(str(path))}?mode=ro" + ("" if busy else "&immutable=1")


def _state(
    path: Path,
    connection: sqlite3.Connection,
    now_ms: int,
    is_alive: Callable[[Holder], bool],
    mode: str,
) -> list[str]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return []
    if "alembic_version" not in tables:
        return [f"{path}: expected a store, found another program's tables. Change `store.url`."]
    try:
        ((revision,),) = connection.execute(REVISION_QUERY).fetchall()
        check_revision(str(path), revision)
        names = LeaseRow.__struct_fields__
        for row in connection.execute(f"SELECT {', '.join(names)} FROM lease"):  # noqa: S608
            lease = LeaseRow(**dict(zip(names, row, strict=True)))
            refuse_if_held(str(path), lease, now_ms, is_alive)
        _refuse_other_mode(path, connection, tables, mode)
    except (LeaseHeld, StoreError) as error:
        return [str(error)]
    return []


def _refuse_other_mode(
    path: Path, connection: sqlite3.Connection, tables: set[str], mode: str
) -> None:
    query = "SELECT mode, since_ms FROM origin" if "origin" in tables else ""
    rows = connection.execute(query).fetchall() if query else []
    found = next((OriginRow(mode=made_in, since_ms=since_ms) for made_in, since_ms in rows), None)
    is_used = bool(connection.execute(ANY_EXECUTION).fetchall())
    refuse_other_mode(str(path), mode, found, is_used=is_used)
