"""
Each wrong venue fails exactly the case that it is wrong about: the kit catches what it claims.
"""

import pytest

from tests.kit.wrong import protocol
from tests.kit.wrong.making import WRONG
from xarb_runtime.testing.kit import run_kit

assert protocol


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_venue_fails_exactly_its_case(case: str) -> None:
    report = run_kit(WRONG[case])

    assert {case: report.failed} == {outcome.id: [outcome] for outcome in report.failed}
