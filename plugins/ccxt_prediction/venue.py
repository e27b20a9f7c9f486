"""
A prediction exchange as a venue.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    CancelAnswer,
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
from xarb_runtime.plugins.contracts import Venue, VenueCheck, VenueOpening
from xarb_runtime.plugins.pacing import Pace

from .amounts import TermsError, as_float, exact, odds_of, room_at, taken
from .book import Entry
from .checks import checks
from .dialects import Dialect
from .draft import Draft, Row
from .drafting import Drafter
from .reading import Reader, errors, outcome_of
from .refusals import Sending, is_duplicate, proves_refusal
from .settings import CcxtSettings
from .wire import placing, urgent

_LONGEST_TEXT = 200
#: So many orders that are over are remembered.
_MOST_OVER = 1_000


class CcxtVenue(Venue):
    """
    A prediction exchange that ccxt knows.

    Args:
        opening: what the venue was opened with.
        exchange: ccxt's, made ready.
        dialect: what is special about it.
        pace: how often it may be asked.
    """

    def __init__(self, opening: VenueOpening, exchange: Any, dialect: Dialect, pace: Pace) -> None:
        settings: CcxtSettings = opening.settings
        self._settings, self._trades, self._clock = settings, opening.trades, opening.clock
        self._exchange, self._dialect, self._pace = exchange, dialect, pace
        self._read = Reader(exchange, dialect, opening.clock)
        self._draft = Drafter(self._read, dialect, settings)
        self._book: dict[str, Entry] = {}
        self._final_after_ms = parse_duration_ms(settings.final_after)
        self._poll_ms = parse_duration_ms(settings.poll_pause)

    # -- Orders ----------------------------------------------------------------------------------

    async def place(self, order: Order) -> PlaceAnswer:
        """
        Send an order, once. Cancelled or failed, it may have arrived; `find` tells.

        An order that may have been sent before is looked for and not sent again.
        """
        if not self._trades:
            return Refused("NOT_TRADING", "orders are only simulated")
        self._forget_oldest()
        entry = self._book.setdefault(order.client_id, Entry(order, earlier=False))
        async with entry.lock:
            if entry.refused is not None:
                return entry.refused
            if entry.sent or entry.earlier:
                return await self._found_again(entry, "it was sent before")
            with placing(order.expires_ms) as sending:
                try:
                    answer = await self._send(entry, sending)
                finally:
                    entry.sent = sending.sent
            entry.refused = answer if isinstance(answer, Refused) else None
            return answer

    async def _send(self, entry: Entry, sending: Sending) -> PlaceAnswer:
        try:
            self._check(entry.order)
            draft = await self._draft(entry.order)
            self._note(entry, draft)
            row = await self._create(entry, draft)
        except TermsError as error:
            return Unknown(str(error)) if sending.sent else Refused(error.code, str(error))
        except errors().BaseError as error:
            return await self._failed(entry, error, sending)
        except Exception as error:
            if not sending.sent:
                raise
            # ccxt has fallen over an answer of a shape that it does not know.
            return Unknown(_text(error))
        if isinstance(row, Accepted | Refused | Unknown):
            return row
        return await self._taken(entry, row)

    def _check(self, order: Order) -> None:
        if self._clock.now_ms() >= order.expires_ms:
            message = "its time was over before it was sent"
            raise TermsError(message, code="EXPIRED")
        least, most = self._settings.min_stake, self._settings.max_stake
        if not least <= order.stake <= most:
            message = f"{order.stake} is not within {least} to {most}"
            raise TermsError(message, code="STAKE_LIMITS")

    async def _taken(self, entry: Entry, row: Row) -> PlaceAnswer:
        entry.venue_id = str(row.get("id") or "")
        if not entry.venue_id:
            return Unknown("the exchange answered without an order id")
        return Accepted(await self._first_report(entry, row))

    def _note(self, entry: Entry, draft: Draft) -> None:
        digest = self._dialect.digest
        known = digest(self._exchange, draft) if digest is not None else ""
        entry.drafted(draft, known, stakes=self._dialect.stakes)

    async def _create(self, entry: Entry, draft: Draft) -> Row | PlaceAnswer:
        price, amount = as_float(draft.price), as_float(draft.amount)
        if not self._dialect.refuses_twice:
            other = await self._read.alike(entry.order, draft)
            if other:
                # Nobody here has sent it; somebody before may have.
                entry.earlier = True
                return await self._found_again(entry, f"{other} looks like it, and may be it")
        return await self._exchange.create_order(
            draft.handle, "limit", "buy", amount, price, draft.params
        )

    async def _failed(self, entry: Entry, error: Exception, sending: Sending) -> PlaceAnswer:
        if sending.sent and is_duplicate(error):
            return await self._found_again(entry, _text(error))
        if not proves_refusal(error, sending, self._dialect.refuses):
            return Unknown(_text(error))
        refused = Refused(type(error).__name__, _text(error))
        if not sending.sent or not self._dialect.finds:
            return refused
        # A second copy may be refused for any reason: what counts is whether there is a first.
        entry.denied = refused
        return await self._found_again(entry, f"{_text(error)}; there may be an earlier copy")

    async def _found_again(self, entry: Entry, why: str) -> PlaceAnswer:
        try:
            report = await self._look(entry)
        except errors().BaseError as error:
            return Unknown(f"{why}; {_text(error)}")
        if report is not None:
            return Accepted(report)
        return entry.refused or Unknown(f"{why}, and is not found")

    async def _first_report(self, entry: Entry, row: Row) -> OrderReport:
        try:
            return await self._report(entry, row)
        except errors().BaseError:
            # It is accepted all the same; its fills are read later.
            seen = row if entry.is_believable(row) else {**row, "filled": 0}
            return self._weigh(entry, {**seen, "status": "open"}, [])

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask for an order to be cancelled, and look what became of it."""
        entry = self._known(order)
        try:
            with urgent():
                async with entry.lock:
                    if not entry.venue_id and await self._look(entry) is None:
                        return Unknown("the order is not found")
                    await self._ask_to_cancel(entry)
                    report = await self._look(entry)
        except errors().BaseError as error:
            return Unknown(_text(error))
        if report is None or report.status is OrderStatus.OPEN:
            return Unknown("asked to cancel it; the exchange does not say that it is")
        return Accepted(report)

    async def _ask_to_cancel(self, entry: Entry) -> None:
        try:
            await self._exchange.cancel_order(entry.venue_id)
        except errors().BaseError:
            return  # over already, or not there, or nobody knows: looking tells

    async def find(self, order: Order) -> FindAnswer:
        """
        Look an order up.

        Absent only if this process knows that it was never sent, or if the exchange has refused it
        and has no other copy of it.
        """
        entry = self._book.get(order.client_id)
        if entry is not None and entry.never_left():
            return Absent("it was never sent")
        entry = self._known(order)
        try:
            with urgent():
                async with entry.lock:
                    report = await self._look(entry)
        except errors().BaseError as error:
            return Unknown(_text(error))
        if report is not None:
            return Found(report)
        if entry.refused is not None:
            return Absent(f"it was refused: {entry.refused.reason}")
        return Unknown("the exchange does not find it")

    def watch(self, order: Order) -> None:
        """Remember an order of an earlier process: it is looked at, and never sent again."""
        self._book.setdefault(order.client_id, Entry(order, earlier=True))

    def _forget_oldest(self) -> None:
        over = [name for name, entry in self._book.items() if entry.is_over]
        for name in over[: max(0, len(over) - _MOST_OVER)]:
            del self._book[name]

    def _known(self, order: Order) -> Entry:
        return self._book.setdefault(order.client_id, Entry(order, earlier=True))

    async def _look(self, entry: Entry) -> OrderReport | None:
        if not entry.limit and not self._dialect.stakes:
            await self._draft_again(entry)
        try:
            row = await self._read.row(entry)
            if row is None or not row.get("id"):
                entry.refused = entry.refused or entry.denied
                return None
            # Whatever became of a copy: it is there.
            entry.venue_id, entry.denied, entry.refused = str(row["id"]), None, None
            return await self._report(entry, row)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # ccxt, or we, have fallen over an answer of a shape that nobody knows.
            raise errors().BadResponse(_text(error)) from error

    async def _draft_again(self, entry: Entry) -> None:
        """Find out what an earlier process has asked for."""
        try:
            self._note(entry, await self._draft(entry.order))
        except (TermsError, errors().BadSymbol):
            return  # the market has other steps now, or is closed

    async def _report(self, entry: Entry, row: Row) -> OrderReport:
        if not entry.is_believable(row):
            message = f"expected at most {entry.most} shares for the stake, found {row['filled']}"
            raise errors().BadResponse(message)
        filled = exact(row.get("filled"))
        fills = await self._read.fills(entry.venue_id, entry.order.selection) if filled else []
        return self._weigh(entry, row, fills)

    def _weigh(self, entry: Entry, row: Row, fills: list[Any]) -> OrderReport:
        word = str(row.get("status"))
        row = {**row, "status": self._dialect.words.get(word, word)}
        # `rejected` after a fill: the exchange could not settle it.
        filled = exact(row.get("filled")) if row.get("status") != "rejected" else Decimal(0)
        limit = entry.limit_of(row, filled)
        found = taken(filled, limit, fills, self._dialect, most=entry.order.stake)
        wait_ms = 0 if self._dialect.final_at_once else self._final_after_ms
        if self._dialect.settled:
            wait_ms = 1 << 62  # the exchange says itself when a fill is settled
        return entry.report(row, found, self._clock.now_ms(), final_after_ms=wait_ms)

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what becomes of orders, by looking at them until they are settled."""
        if self._dialect.whole_list:
            await self._warm()
        while True:
            for entry in [it for it in self._book.values() if it.has_news and not it.lock.locked()]:
                due = entry.is_open and self._clock.now_ms() >= entry.due_ms
                report = await self._look_quietly(entry) if due else entry.last
                if report is not None and report != entry.told:
                    entry.told = report
                    yield report
            await self._clock.sleep_ms(self._poll_ms)

    async def _warm(self) -> None:
        try:
            await self._read.list_markets()
        except errors().BaseError:
            return  # the first order or price asks for it again

    async def _look_quietly(self, entry: Entry) -> OrderReport | None:
        try:
            async with entry.lock:
                report = await self._look(entry)
        except errors().BaseError:
            if entry.venue_id:
                return None  # it is there, and cannot be read at present
            report = None
        if report is None:
            entry.missed(self._clock.now_ms(), self._poll_ms)
        return report

    # -- The rest --------------------------------------------------------------------------------

    async def quote(self, selection: Selection) -> Quote:
        """
        Return the best price that there is, and how much of it.

        Raises:
            LookupError: nobody offers anything.
            BaseError: ccxt's; the exchange cannot be asked, or does not know the outcome.
        """
        await self._read.outcome(selection)
        book = await self._exchange.fetch_order_book(outcome_of(selection))
        if not book["asks"]:
            raise LookupError(f"nobody offers {selection.market} {selection.outcome}")
        price, amount = (exact(it) for it in book["asks"][0][:2])
        room = room_at(price, amount, stakes=self._dialect.stakes)
        return Quote(
            selection=selection,
            odds=odds_of(price),
            min_stake=self._settings.min_stake,
            max_stake=min(room, self._settings.max_stake),
            time_ms=self._clock.now_ms(),
        )

    async def heartbeat(self) -> None:
        """
        Ask something small.

        Raises:
            BaseError: ccxt's; there is no answer.
        """
        with urgent():
            await getattr(self._exchange, self._dialect.pulse)()

    async def check(self) -> tuple[VenueCheck, ...]:
        """
        Look at what must be so before one can trade.

        Raises:
            BaseError: ccxt's; the exchange cannot be asked.
        """
        return await checks(self._exchange, self._dialect, self._settings, trades=self._trades)

    def figures(self) -> Mapping[str, Decimal | int]:
        """Return what is left of the rate limit, and how many orders are looked at."""
        return {
            "requests_left": self._pace.left(),
            "orders_watched": sum(entry.is_open for entry in self._book.values()),
        }


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_TEXT]
