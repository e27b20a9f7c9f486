"""
Plugins as people look at them: what their venues can do, and how far the kit trusts them.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from xarb_runtime.plugins.contracts import Capabilities, VenueSpec
from xarb_runtime.plugins.registry import PluginInfo, Registry
from xarb_runtime.testing.report import Report

_VENUE = "venue:"


class KitResult(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came out when the conformance kit was played last.

    Attributes:
        level: `bronze`, `silver` or `gold`; empty when not even bronze, or cases were left out.
        kit: the version of the kit.
        summary: one line.
    """

    level: str
    kit: str
    summary: str


class ListedPlugin(PluginInfo, frozen=True, kw_only=True):
    """
    A plugin, and what is known of its venues.

    Attributes:
        capabilities: what each of its kinds of venue can do, with the settings that it has when
            nobody sets any; not there where something must be set.
        kit: by kind of venue, where there is a report of just this version.
    """

    capabilities: dict[str, Capabilities] = {}
    kit: dict[str, KitResult] = {}


def list_plugins(registry: Registry, reports: Iterable[Path]) -> list[ListedPlugin]:
    """
    Return all plugins.

    Args:
        registry: those that were found.
        reports: files that may hold a report of the kit; what cannot be read is left out.
    """
    known = [found for path in reports if (found := _report(path)) is not None]
    return [_listed(info, registry, known) for info in registry.plugins]


def _listed(info: PluginInfo, registry: Registry, reports: list[Report]) -> ListedPlugin:
    kinds = [it.removeprefix(_VENUE) for it in info.provides if it.startswith(_VENUE)]
    specs = [registry.venues[kind] for kind in kinds if kind in registry.venues]
    able = {spec.name: _capabilities(spec) for spec in specs}
    return ListedPlugin(
        **msgspec.structs.asdict(info),
        capabilities={kind: found for kind, found in able.items() if found is not None},
        kit={
            spec.name: KitResult(level=report.level or "", kit=report.kit, summary=report.summary())
            for spec in specs
            for report in reports
            if (report.plugin, report.version) == (spec.name, spec.version)
        },
    )


def _capabilities(spec: VenueSpec) -> Capabilities | None:
    try:
        return spec.capabilities(spec.settings())
    except Exception:  # noqa: BLE001  a plugin may raise anything; `xarb check` asks with settings
        return None


def _report(path: Path) -> Report | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError):
        return None


def said(can: Capabilities) -> str:
    """Return what a venue can do, in one line."""
    able = [name for name, value in msgspec.structs.asdict(can).items() if value is True]
    return ", ".join([*able, f"stakes {can.min_stake}..{can.max_stake}"])
