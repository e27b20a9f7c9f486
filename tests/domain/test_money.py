"""
Exact amounts and durations.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.domain.money import floor_to, parse_duration_ms

amounts = st.decimals(0, 10**9, places=6, allow_nan=False, allow_infinity=False)
ticks = st.sampled_from([Decimal(tick) for tick in ("0.0001", "0.01", "0.5", "1", "5")])


@given(amounts, ticks)
def test_rounding_goes_down_to_a_whole_number_of_ticks(amount: Decimal, tick: Decimal) -> None:
    rounded = floor_to(amount, tick)

    assert rounded % tick == 0
    assert 0 <= amount - rounded < tick


@given(amounts, ticks)
def test_rounding_twice_is_rounding_once(amount: Decimal, tick: Decimal) -> None:
    assert floor_to(floor_to(amount, tick), tick) == floor_to(amount, tick)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("800ms", 800),
        ("2.5s", 2500),
        (" 10 m ", 600_000),
        ("1h", 3_600_000),
        (".5s", 500),
        ("0ms", 0),
        ("1.001s", 1001),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, milliseconds: int) -> None:
    assert parse_duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "5", "ms", "-5ms", "1d", "1,5s", "soon", "0.5ms", "1e3ms"])
def test_anything_else_is_no_duration_and_the_error_shows_it(text: str) -> None:
    with pytest.raises(ValueError, match="found") as refused:
        parse_duration_ms(text)

    assert repr(text) in str(refused.value)


@given(st.integers(0, 10**9))
def test_whole_milliseconds_come_back_as_they_were(milliseconds: int) -> None:
    assert parse_duration_ms(f"{milliseconds}ms") == milliseconds
