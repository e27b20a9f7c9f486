"""
Following orders: Azuro has no stream of them, so each one is looked at until it has ended.

An order that is under way is looked at every second, then less often; one that was accepted until
its acceptance counts as final; and all that is not settled is compared with the list of our bets
now and then, for a bet may be voided late.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Protocol

import aiohttp
import msgspec

from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus
from xarb_runtime.plugins.contracts import Clock

from .orders import ACCEPTED, Orders, TooLongError
from .settings import AzuroSettings
from .states import Row, Standing, report_of, stands_finally
from .terms import BadOrderError, Terms

#: Orders that are looked at in one go.
AT_ONCE = 8
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
        last: the newest report; None when nothing was heard.
        ended: nothing can change any more.
    """

    order: Order
    terms: Terms
    due_ms: int
    pause_ms: int
    last: OrderReport | None = None
    ended: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it is filled for good, as far as we are concerned."""
        return self.last is not None and self.last.final


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
        settings: the venue's.
        clock: the clock.

    Attributes:
        beside: looked at in the same rounds; None where there is nothing.
    """

    def __init__(self, orders: Orders, settings: AzuroSettings, clock: Clock) -> None:
        self._orders, self._clock = orders, clock
        self._poll_ms = settings.milliseconds("poll")
        self._slowest_ms = settings.milliseconds("poll_slowest")
        self._reconcile_ms = settings.milliseconds("reconcile")
        self._final_ms = settings.milliseconds("final_after")
        self._absent_ms = settings.milliseconds("absence_margin")
        self._followed: dict[str, Followed] = {}
        self._reconciled_ms = clock.now_ms()
        self.beside: Beside | None = None

    def __len__(self) -> int:
        return sum(not followed.ended for followed in self._followed.values())

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._followed

    def add(self, order: Order) -> None:
        """
        Follow an order that was, or is about to be, sent.

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
        report = report_of(row, order.client_id, self._surely_ms(), self._final_ms)
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
        due = [followed for followed in self._followed.values() if self._is_due(followed, now_ms)]
        if due:
            # Whoever has waited longest comes first.
            due.sort(key=lambda followed: followed.due_ms)
            async with asyncio.TaskGroup() as group:
                for followed in due[:AT_ONCE]:
                    group.create_task(self._look_at(followed))
        if now_ms - self._reconciled_ms >= self._reconcile_ms:
            self._reconciled_ms = now_ms
            await self._reconcile()

    def _is_due(self, followed: Followed, now_ms: int) -> bool:
        return not followed.ended and followed.due_ms <= now_ms

    async def _look_at(self, followed: Followed) -> None:
        followed.due_ms = self._clock.now_ms() + followed.pause_ms
        followed.pause_ms = self._longer(followed.pause_ms)
        try:
            row = await self._orders.look(self._orders.id(followed.terms))
        except (aiohttp.ClientError, TimeoutError, LookupError):
            return
        if row is not None and row.is_of(followed.terms):
            self.learn(followed.order, row)
        elif row is None and followed.last is None and self._is_gone(followed.terms):
            # `find` tells that it is absent, with all the proofs that there are.
            self.drop(followed.order.client_id)

    def _is_gone(self, terms: Terms) -> bool:
        return self.is_too_late(terms) and self.was_too_late(terms)

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

    def is_too_late(self, terms: Terms) -> bool:
        """Whether by our clock an order that the venue does not know can never be placed."""
        return self._clock.now_ms() >= terms.expires_at * 1000 + self._absent_ms

    def was_too_late(self, terms: Terms) -> bool:
        """The same by the time of the venue's newest answer, where it tells the time."""
        told_ms = self._orders.date_ms
        return told_ms is None or told_ms >= terms.expires_at * 1000 + self._absent_ms

    def _surely_ms(self) -> int:
        """Return a time that has come by our clock and by the venue's, where it tells the time."""
        now_ms, told_ms = self._clock.now_ms(), self._orders.date_ms
        return now_ms if told_ms is None else min(now_ms, told_ms)

    def _plan(self, followed: Followed, row: Row) -> None:
        now_ms = self._clock.now_ms()
        if followed.ended:
            return
        if followed.is_final:
            followed.due_ms = FAR_MS  # until the list of our bets gives a reason
        elif row.standing is Standing.ACCEPTED:
            until_final_ms = row.updated_ms + self._final_ms - self._surely_ms()
            # A cancellation that is under way has no such moment.
            wait_ms = until_final_ms if until_final_ms > 0 else self._slowest_ms
            followed.due_ms = now_ms + min(wait_ms, self._slowest_ms)

    def _longer(self, pause_ms: int) -> int:
        return min(self._slowest_ms, pause_ms + pause_ms // 2 + 1)


def watched(follower: Follower, order: Order) -> None:
    """Follow an order of an earlier process; one that could not have been sent is none."""
    try:
        follower.add(order)
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
