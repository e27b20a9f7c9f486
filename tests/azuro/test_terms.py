"""What an order is in Azuro's terms is never worse than what was asked for."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.azuro.inside import BETTOR, FOOTBALL, HOME, part
from xarb_runtime.domain.orders import Order, Selection

terms = part("terms")

ODDS = st.decimals(min_value="1.01", max_value="10000", allow_nan=False, places=None)
STAKES = st.decimals(min_value="0.01", max_value="1000000", allow_nan=False, places=None)
IDS = st.text(min_size=1, max_size=60)
#: More digits than a Decimal's context keeps.
LONG = Decimal("1234.5678901234567890123456789012345678901234567890")


def order(**changes: Any) -> Order:
    facts: dict[str, Any] = {
        "client_id": "x-1:1:0",
        "selection": HOME,
        "stake": Decimal(10),
        "min_odds": Decimal("1.5"),
        "reduces": False,
        "expires_ms": 1_790_000_000_000,
    }
    return Order(**facts | changes)


@given(ODDS)
def test_odds_are_never_below_what_was_asked_and_by_less_than_a_hundredth_above(
    odds: Decimal,
) -> None:
    raw = terms.raw_odds(odds)

    assert raw % 10**10 == 0  # a price that the venue can have
    numerator, denominator = odds.as_integer_ratio()
    assert raw * denominator >= numerator * 10**12
    assert (raw - 10**10) * denominator < numerator * 10**12


@given(STAKES, st.sampled_from([6, 18]))
def test_an_amount_is_never_above_what_was_asked_and_by_less_than_a_cent_below(
    stake: Decimal, decimals: int
) -> None:
    raw = terms.raw_amount(stake, decimals)

    cent = 10 ** (decimals - 2)
    assert raw % cent == 0
    numerator, denominator = stake.as_integer_ratio()
    assert raw * denominator <= numerator * 10**decimals
    assert (raw + cent) * denominator > numerator * 10**decimals


@given(IDS)
def test_a_nonce_is_never_0_fits_63_bits_and_is_the_same_again(client_id: str) -> None:
    nonce = terms.nonce_of(client_id)

    assert 0 < nonce < 2**63
    assert nonce == terms.nonce_of(client_id)


def test_other_ids_have_other_nonces() -> None:
    ids = [
        f"x-{execution}:{step}:{slot}"
        for execution in range(200)
        for step in range(20)
        for slot in range(5)
    ]

    assert len({terms.nonce_of(one) for one in ids}) == len(ids)


def test_the_nonce_of_an_id_is_what_it_was_when_orders_were_placed_with_it() -> None:
    """A change here would lose every order that is under way."""
    assert terms.nonce_of("x-1:1:0") == 2349734750297651502
    assert terms.order_id(BETTOR.upper().replace("X", "x"), 7) == f"{BETTOR}_7"


@pytest.mark.parametrize(
    ("odds", "raw"),
    [
        ("1.5", 1_500_000_000_000),
        ("2.08", 2_080_000_000_000),
        ("2.081", 2_090_000_000_000),
        ("2.080000000000000000000000000000000000001", 2_090_000_000_000),
        ("1", 1_000_000_000_000),
    ],
)
def test_odds_are_rounded_up(odds: str, raw: int) -> None:
    assert terms.raw_odds(Decimal(odds)) == raw


@pytest.mark.parametrize(
    ("stake", "decimals", "raw"),
    [
        ("10", 6, 10_000_000),
        ("15.129", 6, 15_120_000),
        ("0.019", 18, 10**16),
        (LONG, 18, 1234_560_000_000_000_000_000),
    ],
)
def test_stakes_are_rounded_down(stake: Any, decimals: int, raw: int) -> None:
    assert terms.raw_amount(Decimal(stake), decimals) == raw


@pytest.mark.parametrize(
    ("expires_ms", "expiry_ms", "second"),
    [
        (1_790_000_000_000, 30_000, 1_790_000_030),
        (1_790_000_000_001, 30_000, 1_790_000_031),
        (1_790_000_000_500, 29_500, 1_790_000_030),
    ],
)
def test_the_signature_expires_at_the_second_after(
    expires_ms: int, expiry_ms: int, second: int
) -> None:
    assert terms.expires_at(order(expires_ms=expires_ms), expiry_ms) == second


@given(STAKES, ODDS, st.integers(0, 2**45))
def test_the_same_order_has_the_same_terms_in_every_process(
    stake: Decimal, odds: Decimal, expires_ms: int
) -> None:
    one = order(stake=stake, min_odds=odds, expires_ms=expires_ms)
    again = order(stake=stake, min_odds=odds, expires_ms=expires_ms)

    assert terms.terms_of(one, 6, 30_000) == terms.terms_of(again, 6, 30_000)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stake": Decimal("0.009")}, "0.01 or more"),
        ({"stake": Decimal(10) ** 40}, "0.01 or more"),
        ({"min_odds": Decimal(10) ** 9}, "fit the contract"),
        ({"selection": Selection("azuro", "ou25", "29", ("home",))}, "as the market"),
        ({"selection": Selection("azuro", FOOTBALL, "over", ("home",))}, "as the outcome"),
        ({"selection": Selection("azuro", FOOTBALL, "٢٩", ("home",))}, "as the outcome"),
        ({"selection": Selection("azuro", FOOTBALL, str(2**128), ("home",))}, "as the outcome"),
    ],
)
def test_what_has_no_terms_is_said(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(terms.BadOrderError, match=expected):
        terms.terms_of(order(**changes), 6, 30_000)
