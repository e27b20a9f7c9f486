"""
Azuro as a venue.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import aiohttp

from xarb_runtime.domain.orders import (
    CancelAnswer,
    CancelRefused,
    FindAnswer,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import Venue, VenueCheck

from .cashout import Cashouts
from .checks import checks
from .counter import Counter
from .parts import Parts
from .placing import Placing
from .sales import is_cashout
from .wire import words_of

#: Failures of a question. Of an order they mean: nobody knows.
FAILURES = (aiohttp.ClientError, TimeoutError, LookupError, ConnectionError)

NOT_TRADING = Refused("NOT_TRADING", "orders are only simulated; nothing was sent")
NO_CANCEL = CancelRefused("Azuro has no cancel: an order is placed, refused, or expires")
NO_CASHOUT = Refused("NO_CASHOUT", "cashout is not switched on; nothing was sent")


class AzuroVenue(Venue):
    """
    A connection to Azuro.

    Args:
        parts: what it is made of.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._placing = Placing(parts) if parts.trade else None
        self._cashouts = None
        if parts.trade is not None and parts.settings.cashout:
            counter = Counter(parts.wire, parts.trade.orders, parts.settings)
            self._cashouts = parts.trade.follower.beside = Cashouts(parts, counter)

    async def place(self, order: Order) -> PlaceAnswer:
        """Send the order, once. Cancelled or failed, it may have arrived; `find` tells."""
        if self._placing is None:
            return NOT_TRADING
        if is_cashout(order.selection):
            return await self._cashouts.place(order) if self._cashouts else NO_CASHOUT
        return await self._placing.place(order)

    async def cancel(self, order: Order) -> CancelAnswer:
        """Refuse: there is no such thing."""
        del order
        return NO_CANCEL

    async def find(self, order: Order) -> FindAnswer:
        """Look an order up; absent only when its signature has expired and nobody knows it."""
        if self._placing is None:
            return Unknown("there is no key: whose order it would be is not known")
        try:
            if not is_cashout(order.selection):
                return await self._placing.find(order)
            if self._cashouts is not None:
                return await self._cashouts.find(order)
        except FAILURES as error:
            return Unknown(words_of(error))
        return Unknown("cashout is not switched on")

    async def quote(self, selection: Selection) -> Quote:
        """
        Ask for odds and limits at the same time.

        Raises:
            LookupError: there is no price.
            aiohttp.ClientError, TimeoutError: the venue cannot be asked.
        """
        if not is_cashout(selection):
            return await self._parts.market.quote(selection, self._available())
        if self._cashouts is None:
            message = "cashout is not switched on, or orders are only simulated"
            raise LookupError(message)
        return await self._cashouts.quote(selection)

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield what is heard by looking at each order that is under way."""
        if self._parts.trade is None:
            while True:
                await self._parts.clock.sleep_ms(self._parts.settings.milliseconds("reconcile"))
        async for report in self._parts.trade.follower.reports():
            yield report

    def watch(self, order: Order) -> None:
        """Follow an order of an earlier process."""
        if self._placing is not None and not is_cashout(order.selection):
            self._placing.watch(order)
        elif self._cashouts is not None:
            self._cashouts.watch(order)

    def account(self) -> str:
        """Return environment and wallet: an order's id is made of the wallet."""
        trade = self._parts.trade
        if trade is None:
            return ""
        return f"{self._parts.environment.name}:{trade.orders.wallet.bettor.lower()}"

    async def heartbeat(self) -> None:
        """
        Ask for the relayer's fee, and now and then for what we could pay.

        Raises:
            ConnectionError: nothing can be traded at present; the message says why.
            LookupError: the node does not say what we could pay.
            aiohttp.ClientError, TimeoutError: the venue cannot be asked.
        """
        parts = self._parts
        await parts.gas.ask()
        if parts.trade is None:
            return
        if parts.gas.problem:
            raise ConnectionError(parts.gas.problem)
        await parts.purse.look()
        problem = parts.purse.problem(parts.gas.tokens)
        if problem:
            raise ConnectionError(problem)

    async def check(self) -> tuple[VenueCheck, ...]:
        """Look at fee, wallet, balance, allowance and stream."""
        return tuple([check async for check in checks(self._parts)])

    def figures(self) -> Mapping[str, Decimal | int]:
        """Return the fee, what we could pay, and the state of stream and polling."""
        parts = self._parts
        found: dict[str, Decimal | int] = {"requests_left": parts.wire.pace.left()}
        if parts.gas.fee is not None:
            found["relayer_fee_tokens"] = parts.gas.tokens
        if parts.feed is not None:
            found["stream_connected"] = int(parts.feed.connected)
            if parts.feed.heard_ms:
                found["stream_silent_ms"] = max(0, parts.clock.now_ms() - parts.feed.heard_ms)
        if parts.trade is not None:
            found["orders_followed"] = len(parts.trade.follower)
            found["lists_too_long"] = parts.trade.orders.too_long
        return found | parts.purse.figures()

    def _available(self) -> Decimal | None:
        """Return what the relayer could take for a stake; None when nobody has looked."""
        available = self._parts.purse.available
        return None if available is None else available - self._parts.gas.tokens
