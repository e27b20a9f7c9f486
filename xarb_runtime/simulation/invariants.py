"""
What must never happen, as pure functions over what is known and what is true.

Known is what the runtime believes and has on disk; true is what the venues' own books say. Each
function yields a text for each way in which it finds the law broken.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from xarb_runtime.domain.ledger import LineStatus, OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case
from xarb_runtime.domain.steps import Command, Exposure, Status
from xarb_runtime.simulation.recording import CallFact, MessageFact, VenueOrder

#: Statuses in a venue's book of an order that may still fill.
_OPEN = "open"
_ENDED = frozenset({LineStatus.FILLED, LineStatus.CANCELLED, LineStatus.REFUSED})


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """
    One execution: what the runtime believes of it, and what the venues hold for it.

    Attributes:
        execution: its id.
        status, exposure, reason: its newest snapshot.
        timers: how many timers are pending.
        ledger: its orders, as the runtime believes them to be.
        scenarios, limits: of its opportunity; empty and None when nothing was admitted.
        orders: its orders in the venues' books.
        placed: venue, client id, and how often that venue was asked to place that order.
        incidents: the kinds of all incidents it ever had.
    """

    execution: str
    status: Status = Status.RUNNING
    exposure: Exposure = Exposure.FLAT
    reason: str = ""
    timers: int = 0
    ledger: tuple[OrderLine, ...] = ()
    scenarios: tuple[str, ...] = ()
    limits: Limits | None = None
    orders: tuple[VenueOrder, ...] = ()
    placed: tuple[tuple[str, str, int], ...] = ()
    incidents: tuple[str, ...] = ()


def one_order_per_intent(known: Known, commands: Mapping[str, Command]) -> Iterator[str]:
    """An intent, a committed command to place an order, is sent once and to one venue."""
    venues: dict[str, str] = {}
    for venue, client_id, count in known.placed:
        if count > 1:
            yield f"{client_id} was sent to {venue} {count} times"
        if venues.setdefault(client_id, venue) != venue:
            yield f"{client_id} was sent to {venues[client_id]} and to {venue}"
    slots = {line.client_id: line.slot for line in known.ledger}
    taken: dict[str, str] = {}
    for order in known.orders:
        slot = slots.get(order.client_id, "?")
        if slot != "hedge" and taken.setdefault(slot, order.client_id) != order.client_id:
            yield f"{slot} was taken as {taken[slot]} and as {order.client_id}"
        command = commands.get(order.client_id)
        if command is not None and Decimal(command.params["stake"]) != order.stake:
            asked = command.params["stake"]
            yield f"{order.client_id} asked for {asked}, {order.venue} has {order.stake}"


def one_risk_at_a_time(known: Known) -> Iterator[str]:
    """While one order may still fill, no other is out, unless a setting allows it."""
    if known.limits is None or known.limits.hedge_before_known:
        return
    still_open = [order.client_id for order in known.orders if order.status == _OPEN]
    if len(still_open) > 1:
        yield f"{known.execution}: {' and '.join(still_open)} are open at the same time"


def no_silent_exposure(known: Known) -> Iterator[str]:
    """An execution that has ended owns nothing, or is covered, or a person was told."""
    if known.status is not Status.FINAL or known.incidents:
        return
    still_open = [order.client_id for order in known.orders if order.status == _OPEN]
    if still_open:
        yield f"{known.execution} has ended and {', '.join(still_open)} may still fill"
    held = [order.client_id for order in known.orders if order.filled]
    if known.exposure is Exposure.FLAT and held:
        yield f"{known.execution} has ended flat and {', '.join(held)} is filled"
    worst, staked = worst_by_books(known), sum((it.filled for it in known.orders), ZERO)
    if worst < -_loss_limit(known) * staked:
        yield f"{known.execution} has ended and stands to lose {-worst} of {staked}"


def worst_by_books(known: Known) -> Decimal:
    """Return the worst case by the venues' books, after the fees that were reckoned with."""
    fees = {line.client_id: line.fee for line in known.ledger}
    fills = [
        Fill(order.filled, order.odds, order.wins, fees.get(order.client_id, ZERO))
        for order in known.orders
        if order.filled
    ]
    return worst_case(profit_by_scenario(fills, known.scenarios))


