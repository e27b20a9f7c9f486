"""
Placing an order, and finding out what became of it.
"""

import aiohttp

from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Refused,
    Unknown,
)

from .follow import watched
from .haste import Haste
from .orders import LIVE
from .parts import Parts, Trade
from .refusals import Verdict, judge
from .states import Row, Standing, acknowledged
from .terms import BadOrderError, Terms
from .wire import TooLateError, words_of

#: So many orders are remembered as sent. An older one is too late to be sent again.
MOST_SENT = 10_000
VANISHED = "it was accepted, and the venue does not know it any more"
MISMATCH = "the venue knows another order under this order's number"


class Placing:
    """
    Places bets.

    Args:
        parts: of the connection; one that trades.
    """

    def __init__(self, parts: Parts) -> None:
        if parts.trade is None:
            message = "expected a connection that trades"
            raise ValueError(message)
        self._parts = parts
        self._trade: Trade = parts.trade
        self._expiry = parts.trade.follower.expiry
        parts.trade.follower.find = self.find
        #: Orders that this process does not send (again), and how those ended that were refused.
        self._sent: dict[str, Refused | None] = {}

    def watch(self, order: Order) -> None:
        """Follow an order of an earlier process. It is never sent again by this one."""
        self._sent.setdefault(order.client_id)
        watched(self._trade.follower, order)

    # -- Placing ---------------------------------------------------------------------------------

    async def place(self, order: Order) -> PlaceAnswer:
        """Send an order, once. One that was sent before is looked up instead."""
        try:
            terms = self._trade.orders.terms(order)
        except BadOrderError as error:
            return Refused("BAD_ORDER", str(error))
        if order.client_id in self._sent:
            return self._sent[order.client_id] or await self._look(order, terms)
        least, most = self._parts.settings.min_stake, self._parts.settings.max_stake
        if not least <= order.stake <= most:
            return Refused("BAD_STAKE", f"expected {least} to {most}, found {order.stake}")
        try:
            fee = await self._parts.gas.fresh()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            return Refused("NOT_READY", f"the relayer's fee is not known: {words_of(error)}")
        if self._parts.gas.problem:
            return Refused("FEE_TOO_HIGH", self._parts.gas.problem)
        if order.client_id in self._sent:  # by another call, while this one waited for the fee
            return await self._look(order, terms)
        return await self._send(order, terms, fee)

    async def _send(self, order: Order, terms: Terms, fee: int) -> PlaceAnswer:
        orders, follower = self._trade.orders, self._trade.follower
        body = orders.body(terms, fee)
        # From here on it may have arrived, whatever becomes of this call.
        self._sent[order.client_id] = None
        follower.add(order)
        if len(self._sent) > MOST_SENT:
            del self._sent[next(iter(self._sent))]
        try:
            answer = await orders.post(body, lambda: self._is_in_time(order))
        except TooLateError:
            late = Verdict(refused="EXPIRED", reason="its time was over before it could be sent")
            return await self._look(order, terms, late)
        except aiohttp.ClientConnectorError as error:
            # There was no connection to send it over.
            self._forget(order)
            return Refused("NOT_SENT", words_of(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Unknown(words_of(error))
        verdict = judge(answer, orders.id(terms))
        if verdict.taken:
            now_ms = self._parts.clock.now_ms()
            report = acknowledged(order.client_id, verdict.taken, now_ms)
            return Accepted(follower.note(report))
        return await self._look(order, terms, verdict)

    def _is_in_time(self, order: Order) -> bool:
        return self._parts.clock.now_ms() < order.expires_ms

    async def _look(
        self, order: Order, terms: Terms, verdict: Verdict | None = None
    ) -> PlaceAnswer:
        """
        Find out what an answer that is no acknowledgement is about.

        The same order may have been placed before, by a process that is gone, and this is a refusal
        of the second one only. So even a definite refusal is believed after a look.
        """
        said = verdict or Verdict(reason="it was sent before")
        try:
            row = await self._trade.orders.look(self._trade.orders.id(terms), Haste.FIND)
        except (aiohttp.ClientError, TimeoutError, LookupError) as error:
            return Unknown(f"{said.reason}; looking it up: {words_of(error)}")
        if row is None:
            if not said.refused:
                return Unknown(said.reason)
            return self._refused(order, said.refused, said)
        if not row.is_of(terms):
            return Unknown(MISMATCH)
        if row.standing is Standing.REFUSED:
            return self._refused(order, said.refused or row.code or row.state, said, row)
        return Accepted(self._trade.follower.learn(order, row))

    def _refused(self, order: Order, code: str, said: Verdict, row: Row | None = None) -> Refused:
        self._trade.follower.drop(order.client_id)
        refused = Refused(code, (row.reason if row else "") or said.reason)
        self._sent[order.client_id] = refused
        return refused

    def _forget(self, order: Order) -> None:
        self._sent.pop(order.client_id, None)
        self._trade.follower.drop(order.client_id)

    # -- Finding ---------------------------------------------------------------------------------

    async def find(self, order: Order) -> FindAnswer:
        """
        Look an order up: by its id, then in the list of our bets, then on the chain.

        Raises:
            LookupError: one of them does not say.
            aiohttp.ClientError, TimeoutError: one of them cannot be asked.
        """
        try:
            terms = self._trade.orders.terms(order)
        except BadOrderError as error:
            return Absent(f"it cannot have been sent: {error}")
        over = self._expiry.is_over(terms)  # before the look, or it proves nothing
        row = None if over else await self._on_the_board(order, terms)
        if row is None:
            row = await self._trade.orders.look(self._trade.orders.id(terms), Haste.FIND)
        if row is None:
            row = await self._listed(terms, over=over)
        if row is None:
            return await self._missing(order, terms, over=over)
        if not row.is_of(terms):
            return Unknown(MISMATCH)
        report = self._trade.follower.learn(order, row)
        if over and report.status is OrderStatus.OPEN:
            report = await self._stuck(order, terms, row, report)
        return Found(report)

    async def _on_the_board(self, order: Order, terms: Terms) -> Row | None:
        """Return what the list tells of an order, where it saves requests: it is one for all."""
        follower = self._trade.follower
        followed = follower.known(order.client_id)
        if followed is None or followed.ended or not follower.several:
            return None
        return (await follower.board.rows()).get(self._trade.orders.id(terms))

    async def _listed(self, terms: Terms, *, over: bool) -> Row | None:
        """Return what the list tells of an order; all of it is read where that proves something."""
        name = self._trade.orders.id(terms)
        if not over:
            return (await self._trade.follower.board.rows()).get(name)
        rows = await self._trade.orders.listed(*LIVE, wanted={name}, haste=Haste.FIND)
        return next((row for row in rows if row.id == name), None)

    async def _missing(self, order: Order, terms: Terms, *, over: bool) -> FindAnswer:
        """Nobody knows the order. That proves something once nobody can place it any more."""
        followed = self._trade.follower.known(order.client_id)
        heard = followed.last if followed else None
        if heard is not None and heard.status is not OrderStatus.OPEN:
            return Found(heard) if not heard.filled else Unknown(VANISHED)
        if not over:
            until = "its signature is still good"
            return Unknown(f"the venue does not know it yet, and {until} until {terms.expires_at}")
        doubt = await self._expiry.doubt(terms)
        if doubt:
            return Unknown(doubt)
        if heard is not None or (followed is not None and followed.earlier):
            # Once there was an order: to say now that there never was one would settle nothing.
            return Found(self._trade.follower.expire(order, terms, heard))
        self._trade.follower.drop(order.client_id)
        return Absent("its signature has expired, and no one knows it")

    async def _stuck(
        self, order: Order, terms: Terms, row: Row, report: OrderReport
    ) -> OrderReport:
        """
        Return what an order has come to that the venue calls under way though its time is over.

        The venue's word is that it may still become a bet. Only the contract can say otherwise.
        """
        if row.bet or not self._expiry.has_node or await self._expiry.doubt(terms):
            return report
        return self._trade.follower.expire(order, terms, report)
