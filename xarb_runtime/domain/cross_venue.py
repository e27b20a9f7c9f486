"""
The context of the mission's flow: leg A on one venue, leg B on another, hedges if B fails.

Signals that the chart sees (`leg_a`, `leg_b` and `hedge` are the slots an order can be for):
`{slot}.acknowledged`, `.partially_filled`, `.filled`, `.cancelled`, `.refused`, `.unknown`,
`.cancel_refused`, `.reversed`, `.finalised`, `.repeated`; `quote.received`, `quote.failed`;
`hedge.planned`, `hedge.no_plan`; timers and operator's words under their own names.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from xarb_runtime.domain import events
from xarb_runtime.domain.context import Countdown, read
from xarb_runtime.domain.cross_venue_entry import CrossVenueEntry
from xarb_runtime.domain.cross_venue_facts import Admission
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.ledger import (
    OrderLine,
    fold,
    mark_absent,
    mark_refused,
    mark_unknown,
)
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import Order, OrderReport, Quote, Selection
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
    "repeated",
)


class OrderWord(msgspec.Struct, frozen=True):
    """Data of `order.unknown`, `order.absent`, `order.refused` and `order.cancel_refused`."""

    client_id: str
    code: str = ""
    reason: str = ""


class NoPlan(msgspec.Struct, frozen=True):
    """Data of `hedge.no_plan`: whose answer it is, and why."""

    strategy: str = ""
    reason: str = ""


class CrossVenue(CrossVenueEntry, kw_only=True):
    """
    One cross-venue execution: what it hears, what it sends, what the chart may change.
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
    slots: ClassVar[tuple[str, ...]] = SLOTS
    settled: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "not in_doubt": SLOTS,
        "is_flat": SLOTS,
        "is_settled": SLOTS,
        "is_final": SLOTS,
        "not hedge_is_in_doubt": ("hedge",),
        "not legs.a.in_doubt": ("leg_a",),
        "not legs.b.in_doubt": ("leg_b",),
        "not legs.a.placed": ("leg_a",),
        "not legs.b.placed": ("leg_b",),
        "not legs.hedge.placed": ("hedge",),
    }
    remarks: ClassVar[frozenset[str]] = frozenset({"reason"})
    countdowns: ClassVar[Mapping[str, Countdown]] = {
        "has_strategy": Countdown(
            "next_strategy", frozenset({"restart_strategies", "retry_strategies"})
        )
    }

    # -- What is heard ---------------------------------------------------------------------------

    def observe(self, event: Event) -> str:
        """Fold the event into the ledger and return the name of what it means."""
        match event.type:
            case events.OPPORTUNITY_DETECTED:
                return self._observe_admission(read(event, Admission))
            case events.ORDER_REPORT:
                report = read(event, OrderReport)
                line = self.order(report.client_id)
                return _signal(line, line and fold(line, report, event.time_ms))
            case (
                events.ORDER_UNKNOWN
                | events.ORDER_ABSENT
                | events.ORDER_REFUSED
                | events.ORDER_CANCEL_REFUSED
            ):
                return self._observe_word(event.type, read(event, OrderWord), event.time_ms)
            case events.QUOTE_RECEIVED:
                return self._observe_quote(read(event, Quote))
            case events.HEDGE_PLANNED:
                return self._observe_plan(event, read(event, HedgePlan))
            case events.HEDGE_NO_PLAN:
                stale = read(event, NoPlan).strategy not in {"", self.strategy}
                return "" if stale or self._is_outdated(event) else event.type
            case "operator.pause":
                self.paused = True
            case _:
                pass
        return event.type

    def _observe_admission(self, admission: Admission) -> str:
        if self.admission is not None:
            return ""  # what is under way is never sized anew by a second message
        self.admission = admission
        return events.OPPORTUNITY_DETECTED

    def _observe_quote(self, quote: Quote) -> str:
        if quote.selection == self.opportunity.leg_b.selection:
            self.quote = quote
        elif quote.selection == self.opportunity.leg_a.selection:
            self.quote_a = quote
        else:
            return ""
        return events.QUOTE_RECEIVED

    def _observe_plan(self, event: Event, plan: HedgePlan) -> str:
        if plan.strategy != self.strategy or self._is_outdated(event):
            return ""  # its turn is over, or it was asked again since, for another position
        self.plan = plan
        return events.HEDGE_PLANNED

    def _is_outdated(self, event: Event) -> bool:
        """An answer's id begins with the key of the question."""
        question, slash, _ = event.id.rpartition("/")
        return bool(slash) and question != self.asked

    def _observe_word(self, kind: str, word: OrderWord, now_ms: int) -> str:
        line = self.order(word.client_id)
        if line is None:
            return ""
        if kind == events.ORDER_UNKNOWN:
            return _signal(line, mark_unknown(line))
        if kind == events.ORDER_ABSENT:
            return _signal(line, mark_absent(line, word.reason, now_ms))
        if kind == events.ORDER_CANCEL_REFUSED:
            return _signal(line, "cancel_refused" if line.in_doubt else "")
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
            line = self.legs.of(command.params["leg"]).in_question
            if line is None:
                message = f"{command.name}: {command.params['leg']} has no order"
                raise LookupError(message)
            if command.name == "find":
                self.looks += 1
            return _told(line.order)
        if command.target == "venue" and command.name == "quote":
            of_a = command.params.get("leg") == "leg_a"
            offer = self.opportunity.leg_a if of_a else self.opportunity.leg_b
            return {"selection": msgspec.to_builtins(offer.selection)}
        if command.target == "hedge" and command.name == "plan":
            self.asked = command.key
            self.turn_ms = self.turn_ms or self.now_ms
            return self._plan_request()
        return command.params

    def _issue_order(self, command: Command) -> dict[str, Any]:
        slot = command.params["leg"]
        draft = self._draft(slot)
        ttl = {"leg_a": self.limits.ttl_leg_a, "leg_b": self.limits.ttl_leg_b}
        line = OrderLine(
            slot=slot,
            client_id=command.key,
            selection=draft.selection,
            stake=draft.stake,
            min_odds=draft.min_odds,
            fee=draft.fee,
            sent_ms=self.now_ms,
            expires_ms=self.now_ms + parse_duration_ms(ttl.get(slot, self.limits.ttl_hedge)),
            strategy=self.plan.strategy if slot == "hedge" and self.plan else "",
        )
        self.orders.append(line)
        self.looks = 0
        return _told(line.order)

    def _draft(self, slot: str) -> "_Draft":
        if slot == "leg_a":
            offer = self.opportunity.leg_a
            return _Draft(offer.selection, self.stake_a, self.limit_odds_a, offer.fee)
        if slot == "leg_b":
            offer = self.opportunity.leg_b
            odds = self.after_slippage(self.odds_b)
            return _Draft(offer.selection, self.stake_b, odds, offer.fee)
        if self.plan is None:
            message = "place: there is no hedge plan in hand"
            raise LookupError(message)
        odds = self.after_slippage(self.plan.odds)
        return _Draft(self.plan.selection, self.plan.stake, odds, self.plan.fee)

    def _plan_request(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy,
            "scenarios": list(self.opportunity.scenarios),
            "fills": msgspec.to_builtins(self.to_hedge, str_keys=True),
            "offers": msgspec.to_builtins(self.offers),
            "stake_tick": str(self.limits.stake_tick),
            "until_ms": self.turn_ms + parse_duration_ms(self.limits.ttl_plan),
        }

    # -- What the chart may change ---------------------------------------------------------------

    def next_strategy(self) -> None:
        """Give the turn to the next hedge strategy."""
        self._give_turn(self.strategy_index + 1)

    def restart_strategies(self) -> None:
        """Start the hedge chain over after a reversal, unless that happened too often."""
        self.restarts += 1
        again = self.restarts <= self.limits.max_restarts
        self._give_turn(0 if again else len(self.limits.hedge_order))

    def retry_strategies(self) -> None:
        """Start the hedge chain over because a person says so."""
        self.restarts = 0
        self._give_turn(0)

    def _give_turn(self, index: int) -> None:
        self.strategy_index, self.turn_ms, self.plan = index, 0, None


class _Draft(msgspec.Struct, frozen=True):
    selection: Selection
    stake: Decimal
    min_odds: Decimal
    fee: Decimal


def _told(order: Order) -> dict[str, Any]:
    """An order as a command carries it: whole, so that a venue needs no memory of its own."""
    return msgspec.to_builtins(order)


def _signal(line: OrderLine | None, meaning: str | None) -> str:
    return f"{line.slot}.{meaning}" if line is not None and meaning else ""
