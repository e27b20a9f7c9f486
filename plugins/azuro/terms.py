"""
What an order of ours is in Azuro's terms: exact integers, the same in every process.

All of it follows from the order and the settings. A process that never placed an order finds it by
the id that is computed here, and knows until when it could still be placed.
"""

from decimal import Decimal
from hashlib import sha256

import msgspec

from xarb_runtime.domain.orders import Order

#: The contract counts odds in units of 10^-12. The venue's odds have two digits.
ODDS_DIGITS = 12
PRICE_DIGITS = 2
#: More than two digits of a stake were refused in the past.
STAKE_DIGITS = 2

_UINT64 = 2**64
_UINT128 = 2**128
_UINT256 = 2**256
_NONCES = 2**63 - 1


class BadOrderError(ValueError):
    """An order cannot be written in Azuro's terms; it was not sent."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in Azuro's terms.

    Attributes:
        nonce: unique among the bettor's orders.
        condition, outcome: what to bet on.
        min_odds: in units of 10^-12.
        amount: in the token's smallest unit.
        expires_at: from then on the contract refuses the signature, seconds since the epoch.
    """

    nonce: int
    condition: int
    outcome: int
    min_odds: int
    amount: int
    expires_at: int


def terms_of(order: Order, decimals: int, expiry_ms: int) -> Terms:
    """
    Return an order in Azuro's terms. They are never worse than what was asked for.

    Args:
        order: the order.
        decimals: of the bet token.
        expiry_ms: the time that the venue has after the order's own expiry.

    Raises:
        BadOrderError: it has none; the message says what was expected.
    """
    min_odds = raw_odds(order.min_odds)
    if min_odds >= _UINT64:
        raise BadOrderError(f"expected odds that fit the contract, found {order.min_odds}")
    amount = raw_amount(order.stake, decimals)
    if not 0 < amount < _UINT128:
        raise BadOrderError(f"expected a stake of 0.01 or more, found {order.stake}")
    return Terms(
        nonce=nonce_of(order.client_id),
        condition=_number("market", order.selection.market, _UINT256),
        outcome=_number("outcome", order.selection.outcome, _UINT128),
        min_odds=min_odds,
        amount=amount,
        expires_at=expires_at(order, expiry_ms),
    )


def nonce_of(client_id: str) -> int:
    """
    Return the nonce of an order: 63 bits of a hash of its id, never 0.

    Azuro suggests the time. But a nonce made of the time is known only to the process that took it,
    two orders of one millisecond collide, and the order could not be found again after a crash. The
    contract asks for no more than a nonce of the bettor's that is not 0 and not used. Sixty-three
    bits fit the signed integers of databases; a million orders collide once in 18 million times.
    """
    digest = sha256(f"xarb/azuro/{client_id}".encode()).digest()
    return int.from_bytes(digest, "big") % _NONCES + 1


def order_id(bettor: str, nonce: int) -> str:
    """Return the venue's id of an order; it is known before anything is sent."""
    return f"{bettor.lower()}_{nonce}"


def expires_at(order: Order, expiry_ms: int) -> int:
    """
    Return when the contract stops taking the signature, seconds since the epoch.

    An order that is still wanted at its own expiry needs another ten to thirty seconds to get onto
    the chain. The time added is a setting, so that any process arrives at the same second.
    """
    return -((-order.expires_ms - expiry_ms) // 1000)


def raw_odds(odds: Decimal) -> int:
    """Return odds as the contract counts them, rounded up to a price that the venue can have."""
    numerator, denominator = odds.as_integer_ratio()
    price = -(-numerator * 10**PRICE_DIGITS // denominator)
    return price * 10 ** (ODDS_DIGITS - PRICE_DIGITS)


def raw_amount(stake: Decimal, decimals: int) -> int:
    """Return a stake in the token's smallest unit, rounded down to two digits."""
    numerator, denominator = stake.as_integer_ratio()
    return numerator * 10**STAKE_DIGITS // denominator * 10 ** (decimals - STAKE_DIGITS)


def tokens(raw: int, decimals: int) -> Decimal:
    """Return an amount of the token's smallest unit in tokens."""
    return Decimal(raw).scaleb(-decimals)


def _number(what: str, text: str, bound: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() else bound
    if number >= bound:
        raise BadOrderError(f"expected the digits of a number as the {what}, found {text!r}")
    return number
