"""Whatever a person can meet has an entry: each state, each incident, and no other."""

import re
from collections.abc import Iterator

import pytest

from tests.house.source import ROOT, functions, modules, text
from xarb_runtime.bundle import bundled
from xarb_runtime.service.charts import BUILTIN_CONTEXTS
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.model import build_model
from xarb_runtime.statechart.native import native_part

FAILOVER = "runbooks/orchestrator_failover.md"
CHARTS = ("cross_venue", "supervisor", "venue_health")


def entries(part: str) -> list[str]:
    """The names in the first column of the tables of a part of the page."""
    return [
        name
        for line in part.splitlines()
        if line.startswith(("| `", "| **`", "| [`"))
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    ]


def part_below(anchor: str) -> str:
    """The part of the page below an anchor, up to the next heading."""
    return text(FAILOVER).split(f'<a id="{anchor}"></a>', 1)[1].split("\n#", 1)[0]


@pytest.mark.parametrize("chart", CHARTS)
def test_every_state_has_one_entry_and_no_other_name_has(chart: str) -> None:
    document = parse((bundled("statecharts") / f"{chart}.yaml").read_text(encoding="utf-8"))
    states = build_model(native_part(document)).states

    assert sorted(entries(part_below(chart))) == sorted(states)


def test_every_chart_that_ships_is_covered() -> None:
    assert sorted(CHARTS) == sorted(path.stem for path in bundled("statecharts").glob("*.yaml"))
    assert set(CHARTS) == set(BUILTIN_CONTEXTS)


def kinds() -> Iterator[str]:
    """Every kind of incident that the runtime or a chart that ships can open."""
    for name in modules("xarb_runtime/service"):
        if any(function.name == "of_step" for function in functions(name)):
            yield from re.findall(r'_incident\(\w+, "(\w+)"', text(name))
            yield from re.findall(r'kind="(\w+)"', text(name))
            yield from re.findall(r'params\.get\("kind", "(\w+)"\)', text(name))
    for path in bundled("statecharts").glob("*.yaml"):
        body = path.read_text(encoding="utf-8")
        for command in re.findall(r"event: incident, params: \[(.*?)\]", body, re.DOTALL):
            yield from re.findall(r"\{name: kind, expr: \"'(\w+)'\"\}", command)


def test_every_kind_of_incident_has_an_entry_and_a_section() -> None:
    known = set(kinds())
    table = text(FAILOVER).split("\n## Incidents\n", 1)[1].split("\n#", 1)[0]

    assert known >= {"exposed", "auto_pause", "fault", "orphan_order", "chart"}
    assert sorted(entries(table)) == sorted(known)
    for kind in known:
        assert f'<a id="incident-{kind.replace("_", "-")}"></a>' in text(FAILOVER), kind


def test_every_section_of_the_failover_page_says_when_to_wake_somebody() -> None:
    sections = re.split(r"^## ", text(FAILOVER), flags=re.MULTILINE)[1:]
    silent = ("The first minute", "Any other kind", "Incidents", "State by state")

    missing = [
        section.partition("\n")[0]
        for section in sections
        if not section.startswith(silent) and "**Wake somebody**" not in section
    ]

    assert not missing


@pytest.mark.parametrize("page", ["execution", "orchestrator_failover"])
def test_a_page_for_the_night_has_no_long_lines_of_prose(page: str) -> None:
    lines = (ROOT / "runbooks" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line) > 130 and "|" not in line and not _is_shown(line)]

    assert not long


def _is_shown(line: str) -> bool:
    return "..." in line or "$ xarb" in line or "ExecStart" in line
