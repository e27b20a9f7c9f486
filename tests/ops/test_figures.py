"""
Figures for people.
"""

from decimal import Decimal

import pytest

from xarb_runtime.ops.timeline import figure


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1.909090909090909090909090909", "1.90909091"),
        (Decimal("-0.884705072800"), "-0.88470507"),
        ("2.00501253", "2.00501253"),
        ("2.0400", "2.0400"),
        ("100", "100"),
        ("", ""),
        (None, "None"),
        ("1.000000000000000001", "1."),
    ],
)
def test_eight_digits_are_plenty(value: object, shown: str) -> None:
    assert figure(value) == shown.removesuffix(".")
