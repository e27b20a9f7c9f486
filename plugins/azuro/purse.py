"""
What we could pay: the wallet's balance, and what the relayer may take of it.
"""

from decimal import Decimal

from xarb_runtime.plugins.contracts import Clock

from .chain import Chain, Wealth
from .environments import Environment
from .terms import tokens

#: How long what was seen on the chain is good for.
GOOD_FOR_MS = 10_000
#: An approval without limit is shown as this, for numbers beyond it are hard to read.
WITHOUT_LIMIT = 10**15


class Purse:
    """
    What we could pay.

    Args:
        chain: a node; None where there is none.
        owner: the wallet; empty where there is none.
        environment: the deployment.
        least: the smallest stake that is worth having.
        clock: the clock.
    """

    def __init__(
        self,
        chain: Chain | None,
        owner: str,
        environment: Environment,
        least: Decimal,
        clock: Clock,
    ) -> None:
        self._chain, self._owner, self._environment = chain, owner, environment
        self._least, self._clock = least, clock
        self._looked_ms = 0
        self.wealth: Wealth | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a node to ask and a wallet to ask about."""
        return self._chain is not None and bool(self._owner)

    @property
    def available(self) -> Decimal | None:
        """What the relayer could take, in tokens; None when nobody has looked."""
        return None if self.wealth is None else self.in_tokens(self.wealth.available)

    async def look(self, *, anew: bool = False) -> None:
        """
        Look, unless that was done a moment ago.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        now_ms = self._clock.now_ms()
        old = self.wealth is None or now_ms - self._looked_ms >= GOOD_FOR_MS
        if self._chain is None or not self._owner or not (old or anew):
            return
        self.wealth = await self._chain.wealth(self._owner)
        self._looked_ms = now_ms

    def problem(self, fee: Decimal) -> str:
        """Return why nothing can be paid; empty when it can, or when nobody has looked."""
        if self.wealth is None:
            return ""
        needed, symbol = self._least + fee, self._environment.symbol
        for what, raw in (("balance", self.wealth.balance), ("allowance", self.wealth.allowance)):
            if self.in_tokens(raw) < needed:
                found = plain(self.in_tokens(raw))
                return f"expected a {what} of {plain(needed)} {symbol} or more, found {found}"
        return ""

    def in_tokens(self, raw: int) -> Decimal:
        """Return an amount in tokens; what is without limit stays readable."""
        return min(tokens(raw, self._environment.decimals), Decimal(WITHOUT_LIMIT))

    def figures(self) -> dict[str, Decimal | int]:
        """Return balance and allowance, where somebody has looked."""
        if self.wealth is None:
            return {}
        return {
            "balance_tokens": self.in_tokens(self.wealth.balance),
            "allowance_tokens": self.in_tokens(self.wealth.allowance),
        }


def plain(amount: Decimal) -> str:
    """Return an amount for people, without zeros that say nothing."""
    return f"{amount.normalize():f}"
