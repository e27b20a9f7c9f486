"""
The exchange's numbers. Whole numbers from end to end: a float, or a decimal that was rounded up,
loses a step of the ladder, and an order at the book's price then finds nothing.

A *probability* is the exchange's way to write odds: the implied probability times 10**20. One's own
probability is what one pays for a payout of 10**20; less is better.
"""

from decimal import Decimal
from fractions import Fraction

SCALE = 10**20
#: Decimal odds are told to so many places, rounded down.
PLACES = 8
_UNIT = 10**PLACES
_LADDER_UNIT = 10**15


def ladder_step(step_size: int) -> int:
    """Return the step of the ladder as a probability; `step_size` as in the metadata."""
    return step_size * _LADDER_UNIT


def floor_to_ladder(probability: int, step: int) -> int:
    """Return the ladder's nearest probability that is not higher."""
    return probability - probability % step


def ceil_to_ladder(probability: int, step: int) -> int:
    """Return the ladder's nearest probability that is not lower."""
    return -(-probability // step) * step


def limit_of(min_odds: Decimal, step: int) -> int:
    """
    Return the highest own probability on the ladder whose odds are not below `min_odds`.

    0 where the ladder has none: the odds are too long.
    """
    numerator, denominator = min_odds.as_integer_ratio()
    exact = SCALE * denominator // numerator
    return floor_to_ladder(min(exact, SCALE - step), step)


def decimal_odds(probability: int | Fraction) -> Decimal:
    """
    Return a probability as decimal odds, rounded down.

    Rounded down they still lead back to the same step of the ladder; rounded up they would lead to
    the one below it.
    """
    return Decimal(SCALE * _UNIT // probability) / _UNIT


def average_odds(parts: list[tuple[int, int]]) -> Decimal:
    """Return the average decimal odds of stakes at probabilities, rounded down; 0 for nothing."""
    staked = sum(stake for stake, _ in parts)
    if not staked:
        return Decimal(0)
    returned = sum((Fraction(stake, probability) for stake, probability in parts), Fraction(0))
    return decimal_odds(staked / returned)


def taker_room(maker_stake: int, maker_probability: int) -> int:
    """Return the stake that can be put against a maker's."""
    return maker_stake * SCALE // maker_probability - maker_stake


def to_units(amount: Decimal, decimals: int) -> int:
    """Return an amount in the token's smallest units, rounded down."""
    numerator, denominator = amount.as_integer_ratio()
    return numerator * 10**decimals // denominator


def from_units(units: int, decimals: int) -> Decimal:
    """Return smallest units as an amount."""
    return Decimal(units) / 10**decimals
