"""
The kit as a class of tests for pytest.

    class TestMyVenue(VenueConformance):
        bench = MyBench
        exempt = {"XV-320": "the venue knows no partial fills"}
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

import pytest

from xarb_runtime.testing import kit
from xarb_runtime.testing.bench import Bench
from xarb_runtime.testing.case import Case
from xarb_runtime.testing.report import Verdict
from xarb_runtime.testing.wire import Pattern

_ALL = kit.chosen_cases()


class VenueConformance:
    """
    Inherit from it; every case of the kit becomes a test.

    Attributes:
        bench: a class; each case gets an object of its own.
        exempt: cases that the venue cannot pass, and why.
    """

    bench: ClassVar[type[Bench]]
    exempt: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("case", _ALL, ids=[case.id for case in _ALL])
    def test_case(self, case: Case) -> None:
        """Play a case; fails with what was expected and what was found."""
        bench = type(self).bench
        kit.check_exemptions(self.exempt)
        outcome = kit.run_case(case, bench, exempt=self.exempt, placing=_placing(bench))
        if outcome.verdict is Verdict.EXEMPT:
            pytest.skip(f"{case.id} exempt: {outcome.reason}")
        if outcome.verdict is Verdict.SKIPPED:
            pytest.skip(f"{case.id}: {outcome.reason}")
        if outcome.verdict is Verdict.FAILED and not case.binding:
            pytest.skip(f"{case.id} is informative, and failed: {outcome.reason}")
        if outcome.verdict is Verdict.FAILED:
            pytest.fail(f"{case.id} {case.title}\n\n{case.text}\n\n{outcome.reason}", pytrace=False)


@lru_cache
def _placing(bench: type[Bench]) -> Pattern | None:
    return kit.learn_placing(bench)
