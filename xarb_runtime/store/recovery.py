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
from xarb_runtime.store.session import Source

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


async def read_recovered(source: Source) -> Recovered:
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
        snapshots=await _snapshots(source, Status.RUNNING),
        quarantined=await _snapshots(source, Status.QUARANTINED),
        commands=await _open_commands(source),
        incidents=await fetch(source, incidents, IncidentRow),
    )


def read_snapshot(source: Source, execution: str, blob: bytes) -> Snapshot:
    """
    Return a snapshot as it was written.

    Raises:
        StoreError: it is not one.
    """
    try:
        return _decode_snapshot(blob)
    except msgspec.MsgspecError as error:
        message = (
            f"{source.name}: expected a snapshot of execution {execution!r}, found what this "
            f"version cannot read: {error}. Use the version that wrote it, or restore a backup."
        )
        raise StoreError(message) from error


async def _snapshots(source: Source, status: Status) -> list[Snapshot]:
    table = schema.executions.c
    query = (
        sa.select(table.id, table.snapshot).where(table.status == status.value).order_by(table.id)
    )
    rows = await source.fetch(*source.statements.compile(query))
    return [read_snapshot(source, name, blob) for name, blob in rows]


async def _open_commands(source: Source) -> list[OpenCommand]:
    rows = await source.fetch(*source.statements.compile(_COMMANDS))
    return [
        OpenCommand(
            command=Command(key, target, name, _decode_params(params)),
            execution=execution,
            seq=seq,
            issued_ms=issued_ms,
        )
        for key, target, name, params, execution, seq, issued_ms in rows
    ]
