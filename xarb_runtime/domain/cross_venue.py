"""
The context of the mission's flow: leg A on one venue, leg B on another, hedges if B fails.

Signals that the chart sees (`leg_a`, `leg_b` and `hedge` are the slots an order can be for):
`{slot}.acknowledged`, `.partially_filled`, `.filled`, `.cancelled`, `.refused`, `.unknown`,
`.cancel_refused`, `.reversed`, `.finalised`; `quote.received`, `quote.failed`; `hedge.planned`,
`hedge.no_plan`; timers and operator's words under their own names.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from xarb_runtime.domain import events
from xarb_runtime.domain.context import Context, Countdown, read
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.ledger import (
    OrderLine,
    fold,
    mark_absent,
    mark_refused,
    mark_unknown,
)
from xarb_runtime.domain.legs import Legs
from xarb_runtime.domain.money import ZERO, floor_to, parse_duration_ms
from xarb_runtime.domain.opportunity import Gate, HedgePlan, LegOffer, Limits, Opportunity
from xarb_runtime.domain.orders import OrderReport, Quote, Selection
from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case
from xarb_runtime.domain.steps import Command

SLOTS = ("leg_a", "leg_b", "hedge")

#: What an order's slot can say: `leg_a.filled`.
ORDER_SIGNALS = (
    "acknowledged",
    "partially_filled",
    "filled",
    "cancelled",
    "refused",
    "unknown",
    "cancel_refused",
    "reversed",
    "finalised",
)


class Admission(msgspec.Struct, frozen=True):
    """Data of `opportunity.detected`: the opportunity, the gate's facts, the limits in force."""

    opportunity: Opportunity
    gate: Gate
    limits: Limits


class OrderWord(msgspec.Struct, frozen=True):
    """Data of `order.unknown`, `order.absent`, `order.refused` and `order.cancel_refused`."""

    client_id: str
    code: str = ""
    reason: str = ""


