"""
The backend's checks of an order, each with the error that the API would answer.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from xarb_runtime.domain.money import parse_duration_ms

from .fates import WORSE_ODDS, Refusal
from .games import Condition, Outcome
from .orders import BetOrder
from .units import ODDS, combo_odds, to_raw, to_units
from .world import World

Check = Callable[[World, BetOrder], Refusal | None]


def _signature(_: World, order: BetOrder) -> Refusal | None:
    if order.signer == order.owner:
        return None
    return Refusal("MessageNotVerified", "Message is not verified")


def _data(world: World, order: BetOrder) -> Refusal | None:
    if order.environment != world.settings.environment:
        return Refusal("BadData", "Environment is not supported")
    if order.core.lower() != world.chain.core.lower():
        return Refusal("BadData", "Core is not known")
    if order.chain_id != world.chain.chain_id:
        return Refusal("BadData", "Chain id does not match")
    return _legs(world, order)


def _legs(world: World, order: BetOrder) -> Refusal | None:
    if order.bonus is not None:
        return Refusal("BadData", "Bonus not found")
    for leg in order.legs:
        condition = world.market.conditions.get(leg.condition)
        if condition is None:
            return Refusal("BadData", "Condition not found")
        if leg.outcome not in condition.outcomes:
            return Refusal("BadData", "Outcome not found")
        if order.combo and condition.given.express_forbidden:
            return Refusal("BadData", "Express is forbidden")
    return None


def _expiry(world: World, order: BetOrder) -> Refusal | None:
    expires_ms = order.expires * 1000
    if expires_ms <= world.now_ms:
        return Refusal("BadData", "Signature expired")
    ahead = world.settings.expires_ahead
    if ahead is not None and expires_ms > world.now_ms + parse_duration_ms(ahead):
        return Refusal("ExpiresAtTooLarge", "Expires at is too large")
    return None


def _fee(world: World, order: BetOrder) -> Refusal | None:
    if order.fee >= world.fee:
        return None
    return Refusal("TooLowRelayerFeeAmount", "Relayer fee amount is too low")


def _nonce(world: World, order: BetOrder) -> Refusal | None:
    if order.nonce and (order.bettor, order.nonce) not in world.ledger.nonces:
        return None
    return Refusal("TransactionFailed", "InvalidNonce")


def _state(world: World, order: BetOrder) -> Refusal | None:
    for condition, outcome in legs_of(world, order):
        obstacle = condition.obstacle(outcome)
        if obstacle:
            return Refusal("BadData", obstacle)
    return None


def _odds(world: World, order: BetOrder) -> Refusal | None:
    raw = to_raw(compared_odds(world, order))
    short = order.fate.odds_short or raw < order.min_odds or raw <= ODDS
    return WORSE_ODDS if short else None


def _stake(world: World, order: BetOrder) -> Refusal | None:
    if order.amount < world.min_bet:
        return Refusal("BadData", "Bet amount is less than min bet")
    if world.is_beyond_pool(order):
        return Refusal("PayoutNotGuaranteed", "Payout is not guaranteed")
    room = world.max_bet(order.bettor, legs_of(world, order))
    if order.amount > to_units(room, world.chain.decimals):
        return Refusal("TooHighStake", "Bet amount is greater than max bet")
    return None


def _money(world: World, order: BetOrder) -> Refusal | None:
    if world.ledger.affords(order.owner, order.amount + order.fee):
        return None
    return Refusal("TokenAllowance", "Not enough allowance or balance")


Name = Literal["signature", "data", "expiry", "fee", "nonce", "state", "odds", "stake", "money"]

#: In this order; what comes later may rely on what came before.
CHECKS: dict[Name, Check] = {
    "signature": _signature,
    "data": _data,
    "expiry": _expiry,
    "fee": _fee,
    "nonce": _nonce,
    "state": _state,
    "odds": _odds,
    "stake": _stake,
    "money": _money,
}
_NEED_LEGS: tuple[Name, ...] = ("state", "odds", "stake")
#: What the backend looks at again when it sends an order, in the chain's order.
AT_SENDING: tuple[Name, ...] = ("money", "expiry", "nonce", "state", "odds", "stake")


def first_refusal(world: World, order: BetOrder, names: tuple[Name, ...]) -> Refusal | None:
    """Return what the first of the checks that fails says; None where none fails."""
    known = all(leg.game for leg in order.legs)
    for name in names:
        if name in _NEED_LEGS and not known:
            continue
        refusal = CHECKS[name](world, order)
        if refusal is not None:
            return refusal
    return None


def legs_of(world: World, order: BetOrder) -> list[tuple[Condition, Outcome]]:
    """Return the conditions and outcomes of an order."""
    return [world.market.find(leg.condition, leg.outcome) for leg in order.legs]


def prices_of(world: World, order: BetOrder) -> list[Decimal]:
    """Return the odds that the oracle would sign for each leg now."""
    if order.fate.odds is not None and not order.combo:
        return [order.fate.odds]
    return [outcome.odds for _, outcome in legs_of(world, order)]


def compared_odds(world: World, order: BetOrder) -> Decimal:
    """Return the odds that are compared with `minOdds`: a combo's are those before the fee."""
    prices = prices_of(world, order)
    return combo_odds(prices)[1] if order.combo else prices[0]