def _loss_limit(known: Known) -> Decimal:
    limits = known.limits or Limits()
    unwinding = any(line.strategy == "unwind" for line in known.ledger)
    return limits.max_loss_unwind if unwinding else limits.max_loss


def committed_before_sent(calls: Iterable[CallFact], issued_ms: Mapping[str, int]) -> Iterator[str]:
    """Nothing goes over the wire before the step that wants it is on disk."""
    for call in calls:
        if call.client_id and issued_ms.get(call.client_id, call.at_ms + 1) > call.at_ms:
            yield f"{call.venue} {call.what} {call.client_id} was sent before it was committed"


def ended_is_ended(known: Known) -> Iterator[str]:
    """An execution that has ended has no timers."""
    if known.status is Status.FINAL and known.timers:
        yield f"{known.execution} has ended with {known.timers} timers pending"


def no_step_after_the_end(execution: str, ended: int | None, seq: int) -> Iterator[str]:
    """An execution that has ended makes no further step; `ended` is the last step's number."""
    if ended is not None and seq > ended:
        yield f"{execution} ended with step {ended} and made step {seq}"


def unknown_is_not_refused(known: Known) -> Iterator[str]:
    """What counts as dead is dead at the venue."""
    orders = {order.client_id: order for order in known.orders}
    for line in known.ledger:
        order = orders.get(line.client_id)
        if order is None:
            continue
        if line.status is LineStatus.REFUSED and order.status != "refused":
            yield f"{line.client_id} counts as refused, {order.venue} has it {order.status}"
        elif line.status in _ENDED and order.status == _OPEN:
            yield f"{line.client_id} counts as {line.status}, {order.venue} has it open"


def ledger_is_true(known: Known) -> Iterator[str]:
    """In the end, what is not in doubt is what the venues have."""
    orders = {order.client_id: order for order in known.orders}
    for line in known.ledger:
        order = orders.get(line.client_id)
        filled = order.filled if order else ZERO
        if not line.in_doubt and line.filled != filled:
            where = order.venue if order else line.selection.venue
            yield f"{line.client_id}: {line.filled} is believed filled, {where} has {filled}"
    strangers = orders.keys() - {line.client_id for line in known.ledger}
    for client_id in sorted(strangers):
        yield f"{client_id} is at {orders[client_id].venue} and not in the ledger"


def acknowledged_is_on_disk(
    messages: Iterable[MessageFact], journaled: set[tuple[str, str]]
) -> Iterator[str]:
    """A message that was acknowledged is in the journal."""
    for message in messages:
        read = (f"bus:{message.source}", message.id)
        if message.acknowledged_ms is not None and message.id and read not in journaled:
            yield f"message {message.id} was acknowledged and is not in the journal"


def no_message_lost(
    messages: Iterable[MessageFact], dead_letters: int, waiting: int
) -> Iterator[str]:
    """Each message was acknowledged, or still waits; what could not be read is a dead letter."""
    lost = [it for it in messages if it.acknowledged_ms is None]
    if len(lost) != waiting:
        names = ", ".join(it.id or "a text" for it in lost)
        yield f"{len(lost)} messages were not acknowledged ({names}), and {waiting} wait"
    unreadable = [it for it in messages if not it.id and it.acknowledged_ms is not None]
    if len(unreadable) > dead_letters:
        yield f"{len(unreadable)} messages could not be read, {dead_letters} are dead letters"


def no_secret(texts: Iterable[str], secrets: Iterable[str]) -> Iterator[str]:
    """No secret stands in anything that is written down. The text says where, not what."""
    hidden = [secret for secret in secrets if secret]
    for number, text in enumerate(texts, start=1):
        if any(secret in text for secret in hidden):
            yield f"line {number} of {len(text)} characters holds a secret"


#: Looked at after every step, for the execution that made it.
AFTER_EVERY_STEP: Mapping[str, Callable[[Known], Iterator[str]]] = {
    "one risk at a time": one_risk_at_a_time,
    "no silent exposure": no_silent_exposure,
    "ended is ended": ended_is_ended,
    "unknown is not refused": unknown_is_not_refused,
}
