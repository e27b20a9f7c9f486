"""
The front desk of a ghost venue: it answers calls as late and as little as the script says.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import NoReturn

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Venue, VenueOpening

from .behaviours import Behaviour
from .book import BookOrder, GhostBook, selection_key
from .exchange import GhostExchange, open_exchange

HANG = "30s"


class GhostVenue(Venue):
    """
    A connection to a ghost venue.

    Attributes:
        exchange: the venue behind it.
    """

    def __init__(self, exchange: GhostExchange) -> None:
        self.exchange = exchange
        replays = exchange.settings.replays_reports
        self._heard = 0 if replays else len(exchange.log.entries)

    @property
    def book(self) -> GhostBook:
        """The venue's truth."""
        return self.exchange.book

    async def place(self, order: Order) -> PlaceAnswer:
        """Answer as the script says; the book may take the order whatever is answered."""
        self._reach()
        had = self.exchange.order(order.client_id) is not None
        behaviour = self.exchange.submit(order)
        if had:
            await self._travel(None)
            return self._word_on(order.client_id)
        return await self._answer(order, behaviour)

    async def _answer(self, order: Order, behaviour: Behaviour) -> PlaceAnswer:
        match behaviour.answer:
            case "silence":
                await _silence()
            case "hang":
                await self._hang(behaviour.after or HANG)
            case _:
                await self._travel(behaviour.after)
        match behaviour.answer:
            case "error":
                raise ConnectionError(behaviour.reason or f"{self.exchange.name}: connection lost")
            case "unknown":
                return Unknown(behaviour.reason or "the venue cannot say")
            case "refused":
                return Refused(behaviour.code or "REFUSED", behaviour.reason)
            case _:
                await self.exchange.arrival(order.client_id)
                return self._word_on(order.client_id)

    def _word_on(self, client_id: str) -> PlaceAnswer:
        known = self.exchange.order(client_id)
        if known is not None:
            return Accepted(known.report())
        return Refused(self.book.turned_away[client_id])

    async def cancel(self, order: Order) -> CancelAnswer:
        """Answer as the script says; the book may cancel the order whatever is answered."""
        return await self.cancel_by_id(order.client_id)

    async def cancel_by_id(self, client_id: str) -> CancelAnswer:
        """Cancel, as `cancel` does."""
        self._reach()
        how = self.exchange.script.behaviour(client_id).cancel
        order = self.exchange.order(client_id)
        can = self.exchange.settings.can.cancel
        if order is not None and can:
            self.exchange.cancel(order, how)
        if how.answer == "silence":
            await _silence()
        await self._travel(how.after)
        if order is None or not can:
            return CancelRefused("no such order" if can else "orders cannot be cancelled")
        if how.answer == "unknown":
            return Unknown(how.reason or "the venue cannot say")
        if how.answer == "refused":
            return CancelRefused(how.reason or how.code or "refused")
        return Accepted(self._now(order).report())

    async def find(self, order: Order) -> FindAnswer:
        """Say what the book holds, as soon and as willingly as the script says."""
        return await self.find_by_id(order.client_id)

    async def find_by_id(self, client_id: str) -> FindAnswer:
        """Find, as `find` does."""
        self._reach()
        how = self.exchange.script.behaviour(client_id).find
        known_ms = self.exchange.known_for_ms(client_id)
        if how.answer == "silence":
            await _silence()
        await self._travel(how.after)
        if how.answer == "unknown" or self.exchange.is_travelling(client_id):
            return Unknown("the venue cannot say")
        order = self.exchange.order(client_id)
        if order is not None:
            early = known_ms < parse_duration_ms(how.found_after)
            return Unknown("not indexed yet") if early else Found(order.report())
        if known_ms < parse_duration_ms(how.absent_after):
            return Unknown("it may still arrive")
        # Whoever is told that an order is absent relies on it: it must not be taken afterwards.
        self.book.turn_away(client_id, "ABSENT", self.exchange.work.now_ms)
        return Absent(f"not in the book: {self.book.turned_away[client_id]}")

    def _now(self, order: BookOrder) -> BookOrder:
        return self.exchange.order(order.client_id) or order

    async def quote(self, selection: Selection) -> Quote:
        """Return the next quote of the script, or the price of the selection."""
        self._reach()
        entry = self.exchange.script.quote(selection)
        if entry.silence:
            await _silence()
        await self._travel(entry.after)
        odds = entry.odds or self.exchange.price(selection)
        if entry.fail or odds is None:
            raise LookupError(f"{self.exchange.name} has no price for {selection_key(selection)}")
        can = self.exchange.settings.can
        return Quote(
            selection=selection,
            odds=odds,
            min_stake=_either(entry.min_stake, can.min_stake),
            max_stake=_either(entry.max_stake, can.max_stake),
            time_ms=self.exchange.work.now_ms,
        )

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield the log, from its beginning unless the script says otherwise."""
        log = self.exchange.log
        while True:
            await log.wait_beyond(self._heard)
            await self.exchange.until_reachable()
            self._heard += 1
            yield log.entries[self._heard - 1]

    async def heartbeat(self) -> None:
        """Arm the dead man's switch anew; raise when the script says so."""
        self._reach()
        confirmed = self.exchange.beat()
        await self._travel(None)
        if not confirmed:
            raise ConnectionError(f"{self.exchange.name}: the heartbeat was not confirmed")

    # -- The way there and back ------------------------------------------------------------------

    def _reach(self) -> None:
        if not self.exchange.is_reachable:
            raise ConnectionError(f"{self.exchange.name} is out of reach")

    async def _travel(self, after: str | None) -> None:
        wait_ms = parse_duration_ms(self.exchange.settings.latency if after is None else after)
        await self.exchange.work.sleep(wait_ms)
        self._reach()

    async def _hang(self, after: str) -> NoReturn:
        work = self.exchange.work
        end_ms = work.now_ms + parse_duration_ms(after)
        while work.now_ms < end_ms:
            try:
                await work.until(end_ms)
            except asyncio.CancelledError:
                # What is scripted here is a plugin that does not let itself be cancelled.
                continue
        raise ConnectionError(f"{self.exchange.name} hung for {after}")


async def _silence() -> NoReturn:
    while True:
        await asyncio.Event().wait()


def _either(value: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else value


@asynccontextmanager
async def open_ghost(opening: VenueOpening) -> AsyncGenerator[GhostVenue, None]:
    """Open a venue of its own and a connection to it."""
    async with open_exchange(opening.name, opening.settings, opening.clock) as exchange:
        yield GhostVenue(exchange)
