"""
Who may write: one runtime at a time, told apart by an epoch that only grows.

A lease is a row with an end. A holder that renews it keeps it; one that died is succeeded when the
end has passed, or at once when it can be proven dead: same machine, and no such process any more.
The successor's epoch is checked in every commit, so a holder that was only asleep writes nothing.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from xarb_runtime.store import schema
from xarb_runtime.store.errors import LeaseHeld, StoreError
from xarb_runtime.store.reading import columns, fetch
from xarb_runtime.store.records import LeaseRow
from xarb_runtime.store.session import Session, Source, to_its_end
from xarb_runtime.store.statements import RowsMissedError, Write

_log = logging.getLogger(__name__)

#: Pause between two attempts at a lease that somebody holds, seconds.
_POLL = 0.1

_SELECT = sa.select(*columns(schema.lease, LeaseRow))


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """
    A process, so precisely that a later one with the same number is another.

    Attributes:
        host: the host's name, for people.
        pid: the process id.
        machine: boot id and process namespace; empty where the system does not tell. Process
            ids can only be compared where it is the same.
        born: when the process started, in the system's own count; empty where unknown.
    """

    host: str
    pid: int
    machine: str = ""
    born: str = ""


def this_process() -> Holder:
    """Return the identity of the calling process."""
    pid = os.getpid()
    _, born = _state_and_birth(pid)
    return Holder(host=socket.gethostname(), pid=pid, machine=_machine(), born=born)


def holder_is_alive(holder: Holder) -> bool:
    """
    Return False only if `holder` is proven dead.

    A process of another machine, boot or container cannot be looked up from here: it counts as
    alive, and its lease has to run out.
    """
    if (holder.host, holder.machine) != (socket.gethostname(), _machine()):
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state, born = _state_and_birth(holder.pid)
    # A zombie only waits to be counted by its parent; it runs no more.
    return state not in {"Z", "X"} and (not born or not holder.born or born == holder.born)


def _machine() -> str:
    """Process ids mean something within one boot and one process namespace only."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return ""
    return f"{boot} {namespace}"


def _state_and_birth(pid: int) -> tuple[str, str]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    # The command's name, in parentheses, may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]


async def read_lease(source: Source) -> LeaseRow | None:
    """Return the lease row; None before anyone ever held it."""
    return next(iter(await fetch(source, _SELECT, LeaseRow)), None)


async def take_lease(
    session: Session,
    *,
    owner: str,
    holder: Holder,
    clock_ms: Callable[[], int],
    lease_ms: int,
    wait_ms: int,
    is_alive: Callable[[Holder], bool],
) -> int:
    """
    Take the lease, waiting for it up to `wait_ms`, and return its epoch.

    Raises:
        LeaseHeld: somebody else has it.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_ms / 1000
    while True:
        seen, now_ms = await read_lease(session), await session.now_ms(clock_ms)
        try:
            if seen is not None:
                refuse_if_held(session.name, seen, now_ms, is_alive)
        except LeaseHeld:
            if loop.time() >= deadline:
                raise
            await asyncio.sleep(_POLL)
            continue
        epoch = seen.epoch + 1 if seen else 1
        if await _swap(session, seen, _row(epoch, owner, holder, now_ms, now_ms + lease_ms)):
            return epoch


async def give_back(session: Session, epoch: int) -> None:
    """
    End the lease, so that a successor need not wait.

    Never raises: what was committed is on disk all the same, and a lease runs out by itself.
    """
    try:
        await session.run([Write(session.statements.lease_end, [(epoch,)], expect=1)])
    except (RowsMissedError, StoreError) as error:
        _log.warning("%s: the lease could not be given back: %s", session.name, error)


def refuse_if_held(
    store: str, seen: LeaseRow, now_ms: int, is_alive: Callable[[Holder], bool]
) -> None:
    """
    Return if the lease is free: given back, run out, or its holder proven dead.

    Raises:
        LeaseHeld: it is not.
    """
    holder = Holder(host=seen.host, pid=seen.pid, machine=seen.machine, born=seen.born)
    if seen.expires_ms > now_ms and is_alive(holder):
        raise LeaseHeld(
            store=store,
            owner=seen.owner,
            host=seen.host,
            pid=seen.pid,
            since_ms=seen.acquired_ms,
            expires_ms=seen.expires_ms,
        )


def _row(epoch: int, owner: str, holder: Holder, now_ms: int, until_ms: int) -> LeaseRow:
    return LeaseRow(
        epoch=epoch,
        owner=owner,
        host=holder.host,
        pid=holder.pid,
        machine=holder.machine,
        born=holder.born,
        acquired_ms=now_ms,
        expires_ms=until_ms,
    )


async def _swap(session: Session, seen: LeaseRow | None, mine: LeaseRow) -> bool:
    """Return whether the lease was still as it was `seen`, and is now `mine`."""
    row = msgspec.structs.astuple(mine)
    if seen is None:
        write = Write(session.statements.lease_first, [(1, *row)], expect=1)
    else:
        write = Write(
            session.statements.lease_take, [(*row, seen.epoch, seen.expires_ms)], expect=1
        )
    task = asyncio.get_running_loop().create_task(session.run([write]), name="take lease")
    try:
        await to_its_end(task)
    except RowsMissedError:
        return False
    except asyncio.CancelledError:
        if task.exception() is None:
            await give_back(session, mine.epoch)
        raise
    return True
