"""
Cashout: the one way out of a bet before it is settled. It may not be there at all.

A cashout has no name that could be known before it is asked for. So what is believed is the bet
itself: sold, or not. That says whose doing it was only if a selection stands for one bet, so a
cashout is offered only while exactly one bet of ours was ever placed on the outcome.
"""

from collections.abc import Iterable

import aiohttp
import msgspec

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
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

from .counter import Counter
from .haste import Haste
from .parts import Parts
from .sales import Offer, Sale, sale_of, sold_outcome
from .states import Row
from .wire import words_of

_OPEN, _EXPIRED, _FILLED, _FINALLY, _REFUSED = 1, 2, 5, 9, 13
FAILURES = (aiohttp.ClientError, TimeoutError, LookupError)


class Asked(msgspec.Struct, kw_only=True):
    """
    A cashout that was asked for, or may have been.

    Attributes:
        order: as it was ordered.
        name: the venue's id of the cashout; empty when we have not heard it.
        sale: what was signed; None for one of an earlier process.
        earlier: an earlier process asked for it, and may have heard of it.
        last: the newest report.
        due_ms, pause_ms: when to look next, and the pause before that.
    """

    order: Order
    name: str = ""
    sale: Sale | None = None
    earlier: bool = False
    last: OrderReport | None = None
    due_ms: int = 0
    pause_ms: int = 0


