"""
What becomes of orders once the book has them: the script's reports, cancels, and finality.

Each change goes into the book first and into the log afterwards, if it is reported at all.
"""

from collections import deque
from decimal import Decimal

from xarb_runtime.domain.money import CENT, ZERO, floor_to, parse_duration_ms
from xarb_runtime.domain.orders import OrderReport, OrderStatus

from .behaviours import Behaviour, CancelBehaviour, Report
from .book import BookOrder, Change, GhostBook
from .clockwork import Clockwork
from .log import ReportLog
from .settings import GhostSettings


class Fates:
    """The fates of all orders of one venue."""

    def __init__(
        self, settings: GhostSettings, book: GhostBook, log: ReportLog, work: Clockwork
    ) -> None:
        self._settings, self._book, self._log, self._work = settings, book, log, work
        self._due: dict[str, deque[tuple[int, Report]]] = {}

    def begin(self, order: BookOrder, behaviour: Behaviour) -> None:
        """Let an order that the book has just taken, or has had for a while, go its way."""
        reports = behaviour.reports
        if reports is None:
            reports = [Report(after=behaviour.after or self._settings.latency)]
        due = deque((order.taken_ms + parse_duration_ms(it.after), it) for it in reports)
        self._due[order.client_id] = due
        self._finalise_later(order)
        self.catch_up(order.client_id)
        if due:
            self._work.spawn(self._follow(order.client_id), f"{order.client_id} goes its way")

    async def _follow(self, client_id: str) -> None:
        due = self._due[client_id]
        while due:
            await self._work.until(due[0][0])
            self.catch_up(client_id)

    def catch_up(self, client_id: str) -> None:
        """
        Do everything that is due for an order.

        Called before anybody looks too, so that what is due at the same moment has one order.
        """
        due = self._due.get(client_id)
        while due and due[0][0] <= self._work.now_ms:
            moment_ms, word = due.popleft()
            self._apply(client_id, word, moment_ms)

    def cancel(self, order: BookOrder, how: CancelBehaviour) -> None:
        """Let a request to cancel arrive."""
        filled = share_of(order.stake, how.filled_first)
        if filled > order.filled:
            status = OrderStatus.FILLED if filled == order.stake else OrderStatus.OPEN
            self._apply(order.client_id, Report(status=status, filled=how.filled_first))
        if how.is_taken:
            self.end(order.client_id, how.code, how.reason, lost=how.lost)

    def end(self, client_id: str, code: str, reason: str = "", *, lost: bool = False) -> None:
        """Cancel an order by the venue's own decision."""
        status = OrderStatus.CANCELLED
        self._apply(client_id, Report(status=status, code=code, reason=reason, lost=lost))

    def _apply(self, client_id: str, word: Report, moment_ms: int | None = None) -> None:
        order = self._book.orders[client_id]
        change = self._change(order, word)
        moment_ms = self._work.now_ms if moment_ms is None else moment_ms
        if word.sequence is not None and word.sequence <= order.sequence:
            self._report(_old_news(order, change, word.sequence, moment_ms), word)
        elif self._book.change(client_id, change, moment_ms):
            changed = self._book.orders[client_id]
            self._report(changed.report(), word)
            self._finalise_later(changed)

    def _change(self, order: BookOrder, word: Report) -> Change:
        share = word.filled
        if share is None and word.status is not OrderStatus.OPEN:
            shares = {OrderStatus.FILLED: Decimal(1), OrderStatus.CANCELLED: None}
            share = shares.get(word.status, ZERO)
        return Change(
            status=word.status,
            filled=None if share is None else share_of(order.stake, share),
            odds=word.odds,
            final=self._settings.is_final(word),
            sequence=word.sequence,
            code=word.code,
            reason=word.reason,
        )

    def _finalise_later(self, order: BookOrder) -> None:
        ended = order.status in {OrderStatus.FILLED, OrderStatus.CANCELLED} and not order.final
        if ended and self._settings.final_after is not None:
            moment_ms = order.changed_ms + parse_duration_ms(self._settings.final_after)
            self._work.spawn(self._finalise(order, moment_ms), f"{order.client_id} becomes final")

    async def _finalise(self, order: BookOrder, moment_ms: int) -> None:
        await self._work.until(moment_ms)
        self.catch_up(order.client_id)
        if self._book.orders[order.client_id] == order:
            word = Report(status=order.status, final=True, code=order.code, reason=order.reason)
            self._apply(order.client_id, word)

    def _report(self, report: OrderReport, word: Report) -> None:
        if word.lost:
            return
        copies = [report] * (1 + word.repeat)
        delay_ms = parse_duration_ms(word.delay)
        if delay_ms:
            self._work.spawn(self._send_later(copies, delay_ms), f"{report.client_id} is reported")
        else:
            self._send(copies)

    async def _send_later(self, copies: list[OrderReport], delay_ms: int) -> None:
        await self._work.sleep(delay_ms)
        self._send(copies)

    def _send(self, copies: list[OrderReport]) -> None:
        for report in copies:
            self._log.append(report)


def share_of(stake: Decimal, share: Decimal) -> Decimal:
    """Return a share of a stake, in whole cents unless it is all of it."""
    return stake if share == 1 else floor_to(stake * share, CENT)


def _old_news(order: BookOrder, change: Change, sequence: int, moment_ms: int) -> OrderReport:
    filled = order.filled if change.filled is None else change.filled
    return OrderReport(
        client_id=order.client_id,
        sequence=sequence,
        time_ms=moment_ms,
        status=change.status,
        filled=filled,
        odds=(change.odds or order.odds) if filled else ZERO,
        final=change.final,
        code=change.code,
        reason=change.reason,
    )
