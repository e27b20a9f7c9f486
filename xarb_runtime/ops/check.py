"""
Everything that would stop a start, looked up in one go. Nothing is started, made or changed.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from xarb_runtime.bundle import BundleError
from xarb_runtime.ops.findings import Check, fine, stops, warns
from xarb_runtime.ops.keystore import check_key_files
from xarb_runtime.ops.places import (
    check_bus,
    check_control,
    check_logs,
    check_metrics,
    check_store,
    check_tracing,
)
from xarb_runtime.ops.problems import Problem
from xarb_runtime.ops.redaction import Redaction, secrets_of
from xarb_runtime.ops.starting_clock import check_starting_clock
from xarb_runtime.ops.venue_check import check_venues
from xarb_runtime.plugins.contracts import Finding as PluginFinding
from xarb_runtime.plugins.findings import PluginError
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.assembly import discover_plugins, store_url
from xarb_runtime.service.charts import Charts, contexts
from xarb_runtime.service.settings_check import check as check_settings
from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_layers import read_layers
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_rules import doubtful
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.findings import ChartError
from xarb_runtime.statechart.load import read_chart
from xarb_runtime.store.lease import Holder, holder_is_alive

#: The machine's clock must show a time between these, milliseconds since the epoch.
EARLIEST_MS = 1_735_689_600_000  # 2025
LATEST_MS = 4_102_444_800_000  # 2100


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
    asks_venues: bool = False,
) -> Checked:
    """
    Look everything up.

    Args:
        folder: the deployment.
        environ: the environment, which is a layer of the settings.
        is_alive: whether the process that holds the store's lease can still be running.
        asks_venues: open those that are no ghosts, and ask them; a start does not wait for that.
            Ask the store for the time as well, which a start does by itself.
    """
    learned: list[str] = []
    # A key that does not fit counts as not written, so that everything else is looked up as well.
    settings, findings = check_settings(read_layers(folder, environ))
    checks = [*_settings(folder, settings, findings), *_clock()]
    registry, plugins = _plugins(folder, settings)
    checks += plugins
    charts, found = _charts(folder, settings, registry)
    checks += found
    checks += _venues(settings, registry)
    checks += check_key_files(folder, settings)
    if asks_venues and registry is not None:
        checks += check_venues(folder, settings, registry, learned.append)
    if asks_venues:
        # A start looks by itself: there it may be told that the machine's clock is right.
        checks += check_starting_clock(
            store_url(folder, settings.store.url, settings.store.password)
        )
    checks += check_store(folder, settings, is_alive)
    checks += check_bus(folder, settings, registry)
    checks += check_control(folder, settings)
    checks += check_metrics(settings)
    checks += check_tracing(settings)
    checks += check_logs(folder, settings)
    redaction = Redaction((*secrets_of(settings), *learned))
    return Checked(
        checks=[_hidden(check, redaction) for check in checks],
        settings=None if findings else settings,
        registry=registry,
        charts=charts,
    )


def _hidden(check: Check, redaction: Redaction) -> Check:
    """What a plugin or a library says about a value may hold the value."""
    texts = msgspec.structs.asdict(check.problem)
    problem = Problem(**{name: redaction.text(text) for name, text in texts.items()})
    return msgspec.structs.replace(check, problem=problem)


def _settings(
    folder: Path, settings: Settings, findings: Sequence[SettingFinding]
) -> Iterator[Check]:
    for finding in findings:
        where = f"{finding.key} ({finding.where})" if finding.key else finding.where
        yield stops("settings", f"{finding.code} {finding.message}", where, finding.hint)
    if not findings:
        shown = f"mode {settings.mode}, {len(settings.venues)} venues"
        yield fine("settings", shown, str(folder / "settings.yaml"))
        for doubt in doubtful(settings):
            yield warns("settings", f"{doubt.code} {doubt.message}", doubt.key, doubt.hint)


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
        yield stops("clock", "the monotonic clock went backwards", "the machine", "Reboot")
        return
    yield fine("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_ms / 1000)))


# -- Plugins and what they open ------------------------------------------------------------------


def _plugins(folder: Path, settings: Settings) -> tuple[Registry | None, list[Check]]:
    try:
        registry = discover_plugins(folder, settings)
    except PluginError as error:
        return None, [_plugin(finding, "error") for finding in error.findings]
    except BundleError as error:
        return None, [stops("plugins", str(error))]
    active = [info.name for info in registry.plugins if info.status == "active"]
    checks = [fine("plugins", f"{len(active)} active: {', '.join(active)}")]
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
            checks.append(fine("charts", shown, str(path)))
    if len(charts) < len(checks):
        return None, checks
    flow, supervisor, health = charts
    return Charts(flow, supervisor, health, known), checks


def _chart_errors(path: Path, error: Exception) -> Iterator[Check]:
    if isinstance(error, ChartError):
        for found in error.findings:
            where = f"{found.file}:{found.line}:{found.column}"
            yield stops("charts", f"{found.code} {found.message}", where, found.hint)
    elif isinstance(error, OSError):
        what = f"cannot be read: {error.strerror}"
        yield stops("charts", what, str(path), "See charts.folder")
    else:
        yield stops("charts", "expected text in UTF-8, found other bytes", str(path))


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
            yield stops("venues", str(error), f"venues.{name}")
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            what = f"its plugin raised {type(error).__name__}: {error}"
            yield stops("venues", what, f"venues.{name}")
        else:
            yield fine("venues", f"{name}: {kind} {spec.version}", f"venues.{name}")
