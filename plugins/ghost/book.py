"""
The book: a ghost venue's own truth about every order, whatever it told anybody.

Pure data under laws: it holds each client id once, a fill never exceeds the stake nor shrinks
except by a reversal, what has ended does not begin again, what is final stays. A request that
breaks a law changes nothing.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal

import msgspec

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus, Selection
from xarb_runtime.domain.position import Fill, profit_by_scenario, worst_case

_LEGAL: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.OPEN: frozenset(OrderStatus),
    OrderStatus.FILLED: frozenset({OrderStatus.FILLED, OrderStatus.REVERSED}),
    OrderStatus.CANCELLED: frozenset({OrderStatus.CANCELLED, OrderStatus.REVERSED}),
    OrderStatus.REFUSED: frozenset({OrderStatus.REFUSED}),
    OrderStatus.REVERSED: frozenset({OrderStatus.REVERSED}),
}


class BookOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    One order that the venue has.

    Attributes:
        client_id, selection, stake, min_odds, reduces, expires_ms: as it was placed.
        nth: the how-manieth order this was, from 0; its behaviour in the script.
        taken_ms: when the book took it.
        changed_ms: when it last changed.
        status, filled, odds, final: what has become of it; `filled` is cumulative.
        sequence: grows with each change.
        code, reason: why, for a refusal, a cancel or a reversal.
    """

    client_id: str
    selection: Selection
    stake: Decimal
    min_odds: Decimal
    reduces: bool
    expires_ms: int
    nth: int
    taken_ms: int
    changed_ms: int
    odds: Decimal
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    final: bool = False
    sequence: int = 1
    code: str = ""
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.status is OrderStatus.OPEN

    @property
    def fill(self) -> Fill:
        """What is filled, as a position."""
        return Fill(self.filled, self.odds, self.selection.wins)

    def report(self) -> OrderReport:
        """Return the cumulative report that tells the whole truth."""
        return OrderReport(
            client_id=self.client_id,
            sequence=self.sequence,
            time_ms=self.changed_ms,
            status=self.status,
            filled=self.filled,
            odds=self.odds if self.filled else ZERO,
            final=self.final,
            code=self.code,
            reason=self.reason,
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of an order; None leaves a value as it is, and counts the sequence on."""

    status: OrderStatus
    filled: Decimal | None = None
    odds: Decimal | None = None
    final: bool = False
    sequence: int | None = None
    code: str = ""
    reason: str = ""


class BookLine(msgspec.Struct, frozen=True, kw_only=True):
    """
    One entry of the book's history, and one line of its file.

    Attributes:
        time_ms: when it happened.
        what: `call` (somebody asked to place it), `taken`, `changed`, `turned_away` (never taken,
            and never will be).
        client_id: whose.
        order: the order after it, for `taken` and `changed`.
        code: why it was turned away.
    """

    time_ms: int
    what: Literal["call", "taken", "changed", "turned_away"]
    client_id: str
    order: BookOrder | None = None
    code: str = ""


class GhostBook:
    """
    Every order of one venue.

    Attributes:
        orders: by client id, in the order in which they were taken.
        calls: how often `place` was called, by client id, taken or not.
        turned_away: why an order was not taken and never will be, by client id.
        history: everything that happened, oldest first.
        on_line: called with each entry of the history, e.g. to write it down.
    """

    def __init__(self, on_line: Callable[[BookLine], None] | None = None) -> None:
        self.orders: dict[str, BookOrder] = {}
        self.calls: dict[str, int] = {}
        self.turned_away: dict[str, str] = {}
        self.history: list[BookLine] = []
        self.on_line = on_line

    @classmethod
    def from_lines(cls, lines: Iterable[BookLine]) -> "GhostBook":
        """Return the book that has this history."""
        book = cls()
        for line in lines:
            book._add(line)
        return book

    # -- What happens ----------------------------------------------------------------------------

    def called(self, client_id: str, now_ms: int) -> None:
        """Note that somebody asked to place this order."""
        self._add(BookLine(time_ms=now_ms, what="call", client_id=client_id))

    def take(self, order: Order, *, nth: int, odds: Decimal, now_ms: int) -> BookOrder | None:
        """
        Take an order, or return the one with the same client id that is there already.

        Returns None, and turns it away for good, when it has expired or was turned away before.
        """
        if order.client_id in self.orders:
            return self.orders[order.client_id]
        if order.client_id in self.turned_away:
            return None
        if now_ms > order.expires_ms:
            self.turn_away(order.client_id, "EXPIRED", now_ms)
            return None
        facts = msgspec.structs.asdict(order)
        taken = BookOrder(**facts, nth=nth, taken_ms=now_ms, changed_ms=now_ms, odds=odds)
        self._add(BookLine(time_ms=now_ms, what="taken", client_id=order.client_id, order=taken))
        return taken

    def turn_away(self, client_id: str, code: str, now_ms: int) -> None:
        """Decide that this order will never be taken; nothing happens if it has been."""
        if client_id in self.orders or client_id in self.turned_away:
            return
        self._add(BookLine(time_ms=now_ms, what="turned_away", client_id=client_id, code=code))

    def change(self, client_id: str, change: Change, now_ms: int) -> bool:
        """Change an order; return whether anything changed. An unlawful change does nothing."""
        order = self.orders[client_id]
        filled = order.filled if change.filled is None else change.filled
        after = msgspec.structs.replace(
            order,
            status=change.status,
            filled=filled,
            odds=order.odds if change.odds is None else change.odds,
            final=change.final,
            code=change.code,
            reason=change.reason,
            changed_ms=now_ms,
            sequence=change.sequence or order.sequence + 1,
        )
        if not is_lawful(order, after):
            return False
        self._add(BookLine(time_ms=now_ms, what="changed", client_id=client_id, order=after))
        return True

    def _add(self, line: BookLine) -> None:
        match line.what:
            case "call":
                self.calls[line.client_id] = self.calls.get(line.client_id, 0) + 1
            case "turned_away":
                self.turned_away[line.client_id] = line.code
            case _ if line.order is not None:
                self.orders[line.client_id] = line.order
            case _:
                pass
        self.history.append(line)
        if self.on_line is not None:
            self.on_line(line)

    # -- What is true ----------------------------------------------------------------------------

    def open_orders(self) -> list[BookOrder]:
        """Return the orders that may still fill."""
        return [order for order in self.orders.values() if order.is_open]

    def of(self, execution: str) -> list[BookOrder]:
        """Return the orders of one execution: their client ids are `{execution}:{seq}:{index}`."""
        prefix = f"{execution}:"
        return [order for order in self.orders.values() if order.client_id.startswith(prefix)]

    def positions(self) -> dict[str, Decimal]:
        """Return the filled stake by `market/outcome`, without what is zero."""
        held: dict[str, Decimal] = {}
        for order in self.orders.values():
            if order.filled:
                key = selection_key(order.selection)
                held[key] = held.get(key, ZERO) + order.filled
        return held

    def to_json(self) -> dict[str, Any]:
        """Return the book as plain JSON values; the same book gives the same values."""
        orders = msgspec.json.encode(list(self.orders.values()))
        return {
            "orders": msgspec.json.decode(orders),
            "calls": dict(self.calls),
            "turned_away": dict(self.turned_away),
            "positions": {key: str(stake) for key, stake in self.positions().items()},
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "GhostBook":
        """Return the book that `to_json` wrote down, without its history."""
        book = cls()
        orders = msgspec.convert(document["orders"], list[BookOrder], strict=False)
        book.orders = {order.client_id: order for order in orders}
        book.calls = msgspec.convert(document["calls"], dict[str, int])
        book.turned_away = msgspec.convert(document["turned_away"], dict[str, str])
        return book

    def problems(self) -> list[str]:
        """Return the laws that the book breaks, as texts; none, unless the ghost is broken."""
        return [problem for order in self.orders.values() for problem in _problems_of(order)]


def is_lawful(before: BookOrder, after: BookOrder) -> bool:
    """Return whether an order may go from one state to the other, and whether they differ."""
    same = (before.status, before.filled, before.final) == (after.status, after.filled, after.final)
    if same or before.final or after.status not in _LEGAL[before.status] or _problems_of(after):
        return False
    if after.status is OrderStatus.REVERSED:
        again = before.status is OrderStatus.REVERSED
        return after.filled <= before.filled and (again or after.filled < before.filled)
    if not before.is_open and after.filled != before.filled:
        return False
    return after.filled >= before.filled


def _problems_of(order: BookOrder) -> list[str]:
    found: list[str] = []
    if not ZERO <= order.filled <= order.stake:
        found.append(f"{order.client_id}: {order.filled} filled of a stake of {order.stake}")
    if order.status is OrderStatus.FILLED and order.filled != order.stake:
        found.append(f"{order.client_id}: filled, but only {order.filled} of {order.stake}")
    if order.status is OrderStatus.REFUSED and order.filled:
        found.append(f"{order.client_id}: refused, but {order.filled} is filled")
    return found


def exposure(books: Iterable[GhostBook], execution: str, scenarios: Iterable[str]) -> Decimal:
    """Return what an execution loses at worst by all venues' truth, fees left out; 0 if nothing."""
    fills = [order.fill for book in books for order in book.of(execution) if order.filled]
    return worst_case(profit_by_scenario(fills, scenarios))


def selection_key(selection: Selection) -> str:
    """Return how a script names a selection: `market/outcome`."""
    return f"{selection.market}/{selection.outcome}"
