"""
Ports that stay ours: another test, worker or test run on this machine gets others.

Those above are handed out by the system, to whoever connects or listens on port 0: one that is free
now may be taken by the time a server of ours starts there, or starts again.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_PORTS = range(20_000, 32_000)
#: A byte for each port; the system unlocks those of a process when it ends, however it ends.
_CLAIMS = Path(tempfile.gettempdir()) / f"xarb-test-ports-{os.getuid()}"
_claims = os.open(_CLAIMS, os.O_RDWR | os.O_CREAT, 0o600)
_mine: set[int] = set()
_dice = random.SystemRandom()


def free_port() -> int:
    """Return a loopback port on which nobody listens, and which nobody else is given meanwhile."""
    while True:
        port = _dice.choice(_PORTS)
        if claim(port) and not _is_taken(port):
            return port


def claim(port: int) -> bool:
    """Keep a port until this process ends; False if it, or another one, has it already."""
    if port in _mine:  # to its own process a lock is none
        return False
    try:
        fcntl.lockf(_claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _mine.add(port)
    return True


def _is_taken(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
