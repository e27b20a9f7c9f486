"""
Following orders: Azuro has no stream of them, so each one is looked at until it has ended.

An order that is under way is looked at every second, then less often; one that was accepted until
its acceptance counts as final; and all that is not settled is compared with the list of our bets
now and then, for a bet may be voided late. Several orders are looked at together, in the list. All
of this takes what is left of the rate: when that is nothing, it is done later.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Protocol

import aiohttp
import msgspec

from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus
from xarb_runtime.plugins.contracts import Clock

from .board import Board, Rows
from .expiry import Expiry
from .orders import ACCEPTED, Orders, TooLongError
from .settings import AzuroSettings
from .states import Row, Standing, expired, report_of, stands_finally
from .terms import BadOrderError, Terms

#: Orders that are looked at in one go.
AT_ONCE = 8
#: From so many on they are looked at in the list of our bets.
SEVERAL = 3
#: One that the list tells of is still asked for by itself, so long after it was placed at first.
ALONE_MS = 10_000
#: Ended orders that are kept to be told again, should the reports be asked for again.
ENDED_KEPT = 1_000
#: Nothing can be looked at before this.
FAR_MS = 2**62


class Followed(msgspec.Struct, kw_only=True):
    """
    One order of ours that the venue has, or may have.

    Attributes:
        order: as it was ordered.
        terms: in the venue's terms.
        due_ms: when to look next.
        pause_ms: the pause after that.
        alone_ms: when to ask for it by itself next, though the list tells of it.
        alone_pause_ms: the pause after that.
        earlier: an earlier process placed it, and may have heard of it.
        last: the newest report; None when nothing was heard.
        ended: nothing can change any more.
    """

    order: Order
    terms: Terms
    due_ms: int
    pause_ms: int
    alone_ms: int
    alone_pause_ms: int = ALONE_MS
    earlier: bool = False
    last: OrderReport | None = None
    ended: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it is filled for good, as far as we are concerned."""
        return self.last is not None and self.last.final

    @property
    def is_open(self) -> bool:
        """Whether nothing but an acknowledgement was heard, or not even that."""
        return self.last is None or self.last.status is OrderStatus.OPEN


class Beside(Protocol):
    """Something else that is looked at in the same rounds."""

    async def look(self) -> None:
        """Look at what is under way."""
        ...

    def heard(self) -> Iterable[OrderReport]:
        """Return the newest report of everything that was looked at."""
        ...


