"""
Each venue that is wrong about a silver case fails it, and no other one.
"""

import pytest

from tests.kit.wrong import cases_of, fails_exactly
from xarb_runtime.testing.case import Level


@pytest.mark.parametrize("case", cases_of(Level.SILVER))
def test_a_wrong_venue_fails_exactly_its_case(case: str) -> None:
    fails_exactly(case)
