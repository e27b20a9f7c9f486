"""
Everything that would stop a start, looked up in one go. Nothing is started, made or changed.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import msgspec

from xarb_runtime.bundle import BundleError
from xarb_runtime.ops.control import check_loopback
from xarb_runtime.ops.logs import log_problem
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.token import token_problems
from xarb_runtime.plugins.contracts import Finding as PluginFinding
from xarb_runtime.plugins.findings import PluginError
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.assembly import discover_plugins, open_bus, store_url
from xarb_runtime.service.charts import Charts, contexts
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.settings_check import check as check_settings
from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_layers import read_layers
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_secret import hide_url_password
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.findings import ChartError
from xarb_runtime.statechart.load import read_chart
from xarb_runtime.store.check import check_store
from xarb_runtime.store.lease import Holder, holder_is_alive

#: Longest wait for the bus, seconds.
BUS_SECONDS = 5
#: The machine's clock must show a time between these, milliseconds since the epoch.
EARLIEST_MS = 1_735_689_600_000  # 2025
LATEST_MS = 4_102_444_800_000  # 2100

Area = Literal[
    "settings", "plugins", "charts", "venues", "store", "bus", "clock", "control", "logs"
]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that was looked up.

    Attributes:
        area: what it belongs to.
        severity: `ok`, `warning`, or `error`: that stops a start.
        problem: what is wrong; for `ok`, `what` says what was found.
    """

    area: Area
    severity: Literal["ok", "warning", "error"]
    problem: Problem


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything that was looked up, and what a start can go on with.

    `settings`, `registry` and `charts` are None when they do not fit.
    """

    checks: list[Check]
    settings: Settings | None
    registry: Registry | None = None
    charts: Charts | None = None

    @property
    def errors(self) -> list[Check]:
        """What stops a start."""
        return [check for check in self.checks if check.severity == "error"]


def check_deployment(
    folder: Path,
    environ: Mapping[str, str],
    *,
    is_alive: Callable[[Holder], bool] = holder_is_alive,
) -> Checked:
    """
    Look everything up.

    Args:
        folder: the deployment.
        environ: the environment, which is a layer of the settings.
        is_alive: whether the process that holds the store's lease can still be running.
    """
    # A key that does not fit counts as not written, so that everything else is looked up as well.
    settings, findings = check_settings(read_layers(folder, environ))
    checks = [*_settings(folder, settings, findings), *_clock()]
    registry, plugins = _plugins(folder, settings)
    checks += plugins
    charts, found = _charts(folder, settings, registry)
    checks += found
    checks += _venues(settings, registry)
    checks += _store(folder, settings, is_alive)
    checks += _bus(settings, registry)
    checks += _control(folder, settings)
    checks += _logs(folder, settings)
    return Checked(
        checks=checks,
        settings=None if findings else settings,
        registry=registry,
        charts=charts,
    )


def _ok(area: Area, what: str, where: str = "") -> Check:
    return Check(area=area, severity="ok", problem=Problem(what=what, where=where))


def _error(area: Area, what: str, where: str = "", do: str = "") -> Check:
    return Check(area=area, severity="error", problem=Problem(what=what, where=where, do=do))


def _settings(
    folder: Path, settings: Settings, findings: Sequence[SettingFinding]
) -> Iterator[Check]:
    for finding in findings:
        where = f"{finding.key} ({finding.where})" if finding.key else finding.where
        yield _error("settings", f"{finding.code} {finding.message}", where, finding.hint)
    if not findings:
        shown = f"mode {settings.mode}, {len(settings.venues)} venues"
        yield _ok("settings", shown, str(folder / "settings.yaml"))


def _clock() -> Iterator[Check]:
    now_ms, before = time.time_ns() // 1_000_000, time.monotonic_ns()
    if not EARLIEST_MS <= now_ms <= LATEST_MS:
        shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_ms / 1000))
        problem = Problem(
            what="the machine's clock is wrong",
            where="the machine",
            expected="a date from 2025 on",
            found=shown,
            do="Set the clock; deadlines and the age of opportunities depend on it",
        )
        yield Check(area="clock", severity="error", problem=problem)
        return
    if time.monotonic_ns() < before:
        yield _error("clock", "the monotonic clock went backwards", "the machine", "Reboot")
        return
    yield _ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_ms / 1000)))


# -- Plugins and what they open ------------------------------------------------------------------


def _plugins(folder: Path, settings: Settings) -> tuple[Registry | None, list[Check]]:
    try:
        registry = discover_plugins(folder, settings)
    except PluginError as error:
        return None, [_plugin(finding, "error") for finding in error.findings]
    except BundleError as error:
        return None, [_error("plugins", str(error))]
    active = [info.name for info in registry.plugins if info.status == "active"]
    checks = [_ok("plugins", f"{len(active)} active: {', '.join(active)}")]
    # One that is broken and not required is left out; a venue that needs it is an error of its own.
    return registry, checks + [_plugin(finding, "warning") for finding in registry.findings]


def _plugin(finding: PluginFinding, severity: Literal["warning", "error"]) -> Check:
    what = f"{finding.code} {finding.message}"
    where = f"plugin {finding.plugin}"
    return Check(
        area="plugins",
        severity=severity,
        problem=Problem(what=what, where=where, do=finding.hint),
    )


def _charts(
    folder: Path, settings: Settings, registry: Registry | None
) -> tuple[Charts | None, list[Check]]:
    names = settings.charts
    known = contexts(registry)
    checks: list[Check] = []
    charts: list[Chart] = []
    for name in (names.flow, names.supervisor, names.venue_health):
        path = folder / names.folder / f"{name}.yaml"
        try:
            chart = read_chart(path, known)
        except (ChartError, OSError, UnicodeDecodeError) as error:
            checks += _chart_errors(path, error)
        else:
            charts.append(chart)
            shown = f"{chart.name} version {chart.version} ({chart.hash[:12]})"
            checks.append(_ok("charts", shown, str(path)))
    if len(charts) < len(checks):
        return None, checks
    flow, supervisor, health = charts
    return Charts(flow, supervisor, health, known), checks


def _chart_errors(path: Path, error: Exception) -> Iterator[Check]:
    if isinstance(error, ChartError):
        for found in error.findings:
            where = f"{found.file}:{found.line}:{found.column}"
            yield _error("charts", f"{found.code} {found.message}", where, found.hint)
    elif isinstance(error, OSError):
        what = f"cannot be read: {error.strerror}"
        yield _error("charts", what, str(path), "See charts.folder")
    else:
        yield _error("charts", "expected text in UTF-8, found other bytes", str(path))


def _venues(settings: Settings, registry: Registry | None) -> Iterator[Check]:
    if not settings.venues:
        problem = Problem(
            what="there is no venue",
            where="venues",
            expected="a section for each venue that opportunities name",
            found="none",
            do="Without one every opportunity is rejected: venue_down",
        )
        yield Check(area="venues", severity="warning", problem=problem)
    for name in sorted(settings.venues) if registry is not None else ():
        kind = settings.venues[name].get("kind", "")
        if not kind:
            continue  # the settings' own finding
        try:
            spec = registry.venue(kind)  # pyright: ignore[reportOptionalMemberAccess]
            own = open_settings(spec, settings.venue_own(name), where=f"venues.{name}")
            spec.capabilities(own)
        except PluginError as error:
            yield _error("venues", str(error), f"venues.{name}")
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            what = f"its plugin raised {type(error).__name__}: {error}"
            yield _error("venues", what, f"venues.{name}")
        else:
            yield _ok("venues", f"{name}: {kind} {spec.version}", f"venues.{name}")


# -- Store, bus, control -------------------------------------------------------------------------


def _store(folder: Path, settings: Settings, is_alive: Callable[[Holder], bool]) -> Iterator[Check]:
    found = check_store(store_url(folder, settings.store.url), is_alive=is_alive)
    for text in found:
        yield _error("store", text, "store.url")
    if not found:
        yield _ok("store", f"{hide_url_password(settings.store.url)} is free and can be written")


def _bus(settings: Settings, registry: Registry | None) -> Iterator[Check]:
    url = hide_url_password(settings.bus.url)
    try:
        asyncio.run(_open_bus(settings, registry or Registry()))
    except TimeoutError:
        yield _error("bus", f"no answer within {BUS_SECONDS} s", f"bus.url, {url}")
    except Exception as error:  # noqa: BLE001  a plugin may raise anything
        yield _error("bus", str(error) or type(error).__name__, f"bus.url, {url}")
    else:
        yield _ok("bus", url)


async def _open_bus(settings: Settings, registry: Registry) -> None:
    async with asyncio.timeout(BUS_SECONDS), AsyncExitStack() as stack:
        await open_bus(settings, registry, SystemClock(), stack)


def _control(folder: Path, settings: Settings) -> Iterator[Check]:
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
        yield _ok("control", f"{control.host}, {port}; token in {control.token_file}")


def _port(host: str, port: int) -> Iterator[Problem]:
    if not port:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            yield Problem(
                what="the control API could not listen there",
                where=f"control.port, {host}:{port}",
                expected="a free port",
                found=error.strerror or str(error),
                do="Is a runtime of this deployment running? Else choose another port",
            )


def _logs(folder: Path, settings: Settings) -> Iterator[Check]:
    try:
        KillPoints(settings.debug.kill_at)
    except ValueError as error:
        yield _error("settings", str(error), "debug.kill_at")
    name = settings.logging.file
    if not name:
        return
    path = folder / name
    if path.is_dir() or any(parent.is_file() for parent in path.parents):
        problem = log_problem(path, IsADirectoryError(21, "a folder or a file is in the way"))
        yield Check(area="logs", severity="error", problem=problem)
