"""
The outside of a cross-venue execution, with the venues' truth: what an explorer can let happen.

An order is on its way, at the venue, or lost; at the venue it changes whether or not we are told.
Answers may be true, late, unknown, or never come. What is out of the ordinary costs 1.
"""

from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from tests.statechart.explorer import Move
from xarb_runtime.domain import events
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case
from xarb_runtime.domain.steps import Command, Snapshot, Step

SENDING, LOST, OPEN, FILLED, CANCELLED, REFUSED, REVERSED = (
    "sending", "lost", "open", "filled", "cancelled", "refused", "reversed",
)  # fmt: skip
ALIVE = {SENDING, OPEN}
SLOTS = ("leg_a", "leg_b", "hedge")
TICK = Decimal("0.01")

#: Elsewhere it makes no difference when a venue calls something final.
FINALITY_MATTERS = {"confirming", "unconfirmed"}


class Truth(NamedTuple):
    """An order as the venue has it; `told` is whether we have been told how it stands."""

    slot: str
    client_id: str
    stake: Decimal
    odds: Decimal
    wins: tuple[str, ...]
    status: str = SENDING
    filled: Decimal = Decimal(0)
    final: bool = False
    sequence: int = 0
    told: bool = True

    @property
    def there(self) -> bool:
        return self.status not in {SENDING, LOST}

    @property
    def half(self) -> Decimal:
        return (self.stake / 2).quantize(TICK)

    @property
    def fill(self) -> Fill:
        return Fill(self.filled, self.odds, self.wins)

    def turned(self, status: str, filled: Decimal, *, final: bool = False) -> "Truth":
        return self._replace(
            status=status, filled=filled, final=final, sequence=self.sequence + 1, told=False
        )


class Asked(NamedTuple):
    """
    A command that has not been answered.

    `order` is an index, -1 where it is about none. Once the execution has gone on without it, the
    answer never comes, unless it was `kept` for later.
    """

    key: str
    name: str
    order: int
    params: dict[str, Any]
    kept: bool = False