class Cashouts:
    """
    Sells bets back.

    Args:
        parts: of the connection; one that trades.
        counter: the venue's side of it.
    """

    def __init__(self, parts: Parts, counter: Counter) -> None:
        self._parts, self._counter = parts, counter
        self._longest_ms = parts.settings.milliseconds("cashout_expiry")
        self._margin_ms = parts.settings.milliseconds("absence_margin")
        self._asked: dict[str, Asked] = {}

    # -- Prices ----------------------------------------------------------------------------------

    async def quote(self, selection: Selection) -> Quote:
        """
        Return what our bet could be sold for, as a bet on the opposite; all of it or nothing.

        Raises:
            LookupError: there is not exactly one bet, or it cannot be sold.
            aiohttp.ClientError, TimeoutError: the venue cannot be asked.
        """
        sold = sold_outcome(selection)
        bets = await self._counter.bets(selection.market, sold, Haste.QUOTE)
        if len(bets) != 1 or bets[0].sold or bets[0].free:
            message = f"expected one bet that can be sold, found {len(bets)}"
            raise LookupError(message)
        offer = await self._counter.offer(bets[0])
        sale = sale_of(bets[0], offer.amount)
        if sale is None:
            raise LookupError(f"a cashout of {offer.amount} is no bet on the opposite")
        return Quote(
            selection=selection,
            odds=sale.odds,
            min_stake=sale.stake,
            max_stake=sale.stake,
            time_ms=self._parts.clock.now_ms(),
        )

    # -- Orders ----------------------------------------------------------------------------------

    def watch(self, order: Order) -> None:
        """Follow a cashout of an earlier process."""
        self._asked.setdefault(order.client_id, Asked(order=order, earlier=True))

    async def place(self, order: Order) -> PlaceAnswer:
        """Sell the bet, unless it is sold already or the price has become worse."""
        if order.client_id in self._asked:
            return await self._looked_up(order)
        selection = order.selection
        try:
            bets = await self._counter.bets(selection.market, sold_outcome(selection))
            if len(bets) != 1:
                return Refused("NOT_ONE_BET", f"expected one bet, found {len(bets)}")
            if bets[0].sold:
                return await self._looked_up(order)  # perhaps by us, in an earlier life
            offer = await self._counter.offer(bets[0])
        except FAILURES as error:
            return Refused("NO_CASHOUT", words_of(error))
        sale = sale_of(bets[0], offer.amount)
        if sale is None or sale.stake > order.stake or sale.odds < order.min_odds:
            return Refused("WORSE_PRICE", f"the venue pays {offer.amount} by now")
        problem = self._too_late(order, offer)
        if problem:
            return problem
        return await self._sell(order, bets[0], offer, sale)

    def _too_late(self, order: Order, offer: Offer) -> Refused | None:
        if not self._parts.clock.now_ms() < offer.expires_at * 1000 <= self._bound_ms(order):
            reason = f"the offer is good until {offer.expires_at}: too long, or not any more"
            return Refused("BAD_EXPIRY", reason)
        return None

    async def _sell(self, order: Order, bet: Row, offer: Offer, sale: Sale) -> PlaceAnswer:
        if order.client_id in self._asked:
            return await self._looked_up(order)
        # From here on it may have arrived, whatever becomes of this call.
        asked = self._asked[order.client_id] = Asked(order=order, sale=sale)
        try:
            asked.name, refused = await self._counter.sell(bet, offer)
        except FAILURES as error:
            return Unknown(words_of(error))
        if refused is not None:
            del self._asked[order.client_id]
            return refused
        asked.last = self._report(order, OrderStatus.OPEN, _OPEN)
        return Accepted(asked.last)

    async def _looked_up(self, order: Order) -> PlaceAnswer:
        try:
            found = await self.find(order)
        except FAILURES as error:
            return Unknown(words_of(error))
        if isinstance(found, Found):
            return Accepted(found.report)
        return Unknown(found.reason)

    # -- Finding ---------------------------------------------------------------------------------

    async def find(self, order: Order) -> FindAnswer:
        """
        Find out whether the bet is sold: by the cashout's own state, then by the bet's.

        Raises:
            LookupError: the venue does not say.
            aiohttp.ClientError, TimeoutError: it cannot be asked.
        """
        asked = self._asked.setdefault(order.client_id, Asked(order=order))
        late = self._parts.clock.now_ms() >= self._bound_ms(order) + self._margin_ms
        state = await self._counter.state(asked.name) if asked.name else ""
        if state == "REJECTED":
            return self._found(
                asked, self._report(order, OrderStatus.REFUSED, _REFUSED, final=True)
            )
        bet = await self._bet(order)
        if bet is None:
            return Unknown("there is not exactly one bet that it could have been about")
        if bet.sold:
            return self._sold(asked, bet)
        if state == "ACCEPTED" and asked.sale is not None:
            return self._found(asked, self._filled(order, asked.sale, _FILLED))
        # The venue's word is that it may still be sold; only the contract can say otherwise.
        if state and (state == "ACCEPTED" or not late or self._parts.chain is None):
            return self._found(asked, self._report(order, OrderStatus.OPEN, _OPEN))
        return await self._missing(asked, bet, late=late)

    async def _missing(self, asked: Asked, bet: Row, *, late: bool) -> FindAnswer:
        """Nothing is known of a sale. That proves something once no signature is good any more."""
        if not late:
            return Unknown("the bet is not sold, and a signature may still be good")
        if not await self._is_ours(bet, asked.order):
            return Unknown("the bet may be sold: neither chain nor venue says that it is ours")
        reason = "every signature has expired, and the bet is not sold"
        if asked.last is None and not asked.earlier:
            return Absent(reason)
        # Once there was a cashout: to say now that there never was one would settle nothing.
        report = self._report(asked.order, OrderStatus.CANCELLED, _EXPIRED, final=True)
        return self._found(asked, msgspec.structs.replace(report, code="EXPIRED", reason=reason))

    async def _is_ours(self, bet: Row, order: Order) -> bool:
        """Whether a bet is still ours, at a time when no signature is good any more."""
        trade, chain = self._parts.trade, self._parts.chain
        if chain is None or trade is None:
            told_ms, until_ms = self._parts.wire.date_ms, self._bound_ms(order) + self._margin_ms
            return bet.sold is False and (told_ms is None or told_ms >= until_ms)
        block = await chain.newest()
        if block.time_s * 1000 <= self._bound_ms(order):
            return False
        return await chain.owns(trade.orders.wallet.bettor, int(bet.bet), at=block)

    async def _bet(self, order: Order) -> Row | None:
        selection = order.selection
        bets = await self._counter.bets(selection.market, sold_outcome(selection))
        if len(bets) != 1 or bets[0].created_ms > order.expires_ms:
            return None
        return bets[0]

    def _sold(self, asked: Asked, bet: Row) -> FindAnswer:
        paid = sale_of(bet, bet.payout) if bet.payout is not None else None
        sale = paid or asked.sale
        if sale is None:
            return Unknown("the bet is sold, and the venue does not say for how much")
        return self._found(asked, self._filled(asked.order, sale, _FINALLY))

    def _found(self, asked: Asked, report: OrderReport) -> Found:
        if asked.last is None or report.sequence > asked.last.sequence:
            asked.last = report
        return Found(asked.last)

    def _filled(self, order: Order, sale: Sale, stage: int) -> OrderReport:
        report = self._report(order, OrderStatus.FILLED, stage, final=stage == _FINALLY)
        return msgspec.structs.replace(report, filled=sale.stake, odds=sale.odds)

    def _report(
        self, order: Order, status: OrderStatus, stage: int, *, final: bool = False
    ) -> OrderReport:
        return OrderReport(
            client_id=order.client_id,
            sequence=stage,
            time_ms=self._parts.clock.now_ms(),
            status=status,
            final=final,
        )

    def _bound_ms(self, order: Order) -> int:
        """Until when a signature of this order can be good; the same in every process."""
        return order.expires_ms + self._longest_ms

    # -- Following -------------------------------------------------------------------------------

    async def look(self) -> None:
        """Look at every cashout that is under way."""
        for asked in list(self._asked.values()):
            if not self._is_due(asked):
                continue
            try:
                answer = await self.find(asked.order)
            except FAILURES:
                continue
            if isinstance(answer, Absent):
                del self._asked[asked.order.client_id]

    def _is_due(self, asked: Asked) -> bool:
        now_ms = self._parts.clock.now_ms()
        if now_ms < asked.due_ms or (asked.last is not None and asked.last.final):
            return False
        slowest_ms = self._parts.settings.milliseconds("poll_slowest")
        asked.pause_ms = min(slowest_ms, asked.pause_ms * 3 // 2 + 1_000)
        asked.due_ms = now_ms + asked.pause_ms
        return True

    def heard(self) -> Iterable[OrderReport]:
        """Return the newest report of each cashout."""
        return [asked.last for asked in self._asked.values() if asked.last is not None]
