"""
How an order becomes what is asked of an exchange.
"""

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.domain.orders import Order

from .amounts import terms
from .dialects import Dialect
from .draft import Draft
from .reading import Reader, outcome_of
from .settings import CcxtSettings


class Drafter:
    """
    Drafts orders: the same order, the same draft, in every process.

    Args:
        read: tells of outcomes and markets.
        dialect: what is special about the exchange.
        settings: the venue's.
    """

    def __init__(self, read: Reader, dialect: Dialect, settings: CcxtSettings) -> None:
        self._read, self._dialect = read, dialect
        wanted = settings.time_in_force
        self._in_force = dialect.immediate if wanted == "IOC" else wanted
        self._margin_ms = parse_duration_ms(settings.expiry_margin)

    async def __call__(self, order: Order) -> Draft:
        """
        Return what is asked of the exchange.

        Raises:
            TermsError: the exchange cannot take the order as it is.
            BaseError: ccxt's; the outcome is not known, or the exchange cannot be asked.
        """
        dialect = self._dialect
        outcome = await self._read.outcome(order.selection)
        market = self._read.market(outcome)
        step = dialect.price_step(market, order) if dialect.price_step is not None else None
        asked = terms(
            order,
            outcome,
            market,
            stakes=dialect.stakes,
            cents=dialect.cents,
            price_step=step,
        )
        expiry = -(-(order.expires_ms + self._margin_ms) // 1000)
        return Draft(
            handle=outcome_of(order.selection),
            price=asked.price,
            amount=asked.amount,
            step=asked.step,
            params={**dialect.stamp(order, expiry), "timeInForce": self._in_force},
        )
