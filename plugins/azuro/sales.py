"""
Selling a bet back, seen as a bet on the opposite.

A bet of s at odds o that is sold for C leaves C − s in every scenario. So does the bet together
with another one of s·o − C on the opposite, at odds s·o / (s·o − C): where the first wins, the
second loses s·o − C of its s·o − s; where it loses, the second brings C − s + s.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.money import CENT, floor_to
from xarb_runtime.domain.orders import Selection

from .states import Row
from .wire import fields_of, number_of, text_of

PREFIX = "cashout:"
#: Digits of the odds of such a bet.
_ODDS = Decimal("0.000001")
#: A time beyond this is in milliseconds.
_SECONDS = 10**11


class Sale(msgspec.Struct, frozen=True):
    """
    A sale as a bet on the opposite.

    Attributes:
        stake: rounded down to a cent.
        odds: rounded down.
    """

    stake: Decimal
    odds: Decimal


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the venue would pay for a bet.

    Attributes:
        name: the venue's id of its calculation.
        amount: what it would pay, in tokens.
        odds: by what it would multiply the stake, in units of 10^-12.
        expires_at: how long a signature of it is good for, seconds since the epoch.
    """

    name: str
    amount: Decimal
    odds: int
    expires_at: int


def is_cashout(selection: Selection) -> bool:
    """Whether a selection stands for selling a bet back."""
    return selection.outcome.startswith(PREFIX)


def sold_outcome(selection: Selection) -> str:
    """Return the outcome that was bet on."""
    return selection.outcome.removeprefix(PREFIX)


def sale_of(bet: Row, amount: Decimal) -> Sale | None:
    """Return what a sale amounts to; None where it is not a bet at all."""
    payout = bet.amount * bet.odds
    stake = payout - amount
    if amount <= 0 or stake < CENT:
        return None
    odds = (payout / stake).quantize(_ODDS, rounding=ROUND_DOWN)
    return Sale(floor_to(stake, CENT), odds) if odds > 1 else None


def read_offer(body: object) -> Offer | None:
    """Return what the venue would pay; None when it does not say."""
    given = fields_of(body)
    name, amount = text_of(given.get("calculationId")), number_of(given.get("cashoutAmount"))
    odds, expires_at = number_of(given.get("cashoutOdds")), _seconds(given)
    if not name or amount is None or odds is None or odds <= 0 or not expires_at:
        return None
    return Offer(name=name, amount=amount, odds=_raw(odds), expires_at=expires_at)


def _raw(odds: Decimal) -> int:
    return int(odds.scaleb(12).to_integral_value(rounding=ROUND_CEILING))


def _seconds(given: Mapping[str, Any]) -> int:
    """Seconds are described; a neighbouring field turned out to be in milliseconds."""
    moment = number_of(given.get("expiredAt"))
    if moment is None or moment <= 0:
        return 0
    return int(moment) // 1000 if moment >= _SECONDS else int(moment)
