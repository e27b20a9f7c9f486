"""
What a test may do to the imitation, and the truth that it can ask for.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .cashout import CashoutRoutes
from .fates import OrderFate
from .faults import FaultQueue, WireFault
from .feed import Feed
from .ledger import WITHOUT_LIMIT, Ledger
from .market import Market
from .orders import BetOrder
from .relayer import Relayer
from .settlement import Oracle
from .units import to_units
from .world import World

_REQUESTS_KEPT = 100_000


class Control:
    """
    A hand on the imitation. Everything takes effect at once.

    Attributes:
        feed: the websocket: `drop`, `hold`, `let_go`, `silent`, `copies`, `rewrite`, `send_raw`.
        cashouts: `served`, `next_error`, `lost`, `orders`.
        requests: the requests so far, as `GET bet/orders/0x..._1`.
    """

    def __init__(
        self,
        world: World,
        relayer: Relayer,
        oracle: Oracle,
        cashouts: CashoutRoutes,
        feed: Feed,
        faults: FaultQueue,
    ) -> None:
        self._world, self._relayer, self._oracle = world, relayer, oracle
        self._faults = faults
        self.feed, self.cashouts = feed, cashouts
        self.requests: list[str] = []

    # -- what becomes of orders and requests

    def next_order(self, *fates: OrderFate) -> None:
        """Say what becomes of the next orders that arrive; those after them are ordinary."""
        self._world.destined.extend(fates)

    def disturb(self, *faults: WireFault) -> None:
        """Let requests go wrong."""
        for fault in faults:
            self._faults.add(fault)

    def calm(self) -> None:
        """Forget all faults and fates that have not met anything yet."""
        self._faults.clear()
        self._world.destined.clear()

    def release(self, order_id: str) -> BetOrder:
        """Let an order that rests go all the way to the chain, now."""
        order = self.order(order_id)
        self._relayer.release(order)
        return order

    def stick(self, order_id: str) -> None:
        """Let an order stay as it is, whatever the time; `release` lets it go."""
        self._relayer.stick(self.order(order_id))

    def lose(self, order_id: str) -> None:
        """
        Let the backend lose an order that was taken: it never knows of it again.

        Raises:
            ValueError: there is a bet of it; the chain loses nothing.
        """
        self._relayer.lose(self.order(order_id))

    def reverse(self, order_id: str) -> None:
        """Let the oracle take back an accepted bet."""
        self._relayer.reverse(self.order(order_id))

    # -- the truth

    @property
    def market(self) -> Market:
        """The games; `move`, `turn`, `turn_outcome` and `turn_game` change them."""
        return self._world.market

    @property
    def ledger(self) -> Ledger:
        """The chain's books."""
        return self._world.ledger

    @property
    def orders(self) -> list[BetOrder]:
        """Every order, also those that were refused, oldest first."""
        self._world.agenda.advance()
        return list(self._world.orders.values())

    def order(self, order_id: str) -> BetOrder:
        """
        Return one order.

        Raises:
            LookupError: there is none.
        """
        self._world.agenda.advance()
        return self._world.orders[order_id]

    def note(self, route: str) -> None:
        """Note a request; after very many the older half is forgotten."""
        self.requests.append(route)
        if len(self.requests) > _REQUESTS_KEPT:
            del self.requests[: _REQUESTS_KEPT // 2]

    def count(self, route: str) -> int:
        """Return how many requests began with a text, such as `POST bet/orders`."""
        return sum(request.startswith(route) for request in self.requests)

    # -- prices and results

    def move(self, condition: str, outcome: int, odds: Decimal | str, **seen: Any) -> None:
        """Change a price; `in_truth`, `on_rest` and `on_feed` say where (see `Market.move`)."""
        self._world.market.move(condition, outcome, Decimal(odds), **seen)

    def suspend(self, condition: str) -> None:
        """Stop a condition, as live conditions do for seconds."""
        self._world.market.turn(condition, "Stopped")

    def resume(self, condition: str) -> None:
        """Let a condition go on."""
        self._world.market.turn(condition, "Active")

    def settle(
        self,
        condition: str,
        *winners: int,
        voided: Iterable[int] = (),
        decided_ms: int | None = None,
    ) -> None:
        """Decide a condition (see `Oracle.settle`)."""
        self._world.agenda.advance()
        self._oracle.settle(condition, winners, voided=voided, decided_ms=decided_ms)

    def void(self, condition: str) -> None:
        """Cancel a condition: all stakes go back."""
        self._world.agenda.advance()
        self._oracle.void(condition)

    def withdraw(self, *order_ids: str) -> None:
        """Pay what orders have won, or what they get back, to their owners."""
        orders = [self.order(one) for one in order_ids]
        tokens = [order.bet_id for order in orders if order.bet_id is not None]
        self._oracle.withdraw(orders[0].owner, tokens)

    # -- wallets

    def fund(self, wallet: str, balance: Decimal | str) -> None:
        """Set a wallet's balance of the bet token; what it gains comes from the pool."""
        ledger, address = self._world.ledger, wallet.lower()
        units = to_units(Decimal(balance), self._world.chain.decimals)
        ledger.pool += ledger.balances.get(address, 0) - units
        ledger.balances[address] = units

    def allow(self, wallet: str, amount: Decimal | str | None) -> None:
        """Set what the relayer may take from a wallet; None: without limit."""
        decimals = self._world.chain.decimals
        units = WITHOUT_LIMIT if amount is None else to_units(Decimal(amount), decimals)
        self._world.ledger.allowances[wallet.lower()] = units

    def limit(self, wallet: str, max_bet: Decimal | str) -> None:
        """Set the most that one wallet may stake."""
        self._world.limit_wallet(wallet, Decimal(max_bet))

    def approve_cashout(self, wallet: str) -> None:
        """Let the cashout contract have a wallet's bets."""
        self._world.ledger.approvals.add(wallet.lower())
