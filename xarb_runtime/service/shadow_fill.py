"""
What a live price would have made of an order.
"""

from decimal import Decimal

from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus, Quote
from xarb_runtime.plugins.contracts import Capabilities

#: An order's first report, its last one, and the one that a new process makes of it.
TAKEN, DONE, FORGOTTEN = 1, 2, 3


def opened(order: Order, now_ms: int) -> OrderReport:
    """Return the report of an order that is with the venue and has to wait."""
    return OrderReport(
        client_id=order.client_id, sequence=TAKEN, time_ms=now_ms, status=OrderStatus.OPEN
    )


def filled(order: Order, quote: Quote, now_ms: int, can: Capabilities) -> OrderReport:
    """
    Return what a live price makes of an order: filled, in part where the venue can, or refused.

    Never more than the price takes, never below the order's worst odds, never after its time.
    """
    stake = _taken(order.stake, quote, can)
    if now_ms >= order.expires_ms:
        return refused(order, now_ms, "SHADOW_EXPIRED", "it came to be accepted after its time")
    if quote.odds < order.min_odds:
        found = f"expected odds of {order.min_odds} or more, found {quote.odds}"
        return refused(order, now_ms, "SHADOW_PRICE", found)
    if not stake:
        takes = f"{quote.min_stake} to {quote.max_stake}"
        found = f"expected a stake from {takes}, found {order.stake}"
        return refused(order, now_ms, "SHADOW_SIZE", found)
    return OrderReport(
        client_id=order.client_id,
        sequence=DONE,
        time_ms=now_ms,
        status=OrderStatus.FILLED if stake == order.stake else OrderStatus.CANCELLED,
        filled=stake,
        odds=quote.odds,
        final=True,
    )


def _taken(stake: Decimal, quote: Quote, can: Capabilities) -> Decimal:
    if not quote.min_stake <= stake or quote.max_stake <= 0:
        return ZERO
    if stake <= quote.max_stake:
        return stake
    return quote.max_stake if can.partial_fills and quote.max_stake >= quote.min_stake else ZERO


def refused(order: Order, now_ms: int, code: str, reason: str) -> OrderReport:
    """Return the report of an order that was not taken."""
    return OrderReport(
        client_id=order.client_id,
        sequence=DONE,
        time_ms=now_ms,
        status=OrderStatus.REFUSED,
        final=True,
        code=code,
        reason=reason,
    )


def cancelled(order: Order, now_ms: int, sequence: int = DONE, code: str = "") -> OrderReport:
    """Return the report of an order that ended before it was filled."""
    return OrderReport(
        client_id=order.client_id,
        sequence=sequence,
        time_ms=now_ms,
        status=OrderStatus.CANCELLED,
        final=True,
        code=code,
    )


def is_open(report: OrderReport) -> bool:
    """Tell whether an order may still be filled."""
    return report.status is OrderStatus.OPEN
