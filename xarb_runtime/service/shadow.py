"""
Mode shadow: live prices, and orders that are only thought.

A venue is opened so that it cannot trade, and wrapped. Prices, figures, checks and heartbeats are
its own. An order is answered here, by what the live price would have made of it; `place`, `cancel`
and `find` of the venue itself are never called.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
import structlog

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Capabilities, Clock, Venue, VenueCheck
from xarb_runtime.service.sanity import quote_problem
from xarb_runtime.service.shadow_fill import (
    FORGOTTEN,
    cancelled,
    filled,
    is_open,
    opened,
    refused,
)

log = structlog.get_logger("xarb.shadow")

IN_MEMORY = "shadow orders live in memory"
ASKED = "its price is being asked for"
#: So many orders that have ended are remembered.
KEPT = 10_000


class ShadowSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    How a venue's orders are simulated.

    Attributes:
        name: the venue's name.
        can: what the venue can do.
        delay_ms: how long it takes to accept an order; the price at the end of that counts.
        quote_ms: longest wait for a price.
    """

    name: str
    can: Capabilities
    delay_ms: int = 0
    quote_ms: int = 2_000


@asynccontextmanager
async def shadowing(venue: Venue, clock: Clock, spec: ShadowSpec) -> AsyncIterator[Venue]:
    """Give a venue that has the prices of another, and only simulates its orders."""
    async with asyncio.TaskGroup() as group:
        shadow = ShadowVenue(venue, clock, spec, group)
        try:
            yield shadow
        finally:
            shadow.leave()


class ShadowVenue(Venue):
    """A venue at which nothing can be bought."""

    def __init__(
        self, venue: Venue, clock: Clock, spec: ShadowSpec, group: asyncio.TaskGroup
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._spec = spec
        self._group = group
        self._waiting: set[asyncio.Task[None]] = set()
        #: The newest report of each order; None while its price is being asked for.
        self._orders: dict[str, OrderReport | None] = {}
        self._earlier: set[str] = set()
        self._news: deque[OrderReport] = deque()
        self._heard = asyncio.Event()

    # -- What is the venue's own -----------------------------------------------------------------

    async def quote(self, selection: Selection) -> Quote:
        """Return the venue's live price."""
        return await self._venue.quote(selection)

    async def heartbeat(self) -> None:
        """Ask the venue whether it is there."""
        await self._venue.heartbeat()

    async def check(self) -> tuple[VenueCheck, ...]:
        """Return what the venue says of itself."""
        return await self._venue.check()

    def figures(self) -> Mapping[str, Decimal | int]:
        """Return the venue's figures."""
        return self._venue.figures()

    # -- Orders ----------------------------------------------------------------------------------

    async def place(self, order: Order) -> PlaceAnswer:
        """Answer an order by the live price, at once or after the venue's delay."""
        if order.client_id in self._orders:
            known = self._orders[order.client_id]
            return Unknown(ASKED) if known is None else _answer(known)
        if not self._spec.delay_ms:
            return _answer(await self._judged(order))
        report = opened(order, self._clock.now_ms())
        self._keep(report)
        task = self._group.create_task(self._later(order), name=f"shadow {order.client_id}")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return Accepted(report)

    async def cancel(self, order: Order) -> CancelAnswer:
        """Cancel an order that waits, where the venue can do that."""
        known = self._orders.get(order.client_id)
        if known is None:
            return CancelRefused(ASKED if order.client_id in self._orders else IN_MEMORY)
        if not is_open(known):
            return Accepted(known)
        if not self._spec.can.cancel:
            return CancelRefused("this venue cannot cancel")
        report = cancelled(order, self._clock.now_ms())
        self._keep(report)
        return Accepted(report)

    async def find(self, order: Order) -> FindAnswer:
        """Say what became of an order; those of an earlier process ended with it."""
        known = self._orders.get(order.client_id)
        if known is not None:
            return Found(known)
        if order.client_id in self._orders:
            return Unknown(ASKED)
        if order.client_id in self._earlier and self._spec.delay_ms:
            # It may have been reported as open: then absence would contradict what was said.
            now_ms = self._clock.now_ms()
            return Found(cancelled(order, now_ms, FORGOTTEN, "SHADOW_RESTART"))
        return Absent(IN_MEMORY)

    def watch(self, order: Order) -> None:
        """Take note of an order of an earlier process. The venue has never heard of it."""
        self._earlier.add(order.client_id)

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what became of orders that had to wait, for as long as the venue's stream holds."""
        stream = asyncio.ensure_future(self._listen())
        try:
            while not stream.done():
                while self._news:
                    yield self._news.popleft()
                self._heard.clear()
                heard = asyncio.ensure_future(self._heard.wait())
                try:
                    await asyncio.wait({heard, stream}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    heard.cancel()
            stream.result()
        finally:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)

    async def _listen(self) -> None:
        """A venue's stream may be what keeps its prices fresh; orders it cannot have any."""
        async for report in self._venue.reports():
            log.warning("not_ours", venue=self._spec.name, order=report.client_id)

    def leave(self) -> None:
        """Let go of all orders that wait."""
        for task in tuple(self._waiting):
            task.cancel()

    # -- Judging ---------------------------------------------------------------------------------

    async def _later(self, order: Order) -> None:
        await self._clock.sleep_ms(self._spec.delay_ms)
        report = await self._by_price(order)
        known = self._orders.get(order.client_id)
        if known is not None and is_open(known):
            self._keep(report)
            self._news.append(report)
            self._heard.set()

    async def _judged(self, order: Order) -> OrderReport:
        self._orders[order.client_id] = None
        # Should the call be given up meanwhile, the order was never taken.
        report = self._no_price(order, "the price did not come in time")
        try:
            report = await self._by_price(order)
        finally:
            self._keep(report)
        return report

    async def _by_price(self, order: Order) -> OrderReport:
        try:
            async with asyncio.timeout(self._spec.quote_ms / 1000):
                quote = await self._venue.quote(order.selection)
        except TimeoutError:
            return self._no_price(order, f"no price within {self._spec.quote_ms} ms")
        except Exception as error:  # noqa: BLE001  a plugin may raise anything
            return self._no_price(order, f"no price: {type(error).__name__}: {error}")
        if problem := quote_problem(quote):
            return self._no_price(order, problem)
        return filled(order, quote, self._clock.now_ms(), self._spec.can)

    def _no_price(self, order: Order, reason: str) -> OrderReport:
        return refused(order, self._clock.now_ms(), "SHADOW_PRICE", reason)

    def _keep(self, report: OrderReport) -> None:
        self._orders[report.client_id] = report
        log.info(
            "shadow_order",
            venue=self._spec.name,
            order=report.client_id,
            status=report.status.value,
            filled=report.filled,
            odds=report.odds,
            code=report.code,
        )
        if len(self._orders) > KEPT:
            oldest = next(iter(self._orders))
            known = self._orders[oldest]
            if known is not None and not is_open(known):
                del self._orders[oldest]


def _answer(report: OrderReport) -> PlaceAnswer:
    if report.status is OrderStatus.REFUSED:
        return Refused(report.code, report.reason)
    return Accepted(report)
