"""
What a runtime continues with after a stop of any kind.
"""

import msgspec
import sqlalchemy as sa

from xarb_runtime.domain.steps import Command, Snapshot, Status
from xarb_runtime.store import schema
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.reading import columns, fetch
from xarb_runtime.store.records import IncidentRow, OpenCommand, Recovered
from xarb_runtime.store.sqlite import SqliteSession
from xarb_runtime.store.statements import SQLITE

_decode_snapshot = msgspec.json.Decoder(Snapshot).decode
_decode_params = msgspec.json.Decoder(dict[str, object]).decode

_commands = schema.commands.c
_COMMANDS = (
    sa.select(
        _commands.key,
        _commands.target,
        _commands.name,
        _commands.params,
        _commands.execution,
        _commands.seq,
        _commands.issued_ms,
    )
    .where(_commands.status == sa.literal_column("'open'", sa.Text))
    .order_by(_commands.issued_ms, _commands.execution, _commands.seq, _commands.idx)
)


async def read_recovered(session: SqliteSession) -> Recovered:
    """
    Read everything that has not come to its end.

    Raises:
        StoreError: the store cannot be read, or holds what this version cannot read.
    """
    incidents = (
        sa.select(*columns(schema.incidents, IncidentRow))
        .where(schema.incidents.c.closed_ms.is_(None))
        .order_by(schema.incidents.c.opened_ms, schema.incidents.c.id)
    )
    return Recovered(
        snapshots=await _snapshots(session, Status.RUNNING),
        quarantined=await _snapshots(session, Status.QUARANTINED),
        commands=await _open_commands(session),
        incidents=await fetch(session, incidents, IncidentRow),
    )


def read_snapshot(session: SqliteSession, execution: str, blob: bytes) -> Snapshot:
    """
    Return a snapshot as it was written.

    Raises:
        StoreError: it is not one.
    """
    try:
        return _decode_snapshot(blob)
    except msgspec.MsgspecError as error:
        message = (
            f"{session.path}: expected a snapshot of execution {execution!r}, found what this "
            f"version cannot read: {error}. Use the version that wrote it, or restore a backup."
        )
        raise StoreError(message) from error


async def _snapshots(session: SqliteSession, status: Status) -> list[Snapshot]:
    table = schema.executions.c
    query = (
        sa.select(table.id, table.snapshot).where(table.status == status.value).order_by(table.id)
    )
    rows = await session.fetch(*SQLITE.compile(query))
    return [read_snapshot(session, name, blob) for name, blob in rows]


async def _open_commands(session: SqliteSession) -> list[OpenCommand]:
    rows = await session.fetch(*SQLITE.compile(_COMMANDS))
    return [
        OpenCommand(
            command=Command(key, target, name, _decode_params(params)),
            execution=execution,
            seq=seq,
            issued_ms=issued_ms,
        )
        for key, target, name, params, execution, seq, issued_ms in rows
    ]
