"""
The reference of the conformance kit: its cases, and how the venues that ship with xarb do.
"""

import re
from collections.abc import Iterator

from tests.docs.reports import committed
from tests.docs.tables import table
from xarb_runtime.testing.case import Case, Level
from xarb_runtime.testing.kit import chosen_cases
from xarb_runtime.testing.report import Outcome, Report, Verdict

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