class Market(NamedTuple):
    """All orders, all open questions, and the operator's words that are left."""

    execution: str
    now_ms: int
    orders: tuple[Truth, ...] = ()
    asked: tuple[Asked, ...] = ()
    words: tuple[str, ...] = ("operator.pause", "operator.retry", "operator.resolve")
    alarmed: bool = False

    def key(self, budget: int) -> Hashable:
        gone = {LOST, REFUSED}
        truths = tuple(
            (o.slot, o.status, share(o.filled, o.stake), o.final, o.told)
            for o in self.orders
            if o.status not in gone
        )
        questions = {(a.name, self._about(a), a.kept) for a in self.asked}
        return truths, frozenset(questions), self.words if budget else (), self.alarmed

    def _about(self, asked: Asked) -> Hashable:
        if asked.order < 0:
            return asked.params.get("strategy"), asked.params.get("leg"), asked is self.asked[-1]
        return self.orders[asked.order].slot, self.orders[asked.order].status

    # -- What a step asks of the outside ----------------------------------------------------------

    def after(self, taken: Step) -> "Market":
        asked = self.asked
        if taken.after.leaves != taken.before.leaves:
            asked = tuple(a for a in asked if a.kept)
        found = self._replace(now_ms=max(self.now_ms, taken.event.time_ms), asked=asked)
        for command in taken.commands:
            found = found._take(command)
        return found

    def _take(self, command: Command) -> "Market":
        params = command.params
        match (command.target, command.name):
            case ("venue", "place"):
                order = Truth(
                    slot=_slot_of(self, params),
                    client_id=params["client_id"],
                    stake=Decimal(params["stake"]),
                    odds=Decimal(params["min_odds"]),
                    wins=tuple(params["selection"]["wins"]),
                )
                found = self._replace(orders=(*self.orders, order))
                return found._ask(command, len(self.orders))
            case ("venue", "cancel" | "find"):
                return self._ask(command, self.index(params["client_id"]))
            case ("venue", "quote") | ("hedge", "plan"):
                return self._ask(command, -1)
            case ("runtime", "incident") if params["kind"] == "exposed":
                return self._replace(alarmed=True)
            case _:
                return self

    def _ask(self, command: Command, order: int) -> "Market":
        # A question that is open already is not asked a second time: its answer is the same.
        same = [a for a in self.asked if (a.name, a.order) == (command.name, order)]
        if same and command.name in {"cancel", "find"}:
            return self
        asked = Asked(command.key, command.name, order, command.params)
        return self._replace(asked=(*self.asked, asked))

    def index(self, client_id: str) -> int:
        return next(i for i, order in enumerate(self.orders) if order.client_id == client_id)

    # -- What the outside can do ------------------------------------------------------------------

    def moves(self, snapshot: Snapshot) -> Iterator[Move]:
        for i, order in enumerate(self.orders):
            yield from self._order_moves(i, order, snapshot.leaves[0] in FINALITY_MATTERS)
        for asked in self.asked:
            yield from self._answers(asked, snapshot)
            if not asked.kept:
                kept = tuple(a._replace(kept=a.kept or a is asked) for a in self.asked)
                yield Move(f"{asked.name} is answered later", self._replace(asked=kept), None, 1)
        for word in self.words:
            left = tuple(w for w in self.words if w != word)
            outside = self._replace(words=left)
            yield Move(word, outside, outside.event(word, {}), 1)

    def _order_moves(self, i: int, order: Truth, ripe: bool) -> Iterator[Move]:
        name = f"{order.slot}[{i}]"
        for what, turned, cost in _turns(order):
            if what == "final" and not ripe:
                continue
            silent = self._with(i, turned)
            yield Move(f"{name} {what}, unheard", silent, None, cost + 1)
            yield silent.tell(i, f"{name} {what}", cost)
        if not order.told:
            yield self.tell(i, f"{name} is {order.status}", 0)

    def _answers(self, asked: Asked, snapshot: Snapshot) -> Iterator[Move]:
        rest = self._replace(asked=tuple(a for a in self.asked if a.key != asked.key))
        match asked.name:
            case "place":
                yield from rest._answer_place(asked)
            case "cancel":
                yield from rest._answer_cancel(asked)
            case "find":
                yield from rest._answer_find(asked)
            case "quote":
                yield from rest._answer_quote(asked)
            case _:
                yield from rest._answer_plan(asked, snapshot)

    def _answer_place(self, asked: Asked) -> Iterator[Move]:
        order, i = self.orders[asked.order], asked.order
        if order.status == SENDING:
            refused = self._with(i, order._replace(status=LOST))
            yield refused._say("place refused", events.ORDER_REFUSED, asked, 0)
            for what, turned, cost in _turns(order):
                yield self._with(i, turned).tell(i, f"place answered: {what}", cost)
            yield self._say("place unknown, it may still arrive", events.ORDER_UNKNOWN, asked, 1)
            yield refused._say("place unknown, it never arrived", events.ORDER_UNKNOWN, asked, 1)
        else:
            yield self._say("place unknown", events.ORDER_UNKNOWN, asked, 1)
        if order.there:
            yield self.tell(i, "place answered late", 0)

    def _answer_cancel(self, asked: Asked) -> Iterator[Move]:
        order, i = self.orders[asked.order], asked.order
        yield self._say("cancel refused", events.ORDER_CANCEL_REFUSED, asked, 0)
        yield self._say("cancel unknown, without effect", events.ORDER_UNKNOWN, asked, 1)
        if order.status == OPEN:
            done = self._with(i, order.turned(CANCELLED, order.filled))
            yield done.tell(i, "cancelled", 0)
            yield done._say("cancel unknown, with effect", events.ORDER_UNKNOWN, asked, 1)
        elif order.there:
            yield self.tell(i, "cancel answered: too late", 0)

    def _answer_find(self, asked: Asked) -> Iterator[Move]:
        order, i = self.orders[asked.order], asked.order
        yield self._say("find unknown", events.ORDER_UNKNOWN, asked, 0)
        if order.there:
            yield self.tell(i, f"found {order.status}", 0)
        elif order.status == LOST:
            yield self._say("find absent", events.ORDER_ABSENT, asked, 0)

    def _answer_quote(self, asked: Asked) -> Iterator[Move]:
        selection = asked.params["selection"]
        for what, odds, most in (
            ("good", "2.04", "1000"),
            ("bad", "1.2", "1000"),
            ("thin", "2.04", "1"),
        ):
            data = {"selection": selection, "odds": odds, "min_stake": "1", "max_stake": most,
                    "time_ms": self.now_ms}  # fmt: skip
            yield Move(f"quote {what}", self, self.event(events.QUOTE_RECEIVED, data))
        yield Move("quote failed", self, self.event(events.QUOTE_FAILED, {"reason": "test"}))

    def _answer_plan(self, asked: Asked, _snapshot: Snapshot) -> Iterator[Move]:
        strategy = asked.params["strategy"]
        no_plan = self.event(events.HEDGE_NO_PLAN, {"reason": "test"}, asked.key)
        yield Move(f"{strategy}: no plan", self, no_plan)
        for what, odds in (("plan", "1.98"), ("bad plan", "1.10")):
            plan = _plan(asked.params, Decimal(odds))
            if plan is not None:
                event = self.event(events.HEDGE_PLANNED, plan, asked.key)
                yield Move(f"{strategy}: {what}", self, event)

    # -- Ways to say it ---------------------------------------------------------------------------

    def event(self, kind: str, data: dict[str, Any], answers: str = "") -> Event:
        return Event(
            id=f"{answers}/{kind}" if answers else kind,
            source="outside",
            type=kind,
            time_ms=self.now_ms,
            execution=self.execution,
            data=data,
        )

    def _say(self, label: str, kind: str, asked: Asked, cost: int) -> Move:
        order = self.orders[asked.order]
        data = {"client_id": order.client_id, "code": "TEST", "reason": label}
        return Move(f"{order.slot}[{asked.order}] {label}", self, self.event(kind, data), cost)

    def tell(self, i: int, label: str, cost: int) -> Move:
        order = self.orders[i]
        data = {
            "client_id": order.client_id,
            "sequence": order.sequence,
            "time_ms": self.now_ms,
            "status": order.status,
            "filled": str(order.filled),
            "odds": str(order.odds) if order.filled else "0",
            "final": order.final,
        }
        told = self._with(i, order._replace(told=True))
        return Move(label, told, told.event(events.ORDER_REPORT, data), cost)

    def _with(self, i: int, order: Truth) -> "Market":
        return self._replace(orders=(*self.orders[:i], order, *self.orders[i + 1 :]))

    # -- The truth --------------------------------------------------------------------------------

    def worst(self, scenarios: tuple[str, ...]) -> Decimal:
        return worst_case(profit_by_scenario([o.fill for o in self.orders], scenarios))

    @property
    def staked(self) -> Decimal:
        return sum((order.filled for order in self.orders), Decimal(0))


