"""
What one cross-venue execution knows, and what its chart may ask about it.

Prices and sizes count what is filled; where it is about sending more, what is in doubt counts as
filled too.
"""

from collections import defaultdict
from decimal import Decimal

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.legs import Legs
from xarb_runtime.domain.money import ZERO, floor_to, parse_duration_ms
from xarb_runtime.domain.opportunity import Gate, HedgePlan, LegOffer, Limits, Opportunity
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case

#: The strategy that closes a position at a loss when nothing better is left.
UNWIND = "unwind"
#: So far may an engine's clock be ahead of ours, milliseconds.
FUTURE_MS = 1_000


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

    @property
    def age_ms(self) -> int:
        """How old the opportunity is, milliseconds."""
        return self.now_ms - self.opportunity.detected_ms

    @property
    def is_stale(self) -> bool:
        """Whether the opportunity is older than `limits.max_age`, or from the future."""
        return not -FUTURE_MS <= self.age_ms <= parse_duration_ms(self.limits.max_age)

    @property
    def stake_a(self) -> Decimal:
        """Leg A's stake."""
        return floor_to(self.opportunity.stake, self.limits.stake_tick)

    @property
    def entry_stake(self) -> Decimal:
        """Leg A's stake, once admitted."""
        return self.stake_a if self.admission else ZERO

    @property
    def m_net(self) -> Decimal:
        """Net margin at the prices of the opportunity: worst case / total stake."""
        a, b = self.opportunity.leg_a, self.opportunity.leg_b
        first = Fill(self.stake_a, a.odds, a.selection.wins, a.fee)
        return self._margin_with(first, b, b.odds)

    @property
    def m_net_now(self) -> Decimal:
        """Net margin with what leg A really filled and leg B's live price; the odds we may get."""
        return self._margin_with(self.legs.a.fill, self.opportunity.leg_b, self.odds_b)

    @property
    def quotes_are_in(self) -> bool:
        """Whether both legs' live prices are known."""
        return self.quote_a is not None and self.quote is not None

    @property
    def quotes_take_stakes(self) -> bool:
        """
        Whether the live prices take enough of leg A to be worth it, and what leg B then needs.
        """
        a, b, stake_a = self.quote_a, self.quote, self.stake_a
        if a is None or b is None:
            return False
        enough = stake_a * self.limits.min_fill_ratio
        return (
            a.min_stake <= stake_a
            and a.max_stake >= enough
            and a.max_stake > 0
            and b.min_stake <= self._stake_b_live <= b.max_stake
        )

    @property
    def m_net_live(self) -> Decimal:
        """Net margin at both live prices, before anything is sent."""
        return self._margin_with(self._first_live, self.opportunity.leg_b, self.odds_b)

    @property
    def limit_odds_a(self) -> Decimal:
        """Leg A's worst odds: the opportunity's, or the live ones where they were looked at."""
        odds = self.opportunity.leg_a.odds
        return min(odds, self.quote_a.odds) if self.quote_a else odds

    @property
    def _first_live(self) -> Fill:
        offer = self.opportunity.leg_a
        return Fill(self.stake_a, self.limit_odds_a, offer.selection.wins, offer.fee)

    @property
    def _stake_b_live(self) -> Decimal:
        """Leg B's stake if leg A fills completely at its live price."""
        alone = profit_by_scenario([self._first_live], self.opportunity.scenarios)
        offer = self.opportunity.leg_b
        stake = levelling_stake(alone, offer.selection.wins, self.odds_b, offer.fee)
        return floor_to(stake, self.limits.stake_tick)

    def _margin_with(self, first: Fill, offer: LegOffer, odds: Decimal) -> Decimal:
        scenarios = self.opportunity.scenarios
        if not first.stake:
            return ZERO
        alone = profit_by_scenario([first], scenarios)
        stake = levelling_stake(alone, offer.selection.wins, odds, offer.fee)
        both = [first, Fill(stake, odds, offer.selection.wins, offer.fee)]
        return worst_case(profit_by_scenario(both, scenarios)) / (first.stake + stake)

    @property
    def odds_b(self) -> Decimal:
        """Leg B's live odds, or the opportunity's when there is no quote yet."""
        return self.quote.odds if self.quote else self.opportunity.leg_b.odds

    @property
    def stake_b(self) -> Decimal:
        """Leg B's stake, sized to what leg A really filled."""
        return self._levelling(self.opportunity.leg_b.selection, self.odds_b)

    @property
    def stake_b_expected(self) -> Decimal:
        """Leg B's stake if leg A fills completely at the opportunity's prices."""
        a, b = self.opportunity.leg_a, self.opportunity.leg_b
        first = Fill(self.stake_a, a.odds, a.selection.wins, a.fee)
        alone = profit_by_scenario([first], self.opportunity.scenarios)
        stake = levelling_stake(alone, b.selection.wins, b.odds, b.fee)
        return floor_to(stake, self.limits.stake_tick)

    def _levelling(self, selection: Selection, odds: Decimal) -> Decimal:
        profit = profit_by_scenario(self.reserved, self.opportunity.scenarios)
        fee = self.opportunity.leg_b.fee
        return floor_to(levelling_stake(profit, selection.wins, odds, fee), self.limits.stake_tick)

    @property
    def stakes_in_range(self) -> bool:
        """Whether both legs' stakes are inside the venues' minimum and maximum, and the room."""
        gate = self.gate
        return (
            gate.min_stake_a <= self.stake_a <= gate.max_stake_a
            and gate.min_stake_b <= self.stake_b_expected <= gate.max_stake_b
            and self.has_room
        )

    @property
    def has_room(self) -> bool:
        """Whether both legs fit into what may still be staked at their venues."""
        gate, a, b = self.gate, self.opportunity.leg_a, self.opportunity.leg_b
        if a.selection.venue == b.selection.venue:
            return self.stake_a + self.stake_b_expected <= gate.room_a
        return self.stake_a <= gate.room_a and self.stake_b_expected <= gate.room_b

    @property
    def at_stake(self) -> dict[str, Decimal]:
        """By venue: what it set out to stake there, or what its orders may come to if more."""
        if self.admission is None:
            return {}
        planned: defaultdict[str, Decimal] = defaultdict(Decimal)
        planned[self.opportunity.leg_a.selection.venue] += self.stake_a
        planned[self.opportunity.leg_b.selection.venue] += self.stake_b_expected
        ordered: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.orders:
            ordered[line.selection.venue] += line.as_reserved.stake
        return {venue: max(planned[venue], ordered[venue]) for venue in {*planned, *ordered}}

    @property
    def quote_takes_stake(self) -> bool:
        """Whether leg B's live price takes the stake that leg B needs."""
        quote, stake = self.quote, self.stake_b
        return quote is not None and stake > 0 and quote.min_stake <= stake <= quote.max_stake

    @property
    def rules_match(self) -> bool:
        """Whether both markets settle void, push and abandoned matches alike."""
        return self.opportunity.leg_a.settlement == self.opportunity.leg_b.settlement

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
