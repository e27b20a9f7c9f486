"""
Wrong about the protocol: each fails one bronze case.
"""

from decimal import Decimal

import msgspec

from tests.kit.wrong.making import wrong
from xarb_runtime.domain.orders import Order, PlaceAnswer, Quote, Refused, Selection, Unknown
from xarb_runtime.testing.plain.client import PlainVenue


@wrong("XV-030")
class QuotesMoreThanItTakes(PlainVenue):
    async def quote(self, selection: Selection) -> Quote:
        quote = await super().quote(selection)
        return msgspec.structs.replace(quote, max_stake=quote.max_stake * 10)


@wrong("XV-040")
class QuotesWhatIsNotThere(PlainVenue):
    async def quote(self, selection: Selection) -> Quote:
        try:
            return await super().quote(selection)
        except LookupError:
            return Quote(
                selection=selection,
                odds=Decimal(2),
                min_stake=Decimal(1),
                max_stake=Decimal(1),
                time_ms=self._clock.now_ms(),
            )


@wrong("XV-060")
class DoubtsEveryRefusal(PlainVenue):
    async def place(self, order: Order) -> PlaceAnswer:
        answer = await super().place(order)
        if isinstance(answer, Refused) and answer.code == "CLOSED":
            return Unknown("closed")
        return answer
