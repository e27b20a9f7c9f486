"""
What plugins say is looked at before it becomes an event: what cannot be true is no answer.

A plugin with a forgotten field must not turn an unknown outcome into a refusal, and a number that
is none must not stop the runtime.
"""

from decimal import Decimal

from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import OrderReport, OrderStatus, Quote

#: Larger amounts and odds are no amounts and odds.
LARGEST = Decimal(10**12)


def report_problem(report: object) -> str:
    """Return what is wrong with a report, or an empty text."""
    if not isinstance(report, OrderReport):
        return f"expected an OrderReport, found {type(report).__name__}"
    if not _is_amount(report.filled):
        return f"expected a filled stake of 0 or more, found {report.filled}"
    if report.filled > 0 and not _is_odds(report.odds):
        return f"expected odds above 1 for what is filled, found {report.odds}"
    if report.status is OrderStatus.FILLED and report.filled == 0:
        return "expected a filled stake with status filled, found 0"
    if report.status is OrderStatus.REFUSED and report.filled > 0:
        return f"expected nothing filled with status refused, found {report.filled}"
    return ""


def quote_problem(quote: object) -> str:
    """Return what is wrong with a quote, or an empty text."""
    if not isinstance(quote, Quote):
        return f"expected a Quote, found {type(quote).__name__}"
    if not _is_odds(quote.odds):
        return f"expected odds above 1, found {quote.odds}"
    if not (_is_amount(quote.min_stake) and _is_amount(quote.max_stake)):
        return f"expected stakes of 0 or more, found {quote.min_stake} to {quote.max_stake}"
    return ""


def plan_problem(plan: object) -> str:
    """Return what is wrong with a hedge plan, or an empty text."""
    if not isinstance(plan, HedgePlan):
        return f"expected a HedgePlan or None, found {type(plan).__name__}"
    if not (_is_amount(plan.stake) and plan.stake > 0 and _is_odds(plan.odds)):
        return f"expected a stake and odds above 1, found {plan.stake} at {plan.odds}"
    if not (_is_number(plan.worst_case) and _is_number(plan.fee) and 0 <= plan.fee < 1):
        return f"expected a worst case and a fee below 1, found {plan.worst_case}, {plan.fee}"
    return ""


def readable(text: str) -> str:
    """Return a text that can be written down whatever a plugin put into it."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_number(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and abs(value) < LARGEST


def _is_amount(value: Decimal) -> bool:
    return _is_number(value) and value >= 0


def _is_odds(value: Decimal) -> bool:
    return _is_number(value) and value > 1