class CrossVenue(Context, kw_only=True):
    """
    Everything one cross-venue execution knows.

    Attributes:
        admission: what it started with; None before `opportunity.detected`.
        orders: the ledger, oldest first.
        quote: leg B's newest live price.
        plan: the hedge plan in hand.
        strategy_index: which strategy of `limits.hedge_order` is next.
        looks: how often the order in doubt has been looked for.
        reason: why it ended the way it did, for people.
        paused: an operator's pause has reached this execution.
    """

    catalogue: ClassVar[frozenset[str]] = frozenset(
        {
            events.OPPORTUNITY_DETECTED,
            *(f"{slot}.{signal}" for slot in SLOTS for signal in ORDER_SIGNALS),
            events.QUOTE_RECEIVED,
            events.QUOTE_FAILED,
            events.HEDGE_PLANNED,
            events.HEDGE_NO_PLAN,
            "operator.pause",
            "operator.resolve",
            "operator.retry",
        }
    )
    beginnings: ClassVar[frozenset[str]] = frozenset({events.OPPORTUNITY_DETECTED})
    settled: ClassVar[frozenset[str]] = frozenset({"not in_doubt", "is_flat", "is_final"})
    countdowns: ClassVar[Mapping[str, Countdown]] = {
        "has_next_strategy": Countdown("next_strategy", frozenset({"restart_strategies"}))
    }

    admission: Admission | None = None
    orders: list[OrderLine] = []
    quote: Quote | None = None
    plan: HedgePlan | None = None
    strategy_index: int = 0
    looks: int = 0
    reason: str = ""
    paused: bool = False

    # -- What is heard ---------------------------------------------------------------------------

    def observe(self, event: Event) -> str:
        """Fold the event into the ledger and return the name of what it means."""
        match event.type:
            case events.OPPORTUNITY_DETECTED:
                self.admission = read(event, Admission)
            case events.ORDER_REPORT:
                report = read(event, OrderReport)
                line = self.order(report.client_id)
                return _signal(line, line and fold(line, report, event.time_ms))
            case events.ORDER_UNKNOWN | events.ORDER_ABSENT | events.ORDER_REFUSED:
                return self._observe_word(event.type, read(event, OrderWord), event.time_ms)
            case events.ORDER_CANCEL_REFUSED:
                line = self.order(read(event, OrderWord).client_id)
                return _signal(line, "cancel_refused" if line and line.in_doubt else "")
            case events.QUOTE_RECEIVED:
                self.quote = read(event, Quote)
            case events.HEDGE_PLANNED:
                self.plan = read(event, HedgePlan)
            case "operator.pause":
                self.paused = True
            case _:
                pass
        return event.type

    def _observe_word(self, kind: str, word: OrderWord, now_ms: int) -> str:
        line = self.order(word.client_id)
        if line is None:
            return ""
        if kind == events.ORDER_UNKNOWN:
            return _signal(line, mark_unknown(line))
        if kind == events.ORDER_ABSENT:
            return _signal(line, mark_absent(line, word.reason, now_ms))
        return _signal(line, mark_refused(line, word.code, word.reason, now_ms))

    def order(self, client_id: str) -> OrderLine | None:
        """Return the ledger's line for an order, or None."""
        return next((line for line in self.orders if line.client_id == client_id), None)

    # -- What is sent ----------------------------------------------------------------------------

    def issued(self, command: Command) -> dict[str, Any]:
        """Complete what a command says from the ledger; a new order gets its line there."""
        if command.target == "venue" and command.name == "place":
            return self._issue_order(command)
        if command.target == "venue" and command.name in {"cancel", "find"}:
            line = self.legs.of(command.params["leg"]).newest
            if line is None:
                message = f"{command.name}: {command.params['leg']} has no order"
                raise LookupError(message)
            if command.name == "find":
                self.looks += 1
            return {"venue": line.selection.venue, "client_id": line.client_id}
        if command.target == "venue" and command.name == "quote":
            return {"selection": msgspec.to_builtins(self.opportunity.leg_b.selection)}
        if command.target == "hedge" and command.name == "plan":
            return self._plan_request()
        return command.params

    def _issue_order(self, command: Command) -> dict[str, Any]:
        slot = command.params["leg"]
        draft = self._draft(slot)
        line = OrderLine(
            slot=slot,
            client_id=command.key,
            selection=draft.selection,
            stake=draft.stake,
            min_odds=draft.min_odds,
            fee=draft.fee,
            sent_ms=self.now_ms,
            strategy=self.plan.strategy if slot == "hedge" and self.plan else "",
        )
        self.orders.append(line)
        self.looks = 0
        ttl = {"leg_a": self.limits.ttl_leg_a, "leg_b": self.limits.ttl_leg_b}
        return {
            "client_id": command.key,
            "selection": msgspec.to_builtins(draft.selection),
            "stake": str(draft.stake),
            "min_odds": str(draft.min_odds),
            "reduces": slot != "leg_a",
            "expires_ms": self.now_ms + parse_duration_ms(ttl.get(slot, self.limits.ttl_hedge)),
        }

    def _draft(self, slot: str) -> "_Draft":
        if slot == "leg_a":
            offer = self.opportunity.leg_a
            return _Draft(offer.selection, self.stake_a, offer.odds, offer.fee)
        if slot == "leg_b":
            offer = self.opportunity.leg_b
            odds = self._after_slippage(self.odds_b)
            return _Draft(offer.selection, self.stake_b, odds, offer.fee)
        if self.plan is None:
            message = "place: there is no hedge plan in hand"
            raise LookupError(message)
        odds = self._after_slippage(self.plan.odds)
        return _Draft(self.plan.selection, self.plan.stake, odds, self.plan.fee)

    def _after_slippage(self, odds: Decimal) -> Decimal:
        """Slippage is relative to profit (odds − 1), as Azuro defines it."""
        return floor_to(1 + (odds - 1) * (1 - self.limits.slippage), Decimal("0.0001"))

    def _plan_request(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy,
            "scenarios": list(self.opportunity.scenarios),
            "fills": msgspec.to_builtins(self._reserved(), str_keys=True),
            "offers": [
                msgspec.to_builtins(hedge.offer)
                for hedge in self.opportunity.hedges
                if hedge.strategy == self.strategy
            ],
            "stake_tick": str(self.limits.stake_tick),
        }

    # -- What the chart asks ---------------------------------------------------------------------

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
        """Whether the opportunity is older than `limits.max_age`."""
        return self.age_ms > parse_duration_ms(self.limits.max_age)

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
        profit = profit_by_scenario(self._reserved(), self.opportunity.scenarios)
        fee = self.opportunity.leg_b.fee
        return floor_to(levelling_stake(profit, selection.wins, odds, fee), self.limits.stake_tick)

    @property
    def stakes_in_range(self) -> bool:
        """Whether both legs' stakes are inside the venues' minimum and maximum."""
        gate = self.gate
        return (
            gate.min_stake_a <= self.stake_a <= gate.max_stake_a
            and gate.min_stake_b <= self.stake_b_expected <= gate.max_stake_b
        )

    @property
    def quote_takes_stake(self) -> bool:
        """Whether leg B's live price takes the stake that leg B needs."""
        quote = self.quote
        return quote is not None and quote.min_stake <= self.stake_b <= quote.max_stake

    @property
    def rules_match(self) -> bool:
        """Whether both markets settle void, push and abandoned matches alike."""
        return self.opportunity.leg_a.settlement == self.opportunity.leg_b.settlement

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
        return self.worst >= -self._max_loss * self.staked

    @property
    def _max_loss(self) -> Decimal:
        tried = self.limits.hedge_order[: self.strategy_index + 1]
        unwinding = "unwind" in tried and any(line.slot == "hedge" for line in self.orders)
        return self.limits.max_loss_unwind if unwinding else self.limits.max_loss

    @property
    def is_final(self) -> bool:
        """Whether no fill can be taken back any more and nothing is in doubt."""
        return not self.in_doubt and all(line.final for line in self.orders if line.filled)

    @property
    def strategy(self) -> str:
        """The hedge strategy whose turn it is; empty when all have had theirs."""
        order = self.limits.hedge_order
        return order[self.strategy_index] if self.strategy_index < len(order) else ""

    @property
    def has_next_strategy(self) -> bool:
        """Whether another strategy follows the present one."""
        return self.strategy_index + 1 < len(self.limits.hedge_order)

    @property
    def plan_is_safe(self) -> bool:
        """Whether the plan belongs to the present strategy and its worst case is in the limit."""
        plan = self.plan
        if plan is None or plan.strategy != self.strategy or plan.stake <= 0:
            return False
        unwinding = plan.strategy == "unwind"
        limit = self.limits.max_loss_unwind if unwinding else self.limits.max_loss
        return plan.worst_case >= -limit * (self.staked + plan.stake)

    @property
    def plan_is_spent(self) -> bool:
        """Whether the plan in hand has had its order and that order did not fill completely."""
        newest = self.legs.hedge.newest
        return self.plan is not None and newest is not None and newest.filled < newest.stake

    @property
    def hedge_is_in_doubt(self) -> bool:
        """Whether a hedge order may still fill; no second one is sent meanwhile."""
        return self.legs.hedge.in_doubt

    @property
    def find_pause(self) -> str:
        """The pause before the next look at the order in doubt: doubles up to the maximum."""
        first = parse_duration_ms(self.limits.find_retry)
        longest = parse_duration_ms(self.limits.find_retry_max)
        return f"{min(first * 2 ** max(0, self.looks - 1), longest)}ms"

    @property
    def was_hedged(self) -> bool:
        """Whether any hedge order has filled."""
        return self.legs.hedge.filled > 0

    @property
    def was_unwound(self) -> bool:
        """Whether the hedge that filled last was an unwind."""
        filled = [line for line in self.orders if line.slot == "hedge" and line.filled]
        return bool(filled) and filled[-1].strategy == "unwind"

    def _reserved(self) -> list[Fill]:
        return [line.as_reserved for line in self.orders]

    # -- What the chart may change ---------------------------------------------------------------

    def next_strategy(self) -> None:
        """Give the turn to the next hedge strategy."""
        self.strategy_index += 1
        self.plan = None

    def restart_strategies(self) -> None:
        """Start the hedge chain over: the position it was for is another one now."""
        self.strategy_index = 0
        self.plan = None

    def drop_plan(self) -> None:
        """Forget the plan in hand; the present strategy plans anew."""
        self.plan = None


class _Draft(msgspec.Struct, frozen=True):
    selection: Selection
    stake: Decimal
    min_odds: Decimal
    fee: Decimal


def _signal(line: OrderLine | None, meaning: str | None) -> str:
    return f"{line.slot}.{meaning}" if line is not None and meaning else ""
