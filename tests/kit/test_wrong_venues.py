"""
Each wrong venue fails exactly the case that it is wrong about: the kit catches what it claims.
"""

import pytest

from tests.kit.wrong import alone, doubt, protocol
from tests.kit.wrong.making import WRONG
from xarb_runtime.testing.case import CASES
from xarb_runtime.testing.kit import run_kit

MODULES = (protocol, doubt, alone)


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_venue_fails_exactly_its_case(case: str) -> None:
    report = run_kit(WRONG[case])

    assert {outcome.id: outcome.reason for outcome in report.failed}.keys() == {case}, report.text()


def test_every_binding_case_has_a_wrong_venue() -> None:
    assert MODULES
    assert {case.id for case in CASES.values() if case.binding} == set(WRONG)
