"""
Venues that are wrong on purpose, each about one thing.
"""

from tests.kit.wrong import alone, doubt, later, protocol
from tests.kit.wrong.making import WRONG
from xarb_runtime.testing.case import CASES, Level
from xarb_runtime.testing.kit import run_kit

__all__ = ["WRONG", "alone", "cases_of", "doubt", "fails_exactly", "later", "protocol"]


def cases_of(level: Level) -> list[str]:
    """The cases of a level about which a venue is wrong."""
    return sorted(case for case in WRONG if CASES[case].level is level)


def fails_exactly(case: str) -> None:
    """Play the whole kit on the venue that is wrong about a case."""
    report = run_kit(WRONG[case])

    assert {outcome.id for outcome in report.failed} == {case}, report.text()
