"""
Opportunities: what an arbitrage engine found, and the facts an admission looks at.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Selection


class LegOffer(msgspec.Struct, frozen=True, kw_only=True):
    """
    One price that an opportunity names.

    Attributes:
        selection: what to bet on, and where.
        odds: decimal odds as seen by the engine.
        fee: the venue's share of a winning bet's profit, 0.02 for two percent.
        settlement: how the venue settles special cases, e.g. {"void": "refund", "push": "refund"}.
    """

    selection: Selection
    odds: Decimal
    fee: Decimal = ZERO
    settlement: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class HedgeOffer(msgspec.Struct, frozen=True, kw_only=True):
    """
    A price that a hedge strategy may use.

    Attributes:
        strategy: the strategy's name: `alt_line`, `total`, `unwind`, ...
        offer: the price.
    """

    strategy: str
    offer: LegOffer


class Opportunity(msgspec.Struct, frozen=True, kw_only=True):
    """
    A two-leg arbitrage: leg A first, then leg B for the opposite.

    Attributes:
        id: the engine's id; the same id is the same opportunity.
        detected_ms: when the engine saw the prices, milliseconds since the epoch.
        event: the sports event, for people.
        scenarios: all the ways the event can end, as far as the selections tell them apart.
        stake: what to stake on leg A.
        leg_a, leg_b: the two prices.
        hedges: prices to fall back on, per hedge strategy.
    """

    id: str
    detected_ms: int
    event: str
    scenarios: tuple[str, ...]
    stake: Decimal
    leg_a: LegOffer
    leg_b: LegOffer
    hedges: tuple[HedgeOffer, ...] = ()


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """
    What an admission depends on outside the opportunity, fixed at the moment of entry.

    Attributes:
        level: what the supervisor allows: running, paused, degraded, halted, stopping, stopped.
        in_flight: executions that have not ended.
        open_stake: stake of all of them.
        duplicate: an execution for the same opportunity exists already.
        venues_up: whether every venue of the opportunity is known and healthy.
        min_stake_a, max_stake_a, min_stake_b, max_stake_b: the venues' declared limits, and the
            largest order there that the operator allows.
        room_a, room_b: how much more may be staked at the venues at present.
    """

    level: str = "running"
    in_flight: int = 0
    open_stake: Decimal = ZERO
    duplicate: bool = False
    venues_up: bool = True
    min_stake_a: Decimal = ZERO
    max_stake_a: Decimal = Decimal(10**9)
    min_stake_b: Decimal = ZERO
    max_stake_b: Decimal = Decimal(10**9)
    room_a: Decimal = Decimal(10**12)
    room_b: Decimal = Decimal(10**12)


class HedgePlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a hedge strategy proposes: an order, and the worst case after it is filled completely.

    `worst_case` is the smallest profit over all scenarios, fees included, negative for a loss.
    """

    strategy: str
    selection: Selection
    stake: Decimal
    odds: Decimal
    fee: Decimal
    worst_case: Decimal


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    The numbers that the flow's guards and timers use; they come from settings, section `limits`.

    Durations are texts with a unit, because that is what a chart's `delayexpr` takes. Ratios are
    shares of 1. `max_loss` is a share of the total stake.

    Attributes:
        max_age: opportunities older than this are stale.
        quote_watch: look at both live prices once more before leg A is sent.
        min_m_net: smallest net margin at admission, and at the live prices.
        min_m_net_b: smallest net margin at leg B's live price.
        max_stake: largest leg A stake.
        max_open_stake: largest stake of all executions in flight together.
        max_in_flight: most executions at once.
        min_fill_ratio: smallest share of leg A that is worth going on with.
        ttl_leg_a, ttl_leg_b, ttl_hedge: accept deadlines.
        ttl_cancel, ttl_quote, ttl_plan: deadlines of the other questions.
        find_retry: first pause between two looks at an order in doubt; it doubles each time.
        find_retry_max: longest pause between two looks.
        finality: how long an order may stay in doubt before a person is called.
        confirm: how long an accepted position may stay provisional.
        realert: pause between two alerts of an exposed execution.
        max_loss: largest worst-case loss of a hedged position, share of the total stake.
        max_loss_unwind: the same once unwinding is all that is left.
        slippage: how far leg B's and a hedge's odds may fall below the quote, share of the profit.
        max_restarts: how often a reversal may start the hedge strategies over.
        hedge_order: strategies in the order they are tried.
        hedge_before_known: hedge while leg B is still in doubt.
        stake_tick: stakes are rounded down to a multiple of this.
    """

    max_age: str = "2s"
    quote_watch: bool = False
    min_m_net: Decimal = Decimal("0.005")
    min_m_net_b: Decimal = ZERO
    max_stake: Decimal = Decimal(1000)
    max_open_stake: Decimal = Decimal(20000)
    max_in_flight: int = 50
    min_fill_ratio: Decimal = Decimal("0.2")
    ttl_leg_a: str = "800ms"
    ttl_leg_b: str = "2.5s"
    ttl_hedge: str = "2.5s"
    ttl_cancel: str = "1s"
    ttl_quote: str = "500ms"
    ttl_plan: str = "1s"
    find_retry: str = "500ms"
    find_retry_max: str = "8s"
    finality: str = "60s"
    confirm: str = "120s"
    realert: str = "60s"
    max_loss: Decimal = Decimal("0.05")
    max_loss_unwind: Decimal = Decimal("0.15")
    slippage: Decimal = Decimal("0.02")
    max_restarts: int = 3
    hedge_order: tuple[str, ...] = ("alt_line", "total", "unwind")
    hedge_before_known: bool = False
    stake_tick: Decimal = Decimal("0.01")
