"""
The inside of a ghost venue: it takes orders into its book, lets them go the way the script says,
and writes reports into a log. It goes on whether anybody is connected or not.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.plugins.contracts import Clock

from .behaviours import Behaviour, CancelBehaviour
from .book import BookOrder, GhostBook
from .clockwork import Clockwork
from .fates import Fates
from .log import ReportLog
from .script import Script
from .settings import GhostSettings


class GhostExchange:
    """
    One venue. Several connections may share it, one after another or at once.

    Attributes:
        name: the venue's name.
        settings, script: what it does.
        work: its time.
        book: its truth.
        log: what it has reported.
    """

    def __init__(
        self,
        name: str,
        settings: GhostSettings,
        work: Clockwork,
        book: GhostBook | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.script = Script(settings)
        self.work = work
        self.book = book or GhostBook()
        self.log = ReportLog()
        self._fates = Fates(settings, self.book, self.log, self.work)
        self._travelling: dict[str, asyncio.Event] = {}
        self._first_ms: dict[str, int] = {}
        self._last_beat_ms: int | None = None
        self._resume()

    def _resume(self) -> None:
        for line in self.book.history:
            if line.what == "call":
                self.script.nth(line.client_id)
                self._first_ms.setdefault(line.client_id, line.time_ms)
            if line.what == "changed" and line.order is not None:
                self.log.append(line.order.report())
        for order in list(self.book.orders.values()):
            self._fates.begin(order, self.script.behaviour(order.client_id))

    # -- Within reach ----------------------------------------------------------------------------

    @property
    def is_reachable(self) -> bool:
        """Whether calls get through."""
        return not any(window.holds(self.work.elapsed_ms) for window in self.settings.down)

    async def until_reachable(self) -> None:
        """Wait until calls get through; for ever, if the script says so."""
        while not self.is_reachable:
            elapsed_ms = self.work.elapsed_ms
            windows = [window for window in self.settings.down if window.holds(elapsed_ms)]
            if any(window.until is None for window in windows):
                await asyncio.Event().wait()
            ends = [parse_duration_ms(window.until or "0ms") for window in windows]
            await self.work.until(self.work.opened_ms + max(ends))

    # -- Orders ----------------------------------------------------------------------------------

    def submit(self, order: Order) -> Behaviour:
        """
        Let an order arrive: the book takes it, at once or later, if the script says so.

        An order that has arrived before is only counted.
        """
        nth = self.script.nth(order.client_id)
        behaviour = self.script.behaviour(order.client_id)
        self._first_ms.setdefault(order.client_id, self.work.now_ms)
        self.book.called(order.client_id, self.work.now_ms)
        if self._has(order.client_id):
            return behaviour
        if behaviour.is_taken:
            self._send(order, behaviour, nth)
        elif behaviour.answer == "refused":
            self.book.turn_away(order.client_id, behaviour.code or "REFUSED", self.work.now_ms)
        return behaviour

    def _has(self, client_id: str) -> bool:
        books = (self.book.orders, self.book.turned_away, self._travelling)
        return any(client_id in book for book in books)

    def _send(self, order: Order, behaviour: Behaviour, nth: int) -> None:
        way_ms = parse_duration_ms(behaviour.takes_after)
        if not way_ms:
            self._take(order, behaviour, nth)
            return
        self._travelling[order.client_id] = asyncio.Event()
        self.work.spawn(self._arrive(order, behaviour, nth, way_ms), f"{order.client_id} travels")

    async def _arrive(self, order: Order, behaviour: Behaviour, nth: int, way_ms: int) -> None:
        await self.work.sleep(way_ms)
        self._take(order, behaviour, nth)
        self._travelling.pop(order.client_id).set()

    def _take(self, order: Order, behaviour: Behaviour, nth: int) -> None:
        if objection := self._objection(order):
            self.book.turn_away(order.client_id, objection, self.work.now_ms)
            return
        price = self.script.price(order.selection) or order.min_odds
        odds = behaviour.odds or max(price, order.min_odds)
        taken = self.book.take(order, nth=nth, odds=odds, now_ms=self.work.now_ms)
        if taken is not None:
            self._fates.begin(taken, behaviour)

    def _objection(self, order: Order) -> str:
        can, price = self.settings.can, self.script.price(order.selection)
        if order.stake < can.min_stake:
            return "STAKE_TOO_LOW"
        if order.stake > can.max_stake:
            return "STAKE_TOO_HIGH"
        if self.settings.checks_price and price is not None and price < order.min_odds:
            return "ODDS_TOO_LOW"
        return ""

    def order(self, client_id: str) -> BookOrder | None:
        """Return what the book holds of an order at this moment."""
        self._fates.catch_up(client_id)
        return self.book.orders.get(client_id)

    def cancel(self, order: BookOrder, how: CancelBehaviour) -> None:
        """Let a request to cancel arrive."""
        self._fates.cancel(order, how)

    def is_travelling(self, client_id: str) -> bool:
        """Return whether an order is on its way and not there yet."""
        return client_id in self._travelling

    async def arrival(self, client_id: str) -> None:
        """Wait until an order that is on its way has arrived."""
        if client_id in self._travelling:
            await self._travelling[client_id].wait()

    def known_for_ms(self, client_id: str) -> int:
        """Return how long ago an order was first placed or, if it never was, first looked for."""
        return self.work.now_ms - self._first_ms.setdefault(client_id, self.work.now_ms)

    # -- Prices and heartbeats -------------------------------------------------------------------

    def price(self, selection: Selection) -> Decimal | None:
        """Return the odds of a selection, if the script names any."""
        return self.script.price(selection)

    def beat(self) -> bool:
        """Let a heartbeat arrive; return whether it is confirmed."""
        heartbeat = self.settings.heartbeat
        if heartbeat.failing is not None and heartbeat.failing.holds(self.work.elapsed_ms):
            return False
        asleep = self._last_beat_ms is None
        self._last_beat_ms = self.work.now_ms
        if asleep and heartbeat.timeout is not None:
            self.work.spawn(
                self._watch(parse_duration_ms(heartbeat.timeout)), f"{self.name} watches"
            )
        return True

    async def _watch(self, timeout_ms: int) -> None:
        while self._last_beat_ms is not None:
            deadline_ms = self._last_beat_ms + timeout_ms
            if self.work.now_ms >= deadline_ms:
                self._last_beat_ms = None
                self._let_go()
                return
            await self.work.until(deadline_ms)

    def _let_go(self) -> None:
        if not self.settings.heartbeat.cancels_orders:
            return
        for order in self.book.open_orders():
            self._fates.catch_up(order.client_id)
            self._fates.end(order.client_id, "HEARTBEAT_TIMEOUT")


@asynccontextmanager
async def open_exchange(
    name: str, settings: GhostSettings, clock: Clock, book: GhostBook | None = None
) -> AsyncGenerator[GhostExchange, None]:
    """
    Open a venue for as long as the context lasts; with a `book`, go on where it ends.

    At the end everything that still runs is cancelled; the book keeps what it says.
    """
    error: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        work = Clockwork(clock, tasks)
        try:
            yield GhostExchange(name, settings, work, book)
        except Exception as raised:  # noqa: BLE001 -- raised again below, outside the group
            error = raised
        finally:
            work.stop()
    if error is not None:
        raise error
