"""
Wrong about what comes later: the index, the next process, the expiry. Each fails one silver case.
"""

import msgspec

from tests.kit.wrong.making import Restating, Spoilt, opened_as, unaware, wrong
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    FindAnswer,
    Found,
    Order,
    OrderReport,
    OrderStatus,
    PlaceAnswer,
    Unknown,
)
from xarb_runtime.plugins.http_venue import Request
from xarb_runtime.testing.plain.bench import PlainBench

replace = msgspec.structs.replace


@wrong("XV-207")
class SendsWhatIsNotShown(Spoilt):
    """Has other names for orders in each process, and sends what the index does not show yet."""

    async def place(self, order: Order) -> PlaceAnswer:
        is_new = order.client_id not in self.ids
        self.ids.add(order.client_id)
        if is_new and await self._is_behind(order):
            order = replace(order, client_id=f"{order.client_id}-again")
        return await super().place(order)

    async def _is_behind(self, order: Order) -> bool:
        """Whether *not found* is the answer of an index that is behind the venue's time."""
        now_ms = (await self.quote(order.selection)).time_ms
        request = Request("GET", f"/orders/{order.client_id}")
        answer = await self.send(request, urgent=True)
        return answer.status == 404 and answer.read(dict[str, int])["looked_at_ms"] < now_ms


@wrong("XV-272")
class BelievesTheIndexOnceExpired(Spoilt):
    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        if answer == Unknown("not found yet") and self._clock.now_ms() > order.expires_ms:
            return Absent("not found, and expired")
        return answer


@wrong("XV-284")
class GivesItsRequestsMoreTime(Spoilt):
    """Lets the venue take an order later than it says when it looks for it."""

    async def place(self, order: Order) -> PlaceAnswer:
        return await super().place(replace(order, expires_ms=order.expires_ms + 15_000))


class LosingBench(PlainBench):
    """A plain venue that can lose an order."""

    async def lose(self, order_id: str) -> None:
        book = self._server.book
        del book.orders[order_id]
        book.changes.clear()


# It says of an order that was reported and is gone that there never was one.
unaware("XV-286", LosingBench)


class EndsWhatIsGone(Spoilt):
    """Right about it: knows whose orders may have been reported."""

    def watch(self, order: Order) -> None:
        self.ids.add(order.client_id)

    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if isinstance(answer, Accepted):
            self.ids.add(order.client_id)
        return answer

    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        if isinstance(answer, Absent) and order.client_id in self.ids:
            facts = {"status": OrderStatus.CANCELLED, "final": True, "code": "EXPIRED"}
            return Found(OrderReport(client_id=order.client_id, sequence=2, time_ms=0, **facts))
        return answer


class EndingBench(LosingBench):
    spec = replace(LosingBench.spec, open=opened_as(EndsWhatIsGone))


@wrong("XV-335")
class CountsItsOwnReports(Restating):
    """Numbers what is new to it from one on."""

    def restate(self, report: OrderReport) -> OrderReport:
        seen = self.kept.setdefault(report.client_id, {})
        return replace(report, sequence=seen.setdefault(report.sequence, len(seen) + 1))


@wrong("XV-355")
class LetsOrdersLiveLonger(Spoilt):
    """Honest about it: it says absent only when its own expiry is over."""

    async def place(self, order: Order) -> PlaceAnswer:
        return await super().place(_longer(order))

    async def find(self, order: Order) -> FindAnswer:
        return await super().find(_longer(order))


def _longer(order: Order) -> Order:
    return replace(order, expires_ms=order.expires_ms + 300_000)
