"""
What one cross-venue execution knows and owns, and how it hedges, as its chart may ask about it.

What it set out to do is in `cross_venue_entry`. Prices and sizes count what is filled; where it is
about sending more, what is in doubt counts as filled too.
"""

from decimal import Decimal

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.legs import Legs
from xarb_runtime.domain.money import ZERO, floor_to, parse_duration_ms
from xarb_runtime.domain.opportunity import Gate, HedgePlan, LegOffer, Limits, Opportunity
from xarb_runtime.domain.orders import Quote
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case

#: The strategy that closes a position at a loss when nothing better is left.
UNWIND = "unwind"


class Admission(msgspec.Struct, frozen=True):
    """Data of `opportunity.detected`: the opportunity, the gate's facts, the limits in force."""

    opportunity: Opportunity
    gate: Gate
    limits: Limits


class CrossVenueFacts(Context, kw_only=True):
    """
    Everything one cross-venue execution knows.

    Attributes:
        admission: what it started with; None before `opportunity.detected`.
        orders: the ledger, oldest first.
        quote: leg B's newest live price.
        quote_a: leg A's live price, where it was looked at.
        asked: the key of the newest question to a hedge strategy.
        plan: the newest hedge plan of the present strategy.
        strategy_index: which strategy of `limits.hedge_order` has its turn.
        turn_ms: when it was first asked in this turn; 0 before.
        restarts: how often a reversal has started the strategies over.
        looks: how often the order in doubt has been looked for.
        reason: why it ended the way it did, for people.
        paused: an operator's pause has reached this execution.
    """

    admission: Admission | None = None
    orders: list[OrderLine] = []
    quote: Quote | None = None
    quote_a: Quote | None = None
    asked: str = ""
    plan: HedgePlan | None = None
    strategy_index: int = 0
    turn_ms: int = 0
    restarts: int = 0
    looks: int = 0
    reason: str = ""
    paused: bool = False

    # -- What it set out to do -------------------------------------------------------------------

    @property
    def limits(self) -> Limits:
        """The limits in force when this execution was admitted."""
        return self._admitted.limits

    @property
    def gate(self) -> Gate:
        """The facts at admission that lie outside the opportunity."""
        return self._admitted.gate

    @property
    def opportunity(self) -> Opportunity:
        """What this execution is about."""
        return self._admitted.opportunity

    @property
    def _admitted(self) -> Admission:
        if self.admission is None:
            message = "no opportunity has been admitted yet"
            raise LookupError(message)
        return self.admission

    @property
    def legs(self) -> Legs:
        """The orders by slot: `legs.a`, `legs.b`, `legs.hedge`."""
        return Legs(self.orders)

    # -- What we own -----------------------------------------------------------------------------

    @property
    def is_flat(self) -> bool:
        """Whether nothing is filled and nothing is in doubt."""
        return not any(line.filled or line.in_doubt for line in self.orders)

    @property
    def in_doubt(self) -> bool:
        """Whether any order may be filled further than we know."""
        return any(line.in_doubt for line in self.orders)

    @property
    def staked(self) -> Decimal:
        """The total filled stake."""
        return sum((line.filled for line in self.orders), ZERO)

    @property
    def profit(self) -> dict[str, Decimal]:
        """Profit per scenario of all that is known to be filled."""
        return profit_by_scenario(
            [line.as_filled for line in self.orders], self.opportunity.scenarios
        )

    @property
    def worst(self) -> Decimal:
        """The worst case of all that is known to be filled, negative for a loss."""
        return worst_case(self.profit)

    @property
    def is_covered(self) -> bool:
        """Whether the worst case of all that is filled is inside the loss limit."""
        limits = self.limits
        limit = limits.max_loss_unwind if self.was_unwound else limits.max_loss
        return self.worst >= -limit * self.staked

    @property
    def is_settled(self) -> bool:
        """Whether we own something, it is covered, and no order is in doubt."""
        return not self.in_doubt and self.staked > 0 and self.is_covered

    @property
    def is_final(self) -> bool:
        """Whether we own something covered that no venue can take back any more."""
        return self.is_settled and not any(line.provisional for line in self.orders)

    @property
    def was_hedged(self) -> bool:
        """Whether any hedge order has filled."""
        return self.legs.hedge.filled > 0

    @property
    def was_unwound(self) -> bool:
        """Whether any unwind has filled: it comes last, when a larger loss is accepted."""
        return any(line.filled and line.strategy == UNWIND for line in self.orders)

    @property
    def reserved(self) -> list[Fill]:
        """What must be assumed filled when deciding how much more may be sent."""
        return [line.as_reserved for line in self.orders]

    @property
    def plan_left(self) -> str:
        """How long the present strategy may still think, however often it is asked anew."""
        began = self.turn_ms or self.now_ms
        return f"{max(0, began + parse_duration_ms(self.limits.ttl_plan) - self.now_ms)}ms"

    @property
    def find_pause(self) -> str:
        """The pause before the next look at the order in doubt: doubles up to the maximum."""
        first = parse_duration_ms(self.limits.find_retry)
        longest = parse_duration_ms(self.limits.find_retry_max)
        return f"{min(first * 2 ** max(0, self.looks - 1), longest)}ms"

    # -- Hedging ---------------------------------------------------------------------------------

    @property
    def strategy(self) -> str:
        """The hedge strategy whose turn it is; empty when all have had theirs."""
        order = self.limits.hedge_order
        return order[self.strategy_index] if self.strategy_index < len(order) else ""

    @property
    def has_strategy(self) -> bool:
        """Whether a hedge strategy is left to be tried."""
        return bool(self.strategy)

    @property
    def turn_is_spent(self) -> bool:
        """Whether the strategy whose turn it is has had its order."""
        newest = self.legs.hedge.newest
        return newest is not None and newest.strategy == self.strategy

    @property
    def hedge_is_in_doubt(self) -> bool:
        """Whether a hedge order may still fill; no second one is sent meanwhile."""
        return self.legs.hedge.in_doubt

    @property
    def hedge_helps(self) -> bool:
        """Whether the worst case is better with the hedge order that may still fill."""
        scenarios, live = self.opportunity.scenarios, self.legs.hedge.in_question
        others = [line.as_filled for line in self.orders if line is not live]
        filled = [] if live is None else [live.as_filled]
        more = [] if live is None else [live.as_reserved]
        now = worst_case(profit_by_scenario([*others, *filled], scenarios))
        return worst_case(profit_by_scenario([*others, *more], scenarios)) > now

    @property
    def hedges_before_known(self) -> bool:
        """Whether to hedge although leg B is still in doubt: a setting, and there is a need."""
        return self.limits.hedge_before_known and self.has_strategy and not self.is_covered

    @property
    def to_hedge(self) -> list[Fill]:
        """
        What a hedge strategy is asked to level: all that is filled, and what is in doubt too.

        With `limits.hedge_before_known`, leg B counts as dead while it is in doubt. Should it be
        filled after all, there is a surplus, which is hedged in its turn.
        """
        gamble = self.limits.hedge_before_known
        return [
            line.as_filled if gamble and line.slot == "leg_b" else line.as_reserved
            for line in self.orders
        ]

    @property
    def offers(self) -> list[LegOffer]:
        """
        What the strategy whose turn it is may use.

        An opportunity's hedges are made for a leg B that failed. Where leg A was taken back and
        something stands alone, the way out is leg A's own selection, at whatever it costs by now.
        """
        offers = [it.offer for it in self.opportunity.hedges if it.strategy == self.strategy]
        held = {line.slot for line in self.orders if line.as_reserved.stake > 0}
        if self.strategy == UNWIND and held and "leg_a" not in held:
            offers.append(self.opportunity.leg_a)
        return offers

    @property
    def plan_is_safe(self) -> bool:
        """
        Whether the plan in hand makes the worst case better and brings it inside the loss limit.

        Judged by what we own now, which may be more than the strategy knew, and by the worst odds
        that the order would accept: a safe plan that fills completely covers us.
        """
        plan = self.plan
        if plan is None or plan.strategy != self.strategy or plan.stake <= 0:
            return False
        fills, scenarios = self.to_hedge, self.opportunity.scenarios
        odds = self.after_slippage(plan.odds)
        hedge = Fill(plan.stake, odds, plan.selection.wins, plan.fee)
        now = worst_case(profit_by_scenario(fills, scenarios))
        then = worst_case(profit_by_scenario([*fills, hedge], scenarios))
        limits = self.limits
        limit = limits.max_loss_unwind if plan.strategy == UNWIND else limits.max_loss
        staked = sum((fill.stake for fill in fills), plan.stake)
        return then > now and then >= -limit * staked

    def after_slippage(self, odds: Decimal) -> Decimal:
        """Slippage is relative to profit (odds − 1), as Azuro defines it."""
        return floor_to(1 + (odds - 1) * (1 - self.limits.slippage), Decimal("0.0001"))
