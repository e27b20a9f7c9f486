"""
Which of ccxt's exceptions prove that an exchange does not have an order.

Three things must come together: the exception is of one of these very classes (a subclass is
another class), the exchange did answer the request that carried the order, and it answered it with
a status that says so. Everything else is unknown. ccxt files by the words of an answer: a broken
exchange that says *invalid* with status 500 has proved nothing.
"""

import msgspec

#: The exchange has read the order and does not take it.
DEFINITE = frozenset(
    {
        "AccountNotEnabled",
        "AccountSuspended",
        "AuthenticationError",
        "BadRequest",
        "BadSymbol",
        "ContractUnavailable",
        "InsufficientFunds",
        "InvalidOrder",
        "MarketClosed",
        "OrderImmediatelyFillable",
        "OrderNotFillable",
        "PermissionDenied",
        "RestrictedLocation",
    }
)

#: The exchange has it: look.
DUPLICATE = "DuplicateOrderId"

_OK = range(200, 300)
_REFUSING = frozenset({400, 401, 403, 404, 405, 413, 415, 422})


class Sending(msgspec.Struct):
    """
    What became of the requests of one `place`.

    Attributes:
        sent: one has left that may have carried the order.
        status: the answer to it; 0 while there is none.
        until_ms: from then on it is not sent any more.
        url: where it was sent.
    """

    sent: bool = False
    status: int = 0
    until_ms: int | None = None
    url: str = ""


def proves_refusal(
    error: BaseException, sending: Sending, also: frozenset[tuple[str, int]] = frozenset()
) -> bool:
    """
    Return whether the exchange certainly does not have the order, and never will.

    Args:
        error: ccxt's.
        sending: what became of the requests.
        also: classes and statuses that prove it at this exchange.
    """
    if not sending.sent:
        return True
    name = _ccxt_name(error)
    answered = sending.status in _OK or sending.status in _REFUSING
    return (answered and name in DEFINITE) or (name, sending.status) in also


def is_duplicate(error: BaseException) -> bool:
    """Return whether the exchange says that it has the order already."""
    return _ccxt_name(error) == DUPLICATE


def _ccxt_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "ccxt.base.errors" else ""
