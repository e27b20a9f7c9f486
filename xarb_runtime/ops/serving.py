"""
Where the control API listens.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xarb_runtime.ops.control import Control
from xarb_runtime.ops.listening import listening, require_loopback

WHAT = "the control API"


def check_loopback(host: str) -> None:
    """
    Refuse an address that others can reach.

    Raises:
        ProblemError: the host is not a loopback address.
    """
    require_loopback(host, "control", WHAT)


@asynccontextmanager
async def serve_control(
    control: Control, host: str, port: int, *, remote: bool = False
) -> AsyncIterator[str]:
    """
    Serve the control API and give its address, e.g. `http://127.0.0.1:8642`.

    Args:
        control: the routes.
        host: where to listen.
        port: where to listen; 0 takes a free port.
        remote: allow an address that others can reach.

    Raises:
        ProblemError: the host is no loopback address, or nobody can listen there.
    """
    if not remote:
        check_loopback(host)
    async with listening(control.application(), host, port, "control", WHAT) as url:
        yield url
