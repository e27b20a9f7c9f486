"""
Money, odds and durations as exact values.

Money and decimal odds are `Decimal`, everywhere. JSON carries them as strings. Durations are whole
milliseconds (`int`); in charts and settings they are written with a unit (`"800ms"`, `"2.5s"`).
"""

import re
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h)\s*$")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def floor_to(amount: Decimal, tick: Decimal) -> Decimal:
    """
    Round `amount` down to a multiple of `tick`.

    Down, because a stake that is rounded up is money that nobody decided to risk.
    """
    return (amount / tick).quantize(ONE, rounding=ROUND_DOWN) * tick


@lru_cache(maxsize=1024)  # settings and charts name a few dozen, and each step asks for some
def parse_duration_ms(text: str) -> int:
    """
    Return the milliseconds of a duration written with a unit: `800ms`, `2.5s`, `10m`, `1h`.

    Raises:
        ValueError: the text is not a number followed by ms, s, m or h, or is not a whole number
            of milliseconds.
    """
    match = _DURATION.match(text)
    if match is None:
        message = f"expected a duration such as 800ms, 2.5s, 10m or 1h, found {text!r}"
        raise ValueError(message)
    number, unit = match.groups()
    milliseconds = Decimal(number) * _UNIT_MS[unit]
    if milliseconds != milliseconds.to_integral_value():
        message = f"expected a whole number of milliseconds, found {text!r}"
        raise ValueError(message)
    return int(milliseconds)
