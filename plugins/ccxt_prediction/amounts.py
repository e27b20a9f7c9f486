"""
Decimal odds and stakes as a prediction exchange wants them: prices between 0 and 1, and shares.

A share pays 1 when the outcome wins, so decimal odds are 1 / price. Rounding is never worse for us:
a price is rounded down, because a higher one means lower odds; shares are rounded down, because
more of them cost more than the stake.

ccxt hands out floats. Each was read from a text of a few digits, which its shortest spelling gives
back exactly; what ccxt has calculated with them may be off in the sixteenth digit, hence `exact`.
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order

from .dialects import Dialect
from .draft import Row, part

#: Digits that survive a float, and a calculation or two with it.
_DIGITS = Context(prec=14, rounding=ROUND_HALF_EVEN)
_ODDS = Decimal("0.000001")
_MONEY = Decimal("0.00000001")
_CENT = Decimal("0.01")
_AVERAGE = Decimal("0.0000000001")


class TermsError(ValueError):
    """An order that the exchange cannot take as it is, or that may not be sent; `code` says why."""

    def __init__(self, message: str, code: str = "TERMS") -> None:
        super().__init__(message)
        self.code = code


class Terms(msgspec.Struct, frozen=True):
    """
    What is asked for: at most so much for a share, and so many of them (or the stake itself).

    `step` is the step of prices.
    """

    price: Decimal
    amount: Decimal
    step: Decimal


def exact(value: Any) -> Decimal:
    """Return a number of ccxt's, which may be a float, a text, or missing."""
    if value is None or value == "":
        return ZERO
    if isinstance(value, float):
        return _DIGITS.create_decimal(repr(value))
    return Decimal(str(value))


def as_float(value: Decimal) -> float:
    """
    Return a number as ccxt takes it, if it comes through unharmed.

    Raises:
        TermsError: it has more digits than a float carries.
    """
    number = float(value)
    if Decimal(repr(number)) != value:
        raise TermsError(f"{value} has too many digits for ccxt")
    return number


def terms(
    order: Order,
    outcome: Row,
    market: Row,
    *,
    stakes: bool,
    cents: bool = False,
    price_step: str | None = None,
) -> Terms:
    """
    Return the price limit and the amount of an order.

    Args:
        order: the order.
        outcome: ccxt's row of it; it may say in which steps prices and amounts go.
        market: ccxt's row of it; says the same where the outcome does not.
        stakes: amounts are money rather than shares.
        cents: shares go by the hundredth, and what they cost must be whole cents.
        price_step: the step of prices, where it is not the one that ccxt tells.

    Raises:
        TermsError: nothing is left of it, or less than the exchange takes.
    """
    steps = {**part(market, "precision"), **part(outcome, "precision")}
    step = exact(price_step or steps.get("price"))
    price = _floor(Fraction(1) / Fraction(order.min_odds), step, "price")
    room = Fraction(order.stake) if stakes else Fraction(order.stake) / Fraction(price)
    # A price of a / b in lowest terms: only every b hundredths of a share cost whole cents.
    each = _CENT * Fraction(price).denominator if cents else exact(steps.get("amount"))
    found = Terms(price, _floor(room, each, "amount"), step)
    _check_least(found, part(market, "limits"), stakes=stakes)
    return found


def _floor(value: Fraction, step: Decimal, what: str) -> Decimal:
    if step <= 0:
        raise TermsError(f"the exchange does not say in which steps its {what} goes")
    count = value // Fraction(step)
    if count < 1:
        raise TermsError(f"the order's {what} is less than one step of {step}")
    return step * count


def _check_least(found: Terms, limits: Row, *, stakes: bool) -> None:
    cost = found.amount if stakes else found.amount * found.price
    for what, value in (("amount", found.amount), ("cost", cost)):
        least = exact(part(limits, what).get("min"))
        if value < least:
            raise TermsError(f"the exchange takes {what}s from {least} on, this is {value}")


def odds_of(price: Decimal) -> Decimal:
    """Return the decimal odds of a price, rounded down: nobody is promised more than there is."""
    return (1 / price).quantize(_ODDS, rounding=ROUND_DOWN)


def room_at(price: Decimal, amount: Decimal, *, stakes: bool) -> Decimal:
    """Return the stake that a level of the book takes, rounded down."""
    return (amount if stakes else amount * price).quantize(_MONEY, rounding=ROUND_DOWN)


class Fill(msgspec.Struct, frozen=True):
    """One match: amount at a price; `state` is the exchange's own word."""

    price: Decimal
    amount: Decimal
    state: str


class Taken(msgspec.Struct, frozen=True):
    """
    What was bought.

    Attributes:
        amount: in the exchange's units.
        stake, odds: the same as a stake at odds.
        failed: some of it was taken back.
        settled: all of it is listed, and none of it can be taken back any more.
    """

    amount: Decimal
    stake: Decimal
    odds: Decimal
    failed: bool
    settled: bool


def taken(
    total: Decimal, price: Decimal, fills: list[Fill], words: Dialect, *, most: Decimal
) -> Taken:
    """
    Return what an order has taken.

    Shares count at the order's limit, whatever they cost: that is what they pay, and the stake does
    not shrink when a better price becomes known. A stake that shrinks is a fill taken back.

    Args:
        total: what the order itself says is filled.
        price: the order's limit; also what is assumed of fills that are not listed yet.
        fills: those that are listed.
        words: the exchange's.
        most: the order's stake: no more was at stake, though the limit that is assumed says so.
    """
    alive = [fill for fill in fills if fill.state not in words.failed]
    unlisted = max(ZERO, total - sum((fill.amount for fill in fills), ZERO))
    amount = sum((fill.amount for fill in alive), unlisted)
    if words.stakes:
        stake = amount
        pays = sum((fill.amount / fill.price for fill in alive), unlisted / price)
    else:
        stake, pays = min(amount * price, most), amount
    return Taken(
        amount=amount,
        stake=stake.quantize(_MONEY) if stake else ZERO,
        odds=(pays / stake).quantize(_AVERAGE) if stake else ZERO,
        failed=len(alive) < len(fills),
        settled=not unlisted and all(fill.state in words.settled for fill in alive),
    )
