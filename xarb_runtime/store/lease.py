"""
Who may write: one runtime at a time, told apart by an epoch that only grows.

A lease is a row with an end. A holder that renews it keeps it; one that died is succeeded when the
end has passed, or at once when it can be proven dead: same machine, and no such process any more.
The successor's epoch is checked in every commit, so a holder that was only asleep writes nothing.
"""

import os
import socket
from pathlib import Path

import msgspec


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
    return Holder(host=socket.gethostname(), pid=pid, machine=_machine(), born=_born(pid))


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
    born = _born(holder.pid)
    return not born or not holder.born or born == holder.born


def _machine() -> str:
    """Process ids mean something within one boot and one process namespace only."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return ""
    return f"{boot} {namespace}"


def _born(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The command's name, in parentheses, may itself hold spaces and parentheses.
    return stat.rpartition(")")[2].split()[19]
