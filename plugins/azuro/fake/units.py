"""
Units: base units and raw odds as whole numbers, and how values look in JSON.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from math import prod
from typing import Any

import msgspec

#: Raw odds are odds times this.
ODDS = 10**12
_CENT = Decimal("0.01")
_FEE = Decimal("0.99")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def to_units(amount: Decimal, decimals: int) -> int:
    """Return base units of an amount; what is smaller than one is cut off."""
    return int(amount.scaleb(decimals).to_integral_value(ROUND_DOWN))


def from_units(units: int, decimals: int) -> Decimal:
    """Return the amount of so many base units."""
    return Decimal(units).scaleb(-decimals)


def to_raw(odds: Decimal) -> int:
    """Return raw odds."""
    return int(odds * ODDS)


def from_raw(raw: int) -> Decimal:
    """Return decimal odds."""
    return Decimal(raw) / ODDS


def payout_of(units: int, raw: int) -> int:
    """Return what `units` at raw odds pay, in base units."""
    return units * raw // ODDS


def combo_odds(legs: Iterable[Decimal]) -> tuple[Decimal, Decimal]:
    """
    Return a combo's odds as they are paid, and before the fee, as the chain compares them.

    The feed's odds are those after a fee of 1 %. A combo pays that fee once, not for each leg.
    """
    before = prod(((leg / _FEE).quantize(_CENT, ROUND_CEILING) for leg in legs), start=Decimal(1))
    return (before * _FEE).quantize(_CENT, ROUND_DOWN), before


def paid_odds(raw_legs: list[int]) -> int:
    """Return the raw odds that the chain pays for a bet with these legs."""
    if len(raw_legs) == 1:
        return raw_legs[0]
    return to_raw(combo_odds(map(from_raw, raw_legs))[1] * _FEE)


def number(value: Decimal) -> int | Decimal:
    """Return a number for JSON, without zeros that mean nothing."""
    plain = value.normalize()
    return int(plain) if plain == plain.to_integral_value() else plain


def text(value: Decimal) -> str:
    """Return a number as text, without zeros that mean nothing."""
    return f"{number(value):f}" if isinstance(number(value), Decimal) else str(number(value))


def iso(time_ms: int | None) -> str | None:
    """Return a time as orders state it: `2026-09-21T13:35:01.120Z`."""
    if time_ms is None:
        return None
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def to_json(value: Any) -> bytes:
    """Return JSON; a Decimal becomes a number."""
    return _ENCODER.encode(value)
