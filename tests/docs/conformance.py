"""
The reference of the conformance kit: its cases, and how the venues that ship with xarb do.

The reports are in `evidence/conformance`; a test plays the cases and compares.
"""

import re
from collections.abc import Iterator

import msgspec

from tests.docs.tables import table
from tests.house.source import ROOT
from xarb_runtime.bundle import bundled
from xarb_runtime.ops.conformance_bench import Mounted, own_benches
from xarb_runtime.ops.conformance_subject import Subject, find_by_name
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.testing.case import Case, Level
from xarb_runtime.testing.kit import chosen_cases
from xarb_runtime.testing.report import Outcome, Report, Verdict

REPORTS = ROOT / "evidence" / "conformance"

_CLAUSE = re.compile(r"^(Given|When|Then|Skip when)\b", re.MULTILINE)
_SHOWN = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "**failed**",
    Verdict.SKIPPED: "skipped",
    Verdict.EXEMPT: "exempt",
}


def cases() -> str:
    """Return a section for each level, with all its cases."""
    return "\n".join(_level(level) for level in Level)


def _level(level: Level) -> str:
    found = [_case(case) for case in chosen_cases() if case.level is level]
    return f"### {level.value.capitalize()}\n\n" + "\n".join(found)


def _case(case: Case) -> str:
    informative = "" if case.binding else " (informative)"
    clauses = "".join(f"* {clause}\n" for clause in _clauses(case.text))
    return f"#### {case.id}{informative}: {case.title}\n\n{clauses}"


def _clauses(text: str) -> Iterator[str]:
    """Each of *Given*, *When*, *Then* and *Skip when* on a line of its own."""
    begins = [found.start() for found in _CLAUSE.finditer(text)]
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        clause = " ".join(text[begin:end].split())
        yield _CLAUSE.sub(r"*\1*", clause)


def matrix() -> str:
    """Return the cases by the benches of the venues that ship with xarb."""
    reports = list(committed())
    head = ["Case", "Level", *(f"`{name}`" for name, _ in reports)]
    rows = [
        [case.id, case.level.value, *(_cell(report, case) for _, report in reports)]
        for case in chosen_cases()
    ]
    reached = ["reached", "", *(f"**{_reached(report)}**" for _, report in reports)]
    return table(head, [*rows, reached]) + "\n" + "\n".join(_reasons(reports)) + "\n"


def benches() -> dict[str, tuple[Subject, Mounted]]:
    """Return the benches of the venues that ship; a variant has the name of its class besides."""
    registry = discover(builtin=bundled("plugins"), entry_points=False)
    found: dict[str, tuple[Subject, Mounted]] = {}
    for path in sorted(bundled("plugins").glob("*/bench.py")):
        subject = find_by_name(path.parent.name, registry)
        for number, mounted in enumerate(own_benches(subject)):
            variant = f"-{mounted.bench.__name__}" if number else ""
            found[f"{subject.info.name}{variant}"] = (subject, mounted)
    return dict(sorted(found.items()))


def committed() -> Iterator[tuple[str, Report]]:
    """Yield the reports of the venues that ship with xarb, by the names of their files."""
    for path in sorted(REPORTS.glob("*.json"), key=lambda it: it.stem):
        yield path.stem, msgspec.json.decode(path.read_bytes(), type=Report)


def _outcome(report: Report, case: Case) -> Outcome | None:
    return next((it for it in report.outcomes if it.id == case.id), None)


def _cell(report: Report, case: Case) -> str:
    outcome = _outcome(report, case)
    return _SHOWN[outcome.verdict] if outcome is not None else "not played"


def _reached(report: Report) -> str:
    return report.level.value if report.level is not None else "none"


def _reasons(reports: list[tuple[str, Report]]) -> Iterator[str]:
    """Why cases were skipped, are exempt, or have failed: each reason once."""
    for name, report in reports:
        with_reason = [outcome for outcome in report.outcomes if outcome.reason]
        by_reason: dict[tuple[str, str], list[str]] = {}
        for outcome in with_reason:
            key = (_SHOWN[outcome.verdict], outcome.reason)
            by_reason.setdefault(key, []).append(outcome.id)
        for (shown, reason), numbers in by_reason.items():
            yield f"* `{name}` {', '.join(numbers)} {shown}: {reason}"
