"""
The engine: takes orders, matches them, rests them, drops them.
"""

from collections import Counter

from xarb_runtime.domain.money import parse_duration_ms

from .clockwork import Clockwork
from .fills import Clearing
from .house import House
from .ledger import Ledger
from .matching import Match, is_dust, opposing, plan, planned
from .model import Account, Draft, Fill, Market, Order, OrderFate, OrderState, Outcome
from .news import News
from .odds import units
from .settings import FakeSettings


class Exchange:
    """
    The exchange.

    Attributes:
        ledger: who has how much.
        clearing: the fills.
        orders: everything that was ever taken, by id, oldest first.
        beats: how many heartbeats have arrived.
    """

    def __init__(
        self, settings: FakeSettings, work: Clockwork, news: News, ledger: Ledger, house: House
    ) -> None:
        self._settings, self._work, self._news, self._house = settings, work, news, house
        self.ledger = ledger
        self.orders: dict[str, Order] = {}
        self.clearing = Clearing(settings, work, news, ledger)
        self.beats = 0

    # -- Orders ----------------------------------------------------------------------------------

    def take(self, account: Account, draft: Draft, fate: OrderFate) -> Order:
        """Take an order; it is matched later."""
        now_ms = self._work.now_ms
        order = Order(
            id=draft.id,
            account=account,
            market=draft.market,
            stake=draft.stake,
            odds=draft.odds,
            on_one=draft.on_one,
            time_in_force=draft.time_in_force,
            expiry=draft.expiry,
            client_id=draft.client_id,
            created_ms=now_ms,
            updated_ms=now_ms,
            fate=fate,
            looks=fate.hidden_looks,
        )
        self.orders[order.id] = order
        self._news.order(order)
        self._work.spawn(self._arrive(order), f"{order.id} arrives")
        self._work.spawn(self._expire(order), f"{order.id} expires")
        if fate.hidden_ms:
            self._work.spawn(self._show(order), f"{order.id} is indexed")
        return order

    def delay_ms(self, market: Market) -> int:
        """Return the betting delay of a market."""
        delays, about = self._settings.delays, market.settings
        if not about.live:
            return parse_duration_ms(delays.pregame)
        by_sport = delays.live_by_sport.get(about.sport, delays.live)
        return parse_duration_ms(delays.live_by_league.get(about.league, by_sport))

    async def _arrive(self, order: Order) -> None:
        market = self.market_of(order)
        await self._work.sleep(parse_duration_ms(self._settings.matching) + self.delay_ms(market))
        if not order.open:
            return
        if order.fate.cancelled:
            self.end(order, order.fate.cancelled)
        elif not market.active:
            self.end(order, "MARKET_HALTED")
        elif order.fate.holds:
            if order.time_in_force == "GTC":
                self._rest(order, market)
        elif order.account.available < order.stake:
            self.end(order, "INSUFFICIENT_BALANCE")
        else:
            self._match(order, market)
        if order.fate.breaks_streams:
            self._news.quake()

    async def _expire(self, order: Order) -> None:
        await self._work.until(order.expiry * 1000)
        self.end(order, "EXPIRED")

    async def _show(self, order: Order) -> None:
        await self._work.sleep(order.fate.hidden_ms)
        order.looks = 0

    # -- Matching --------------------------------------------------------------------------------

    def _match(self, order: Order, market: Market) -> None:
        matches = self._plan(order, market)
        if order.time_in_force == "FOK" and planned(matches) < order.stake:
            self.end(order, "NO_LIQUIDITY")
            return
        fills = [self._execute(order, match) for match in matches]
        if fills:
            self._news.trade(fills)
            self._house.changed(market)
            self._house.refill(market)
        if not order.remaining:
            self.end(order, "FILLED")
        elif order.time_in_force == "GTC" and order.remaining >= self._least_resting:
            self._rest(order, market)
        else:
            self.end(order, "NO_LIQUIDITY")

    @property
    def _least_resting(self) -> int:
        return units(self._settings.minimum_resting)

    def _plan(self, order: Order, market: Market) -> list[Match]:
        stake = order.stake * order.fate.most_percent // 100
        while True:
            matches = plan(opposing(market.orders, order), stake)
            poor = _unpayable(matches)
            if poor is None:
                return matches
            self.end(poor.maker, "INSUFFICIENT_BALANCE")

    def _execute(self, order: Order, match: Match) -> Fill:
        mine, _ = self.clearing.match(order, match.maker, match.taker_stake, match.maker_stake)
        maker = match.maker
        if not maker.remaining or is_dust(maker):
            self.end(maker, "SYSTEM" if maker.remaining else "FILLED", quietly=True)
        else:
            self._news.order(maker)
        return mine

    def _rest(self, order: Order, market: Market) -> None:
        order.priority = next(self._house.arrivals)
        order.state = OrderState.ACTIVE
        order.updated_ms = self._work.now_ms
        market.orders.append(order)
        order.decide("PARTIAL_FILL_RESTED" if order.filled else "RESTED")
        self._news.order(order)
        self._house.changed(market)

    # -- Ends ------------------------------------------------------------------------------------

    def end(self, order: Order, reason: str, *, quietly: bool = False) -> bool:
        """Make an order inactive; return whether it was open. Quietly: the book is told later."""
        if not order.open:
            return False
        rested = order.state is OrderState.ACTIVE
        order.state, order.reason = OrderState.INACTIVE, reason
        order.updated_ms = self._work.now_ms
        if reason == "FILLED":
            order.decide("FULLY_FILLED")
        elif order.filled:
            order.decide("PARTIAL_FILL_DONE")
        else:
            order.decide("CANCELLED", reason)
        market = self.market_of(order)
        if rested:
            market.orders.remove(order)
        self._news.order(order)
        if rested and not quietly:
            self._house.changed(market)
        return True

    def cancel(self, order: Order) -> str:
        """Cancel an order; return under which heading the answer has it."""
        wish, order.fate = order.fate.on_cancel, order.fate.after_cancel()
        if wish == "filled":
            self.fill(order)
        if wish in {"unconfirmed", "notCancelled"}:
            return wish
        done = self.end(order, "USER_REQUESTED")
        if wish == "unconfirmed_done":
            return "unconfirmed"
        return "cancelled" if done else "notCancelled"

    def fill(self, order: Order, stake: int | None = None) -> None:
        """Fill an open order by hand: the house bets against it, at the order's own odds."""
        if not order.open:
            return
        staked = min(stake or order.remaining, order.remaining)
        if staked > order.account.available:
            self.end(order, "INSUFFICIENT_BALANCE")
            return
        other = self._house.against(order, staked)
        self.clearing.match(other, order, other.stake, staked)
        if not order.remaining:
            self.end(order, "FILLED")
            return
        self._news.order(order)
        self._house.changed(self.market_of(order))

    def market_of(self, order: Order) -> Market:
        """Return the market that an order is in."""
        return self._house.markets[order.market]

    def open_orders(self, account: Account) -> list[Order]:
        """Return an account's open orders."""
        return [it for it in self.orders.values() if it.account is account and it.open]

    # -- Markets ---------------------------------------------------------------------------------

    def halt(self, market: Market, reason: str = "MARKET_HALTED") -> None:
        """Take no orders in a market any more, and drop those that rest."""
        market.active = False
        for order in list(market.orders):
            self.end(order, reason, quietly=True)
        self._house.changed(market)

    def settle(self, market: Market, outcome: Outcome) -> None:
        """Give a market its outcome: 0 void, 1, 2."""
        self.halt(market, "EVENT_LIFECYCLE")
        market.outcome, market.settled_s = outcome, self._work.now_ms // 1000
        self.clearing.settle(market.settings.hash, outcome)

    # -- Heartbeats ------------------------------------------------------------------------------

    def beat(self, account: Account, seconds: int) -> None:
        """Take a heartbeat; 0 seconds disarm."""
        self.beats += 1
        if not seconds:
            account.heartbeat_until_ms = None
            return
        until_ms = account.heartbeat_until_ms = self._work.now_ms + seconds * 1000
        self._work.spawn(self._lapse(account, until_ms), f"{account.address} lapses")

    async def _lapse(self, account: Account, until_ms: int) -> None:
        await self._work.until(until_ms)
        if account.heartbeat_until_ms == until_ms:
            account.heartbeat_until_ms = None
            for order in self.open_orders(account):
                self.end(order, "HEARTBEAT_TIMEOUT")


def _unpayable(matches: list[Match]) -> Match | None:
    """Return the first match that its maker cannot pay, after those before it."""
    needed: Counter[str] = Counter()
    for match in matches:
        account = match.maker.account
        needed[account.address] += match.maker_stake
        if needed[account.address] > account.available:
            return match
    return None
