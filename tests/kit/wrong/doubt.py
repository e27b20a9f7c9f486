"""
Wrong about what is not known: each fails one silver case.
"""

import asyncio
import errno
from collections.abc import AsyncIterator
from decimal import Decimal

import aiohttp
import msgspec

from tests.kit.wrong.making import Restating, Spoilt, wrong
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
    Refused,
    Unknown,
)
from xarb_runtime.plugins.http_venue import Answer, Request

replace = msgspec.structs.replace


class _Watching(Spoilt):
    """Sees what becomes of its own `POST`, and draws conclusions."""

    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        return None

    def answered(self, order: Order, status: int, body: bytes) -> PlaceAnswer | None:
        return None

    async def place(self, order: Order) -> PlaceAnswer:
        self.kept["order"] = order
        answer = await super().place(order)
        return self.kept.pop("conclusion", None) or answer

    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        if request.target != "/orders":
            return await super().send(request, urgent=urgent)
        order = self.kept["order"]
        try:
            answer = await super().send(request, urgent=urgent)
        except BaseException as error:
            self.kept["conclusion"] = self.failed(order, error)
            raise
        self.kept["conclusion"] = self.answered(order, answer.status, answer.body)
        return answer


class _Disbelieving(_Watching):
    """Takes an order for gone that it lost in a certain way, when it is not found."""

    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        if answer == Unknown("not found yet") and order.client_id in self.ids:
            return Absent("it was lost")
        return answer


def _errno(error: BaseException) -> int | None:
    return error.errno if isinstance(error, aiohttp.ClientOSError) else None


# -- Duplicates ------------------------------------------------------------------------------------


