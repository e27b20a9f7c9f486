"""
What whoever rehearses sees of the exchange: what can be bet on, and the truth about every order.
"""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal

from xarb_runtime.plugins.simulator_book import Book, HeldOrder, Offer, OfferedOutcome

from .desk import Floor
from .model import FillState, Market, Order
from .odds import WHOLE, decimal_odds, taker_room, usdc

_CENT = Decimal("0.01")
_SHOWN = Decimal("0.0001")


def offers_of(markets: Iterable[Market]) -> tuple[Offer, ...]:
    """Return what can be bet on."""
    return tuple(_offer(market) for market in markets)


def book_of(floor: Floor) -> Book:
    """Return everything that the exchange holds."""
    orders = [_held(order) for order in floor.exchange.orders.values()]
    return Book(markets=list(offers_of(floor.house.markets.values())), orders=orders)


def _offer(market: Market) -> Offer:
    about = market.settings
    return Offer(
        market=about.hash,
        title=f"{about.outcome_one} - {about.outcome_two}",
        state="ACTIVE" if market.active else "INACTIVE",
        outcomes=(
            _outcome(market, "one", about.outcome_one),
            _outcome(market, "two", about.outcome_two),
        ),
    )


def _outcome(market: Market, outcome: str, title: str) -> OfferedOutcome:
    """A taker bets against the best of those who bet on the other outcome."""
    against = [it for it in market.orders if it.on_one != (outcome == "one")]
    if not against:
        return OfferedOutcome(outcome=outcome, title=title)
    best = max(order.odds for order in against)
    room = sum(taker_room(it.remaining, it.odds) for it in against if it.odds == best)
    odds = (Decimal(WHOLE) / (WHOLE - best)).quantize(_SHOWN, ROUND_DOWN)
    most = usdc(room).quantize(_CENT, ROUND_DOWN)
    return OfferedOutcome(outcome=outcome, title=title, odds=odds, most=most)


def _held(order: Order) -> HeldOrder:
    standing = [fill for fill in order.fills if fill.state is not FillState.FAILED]
    staked = sum(fill.stake for fill in standing)
    fills = "+".join(sorted({fill.state.value for fill in order.fills}))
    words = (order.state.value, order.reason or "", fills)
    return HeldOrder(
        id=order.id,
        market=order.market,
        outcome="one" if order.on_one else "two",
        stake=usdc(order.stake),
        filled=usdc(staked),
        odds=decimal_odds(staked, sum(fill.pot for fill in standing)).quantize(_SHOWN),
        state=" ".join(filter(None, words)),
    )
