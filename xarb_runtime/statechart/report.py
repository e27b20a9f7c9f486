"""
Findings as text and as JSON.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from xarb_runtime.statechart.findings import SUPPRESSED, Finding


def format_text(findings: Sequence[Finding]) -> str:
    """Return one line per finding, and a last one that counts them; accepted ones are counted."""
    lines = [str(finding) for finding in findings if finding.severity != SUPPRESSED]
    return "\n".join([*lines, summary(findings)]) + "\n"


def format_json(findings: Sequence[Finding]) -> str:
    """Return a JSON document: `findings` in order, and `counts` per severity."""
    report = {"findings": list(findings), "counts": counts(findings)}
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each severity, errors first."""
    found = Counter(finding.severity for finding in findings)
    return {severity: found[severity] for severity in ("error", "warning", SUPPRESSED)}


def summary(findings: Iterable[Finding]) -> str:
    """Return the counts in a sentence."""
    found = counts(findings)
    words = [
        _counted(found["error"], "error"),
        _counted(found["warning"], "warning"),
        f"{found[SUPPRESSED]} accepted" if found[SUPPRESSED] else "",
    ]
    return ", ".join(filter(None, words)) + "."


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
