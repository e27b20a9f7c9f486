"""
Everything there is: market, wallets, orders, what is due, and what was destined.
"""

from collections import deque
from decimal import ROUND_DOWN, Decimal
from random import Random

from xarb_runtime.domain.money import ZERO, parse_duration_ms
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.simulator_script import FaultScript

from .agenda import Agenda
from .chains import CHAINS
from .fates import ORDINARY, OrderFate, as_told, drawn_fate, mixed_fate
from .games import Condition, Outcome
from .ledger import WITHOUT_LIMIT, Ledger
from .market import Market
from .orders import BetOrder
from .settings import FakeSettings
from .units import from_units, to_units

_CENT = Decimal("0.01")
#: Blocks of the chain come so often.
BLOCK_MS = 2_000


class World:
    """
    The state of the imitation.

    Attributes:
        settings: what it was set up with.
        chain: the contracts.
        agenda: the time, and what is due.
        market, ledger: the games, and the chain's books.
        orders: all orders, also those that were refused, by id, oldest first.
        destined: what becomes of the next orders, first come, first served.
        script: what the settings, and whoever rehearses, let go wrong; it comes after `destined`.
    """

    def __init__(self, settings: FakeSettings, clock: Clock) -> None:
        self.settings = settings
        self.chain = CHAINS[settings.environment]
        self.agenda = Agenda(clock)
        self.opened_ms = self.agenda.now_ms
        self.market = Market(settings.games, self.opened_ms)
        self.orders: dict[str, BetOrder] = {}
        self.destined: deque[OrderFate] = deque()
        self.script = FaultScript(settings.faults, settings.seed, clock.now_ms)
        self._clock = clock
        decimals = self.chain.decimals
        self.ledger = Ledger(
            to_units(settings.pool, decimals), full_refund=settings.void_refund == "full"
        )
        self._limits: dict[str, Decimal] = {}
        for bettor in settings.bettors:
            address = bettor.address.lower()
            self.ledger.balances[address] = to_units(bettor.balance, decimals)
            self.ledger.allowances[address] = (
                WITHOUT_LIMIT if bettor.allowance is None else to_units(bettor.allowance, decimals)
            )
            self.ledger.native[address] = to_units(bettor.native, 18)
            if bettor.max_bet is not None:
                self._limits[address] = bettor.max_bet

    @property
    def now_ms(self) -> int:
        """The time."""
        return self.agenda.now_ms

    @property
    def block(self) -> int:
        """The number of the chain's newest block."""
        return 60_000_000 + (self.now_ms - self.opened_ms) // BLOCK_MS

    @property
    def fee(self) -> int:
        """What the relayer asks, in base units."""
        return to_units(self.settings.relayer_fee, self.chain.decimals)

    @property
    def min_bet(self) -> int:
        """The smallest stake in base units."""
        return to_units(self.settings.min_bet, self.chain.decimals)

    async def pause(self, milliseconds: int) -> None:
        """Wait; not at all when there is nothing to wait for."""
        if milliseconds > 0:
            await self._clock.sleep_ms(milliseconds)

    def scaled(self, milliseconds: int) -> int:
        """Return a delay as the settings scale it."""
        return int(milliseconds * self.settings.delay_scale)

    def acceptance_delay(self, order: BetOrder) -> int:
        """Return how long after its creation an order reaches the chain."""
        if order.fate.accepted_after_ms is not None:
            return self.scaled(order.fate.accepted_after_ms)
        settings = self.settings
        random = Random(f"{settings.seed}:{order.id}:delay")  # noqa: S311 -- reproducible
        after, within = settings.accepted_after, settings.accepted_within
        return self.scaled(random.randint(parse_duration_ms(after), parse_duration_ms(within)))

    def fate_of(self, order: BetOrder) -> OrderFate:
        """Return what becomes of an order that has just arrived."""
        if self.destined:
            return self.destined.popleft()
        told = self.script.strike("order", order.id)
        if told is not None:
            return as_told(told)
        if self.settings.mix is not None:
            return mixed_fate(self.settings.mix, self.settings.seed, order.id)
        if not self.settings.calibrated:
            return ORDINARY
        live = any(leg.game_state == "Live" for leg in order.legs)
        return drawn_fate(self.settings.seed, order.id, live=live, odds=order.odds)

    def max_bet(self, wallet: str | None, legs: list[tuple[Condition, Outcome]]) -> Decimal:
        """Return the largest stake that a wallet may place on outcomes; 0 while it may not."""
        room = min((condition.room(outcome) for condition, outcome in legs), default=ZERO)
        limit = self._limits.get((wallet or "").lower(), room)
        return min(room, limit).quantize(_CENT, ROUND_DOWN)

    def is_beyond_pool(self, order: BetOrder) -> bool:
        """Return whether the pool could not pay, should everything be lost, this order too."""
        worst = order.stake * (order.odds - 1)
        for condition in self.market.conditions.values():
            worst += max((outcome.loss for outcome in condition.outcomes.values()), default=ZERO)
        return to_units(worst, self.chain.decimals) > self.ledger.pool

    def limit_wallet(self, wallet: str, limit: Decimal) -> None:
        """Set a wallet's own limit."""
        self._limits[wallet.lower()] = limit

    def expose(self, order: BetOrder, sign: int) -> None:
        """Count an order's bet in the exposure of its conditions, or with -1 out of it."""
        for leg in order.legs:
            _, outcome = self.market.find(leg.condition, leg.outcome)
            outcome.staked += sign * order.stake
            outcome.loss += sign * order.stake * (leg.price - 1)

    def money(self, units: int) -> Decimal:
        """Return base units as an amount."""
        return from_units(units, self.chain.decimals)
