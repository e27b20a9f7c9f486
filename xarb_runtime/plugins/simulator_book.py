"""
What a simulator holds: what can be bet on there, and the truth about every order.
"""

from decimal import Decimal

import msgspec


class OfferedOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that can be bet on.

    Attributes:
        outcome: as opportunities name it.
        title: for people.
        odds: decimal odds that an order gets now; None where there are none.
        most: the largest stake at these odds; None where there is no price.
    """

    outcome: str
    title: str = ""
    odds: Decimal | None = None
    most: Decimal | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """
    A market of a simulator.

    Attributes:
        market: as opportunities name it.
        title: for people.
        state: whether it takes orders, in the venue's word.
        outcomes: what can be bet on.
    """

    market: str
    title: str
    state: str
    outcomes: tuple[OfferedOutcome, ...]


class HeldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    The truth about an order, whatever has been said of it.

    Attributes:
        id: the venue's.
        market, outcome: what it bets on.
        stake, filled: what was asked for, and what stands; the account's currency.
        odds: decimal odds; 0 when nothing is filled.
        state: in the venue's word.
    """

    id: str
    market: str
    outcome: str
    stake: Decimal
    filled: Decimal
    odds: Decimal
    state: str


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything that a simulator holds.

    Attributes:
        markets: what can be bet on.
        orders: everything that was ever taken, oldest first.
    """

    markets: list[Offer]
    orders: list[HeldOrder]
