"""
The house: all the other users of the exchange, whose stakes are in the books.
"""

from itertools import count

import msgspec

from xarb_runtime.domain.money import parse_duration_ms

from .clockwork import Clockwork
from .model import Account, Market, Order, OrderState
from .news import News
from .odds import WHOLE, from_percent, taker_room, units
from .settings import FakeLevel, FakeMarket, FakeSettings
from .signing import invented, invented_address

#: More than anybody will ever bet against.
_DEEP_POCKETS = 10**24
_FAR_FUTURE_S = 4_102_444_800
_HOUR_S = 3600


def wealthy() -> Account:
    """Return the account of all other users together."""
    return Account(
        api_key="",
        address=invented_address("house"),
        proxy=invented_address("house", "proxy"),
        deployed=True,
        available=_DEEP_POCKETS,
    )


class House:
    """
    The markets, and the house's orders in them.

    Attributes:
        account: the house's money.
        markets: by hash.
        arrivals: numbers the orders of all books; who comes first is served first.
    """

    def __init__(self, settings: FakeSettings, work: Clockwork, news: News) -> None:
        self._settings, self._work, self._news = settings, work, news
        self.account = wealthy()
        self.markets: dict[str, Market] = {}
        self.arrivals = count(1)
        self._numbers = count(1)
        for listed in settings.markets:
            self.list_market(listed)

    def market(self, market_hash: str) -> Market | None:
        """Return a market; one that is not listed may have one that stands in for it."""
        market = self.markets.get(market_hash)
        stands_in = self._settings.unlisted
        if market is None and stands_in is not None:
            try:
                return self.list_market(msgspec.structs.replace(stands_in, hash=market_hash))
            except ValueError:
                return None
        return market

    def list_market(self, about: FakeMarket) -> Market:
        """Open a market, with its book."""
        offset_s = -_HOUR_S if about.live else _HOUR_S
        game_s = self._work.now_ms // 1000 + offset_s
        market = Market(
            settings=about,
            active=about.active,
            game_s=game_s,
            # Versions grow from one process to the next, too.
            version=self._work.now_ms * 10**6,
        )
        self.markets[about.hash] = market
        self._stock(market)
        return market

    def _stock(self, market: Market) -> None:
        """Bring every level up to what the settings say."""
        for on_one, levels in ((True, market.settings.one), (False, market.settings.two)):
            for level in levels:
                self._raise_level(market, level, on_one=on_one)
        self.changed(market)

    def _raise_level(self, market: Market, level: FakeLevel, *, on_one: bool) -> None:
        odds = from_percent(level.percent)
        there = sum(
            order.remaining
            for order in market.orders
            if order.account is self.account and order.odds == odds and order.on_one == on_one
        )
        if (missing := units(level.size) - there) > 0:
            market.orders.append(self._order(market, missing, odds, on_one=on_one))

    def changed(self, market: Market) -> None:
        """Tell that a book has changed."""
        market.version += 1
        self._news.book(market)

    def rest(self, market: Market, level: FakeLevel, *, on_one: bool) -> None:
        """Put another stake into a book; it does not cross."""
        odds, stake = from_percent(level.percent), units(level.size)
        market.orders.append(self._order(market, stake, odds, on_one=on_one))
        self.changed(market)

    def withdraw(self, market: Market) -> None:
        """Take all of the house's stakes out of a book."""
        market.orders = [order for order in market.orders if order.account is not self.account]
        self.changed(market)

    def refill(self, market: Market) -> None:
        """Bring the book up to what the settings say, after the time they say."""
        if market.settings.refill is not None:
            pause_ms = parse_duration_ms(market.settings.refill)
            self._work.spawn(self._refill(market, pause_ms), f"{market.settings.hash} is refilled")

    async def _refill(self, market: Market, pause_ms: int) -> None:
        await self._work.sleep(pause_ms)
        if market.active:
            self._stock(market)

    def against(self, order: Order, stake: int) -> Order:
        """Return a bet against so much of an order, at the order's own odds."""
        market = self.markets[order.market]
        other = max(1, taker_room(stake, order.odds))
        return self._order(market, other, WHOLE - order.odds, on_one=not order.on_one)

    def _order(self, market: Market, stake: int, odds: int, *, on_one: bool) -> Order:
        number = next(self._numbers)
        now_ms = self._work.now_ms
        return Order(
            id=invented("house", self._settings.seed, number),
            account=self.account,
            market=market.settings.hash,
            stake=stake,
            odds=odds,
            on_one=on_one,
            time_in_force="GTC",
            expiry=_FAR_FUTURE_S,
            client_id=None,
            created_ms=now_ms,
            updated_ms=now_ms,
            state=OrderState.ACTIVE,
            priority=next(self.arrivals),
        )
