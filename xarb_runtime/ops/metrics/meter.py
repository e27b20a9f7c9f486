"""
The meter: turns what the runtime does into figures, after each commit and after each call.

It counts from the start of the process. What it remembers is bounded by what is in flight, and by
the newest orders that have ended.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from decimal import Decimal

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Command, Snapshot, Status, Step
from xarb_runtime.ops.commands import venue_of
from xarb_runtime.ops.metrics.letters import reason_class
from xarb_runtime.ops.metrics.registry import Collectors
from xarb_runtime.ops.metrics.worth import Worth, worth_of
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.work import Work
from xarb_runtime.store.batch import Trade

#: So many orders that have ended are remembered, to tell what is taken back of them later.
ORDERS_KEPT = 4096
HEDGE = "hedge"


class Meter(Instruments):
    """
    Feeds collectors. Its methods are called in the runtime's loop and only count.

    Attributes:
        context_of: gives the context of a snapshot; set when the runtime is there.
    """

    def __init__(self, collectors: Collectors) -> None:
        self.context_of: Callable[[Snapshot], Context] | None = None
        self._collectors = collectors
        self._count = collectors.count
        self._seen = collectors.observe
        self._began_ms: dict[str, int] = {}
        self._filled: OrderedDict[str, Decimal] = OrderedDict()

    def recall(self, began_ms: Iterable[tuple[str, int]]) -> None:
        """Take up when executions began that were in flight before this process."""
        for execution, at_ms in began_ms:
            if is_trade(execution):
                self._began_ms.setdefault(execution, at_ms)

    # -- Rounds of work --------------------------------------------------------------------------

    def observe(self, work: Work) -> None:
        """Count a round of work, after its commit."""
        for taken in work.steps:
            self._step(taken)
        for trade in work.batch.trades:
            self._trade(trade)
        for incident in work.incidents:
            self._count("xarb_incidents_opened_total", incident.kind, incident.severity)
        for letter in work.batch.dead_letters:
            self._count("xarb_dead_letters_total", reason_class(letter.reason))

    def _step(self, taken: Step) -> None:
        after = taken.after
        self._count("xarb_steps_total", after.chart, taken.outcome.value)
        if not is_trade(after.execution):
            return
        if not taken.before.seq and after.seq:
            self._began_ms[after.execution] = taken.event.time_ms
            self._count("xarb_executions_started_total")
        if after.status is Status.FINAL and taken.before.status is not Status.FINAL:
            self._end(taken)

    def _context(self, snapshot: Snapshot) -> Context:
        return self.context_of(snapshot) if self.context_of else Context()

    def _end(self, taken: Step) -> None:
        after, state = taken.after, "+".join(taken.after.leaves)
        facts = _Facts(self._context(after))
        self._count("xarb_executions_ended_total", state, facts.reason)
        began_ms = self._began_ms.pop(after.execution, None)
        if began_ms is not None:
            took = (taken.event.time_ms - began_ms) / 1000
            self._seen("xarb_orchestration_seconds", took, state)
        if facts.owned:
            self._count("xarb_executions_owning_total")
        if facts.owned and facts.hedged:
            self._count("xarb_executions_rolled_back_total", state)
        if facts.worth.filled:
            self._money(state, facts.worth)

    def _money(self, state: str, worth: Worth) -> None:
        self._count("xarb_ended_filled_total", state, by=float(worth.filled))
        self._count("xarb_ended_profit_total", state, by=float(max(ZERO, worth.worst)))
        self._count("xarb_ended_loss_total", state, by=float(max(ZERO, -worth.worst)))

    def _trade(self, trade: Trade) -> None:
        where = (trade.venue, trade.slot)
        self._count("xarb_orders_ended_total", *where, trade.status.value)
        known = self._filled.get(trade.client_id)
        if known is None and trade.status.value != "reversed":
            self._count("xarb_order_stake_total", *where, by=float(trade.stake))
            self._count("xarb_order_filled_total", *where, by=float(trade.filled))
            if trade.accept_ms is not None:
                self._seen("xarb_accept_seconds", trade.accept_ms / 1000, *where)
        else:
            self._changed(trade, known if known is not None else trade.stake)
        self._remember(trade)

    def _changed(self, trade: Trade, before: Decimal) -> None:
        """An order that had ended has changed: more is filled than was known, or less."""
        where, more = (trade.venue, trade.slot), trade.filled - before
        name = "xarb_order_filled_total" if more > 0 else "xarb_order_taken_back_total"
        self._count(name, *where, by=float(abs(more)))

    def _remember(self, trade: Trade) -> None:
        self._filled[trade.client_id] = trade.filled
        self._filled.move_to_end(trade.client_id)
        while len(self._filled) > ORDERS_KEPT:
            self._filled.popitem(last=False)

    # -- What the runtime says -------------------------------------------------------------------

    def received(self, message: BusMessage, outcome: str, age_ms: int | None) -> None:  # noqa: ARG002
        """Count a message by what became of it."""
        self._count("xarb_messages_total", outcome)
        if age_ms is not None:
            self._seen("xarb_message_age_seconds", age_ms / 1000, outcome)

    def repeated(self, execution: str) -> None:  # noqa: ARG002
        """Count a message that was in the journal already."""
        self._count("xarb_messages_repeated_total")

    def committed(self, *, steps: int, rows: int, seconds: float) -> None:
        """Count a commit."""
        self._seen("xarb_commit_seconds", seconds)
        self._seen("xarb_commit_steps", steps)
        self._seen("xarb_commit_rows", rows)

    def issued(self, command: Command) -> None:
        """Count a command that begins."""
        who = (command.target, command.name, venue_of(command))
        self._count("xarb_commands_started_total", *who)

    def answered(self, command: Command, outcome: str, seconds: float) -> None:
        """Count a command that has its answer."""
        who = (command.target, command.name, venue_of(command))
        self._seen("xarb_command_seconds", seconds, *who, outcome)

    def fired(self, timer: str, late_ms: int) -> None:  # noqa: ARG002
        """Count a timer that was delivered."""
        self._seen("xarb_timer_lag_seconds", late_ms / 1000)

    def published(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an attempt to publish."""
        self._count("xarb_published_total", kind, outcome)
        self._seen("xarb_publish_seconds", seconds)

    # -- What others say -------------------------------------------------------------------------

    def lagged(self, seconds: float) -> None:
        """Count how late the loop was."""
        self._seen("xarb_loop_lag_seconds", seconds)

    def blocked(self) -> None:
        """Count that something held up the loop."""
        self._count("xarb_loop_blocked_total")


class _Facts:
    """What the end of an execution is about; a context that does not say it has nothing of it."""

    def __init__(self, context: Context) -> None:
        self.reason = str(getattr(context, "reason", ""))
        self.worth = worth_of(context)
        orders = getattr(context, "orders", ())
        self.owned = any(line.accepted_ms for line in orders)
        self.hedged = bool(getattr(context, "asked", "")) or any(it.slot == HEDGE for it in orders)