class Follower:
    """
    Follows orders.

    Args:
        orders: looks them up.
        expiry: says when their time is over.
        settings: the venue's.
        clock: the clock.

    Attributes:
        board: the list of our bets.
        expiry: as given.
        beside: looked at in the same rounds; None where there is nothing.
        find: finds out what became of an order whose time is over, and teaches it.
    """

    def __init__(
        self, orders: Orders, expiry: Expiry, settings: AzuroSettings, clock: Clock
    ) -> None:
        self._orders, self.expiry, self._clock = orders, expiry, clock
        self.board = Board(orders, clock, self._hear)
        self._poll_ms = settings.milliseconds("poll")
        self._slowest_ms = settings.milliseconds("poll_slowest")
        self._reconcile_ms = settings.milliseconds("reconcile")
        self._final_ms = settings.milliseconds("final_after")
        self._followed: dict[str, Followed] = {}
        self._reconciled_ms = clock.now_ms()
        self.beside: Beside | None = None
        self.find: Callable[[Order], Awaitable[object]] | None = None

    def __len__(self) -> int:
        return sum(not followed.ended for followed in self._followed.values())

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._followed

    def known(self, client_id: str) -> Followed | None:
        """Return what is known of an order; None when it is not followed."""
        return self._followed.get(client_id)

    @property
    def several(self) -> bool:
        """Whether so many are not final yet that they are looked at in the list of our bets."""
        return sum(not it.is_final for it in self._followed.values()) >= SEVERAL

    def add(self, order: Order, *, earlier: bool = False) -> None:
        """
        Follow an order that was, or is about to be, sent; or was by an earlier process.

        Raises:
            BadOrderError: it cannot be one of Azuro's.
        """
        if order.client_id in self._followed:
            return
        self._followed[order.client_id] = Followed(
            order=order,
            terms=self._orders.terms(order),
            due_ms=self._clock.now_ms() + self._poll_ms,
            pause_ms=self._poll_ms,
            alone_ms=self._clock.now_ms() + ALONE_MS,
            earlier=earlier,
        )
        ended = [name for name, followed in self._followed.items() if followed.ended]
        for name in ended[: max(0, len(ended) - ENDED_KEPT)]:
            del self._followed[name]

    def drop(self, client_id: str) -> None:
        """Follow an order no longer: the venue does not have it and never will."""
        self._followed.pop(client_id, None)

    def learn(self, order: Order, row: Row) -> OrderReport:
        """Return what a row amounts to, in the light of what was known before."""
        followed = self._followed.get(order.client_id)
        report = report_of(row, order.client_id, self.expiry.surely_ms(), self._final_ms)
        if followed is None:
            return report
        report = followed.last = _newer(followed.last, report)
        followed.ended = report.final and row.standing is not Standing.ACCEPTED
        self._plan(followed, row)
        return report

    def note(self, report: OrderReport) -> OrderReport:
        """Note an acknowledgement; anything heard of the order before is newer."""
        followed = self._followed.get(report.client_id)
        if followed is None:
            return report
        followed.last = followed.last or report
        return followed.last

    def expire(self, order: Order, terms: Terms, heard: OrderReport | None) -> OrderReport:
        """
        End an order whose time is over and of which there is no bet; somebody had heard of it.

        Args:
            order: the order.
            terms: its terms.
            heard: the newest report of it; None when it was an earlier process that heard.
        """
        report = expired(order.client_id, self.expiry.bound_ms(terms), heard)
        followed = self._followed.get(order.client_id)
        if followed is not None:
            followed.last, followed.ended = report, True
        return report

    async def reports(self) -> AsyncGenerator[OrderReport, None]:
        """Yield what is heard; whoever begins anew hears the newest of each order first."""
        told: dict[str, OrderReport] = {}
        while True:
            for report in self._heard():
                if _is_news(told.get(report.client_id), report):
                    told[report.client_id] = report
                    yield report
            await self._look()
            if self.beside is not None:
                await self.beside.look()
            await self._clock.sleep_ms(self._poll_ms)

    def _heard(self) -> list[OrderReport]:
        heard = [it.last for it in self._followed.values() if it.last is not None]
        return [*heard, *(self.beside.heard() if self.beside else ())]

    # -- Looking ---------------------------------------------------------------------------------

    async def _look(self) -> None:
        now_ms = self._clock.now_ms()
        due = [it for it in self._followed.values() if not it.ended and it.due_ms <= now_ms]
        # Whoever has waited longest comes first.
        due.sort(key=lambda followed: followed.due_ms)
        listed = await self._listed(due)
        alone = [it for it in due if it.order.client_id not in listed or it.alone_ms <= now_ms]
        async with asyncio.TaskGroup() as group:
            for followed in alone[: min(AT_ONCE, self._orders.spare())]:
                group.create_task(self._look_at(followed))
        if now_ms - self._reconciled_ms >= self._reconcile_ms and self._orders.spare():
            self._reconciled_ms = now_ms
            await self._reconcile()

    async def _listed(self, due: list[Followed]) -> set[str]:
        """Look at several in the list of our bets; return those that it tells of."""
        if len(due) < SEVERAL or not self._orders.spare():
            return set()
        rows = await self.board.rows()
        listed = [it for it in due if self._orders.id(it.terms) in rows]
        for followed in listed:
            self._later(followed)
        return {it.order.client_id for it in listed}

    def _hear(self, rows: Rows) -> None:
        """Learn from the list of our bets, whoever has read it."""
        for followed in self._followed.values():
            row = rows.get(self._orders.id(followed.terms))
            if row is not None and row.is_of(followed.terms) and not followed.ended:
                self.learn(followed.order, row)

    def _later(self, followed: Followed) -> None:
        """Plan the next look; what was learnt by this one may plan otherwise."""
        now_ms = self._clock.now_ms()
        if followed.due_ms <= now_ms:
            followed.due_ms = now_ms + followed.pause_ms
        followed.pause_ms = min(self._slowest_ms, followed.pause_ms + followed.pause_ms // 2 + 1)

    async def _look_at(self, followed: Followed) -> None:
        self._later(followed)
        followed.alone_ms = self._clock.now_ms() + followed.alone_pause_ms
        followed.alone_pause_ms = min(self._reconcile_ms, followed.alone_pause_ms * 2)
        try:
            if self._is_over(followed) and self.find is not None:
                followed.due_ms = followed.alone_ms
                await self.find(followed.order)
                return
            row = await self._orders.look(self._orders.id(followed.terms))
        except (aiohttp.ClientError, TimeoutError, LookupError):
            return
        if row is not None and row.is_of(followed.terms):
            self.learn(followed.order, row)
        elif row is None and followed.last is None and self._is_gone(followed.terms):
            # `find` tells that it is absent, with all the proofs that there are.
            self.drop(followed.order.client_id)

    def _is_over(self, followed: Followed) -> bool:
        """Whether somebody has heard of it, and its end is a matter of proof."""
        heard_of = followed.last is not None or followed.earlier
        return heard_of and followed.is_open and self.expiry.is_over(followed.terms)

    def _is_gone(self, terms: Terms) -> bool:
        return self.expiry.is_over(terms) and self.expiry.was_over(terms)

    async def _reconcile(self) -> None:
        """Compare what stands with the list of our bets; what is not in it has ended, or is new."""
        stand = {
            self._orders.id(followed.terms): followed
            for followed in self._followed.values()
            if followed.last is not None and not followed.ended
        }
        if not stand:
            return
        try:
            listed = await self._orders.listed(*ACCEPTED, wanted=stand)
        except TooLongError as error:
            listed = error.rows  # who is not among them is looked at one by one
        except (aiohttp.ClientError, TimeoutError, LookupError):
            return
        rows = {row.id: row for row in listed}
        for name, followed in stand.items():
            row = rows.get(name)
            if row is not None and row.is_of(followed.terms):
                self.learn(followed.order, row)
            elif followed.is_final:
                followed.due_ms = 0

    # -- When to look ----------------------------------------------------------------------------

    def _plan(self, followed: Followed, row: Row) -> None:
        now_ms = self._clock.now_ms()
        if followed.ended:
            return
        if followed.is_final:
            followed.due_ms = FAR_MS  # until the list of our bets gives a reason
        elif row.standing is Standing.ACCEPTED:
            until_final_ms = row.updated_ms + self._final_ms - self.expiry.surely_ms()
            # A cancellation that is under way has no such moment.
            wait_ms = until_final_ms if until_final_ms > 0 else self._slowest_ms
            followed.due_ms = now_ms + min(wait_ms, self._slowest_ms)


def watched(follower: Follower, order: Order) -> None:
    """Follow an order of an earlier process; one that could not have been sent is none."""
    try:
        follower.add(order, earlier=True)
    except BadOrderError:
        return


def _newer(known: OrderReport | None, heard: OrderReport) -> OrderReport:
    """
    Return the report to believe.

    A fill is not taken back by an answer that says less than an earlier one did, only by one that
    says that it was taken back; and what was final stays so when the venue touches it again.
    """
    if known is None:
        return heard
    if heard.sequence <= known.sequence:
        return known
    if heard.status is OrderStatus.OPEN and known.status is not OrderStatus.OPEN:
        return known
    same = (heard.status, heard.filled, heard.odds) == (known.status, known.filled, known.odds)
    if known.final and same and not heard.final:
        return stands_finally(heard)
    return heard


def _is_news(told: OrderReport | None, report: OrderReport) -> bool:
    if told is None:
        return True
    facts = ("status", "filled", "odds", "final")
    same = all(getattr(told, fact) == getattr(report, fact) for fact in facts)
    return report.sequence > told.sequence and not same
