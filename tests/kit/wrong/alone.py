"""
Wrong when left alone: each fails one gold case.
"""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec

from tests.kit.wrong.making import Forgetting, Restating, Spoilt, asks_for_changes, wrong
from xarb_runtime.domain.orders import Accepted, Order, OrderReport, PlaceAnswer
from xarb_runtime.plugins.http_venue import Answer, Request
from xarb_runtime.testing.plain import client

replace = msgspec.structs.replace


class _Hasty(Spoilt):
    async def _hurry(self, request: Request) -> Answer:
        asked: dict[str, Any] = {"headers": self._protocol.headers(request, 0)}
        url = f"{self._url}{request.target}"
        async with self._session.request(request.method, url, data=request.body, **asked) as answer:
            return Answer(status=answer.status, body=await answer.read())


@wrong("XV-400")
class AsksAsOftenAsItLikes(_Hasty):
    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        if request.target.startswith("/prices/"):
            return await self._hurry(request)
        return await super().send(request, urgent=urgent)


@wrong("XV-410")
class DoesNotWait(_Hasty):
    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        await self._pace.turn(urgent=urgent)
        return await self._hurry(request)


@wrong("XV-420")
class ForgetsAtTheSecondBreak(Forgetting):
    def forgets(self, problem: object) -> bool:
        if isinstance(problem, aiohttp.ClientPayloadError):
            self.kept["breaks"] = self.kept.get("breaks", 0) + 1
        return self.kept.get("breaks", 0) > 1


@wrong("XV-425")
class ForgetsAtNonsense(Forgetting):
    def forgets(self, problem: object) -> bool:
        torn = isinstance(problem, bytes) and problem.startswith(b"{")
        return torn and not problem.endswith(b"}")


@wrong("XV-427")
class AsksOnceMoreAndOnlyOnce(Spoilt):
    """Hears that an order has changed, asks what it is now, and lets it be if that fails."""

    async def reports(self) -> AsyncIterator[OrderReport]:
        async for report in super().reports():
            answer = await self.send(Request("GET", f"/orders/{report.client_id}"))
            if answer.status != client.OK:
                continue
            yield report


@wrong("XV-430")
class HearsOnlyItsOwn(Spoilt):
    """Of what others placed it hears only what was over before."""

    async def place(self, order: Order) -> PlaceAnswer:
        self.ids.add(order.client_id)
        return await super().place(order)

    async def reports(self) -> AsyncIterator[OrderReport]:
        born_ms = self._clock.now_ms()
        async for report in super().reports():
            if report.client_id in self.ids or report.time_ms <= born_ms:
                yield report


@wrong("XV-435")
class BeginsToListenNow(Spoilt):
    """What changed before it listened does not concern it."""

    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        if not asks_for_changes(request) or "begun" in self.kept:
            return await super().send(request, urgent=urgent)
        answer = await super().send(Request("GET", "/changes?after=-1"))
        changes = msgspec.json.decode(answer.body)
        self.kept["begun"] = True
        return replace(answer, body=msgspec.json.encode({**changes, "orders": []}))


@wrong("XV-440")
class LogsItsHeaders(Spoilt):
    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        headers = self._protocol.headers(request, 0)
        logging.getLogger("plain").debug("%s %s %s", request.method, request.target, headers)
        return await super().send(request, urgent=urgent)


@wrong("XV-450")
class SharesAnswers(Spoilt):
    """Thinks that two orders on one selection at a time are the same."""

    async def place(self, order: Order) -> PlaceAnswer:
        if order.selection not in self.kept:
            self.kept[order.selection] = asyncio.ensure_future(super().place(order))
        try:
            return await self.kept[order.selection]
        finally:
            self.kept.pop(order.selection, None)


@wrong("XV-460")
class NumbersByItsOwnClock(Restating):
    def restate(self, report: OrderReport) -> OrderReport:
        now_ms = self._clock.now_ms()
        hours = (now_ms - self.kept.setdefault("born_ms", now_ms)) // 3_600_000
        return replace(report, sequence=report.sequence + 1000 * hours)


@wrong("XV-470")
class BeatsByItself(Spoilt):
    async def send(self, request: Request, *, urgent: bool = False) -> Answer:
        if asks_for_changes(request):
            await super().send(Request("POST", "/beats"))
        return await super().send(request, urgent=urgent)


@wrong("XV-475")
class IsDeafToWhatItDoubts(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if not isinstance(answer, Accepted):
            self.ids.add(order.client_id)
        return answer

    async def reports(self) -> AsyncIterator[OrderReport]:
        async for report in super().reports():
            if report.client_id not in self.ids:
                yield report


@wrong("XV-490")
class ForgetsAtAnOutage(Forgetting):
    def forgets(self, problem: object) -> bool:
        return isinstance(problem, aiohttp.ClientOSError) and problem.errno == errno.ECONNREFUSED
