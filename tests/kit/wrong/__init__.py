"""
Venues that are wrong on purpose, each about one thing.
"""

import os

from tests.kit.wrong import alone, doubt, later, protocol
from tests.kit.wrong.making import WRONG
from xarb_runtime.testing.case import CASES, Level
from xarb_runtime.testing.kit import run_kit

__all__ = ["WRONG", "alone", "cases_of", "doubt", "fails_exactly", "later", "protocol"]


WHOLE = os.environ.get("KIT") == "whole"
#: In short, each wrong venue plays one other case in so many.
SHARE = 8


def cases_of(level: Level) -> list[str]:
    """The cases of a level about which a venue is wrong."""
    return sorted(case for case in WRONG if CASES[case].level is level)


def _some(case: str) -> set[str]:
    """The case and every eighth other one; which, the case decides."""
    first = sorted(CASES).index(case) % SHARE
    return {case, *sorted(CASES)[first::SHARE]}


def fails_exactly(case: str) -> None:
    """
    Play the kit on the venue that is wrong about a case: the case itself and an eighth of the
    others, another eighth for each venue; all of them with `KIT=whole` (`make kit`).
    """
    report = run_kit(WRONG[case], only=None if WHOLE else _some(case))

    assert {outcome.id for outcome in report.failed} == {case}, report.text()