def _turns(order: Truth) -> list[tuple[str, Truth, int]]:
    """What can become of an order at the venue: what, the order then, what it costs a path."""
    full, none, half = order.stake, Decimal(0), order.half
    match order.status:
        case "sending":
            return [
                ("filled", order.turned(FILLED, full), 0),
                ("open", order.turned(OPEN, none), 0),
                ("half filled", order.turned(OPEN, half), 1),
                ("half filled, rest killed", order.turned(CANCELLED, half), 1),
            ]
        case "open":
            more = [] if order.filled else [("half filled", order.turned(OPEN, half), 1)]
            return [
                *more,
                ("filled", order.turned(FILLED, full), 0),
                ("killed", order.turned(CANCELLED, order.filled), 0),
            ]
        case "filled" if not order.final:
            return [
                ("final", order.turned(FILLED, order.filled, final=True), 0),
                ("reversed", order.turned(REVERSED, none, final=True), 1),
                ("half reversed", order.turned(REVERSED, half, final=True), 1),
                ("open again", order.turned(OPEN, half), 2),
            ]
        case "cancelled" if not order.final:
            late = [("filled after all", order.turned(FILLED, full), 2)]
            if not order.filled:
                return late
            return [
                *late,
                ("final", order.turned(CANCELLED, order.filled, final=True), 0),
                ("reversed", order.turned(REVERSED, none, final=True), 1),
            ]
        case _:
            return []


def _plan(params: dict[str, Any], odds: Decimal) -> dict[str, Any] | None:
    """Plan an order that levels the fills of a request, on whichever side is exposed."""
    fills = [
        Fill(Decimal(f["stake"]), Decimal(f["odds"]), tuple(f["wins"])) for f in params["fills"]
    ]
    profit = profit_by_scenario(fills, params["scenarios"])
    weak = min(profit, key=lambda scenario: (profit[scenario], scenario))
    gap = max(profit.values()) - profit[weak]
    stake = (gap / odds).quantize(TICK)
    if stake <= 0:
        return None
    hedge = Fill(stake, odds, (weak,))
    return {
        "strategy": params["strategy"],
        "selection": {"venue": "other", "market": "m", "outcome": weak, "wins": [weak]},
        "stake": str(stake),
        "odds": str(odds),
        "fee": "0",
        "worst_case": str(worst_case(profit_by_scenario([*fills, hedge], params["scenarios"]))),
    }


def _slot_of(market: Market, params: dict[str, Any]) -> str:
    if not params["reduces"]:
        return "leg_a"
    return "leg_b" if params["selection"]["venue"] == "azuro" else "hedge"


def share(filled: Decimal, stake: Decimal) -> str:
    """How much of a stake is filled, as far as the search tells apart."""
    return "none" if not filled else "full" if filled == stake else "part"


def abstract(context: CrossVenue, snapshot: Snapshot) -> Hashable:
    """
    What decides the future of an execution, as far as the search tells apart.

    Amounts count as none, part or full; orders that came to nothing do not count.
    """
    lines = tuple(
        (o.slot, o.strategy, o.status, share(o.filled, o.stake), o.final, o.reported)
        for o in context.orders
        if o.filled or o.in_doubt
    )
    weak = min(context.profit.items(), key=lambda item: (item[1], item[0]))[0]
    owned = (context.is_covered, context.is_flat, weak)
    watched = snapshot.leaves == ("watching",)
    prices = tuple(
        quote and (quote.odds, quote.max_stake)
        for quote in (context.quote_a, context.quote)
        if watched
    )
    asks = (prices, context.quote is not None, context.plan is not None and context.plan.odds)
    turns = (context.strategy_index, context.restarts)
    timers = tuple(timer.id for timer in snapshot.timers)
    return snapshot.leaves, lines, owned, asks, turns, timers
