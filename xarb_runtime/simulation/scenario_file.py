"""
Reads scenarios from YAML. Whatever is wrong says what, where (file, line and key), what was
expected and what to do; nothing runs when any scenario of a folder is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from xarb_runtime.plugins.findings import PluginError
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.plugins.settings import SectionError, open_settings, read_section
from xarb_runtime.service.killpoints import KillPoints
from xarb_runtime.service.settings_check import check
from xarb_runtime.service.settings_layers import packaged
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_yaml import Layer, Leaf, Tree
from xarb_runtime.simulation import market
from xarb_runtime.simulation.scenario import Scenario
from xarb_runtime.statechart.document import Document, parse
from xarb_runtime.statechart.findings import ChartError

#: Sections of the settings that a scenario may change.
SECTIONS = ("limits", "kpi", "service", "venue_health", "bus")

#: The one kind of venue that can be played.
GHOST = "ghost"

_STEP = re.compile(r"[^.\[\]]+")


class ScenarioFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: file, line, key, what was expected and found, what to do."""

    file: str
    line: int
    key: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {key}{self.problem}.{hint}"


class ScenarioError(ValueError):
    """
    Scenarios are wrong and nothing was run.

    Attributes:
        findings: all that is wrong.
    """

    def __init__(self, findings: Iterable[ScenarioFinding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def read_folder(folder: Path, registry: Registry, *, only: str = "") -> list[Scenario]:
    """
    Read the scenarios of a folder, by file name.

    Args:
        folder: a folder of `*.yaml`.
        registry: the plugins, for the kinds of venues.
        only: read only files whose name contains this.

    Raises:
        ScenarioError: there is none, or some are wrong; all findings of all files.
    """
    files = sorted(path for path in folder.glob("*.yaml") if only in path.stem)
    if not files:
        problem = f"expected scenarios, found no *.yaml{f' with {only!r} in its name' * bool(only)}"
        hint = "Point at a folder of scenarios, such as statecharts/scenarios."
        raise ScenarioError(
            [ScenarioFinding(file=str(folder), line=1, key="", problem=problem, hint=hint)]
        )
    found: list[ScenarioFinding] = []
    scenarios: list[Scenario] = []
    for path in files:
        try:
            scenarios.append(read_scenario(path.read_text(encoding="utf-8"), path, registry))
        except ScenarioError as error:
            found += error.findings
        except (OSError, UnicodeDecodeError) as error:
            problem = f"expected a text in UTF-8, found {error}"
            found.append(ScenarioFinding(file=path.name, line=1, key="", problem=problem))
    if found:
        raise ScenarioError(found)
    return scenarios


def read_scenario(text: str, path: Path, registry: Registry) -> Scenario:
    """
    Read one scenario.

    Raises:
        ScenarioError: it is not YAML, a key is unknown, a value does not fit, a venue's section is
            not what its plugin understands, a kill point does not exist.
    """
    document = _parsed(text, path.name)
    try:
        scenario = read_section(Scenario, document.data)
        _check(scenario, path.stem, registry)
    except SectionError as error:
        raise ScenarioError([_finding(document, error.key, error.problem, error.hint)]) from error
    return msgspec.structs.replace(scenario, name=path.stem)


def _parsed(text: str, file: str) -> Document:
    try:
        return parse(text, file)
    except ChartError as error:
        raise ScenarioError(
            ScenarioFinding(
                file=file,
                line=finding.line,
                key="",
                # The parser of charts names what charts begin with.
                problem=finding.message.replace("key 'states'", "keys of a scenario").rstrip("."),
                hint=finding.hint,
            )
            for finding in error.findings
        ) from error


def _finding(document: Document, key: str, problem: str, hint: str) -> ScenarioFinding:
    path = "".join(f"/{step}" for step in _STEP.findall(key))
    line = document.place(path).line
    return ScenarioFinding(file=document.file, line=line, key=key, problem=problem, hint=hint)


def _check(scenario: Scenario, name: str, registry: Registry) -> None:
    """What no type can say. Raises SectionError."""
    if scenario.name not in {"", name}:
        problem = f"expected nothing or the file's name {name}, found {scenario.name}"
        raise SectionError("name", problem)
    for section in scenario.settings:
        if section not in SECTIONS:
            problem = f"expected one of {', '.join(SECTIONS)}, found {section}"
            raise SectionError(f"settings.{section}", problem)
    _check_venues(settings_of(scenario), registry)
    for index, crash in enumerate(scenario.crashes):
        try:
            KillPoints(crash.kill)
        except ValueError as error:
            problem = str(error).removeprefix("debug.kill_at: ")
            raise SectionError(f"crashes[{index}].kill", problem) from error
    for index, published in enumerate(scenario.opportunities):
        for strategy in published.hedges or {}:
            if strategy not in market.HEDGES:
                problem = f"expected one of {', '.join(market.HEDGES)}, found {strategy}"
                raise SectionError(f"opportunities[{index}].hedges.{strategy}", problem)


def _check_venues(settings: Settings, registry: Registry) -> None:
    for name in settings.venues:
        if settings.venue_kind(name) != GHOST:
            problem = f"expected {GHOST}, as only ghosts play, found {settings.venue_kind(name)}"
            raise SectionError(f"venues.{name}.kind", problem)
        try:
            spec = registry.venue(GHOST)
            open_settings(spec, settings.venue_own(name), where=f"venues.{name}")
        except PluginError as error:
            finding = error.findings[0]
            key, _, problem = finding.message.partition(": ")
            raise SectionError(key, problem, finding.hint) from error


def settings_of(scenario: Scenario) -> Settings:
    """
    Return the settings that a scenario runs with: the packaged defaults and its own changes.

    Raises:
        SectionError: a key is unknown, or a value does not fit.
    """
    sections = {**scenario.settings, "venues": market.venues(scenario.venues)}
    settings, findings = check([packaged(), Layer("the scenario", _leaves(sections), {})])
    for finding in findings:
        ours = finding.key.startswith("venues.")
        key = finding.key if ours else f"settings.{finding.key}"
        raise SectionError(key, finding.message, finding.hint)
    return settings


def _leaves(section: Mapping[str, Any]) -> Tree:
    return {
        name: _leaves(entry) if isinstance(entry, Mapping) else Leaf(_exact(entry), "the scenario")
        for name, entry in section.items()
    }


def _exact(value: Any) -> Any:
    """Money and odds are exact: 0.1 in a file is a tenth."""
    if isinstance(value, list):
        return [_exact(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _exact(entry) for name, entry in value.items()}
    return Decimal(str(value)) if isinstance(value, float) else value
