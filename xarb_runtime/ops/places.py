"""
Whether store, bus, control API and log could be opened, looked up before a start.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.ops.bus_check import greet
from xarb_runtime.ops.findings import Check, fine, stops
from xarb_runtime.ops.log_file import log_problem
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.serving import check_loopback
from xarb_runtime.ops.token import token_problems
from xarb_runtime.ops.tracing import require_packages
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import bus_opening, open_bus, store_url
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_secret import hide_url_password
from xarb_runtime.store.check import check_store as store_problems
from xarb_runtime.store.lease import Holder

#: Longest wait for the bus, seconds.
BUS_SECONDS = 5
_LISTENERS = {"control": "the control API", "metrics": "the listener of metrics"}


def check_store(
    folder: Path, settings: Settings, is_alive: Callable[[Holder], bool]
) -> Iterator[Check]:
    """Look at the store without touching it."""
    found = store_problems(
        store_url(folder, settings.store.url, settings.store.password),
        is_alive=is_alive,
        mode=settings.mode,
    )
    for text in found:
        yield stops("store", text, "store.url")
    if not found:
        yield fine("store", f"{hide_url_password(settings.store.url)} is free and can be written")


def check_bus(folder: Path, settings: Settings, registry: Registry | None) -> Iterator[Check]:
    """
    Open the bus, and leave it again. One that does not answer stops no start: the runtime recovers,
    hedges and waits for it.
    """
    url = hide_url_password(settings.bus.url)
    try:
        asyncio.run(_open_bus(folder, settings, registry or Registry()))
    except TimeoutError:
        what, do = f"no answer within {BUS_SECONDS} s", "Look whether the broker can be reached"
        problem = Problem(what=what, where=f"bus.url, {url}", do=do)
        yield Check(area="bus", severity="warning", problem=problem)
    except Exception as error:  # noqa: BLE001  a plugin may raise anything
        yield stops("bus", str(error) or type(error).__name__, f"bus.url, {url}")
    else:
        yield _answering(folder, settings, registry or Registry(), url)


def _answering(folder: Path, settings: Settings, registry: Registry, url: str) -> Check:
    """A broker that is away stops no start, but whoever starts wants to know."""
    _, opening = bus_opening(settings, registry, SystemClock(), folder)
    if not isinstance(opening.options, RabbitOptions):
        return fine("bus", url)
    try:
        greet(opening)
    except ProblemError as error:
        do = "A start waits for it, and recovers and hedges meanwhile; look with: xarb bus check"
        problem = Problem(what=error.problem.what, where=f"bus.url, {url}", do=do)
        return Check(area="bus", severity="warning", problem=problem)
    return fine("bus", f"{url} answers")


async def _open_bus(folder: Path, settings: Settings, registry: Registry) -> None:
    async with asyncio.timeout(BUS_SECONDS), AsyncExitStack() as stack:
        await open_bus(settings, registry, SystemClock(), stack, folder)


def check_control(folder: Path, settings: Settings) -> Iterator[Check]:
    """Look at the token's file and at the port."""
    control = settings.control
    try:
        check_loopback(control.host)
    except ProblemError as error:
        yield Check(area="control", severity="error", problem=error.problem)
        return
    path = folder / control.token_file
    problems = token_problems(path) if path.exists() else []
    problems += [*_port(control.host, control.port)]
    for problem in problems:
        yield Check(area="control", severity="error", problem=problem)
    if not problems:
        port = str(control.port) if control.port else "any free port"
        yield fine("control", f"{control.host}, {port}; token in {control.token_file}")


def check_metrics(settings: Settings) -> Iterator[Check]:
    """Look at the port of metrics; without it a start is possible, but nobody can look."""
    metrics = settings.metrics
    problems = [*_port(metrics.host, metrics.port, "metrics")] if metrics.enabled else []
    for problem in problems:
        yield Check(area="metrics", severity="warning", problem=problem)
    if not problems:
        port = str(metrics.port) if metrics.port else "any free port"
        yield fine("metrics", f"{metrics.host}, {port}" if metrics.enabled else "switched off")


def _port(host: str, port: int, section: str = "control") -> Iterator[Problem]:
    if not port:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            yield Problem(
                what=f"{_LISTENERS[section]} could not listen there",
                where=f"{section}.port, {host}:{port}",
                expected="a free port",
                found=error.strerror or str(error),
                do="Is a runtime of this deployment running? Else choose another port",
            )


def check_tracing(settings: Settings) -> Iterator[Check]:
    """Look whether what traces need is installed, where they are wanted."""
    if not settings.tracing.enabled:
        return
    try:
        require_packages()
    except ProblemError as error:
        yield Check(area="tracing", severity="error", problem=error.problem)
    else:
        yield fine("tracing", hide_url_password(settings.tracing.endpoint))


def check_logs(folder: Path, settings: Settings) -> Iterator[Check]:
    """Look at the kill point and at the log's files."""
    try:
        KillPoints(settings.debug.kill_at)
    except ValueError as error:
        yield stops("settings", str(error), "debug.kill_at")
    for key in ("file", "checkpoints"):
        name = getattr(settings.logging, key)
        path = folder / name
        if name and (path.is_dir() or any(parent.is_file() for parent in path.parents)):
            found = IsADirectoryError(21, "a folder or a file is in the way")
            problem = log_problem(path, f"logging.{key}", found)
            yield Check(area="logs", severity="error", problem=problem)
