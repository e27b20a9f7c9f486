"""
Wrong about the protocol: each fails one bronze case.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from decimal import ROUND_UP, Decimal
from typing import Any

import aiohttp
import msgspec

from tests.kit.wrong.making import Restating, Spoilt, boasts, other, wrong
from xarb_runtime.domain.orders import (
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
from xarb_runtime.plugins.contracts import VenueOpening
from xarb_runtime.plugins.http_venue import FAILURES
from xarb_runtime.testing.plain.bench import PlainBench

replace = msgspec.structs.replace


class _Loose(msgspec.Struct, frozen=True, kw_only=True):
    url: Any
    key_env: str = ""
    timeout: str = "5s"
    poll: str = "1s"
    requests: int = 240
    window: str = "1m"


other("XV-010", settings=_Loose)


@asynccontextmanager
async def _open_after_asking(opening: VenueOpening) -> AsyncGenerator[Any, None]:
    """Waits for the venue to be there, if not for ever."""
    async with PlainBench.spec.open(opening) as venue:
        try:
            await venue.heartbeat()
        except FAILURES:
            await opening.clock.sleep_ms(2_000)
        yield venue


other("XV-020", open=_open_after_asking)


@wrong("XV-030")
class QuotesMoreThanItTakes(Spoilt):
    async def quote(self, selection: Selection) -> Quote:
        quote = await super().quote(selection)
        return replace(quote, max_stake=quote.max_stake * 10)


@wrong("XV-040")
class QuotesWhatIsNotThere(Spoilt):
    async def quote(self, selection: Selection) -> Quote:
        try:
            return await super().quote(selection)
        except LookupError:
            now_ms = self._clock.now_ms()
            odds = Decimal(2)
            return Quote(
                selection=selection, odds=odds, min_stake=odds, max_stake=odds, time_ms=now_ms
            )


@wrong("XV-050")
class CallsFillsCancelled(Restating):
    """An order that is over has been cancelled, it thinks."""

    def restate(self, report: OrderReport) -> OrderReport:
        if report.status is OrderStatus.FILLED:
            return replace(report, status=OrderStatus.CANCELLED)
        return report


@wrong("XV-060")
class DoubtsEveryRefusal(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if isinstance(answer, Refused) and answer.code == "CLOSED":
            return Unknown("closed")
        return answer


@wrong("XV-070")
class FillsAtAPriceThatIsGone(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if answer != Refused("PRICE_GONE"):
            return answer
        return Accepted(
            OrderReport(
                client_id=order.client_id,
                sequence=1,
                time_ms=self._clock.now_ms(),
                status=OrderStatus.FILLED,
                filled=order.stake,
                odds=order.min_odds,
            )
        )


@wrong("XV-080")
class RoundsStakesUp(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        stake = order.stake.quantize(Decimal("0.01"), rounding=ROUND_UP)
        return await super().place(replace(order, stake=stake))


@wrong("XV-090")
class CountsTimeBackwards(Restating):
    def restate(self, report: OrderReport) -> OrderReport:
        return replace(report, time_ms=10**13 - report.time_ms - report.sequence)


@wrong("XV-100")
class FindsUnderAnotherName(Spoilt):
    async def find(self, order: Order) -> FindAnswer:
        answer = await super().find(order)
        if isinstance(answer, Found):
            return Found(replace(answer.report, client_id=f"plain-{order.client_id}"))
        return answer


@wrong("XV-110")
class BeatsIntoTheVoid(Spoilt):
    async def heartbeat(self) -> None:
        with suppress(*FAILURES):
            await super().heartbeat()


@wrong("XV-120")
class TakesWhatItCan(Spoilt):
    async def place(self, order: Order) -> PlaceAnswer:
        return await super().place(replace(order, stake=min(order.stake, Decimal(1000))))


boasts("XV-122", min_stake=Decimal("0.5"))


@wrong("XV-125")
class CallsCancelledRefused(Restating):
    def restate(self, report: OrderReport) -> OrderReport:
        if report.status is OrderStatus.CANCELLED and not report.filled:
            return replace(report, status=OrderStatus.REFUSED)
        return report


@wrong("XV-127")
class CancelsWhatIsOver(Spoilt):
    async def cancel(self, order: Order) -> CancelAnswer:
        answer = await super().cancel(order)
        if isinstance(answer, Accepted) and answer.report.final:
            cancelled = replace(answer.report, status=OrderStatus.CANCELLED, filled=Decimal(0))
            return Accepted(cancelled)
        return answer


boasts("XV-130", partial_fills=False)
boasts("XV-135", final_at_once=True)


@wrong("XV-140")
class HasAConnectionOfItsOwn(Spoilt):
    async def quote(self, selection: Selection) -> Quote:
        theirs = self._session
        async with aiohttp.ClientSession() as own:
            self._session = own
            try:
                return await super().quote(selection)
            finally:
                self._session = theirs


@wrong("XV-150")
class NamesItsFiguresForPeople(Spoilt):
    def figures(self) -> Mapping[str, Decimal | int]:
        return {"Requests left": self._pace.left()}


@asynccontextmanager
async def _open_with_a_key_only(opening: VenueOpening) -> AsyncGenerator[Any, None]:
    if not opening.environ:
        raise ValueError("expected a key")
    async with PlainBench.spec.open(opening) as venue:
        yield venue


other("XV-160", open=_open_with_a_key_only)


@asynccontextmanager
async def _open_and_trade_with_a_key(opening: VenueOpening) -> AsyncGenerator[Any, None]:
    """Takes a key for the wish to trade."""
    async with PlainBench.spec.open(replace(opening, trades=bool(opening.environ))) as venue:
        yield venue


other("XV-165", open=_open_and_trade_with_a_key)
