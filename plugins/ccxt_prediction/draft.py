"""
What is asked of an exchange: the order in its own terms, the same in every process.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

Row = Mapping[str, Any]


def part(row: Row, key: str) -> dict[str, Any]:
    """Return a row within a row; an empty one where there is none."""
    found: Any = row.get(key)
    return found or {}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in an exchange's terms.

    Attributes:
        handle: ccxt's handle of the outcome.
        price: at most so much for a share.
        amount: so many shares, or the stake.
        step: the step of prices; the lowest price there is.
        params: what is sent along.
    """

    handle: str
    price: Decimal
    amount: Decimal
    step: Decimal
    params: dict[str, Any]
