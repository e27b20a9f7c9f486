"""
The orders that the exchange may still have something to say about.

Every one is looked at until nothing can change any more: at once when the stream says that
something has, and after pauses otherwise, for what the stream did not tell.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from xarb_runtime.domain.orders import Order, OrderReport
from xarb_runtime.plugins.clock import Clock

from . import wire
from .draft import client_order_id
from .evidence import Evidence

_FASTEST_MS = 250
_LONGEST_PAUSE_MS = 30_000
#: With a stream that works looks are for safety only.
_CALMER = 5
#: Reports of so many settled orders are kept for whoever begins to listen.
_MOST_SETTLED = 1_000


class Known:
    """
    An order that is followed.

    Attributes:
        evidence: what is known of it.
        sent: it was sent by this process, or an earlier one told us of it.
        due_ms: when it is looked at next.
        pause_ms: how long after that again.
    """

    def __init__(self, order: Order, due_ms: int, pause_ms: int) -> None:
        self.evidence = Evidence(order)
        self.sent = False
        self.due_ms, self.pause_ms = due_ms, pause_ms

    @property
    def order(self) -> Order:
        """The order."""
        return self.evidence.order


class Orders:
    """
    Follows orders and tells what is new about them.

    Args:
        clock: the clock.
        patience_ms: so long an ended order's fills may take to be readable.
        pause_ms: between two looks at an order, at first.
    """

    def __init__(self, clock: Clock, *, patience_ms: int, pause_ms: int) -> None:
        self._clock, self._patience_ms, self._pause_ms = clock, patience_ms, pause_ms
        self._known: dict[str, Known] = {}
        self._names: dict[str, str] = {}
        self._woken = asyncio.Event()
        self._latest: OrderedDict[str, OrderReport] = OrderedDict()
        self._listeners: set[asyncio.Queue[OrderReport]] = set()

    def __len__(self) -> int:
        return len(self._known)

    def known(self, order: Order) -> Known | None:
        """Return an order that is followed."""
        return self._known.get(order.client_id)

    def follow(self, order: Order) -> Known:
        """Begin to follow an order, or go on."""
        known = self._known.get(order.client_id)
        if known is None:
            known = Known(order, self._clock.now_ms() + self._pause_ms, self._pause_ms)
            self._known[order.client_id] = known
            self._names[client_order_id(order.client_id)] = order.client_id
            self._woken.set()
        return known

    def forget(self, order: Order) -> None:
        """Stop following an order."""
        known = self._known.pop(order.client_id, None)
        self._names.pop(client_order_id(order.client_id), None)
        if known is not None and known.evidence.draft is not None:
            self._names.pop(known.evidence.draft.id, None)

    def name(self, known: Known) -> None:
        """Note the exchange's id of an order, for what the stream tells."""
        if known.evidence.draft is not None and known.order.client_id in self._known:
            self._names[known.evidence.draft.id] = known.order.client_id

    def hurry(self) -> None:
        """Look at all of them at once: something may have been missed."""
        now_ms = self._clock.now_ms()
        for known in self._known.values():
            known.due_ms, known.pause_ms = now_ms, self._pause_ms
        self._woken.set()

    # -- What is new -----------------------------------------------------------------------------

    def tell(self, evidence: Evidence) -> OrderReport | None:
        """Tell what is new about an order, and return what can be said about it."""
        report = evidence.report(self._clock.now_ms(), self._patience_ms)
        if report is None:
            return None
        told = self._latest.get(report.client_id)
        if told is None or report.sequence > told.sequence:
            self._latest[report.client_id] = report
            self._latest.move_to_end(report.client_id)
            for listener in self._listeners:
                listener.put_nowait(report)
        if report.final:
            self.forget(evidence.order)
        self._forget_settled()
        return self._latest[report.client_id]

    def told(self, order: Order) -> OrderReport | None:
        """Return the newest report of an order."""
        return self._latest.get(order.client_id)

    def _forget_settled(self) -> None:
        while len(self._latest) > _MOST_SETTLED + len(self._known):
            client_id = next(it for it in self._latest if it not in self._known)
            del self._latest[client_id]

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what is known, and from then on what is new."""
        listener: asyncio.Queue[OrderReport] = asyncio.Queue()
        for report in self._latest.values():
            listener.put_nowait(report)
        self._listeners.add(listener)
        try:
            while True:
                yield await listener.get()
        finally:
            self._listeners.discard(listener)

    # -- What the stream says --------------------------------------------------------------------

    def hear_rows(self, data: Any) -> None:
        """Take rows of orders; those of others do not matter."""
        for row in wire.take(_rows(data, "order"), list[wire.OrderRow]):
            known = self._by_name(row.key, row.client_order_id or "")
            if known is not None:
                known.evidence.hear_row(row)
                self._heard(known)

    def hear_fills(self, data: Any) -> None:
        """Take rows of fills; those of others do not matter."""
        for fill in wire.take(_rows(data, "fill"), list[wire.FillRow]):
            known = self._by_name(fill.order_id.lower())
            if known is not None:
                known.evidence.hear_fills([fill])
                self._heard(known)

    def _by_name(self, *names: str) -> Known | None:
        return next(
            (self._known[self._names[it]] for it in names if self._names.get(it) in self._known),
            None,
        )

    def _heard(self, known: Known) -> None:
        report = self.tell(known.evidence)
        if report is None or (report.status != "open" and not report.filled and not report.final):
            # What was pushed is half of it: the other half is read a moment later.
            known.pause_ms = self._pause_ms
            known.due_ms = self._clock.now_ms() + _FASTEST_MS
            self._woken.set()

    # -- Looking ---------------------------------------------------------------------------------

    async def run(
        self, look: Callable[[Order], Awaitable[object]], calm: Callable[[], bool]
    ) -> None:
        """
        Look at every order when it is due, until cancelled.

        Args:
            look: looks at one, and tells.
            calm: whether the stream works.
        """
        while True:
            known = min(self._known.values(), key=lambda it: it.due_ms, default=None)
            now_ms = self._clock.now_ms()
            if known is not None and known.due_ms - now_ms > max(known.pause_ms, _LONGEST_PAUSE_MS):
                known.due_ms = now_ms  # the clock was set back
            if known is None or known.due_ms > now_ms:
                await self._rest(None if known is None else known.due_ms - now_ms)
                continue
            pause_ms = known.pause_ms * (_CALMER if calm() else 1)
            known.due_ms = now_ms + min(pause_ms, _LONGEST_PAUSE_MS)
            known.pause_ms = min(known.pause_ms * 3 // 2, _LONGEST_PAUSE_MS)
            await look(known.order)

    async def _rest(self, for_ms: int | None) -> None:
        """Wait, or until there is something to do."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._woken.wait())]
        if for_ms is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep_ms(for_ms)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        self._woken.clear()


def _rows(data: Any, name: str) -> list[Any]:
    """One row, one that is wrapped, or a list of either."""
    rows = cast("list[Any]", data) if isinstance(data, list) else [data]
    return [row[name] if isinstance(row, dict) and name in row else row for row in rows]
