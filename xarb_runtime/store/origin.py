"""
What a store was made for: orders of one mode are never recovered in another.

A runtime that simulates its orders must not look for real ones, and one that trades must not take
simulated fills for money. The first runtime that works on a store decides.

Stores of earlier versions do not say. They were made in mode `ghost` or `live`, and are taken for
whichever of the two comes first; `shadow` did not exist, so it is refused where anything has been
executed already.
"""

from collections.abc import Callable

import sqlalchemy as sa

from xarb_runtime.store import schema
from xarb_runtime.store.errors import WrongMode
from xarb_runtime.store.reading import columns, fetch
from xarb_runtime.store.records import OriginRow
from xarb_runtime.store.session import Session, Source
from xarb_runtime.store.statements import Write

SHADOW = "shadow"
#: Stores of an earlier revision do not say their mode.
ORIGIN_REVISION = "0003"

ORIGIN = sa.select(*columns(schema.origin, OriginRow))
ANY_EXECUTION = "SELECT id FROM executions LIMIT 1"


async def read_origin(source: Source) -> OriginRow | None:
    """Return what the store was made for; None where it does not say."""
    return next(iter(await fetch(source, ORIGIN, OriginRow)), None)


def refuse_other_mode(store: str, mode: str, found: OriginRow | None, *, is_used: bool) -> None:
    """
    Return if a runtime of this mode may work on a store.

    Args:
        store: what errors call it.
        mode: the runtime's mode; empty for one that has none.
        found: what the store says.
        is_used: whether anything has been executed on it.

    Raises:
        WrongMode: it was made for another mode.
    """
    if mode and found is not None and found.mode != mode:
        raise WrongMode(store=store, mode=mode, found=found.mode)
    if mode == SHADOW and found is None and is_used:
        raise WrongMode(store=store, mode=mode, found="ghost or live")


async def claim(
    session: Session, mode: str, *, epoch: int, lease_ms: int, clock_ms: Callable[[], int]
) -> None:
    """
    Make the store one of this mode, unless it is one already. The lease is held.

    Raises:
        WrongMode: it was made for another mode; nothing is changed.
        StoreError: the store cannot be read or written.
    """
    found = await read_origin(session)
    is_used = bool(await session.fetch(ANY_EXECUTION))
    refuse_other_mode(session.name, mode, found, is_used=is_used)
    if found is None and mode:
        row = Write(session.statements.origin, [(1, mode, clock_ms())], expect=1)
        await session.run([session.renewal(epoch, lease_ms, clock_ms), row])
