"""
The main job of `xarb ghost`: play all scenarios, write the evidence, say how it went.
"""

from enum import IntEnum
from pathlib import Path

import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.simulation.campaign import Progress, Report, Silence, run_scenarios, scenarios_of
from xarb_runtime.simulation.evidence import write_evidence


class GhostStatus(IntEnum):
    """What `xarb ghost` exits with."""

    HOLDS = 0  #: every scenario was as it must be
    FAILS = 1  #: at least one was not


class GhostRun(msgspec.Struct, frozen=True, kw_only=True):
    """
    How it went.

    Attributes:
        status: the exit status.
        report: what was played, with figures and coverage.
        files: the evidence that was written.
    """

    status: GhostStatus
    report: Report
    files: tuple[Path, ...] = ()


def run_ghost(
    deployment: Path,
    out: Path | None,
    progress: Progress | None = None,
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
    only: str = "",
) -> GhostRun:
    """
    Play scenarios and write the evidence. Prints nothing.

    Args:
        deployment: the deployment whose charts and plugins are played.
        out: the folder for the evidence; None writes none. A run of some scenarios `only` writes
            none either: evidence is of all of them.
        progress: told about each scenario.
        settings: the deployment's settings; only `charts` and `plugins` count.
        folder: the folder of scenarios; by default the deployment's, or those that ship with xarb
            if it has none.
        only: play only scenarios whose name contains this.

    Raises:
        ScenarioError, ChartError, PluginError: what is wrong; nothing was played.
        OSError: the evidence cannot be written.
    """
    settings = settings or Settings()
    report = run_scenarios(
        deployment,
        progress or Silence(),
        folder=folder or _scenarios(deployment, settings),
        settings=settings,
        only=only,
    )
    files = write_evidence(report, out) if out is not None and not only else []
    status = GhostStatus.FAILS if report.failed else GhostStatus.HOLDS
    return GhostRun(status=status, report=report, files=tuple(files))


def _scenarios(deployment: Path, settings: Settings) -> Path:
    own = scenarios_of(deployment, settings)
    return own if own.is_dir() else bundled("statecharts") / own.name
