"""
Listening on an address of this machine.
"""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from xarb_runtime.ops.problems import Problem, ProblemError


def require_loopback(
    host: str, section: str, what: str, do: str = "To reach it from elsewhere use an SSH tunnel"
) -> None:
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
            what=f"{what} is for this machine only",
            where=f"{section}.host",
            expected="a loopback address such as 127.0.0.1",
            found=host,
            do=do,
        )
        raise ProblemError(problem)


@asynccontextmanager
async def listening(
    application: web.Application, host: str, port: int, section: str, what: str
) -> AsyncIterator[str]:
    """
    Serve an application and give its address, e.g. `http://127.0.0.1:8642`.

    Args:
        application: what is served.
        host: where to listen.
        port: where to listen; 0 takes a free port.
        section: the section of the settings that says so.
        what: what it is, for people.

    Raises:
        ProblemError: nobody can listen there.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ProblemError(_taken(host, port, section, what, error)) from error
        name, bound = runner.addresses[0][:2]
        yield f"http://{f'[{name}]' if ':' in name else name}:{bound}"
    finally:
        await runner.cleanup()


def _taken(host: str, port: int, section: str, what: str, error: OSError) -> Problem:
    return Problem(
        what=f"{what} cannot listen",
        where=f"{section}.host and {section}.port, {host}:{port}",
        expected="a free port",
        found=error.strerror or str(error),
        do="Is another runtime of this machine on it? Choose another port, or 0 for any free one",
    )
