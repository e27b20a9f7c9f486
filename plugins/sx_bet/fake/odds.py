"""
The exchange's arithmetic: whole numbers only, and every division rounds down.

Odds are implied probabilities times 10**20, stakes are in the token's smallest units.
"""

from collections.abc import Iterable
from decimal import Decimal

#: Certainty.
WHOLE = 10**20
#: Units of a USDC.
USDC = 10**6

_PERCENT = WHOLE // 100
_LADDER_UNIT = 10**15


def units(amount: Decimal) -> int:
    """Return an amount of USDC in its smallest units, rounded down."""
    return int(amount * USDC)


def usdc(amount: int) -> Decimal:
    """Return smallest units as USDC."""
    return Decimal(amount) / USDC


def from_percent(percent: Decimal) -> int:
    """Return a percentage as odds."""
    return int(percent * _PERCENT)


def step(ladder: int) -> int:
    """Return the distance of two odds on the ladder."""
    return ladder * _LADDER_UNIT


def taker_room(maker_stake: int, odds: int) -> int:
    """Return the stake that a taker can put against a maker's stake at the maker's odds."""
    return maker_stake * WHOLE // odds - maker_stake


def maker_share(taker_stake: int, odds: int) -> int:
    """Return how much of a maker's stake at the maker's odds a taker's stake consumes."""
    return taker_stake * odds // (WHOLE - odds)


def blended(matches: Iterable[tuple[int, int]]) -> int:
    """Return the average odds of (stake, return) pairs; 0 when there are none."""
    stake = total = 0
    for staked, returned in matches:
        stake += staked
        total += returned
    return stake * WHOLE // total if total else 0


def decimal_odds(stake: int, returned: int) -> Decimal:
    """Return average decimal odds; 0 when nothing is staked."""
    return Decimal(returned) / stake if stake else Decimal(0)


def fee_of(profit: int, rate: Decimal | None) -> int:
    """Return the fee on a profit, rounded down."""
    if rate is None or profit <= 0:
        return 0
    numerator, denominator = rate.as_integer_ratio()
    return profit * numerator // denominator
