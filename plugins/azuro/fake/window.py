"""
What whoever rehearses sees of the imitation: what can be bet on, the truth about every order.
"""

from decimal import Decimal

from xarb_runtime.domain.money import ZERO
from xarb_runtime.plugins.simulator_book import Book, HeldOrder, Offer, OfferedOutcome

from .games import Condition, Outcome
from .orders import STANDING, BetOrder
from .world import World


def offers_of(world: World) -> list[Offer]:
    """Return what can be bet on."""
    return [_offer(condition) for condition in world.market.conditions.values()]


def book_of(world: World) -> Book:
    """Return everything that the imitation holds."""
    return Book(markets=offers_of(world), orders=[_held(it) for it in world.orders.values()])


def _offer(condition: Condition) -> Offer:
    game = condition.game
    return Offer(
        market=condition.id,
        title=f"{game.given.title}: {condition.title}" if condition.title else game.given.title,
        state=f"{game.state} {condition.state}",
        outcomes=tuple(_outcome(condition, each) for each in condition.outcomes.values()),
    )


def _outcome(condition: Condition, outcome: Outcome) -> OfferedOutcome:
    return OfferedOutcome(
        outcome=str(outcome.id),
        title=outcome.title,
        odds=outcome.odds,
        most=condition.room(outcome),
    )


def _held(order: BetOrder) -> HeldOrder:
    stands = order.state in STANDING or order.result in ("Won", "Lost")
    words = (order.state, order.result or "", order.message or order.error or "")
    return HeldOrder(
        id=order.id,
        market=" ".join(leg.condition for leg in order.legs),
        outcome=" ".join(str(leg.outcome) for leg in order.legs),
        stake=order.stake,
        filled=order.stake if stands else ZERO,
        odds=order.odds if stands else Decimal(0),
        state=" ".join(filter(None, words)),
    )
