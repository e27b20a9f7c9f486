"""
What an execution's context says of money, whatever kind of context it is.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.money import ZERO


class Worth(msgspec.Struct, frozen=True):
    """What is filled, and the smallest profit if it stays so; nothing where a context is silent."""

    filled: Decimal = ZERO
    worst: Decimal = ZERO


def worth_of(context: Context) -> Worth:
    """Return what a context says; one of a plugin may not know these words, or mean others."""
    try:
        filled = Decimal(getattr(context, "staked", ZERO))
        worst = Decimal(getattr(context, "worst", ZERO)) if filled else ZERO
    except Exception:  # noqa: BLE001  a property of a plugin's context may raise anything
        return Worth()
    return Worth(filled, worst)
