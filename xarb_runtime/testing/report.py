"""
What the kit found out about a venue.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from xarb_runtime.testing.case import CASES, Level

#: The version of the kit: of its cases, not of the runtime. A case that comes with a version is
#: informative in it, and binding from the next one on.
KIT_VERSION = "1.0"


class Verdict(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  #: it does not apply: a capability or the bench says so
    EXEMPT = "exempt"  #: the author says why the venue cannot pass it


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    One case's outcome.

    Attributes:
        id, level, binding, title: the case.
        verdict: what became of it.
        reason: why it failed (what was expected, what was found), was skipped, or is exempt.
        expected, found: of a failure, apart.
    """

    id: str
    level: Level
    binding: bool
    title: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    found: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    All outcomes, as `conformance.json` holds them.

    Attributes:
        plugin, version: the kind of venue.
        kit: the version of the kit.
        level: the highest level whose binding cases all passed, were skipped, or are exempt; None
            when not even bronze, or when cases were left out.
        outcomes: by the number of the case.
    """

    plugin: str
    version: str
    kit: str
    level: Level | None
    outcomes: tuple[Outcome, ...]

    def to_json(self) -> str:
        """Return it as text whose order never changes, so that two of them can be compared."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"

    def of(self, verdict: Verdict) -> list[Outcome]:
        """Return the outcomes with this verdict."""
        return [outcome for outcome in self.outcomes if outcome.verdict is verdict]

    @property
    def failed(self) -> list[Outcome]:
        """The cases that failed."""
        return self.of(Verdict.FAILED)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return number, level, verdict, title and reason of every case, for a table."""
        return [
            (
                outcome.id,
                outcome.level.value if outcome.binding else f"{outcome.level.value}, informative",
                outcome.verdict.value,
                outcome.title,
                outcome.reason,
            )
            for outcome in self.outcomes
        ]

    def summary(self) -> str:
        """Return one line: who, the level, and how many cases ended how."""
        counts = ", ".join(f"{len(self.of(verdict))} {verdict.value}" for verdict in Verdict)
        level = self.level.value if self.level else "no level"
        return f"{self.plugin} {self.version}, kit {self.kit}: {level} ({counts})"

    def text(self) -> str:
        """Return all of it as plain text."""
        return "\n".join([self.summary(), *_lines(self.outcomes)]) + "\n"


def _lines(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    for outcome in outcomes:
        yield f"{outcome.id}  {outcome.verdict.value:8} {outcome.level.value:7} {outcome.title}"
        if outcome.reason:
            yield f"        {outcome.reason}"


def level_of(outcomes: tuple[Outcome, ...]) -> Level | None:
    """Return the level that outcomes amount to."""
    played = {outcome.id for outcome in outcomes}
    lost = {
        outcome.level
        for outcome in outcomes
        if outcome.binding and outcome.verdict is Verdict.FAILED
    } | {case.level for case in CASES.values() if case.binding and case.id not in played}
    reached = None
    for level in Level:
        if level in lost:
            break
        reached = level
    return reached
