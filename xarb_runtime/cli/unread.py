"""
When whoever reads what a command writes has gone, as in `xarb executions | head -1`.

A command ends quietly then, with the code that a shell gives to whatever a closed pipe ends. What
runs on, as `xarb run` does, goes on, and says to nobody what it would have said.
"""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


def let_go() -> bool:
    """
    Drop from now on what is written to a standard stream that nobody reads any more.

    Returns whether there is one. What is left in its buffer is dropped too: at the interpreter's
    end it would be complained about, and change the exit code.
    """
    unread = [stream for stream in (sys.stdout, sys.stderr) if _is_unread(stream)]
    for stream in unread:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    return bool(unread)


def _is_unread(stream: IO[str]) -> bool:
    # Writing to it tells it only once: what could not be written is forgotten with the error.
    with suppress(BrokenPipeError):
        stream.flush()
    try:
        number = stream.fileno()
    except OSError:
        return False  # no stream of the system: a test reads it
    asked = select.poll()
    asked.register(number, 0)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in asked.poll(0))


@contextmanager
def read_or_not() -> Iterator[None]:
    """What is written inside may be read or not; it is no reason to end."""
    try:
        yield
    except BrokenPipeError:
        pass
    finally:
        let_go()