@wrong("XV-200")
class RefusesDuplicates(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        if order.client_id in self.ids:
            return Refused("DUPLICATE")
        answer = await super().place(order)
        self.ids.add(order.client_id)
        return answer


@wrong("XV-205")
class RefusesWhatOthersPlaced(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        is_mine = order.client_id in self.ids
        self.ids.add(order.client_id)
        answer = await super().place(order)
        if isinstance(answer, Accepted) and answer.report.sequence > 1 and not is_mine:
            return Refused("DUPLICATE")
        return answer


@wrong("XV-210")
class RefusesWhatIsUnderWay(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        if order.client_id in self.ids:
            return Refused("BUSY")
        self.ids.add(order.client_id)
        try:
            return await super().place(order)
        finally:
            self.ids.discard(order.client_id)


# -- Answers that prove nothing --------------------------------------------------------------------


@wrong("XV-220")
class TakesABreakForARefusal(_Watching):
    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        return Refused("GONE") if isinstance(error, aiohttp.ServerDisconnectedError) else None


@wrong("XV-230")
class TakesAGatewayForTheVenue(_Watching):
    def answered(self, order: Order, status: int, body: bytes) -> PlaceAnswer | None:
        return Refused("HTTP_502") if status == 502 else None


@wrong("XV-235")
class TakesTornJsonForARefusal(_Watching):
    def answered(self, order: Order, status: int, body: bytes) -> PlaceAnswer | None:
        torn = status == 200 and body.startswith(b"{") and not body.endswith(b"}")
        return Refused("MALFORMED") if torn else None


@wrong("XV-240")
class TakesAPageForARefusal(_Watching):
    def answered(self, order: Order, status: int, body: bytes) -> PlaceAnswer | None:
        return Refused("MALFORMED") if status == 200 and body.startswith(b"<") else None


@wrong("XV-245")
class TakesSilenceForARefusal(_Watching):
    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        return Refused("TIMEOUT") if isinstance(error, TimeoutError) else None


@wrong("XV-247")
class AsksAgainToBeSure(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        began_ms = self._clock.now_ms()
        answer = await super().place(order)
        if isinstance(answer, Accepted) and self._clock.now_ms() > began_ms + 2_000:
            return await super().place(order)
        return answer


@wrong("XV-250")
class SendsAgainAfterA503(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        return await super().place(order) if answer == Unknown("HTTP 503") else answer


@wrong("XV-255")
class TrustsThatItArrived(_Watching):
    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        if _errno(error) != errno.ECONNRESET:
            return None
        now_ms = self._clock.now_ms()
        return Accepted(
            OrderReport(
                client_id=order.client_id, sequence=0, time_ms=now_ms, status=OrderStatus.OPEN
            )
        )


@wrong("XV-260")
class SendsAgainBehindOnesBack(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if answer == Refused("TOO_MANY_REQUESTS", "it was not looked at"):
            self.kept[order.client_id] = asyncio.create_task(super().place(order))
        return answer


@wrong("XV-265")
class ForgetsWhatWasCancelled(_Disbelieving):
    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        if isinstance(error, asyncio.CancelledError):
            self.ids.add(order.client_id)


# -- Looking ---------------------------------------------------------------------------------------


@wrong("XV-270")
class BelievesTheIndex(_Disbelieving):
    """Until the order expires: then it is careful."""

    async def find(self, order: Order) -> FindAnswer:
        if self._clock.now_ms() > order.expires_ms:
            self.ids.discard(order.client_id)
        return await super().find(order)

    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        if isinstance(error, aiohttp.ServerDisconnectedError):
            self.ids.add(order.client_id)


@wrong("XV-275")
class KnowsOnlyItsOwn(Spoilt):
    """Of orders of another process it knows something only when they have expired."""

    async def place(self, order: Order) -> PlaceAnswer:
        self.ids.add(order.client_id)
        return await super().place(order)

    async def find(self, order: Order) -> FindAnswer:
        if order.client_id in self.ids or self._clock.now_ms() > order.expires_ms:
            return await super().find(order)
        return Unknown("never heard of it")


@wrong("XV-280")
class TakesAResetForAbsence(_Disbelieving):
    def failed(self, order: Order, error: BaseException) -> PlaceAnswer | None:
        if _errno(error) == errno.ECONNRESET:
            self.ids.add(order.client_id)


@wrong("XV-282")
class NeverProvesAnything(Spoilt):
    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        return Unknown("who knows") if isinstance(answer, Absent) else answer


@wrong("XV-285")
class TakesOldForGone(Spoilt):
    """The first time it is asked for an old order; not once it has seen an error."""

    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        is_old = self._clock.now_ms() > order.expires_ms
        if isinstance(answer, Found) and is_old and not self.kept:
            answer = Absent("too old")
        self.kept["asked"] = True
        return answer


@wrong("XV-290")
class BelievesEvery404(Spoilt):
    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        is_a_404 = isinstance(answer, Unknown) and answer.reason.startswith("HTTP 404")
        if is_a_404 and self._clock.now_ms() > order.expires_ms:
            return Absent("not found")
        return answer


# -- Cancels ---------------------------------------------------------------------------------------


@wrong("XV-300")
class OverlooksTheFill(Spoilt):
    async def cancel(self, order: Order) -> CancelAnswer:
        answer = await super().cancel(order)
        if isinstance(answer, Accepted) and not answer.report.final:
            cancelled = replace(answer.report, status=OrderStatus.CANCELLED, filled=Decimal(0))
            return Accepted(cancelled)
        return answer


@wrong("XV-305")
class TakesTryingForDone(Spoilt):
    async def cancel(self, order: Order) -> CancelAnswer:
        answer = await super().cancel(order)
        if answer != Unknown("HTTP 202"):
            return answer
        now_ms = self._clock.now_ms()
        return Accepted(
            OrderReport(
                client_id=order.client_id, sequence=9, time_ms=now_ms, status=OrderStatus.CANCELLED
            )
        )


@wrong("XV-310")
class TakesAGatewayForANo(Spoilt):
    async def cancel(self, order: Order) -> CancelAnswer:
        answer = await super().cancel(order)
        return CancelRefused("no") if answer == Unknown("HTTP 502") else answer


# -- Fills -----------------------------------------------------------------------------------------


@wrong("XV-320")
class ReportsTheDifference(Spoilt):
    async def reports(self) -> AsyncIterator[OrderReport]:
        async for report in super().reports():
            before, last = self.kept.get(report.client_id, (Decimal(0), Decimal(0)))
            part = report.filled - before if report.filled > before else last
            self.kept[report.client_id] = (report.filled, part)
            yield replace(report, filled=min(part, report.filled))


@wrong("XV-325")
class CallsReversedCancelled(Restating):
    def restate(self, report: OrderReport) -> OrderReport:
        if report.status is OrderStatus.REVERSED:
            return replace(report, status=OrderStatus.CANCELLED)
        return report


@wrong("XV-330")
class CallsEveryFillFinal(Restating):
    def restate(self, report: OrderReport) -> OrderReport:
        return replace(report, final=report.final or report.status is OrderStatus.FILLED)


# -- Scope -----------------------------------------------------------------------------------------


@wrong("XV-340")
class SendsAfterItsEnd(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        try:
            return await super().place(order)
        except asyncio.CancelledError:
            self.kept[order.client_id] = asyncio.create_task(super().place(order))
            raise


@wrong("XV-350")
class LeavesATask(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        self.kept[order.client_id] = asyncio.create_task(self._clock.sleep_ms(10**9))
        return await super().place(order)


@wrong("XV-360")
class KeepsWhatItRefused(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if isinstance(answer, Unknown) and "refused" in answer.reason:
            self.kept[order.client_id] = order
            return Refused("NOT_READY")
        return answer

    async def heartbeat(self) -> None:
        await super().heartbeat()
        while self.kept:
            await super().place(self.kept.popitem()[1])
