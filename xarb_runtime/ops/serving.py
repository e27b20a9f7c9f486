"""
Where the control API listens.
"""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from xarb_runtime.ops.control import Control
from xarb_runtime.ops.problems import Problem, ProblemError


def check_loopback(host: str) -> None:
    """
    Refuse an address that others can reach.

    Raises:
        ProblemError: the host is not a loopback address.
    """
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        problem = Problem(
            what="the control API is for this machine only",
            where="control.host",
            expected="a loopback address such as 127.0.0.1",
            found=host,
            do="To reach it from elsewhere use an SSH tunnel",
        )
        raise ProblemError(problem)


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
    runner = web.AppRunner(control.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ProblemError(_taken(host, port, error)) from error
        name, bound = runner.addresses[0][:2]
        yield f"http://{f'[{name}]' if ':' in name else name}:{bound}"
    finally:
        await runner.cleanup()


def _taken(host: str, port: int, error: OSError) -> Problem:
    return Problem(
        what="the control API cannot listen",
        where=f"control.host and control.port, {host}:{port}",
        expected="a free port",
        found=error.strerror or str(error),
        do="Is another runtime of this machine on it? Choose another port, or 0 for any free one",
    )
