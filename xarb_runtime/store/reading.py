"""
From rows to typed values.
"""

from functools import cache
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.session import Source
from xarb_runtime.store.statements import Row

T = TypeVar("T", bound=msgspec.Struct)


def columns(table: sa.Table, shape: type[msgspec.Struct]) -> list[sa.Column[Any]]:
    """Return the columns of `table` that `shape` has fields for, in the order of its fields."""
    return [table.c[name] for name in shape.__struct_fields__]


async def fetch(source: Source, query: sa.Select[Any], shape: type[T]) -> list[T]:
    """
    Run a query over `columns(table, shape)` and return its rows as `shape`.

    Raises:
        StoreError: the database refused, or a row cannot be read as `shape`.
    """
    rows = await source.fetch(*source.statements.compile(query))
    try:
        return [_read(row, shape) for row in rows]
    except msgspec.MsgspecError as error:
        message = (
            f"{source.name}: expected rows of {shape.__name__}, found one that does not fit: "
            f"{error}. Something else has written here; restore a backup or remove the row."
        )
        raise StoreError(message) from error


def _read(row: Row, shape: type[T]) -> T:
    names, documents = _fields(shape)
    values = dict(zip(names, row, strict=True))
    for name in documents:
        values[name] = msgspec.json.decode(values[name])
    return msgspec.convert(values, shape)


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all fields, and of those kept as JSON."""
    documents = [
        field.encode_name
        for field in msgspec.structs.fields(shape)
        if getattr(field.type, "__origin__", None) in {dict, tuple}
    ]
    return shape.__struct_fields__, tuple(documents)
