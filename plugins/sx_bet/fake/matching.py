"""
Matching: best odds first, then earliest arrival; at the price of what rests.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .model import Order
from .odds import WHOLE, maker_share, taker_room


class Match(NamedTuple):
    """A taker's stake against a maker's."""

    maker: Order
    taker_stake: int
    maker_stake: int


def opposing(orders: Iterable[Order], taker: Order) -> list[Order]:
    """Return what an order may be matched with, best first. Nobody bets against themselves."""
    crossing = (
        order
        for order in orders
        if order.on_one != taker.on_one
        and order.account is not taker.account
        and order.odds + taker.odds >= WHOLE
        and not order.fate.holds
    )
    return sorted(crossing, key=lambda order: (-order.odds, order.priority))


def plan(makers: Iterable[Order], stake: int) -> list[Match]:
    """
    Return how a stake is spread over makers, in their order.

    No maker gives more than is left of its stake, and nothing is matched with nothing.
    """
    matches: list[Match] = []
    for maker in makers:
        taken = min(stake, taker_room(maker.remaining, maker.odds))
        given = maker_share(taken, maker.odds)
        if taken and given:
            matches.append(Match(maker, taken, given))
            stake -= taken
        if not stake:
            break
    return matches


def planned(matches: Iterable[Match]) -> int:
    """Return the taker's stake that is matched."""
    return sum(match.taker_stake for match in matches)


def is_dust(order: Order) -> bool:
    """Return whether so little is left that nobody can bet against it."""
    return maker_share(taker_room(order.remaining, order.odds), order.odds) == 0
