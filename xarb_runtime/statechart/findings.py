"""
Findings: what is wrong with a chart, where, and what to do about it.
"""

from collections.abc import Iterable

import msgspec

ERROR = "error"
WARNING = "warning"
#: Accepted by the chart, with a reason.
SUPPRESSED = "suppressed"


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """
    One thing that a check found. Sorts by file, line, column, code.

    Attributes:
        file: the chart's file, or its name when it was given as text.
        line, column: 1-based; 0 when the place is the whole document.
        code: e.g. `XS101`; the catalogue is in the reference documentation.
        severity: `error`, `warning`, or `suppressed` when the chart accepts it with a reason.
        path: place in the document, e.g. `/states/leg_a/transitions/0`.
        message: what was expected and what was found.
        hint: what to do.
    """

    file: str
    line: int
    column: int
    code: str
    path: str
    message: str
    hint: str = ""
    severity: str = ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.code} {self.severity} {place} {self.path or '/'} {self.message}{hint}"


class ChartError(ValueError):
    """A chart has errors and is not loaded; `findings` has all of them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class SnapshotMismatchError(ValueError):
    """A snapshot does not fit the chart that it is to be continued on."""


class SilentEntryError(ValueError):
    """A chart's initial states try to do something outside when they are entered."""
