"""
When an order can never become a bet any more: its signature has expired, and no bet was made of it.

The contract refuses a signature after its expiry, and it knows which nonces were used. That is the
proof. Without a node, the venue's word and its time stand for the contract's.
"""

from xarb_runtime.plugins.contracts import Clock

from .chain import Chain
from .orders import Orders
from .settings import AzuroSettings
from .terms import Terms


class Expiry:
    """
    Judges whether an order's time is over.

    Args:
        orders: the venue's time, and whose orders they are.
        chain: a node; None where there is none.
        settings: the venue's.
        clock: the clock.

    Attributes:
        has_node: the contract itself can be asked.
    """

    def __init__(
        self, orders: Orders, chain: Chain | None, settings: AzuroSettings, clock: Clock
    ) -> None:
        self._orders, self._chain, self._clock = orders, chain, clock
        self._margin_ms = settings.milliseconds("absence_margin")
        self.has_node = chain is not None

    def bound_ms(self, terms: Terms) -> int:
        """Return from when on nobody can place the order any more; the same in every process."""
        return terms.expires_at * 1000 + self._margin_ms

    def is_over(self, terms: Terms) -> bool:
        """Whether by our clock an order that is no bet can never become one."""
        return self._clock.now_ms() >= self.bound_ms(terms)

    def was_over(self, terms: Terms) -> bool:
        """The same by the time of the venue's newest answer, where it tells the time."""
        told_ms = self._orders.date_ms
        return told_ms is None or told_ms >= self.bound_ms(terms)

    def surely_ms(self) -> int:
        """Return a time that has come by our clock and by the venue's, where it tells the time."""
        now_ms, told_ms = self._clock.now_ms(), self._orders.date_ms
        return now_ms if told_ms is None else min(now_ms, told_ms)

    async def doubt(self, terms: Terms) -> str:
        """
        Return what chain and venue have against it; empty: there is no bet, and never will be.

        Our own clock may be wrong, so it must be over by the chain's time and by the venue's.

        Raises:
            ChainError: the node does not say.
        """
        if self._chain is not None:
            # One and the same block says both: behind one address there may be several nodes.
            block = await self._chain.newest()
            if block.time_s * 1000 < self.bound_ms(terms):
                return "by the chain's time its signature is still good"
            if await self._chain.has_used(self._orders.wallet.bettor, terms.nonce, at=block):
                return "the contract has a bet with its nonce, but the venue does not list it"
        if not self.was_over(terms):
            return "by the venue's time its signature is still good"
        return ""
