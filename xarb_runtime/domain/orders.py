"""
Orders and what venues say about them.

A report is *cumulative*: it states everything that has been filled so far, with the venue's own
sequence, and an older one never overwrites a newer one. There are three answers to an order, never
two: accepted, definitely refused, and unknown.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from xarb_runtime.domain.money import ZERO


class Selection(msgspec.Struct, frozen=True):
    """
    Something one can bet on at a venue.

    Attributes:
        venue: the venue's name in settings.
        market: the venue's own market id.
        outcome: the venue's own outcome id.
        wins: the scenarios of the opportunity in which this selection wins; it loses in the others.
    """

    venue: str
    market: str
    outcome: str
    wins: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order as a venue plugin receives it.

    Attributes:
        client_id: the idempotency key. Placing the same client id twice must be harmless.
        selection: what to bet on.
        stake: in the account's currency.
        min_odds: the worst decimal odds that may be accepted.
        reduces: True for hedges and unwinds, which are allowed in reduce-only mode.
        expires_ms: after this time the venue must not accept it any more.
    """

    client_id: str
    selection: Selection
    stake: Decimal
    min_odds: Decimal
    reduces: bool
    expires_ms: int


class OrderStatus(StrEnum):
    """What a venue says about an order."""

    OPEN = "open"  #: known to the venue, may still fill
    FILLED = "filled"  #: filled completely
    CANCELLED = "cancelled"  #: dead; what was filled before stays filled
    REFUSED = "refused"  #: dead, nothing was ever filled
    REVERSED = "reversed"  #: an acceptance was taken back; `filled` is what remains


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    A venue's cumulative statement about one order.

    Attributes:
        client_id: whose order.
        sequence: grows with each report about this order; the venue's sequence or time.
        time_ms: the venue's time, milliseconds since the epoch.
        status: see `OrderStatus`.
        filled: cumulative filled stake.
        odds: average decimal odds of what is filled; 0 when nothing is.
        final: the venue will not take this back any more.
        code, reason: the venue's own words when it refused, cancelled or reversed.
    """

    client_id: str
    sequence: int
    time_ms: int
    status: OrderStatus
    filled: Decimal = ZERO
    odds: Decimal = ZERO
    final: bool = False
    code: str = ""
    reason: str = ""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """
    A live price: decimal odds, and the stakes the venue takes at it.

    `max_stake` of 0 means that the selection is suspended.
    """

    selection: Selection
    odds: Decimal
    min_stake: Decimal
    max_stake: Decimal
    time_ms: int


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The venue has the order; `report` says what it knows so far."""

    report: OrderReport


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """
    The venue definitely does not have the order, and never will.

    Only for codes that prove it.
    """

    code: str
    reason: str = ""


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Nobody can say whether the venue has the order. The only honest answer to most errors."""

    reason: str


PlaceAnswer = Accepted | Refused | Unknown


class Found(msgspec.Struct, frozen=True, tag="found"):
    """The venue knows the order."""

    report: OrderReport


class Absent(msgspec.Struct, frozen=True, tag="absent"):
    """The venue can prove that it does not have the order and will not get it any more."""

    reason: str = ""


FindAnswer = Found | Absent | Unknown


class CancelRefused(msgspec.Struct, frozen=True, tag="cancel_refused"):
    """The venue will not, or cannot, cancel the order. It may still fill."""

    reason: str


CancelAnswer = Accepted | CancelRefused | Unknown
