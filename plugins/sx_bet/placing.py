"""
What the answer to an order means, and the answer to a cancel.

A refusal is one only if the exchange says so in its own words. Everything else is an exception: the
order may be there.
"""

import re

from xarb_runtime.domain.orders import OrderReport, OrderStatus, Refused

from . import wire
from .evidence import Evidence
from .rest import OK, Answer, NoAnswerError

#: Answered with these, and the exchange's own error in the body, a request was not accepted.
DEFINITE = frozenset({400, 401, 403, 404, 405, 413, 415, 422})
CREATED = 201

_CODE = re.compile(r"[A-Z0-9_]+")
_DUPLICATE = "ORDERS_ALREADY_EXIST"
#: Words for failures behind which an order may have been taken.
_DOUBTFUL = ("INTERNAL", "TIMEOUT", "TIMED_OUT", "SHUTDOWN", "UNAVAILABLE", "UNKNOWN")


def definite(answer: Answer) -> bool:
    """Return whether a request was definitely not accepted."""
    return answer.status in DEFINITE and answer.problem is not None


def is_duplicate(refused: Refused) -> bool:
    """Return whether a refusal only says that the order is there already."""
    return _DUPLICATE in f"{refused.code} {refused.reason}".upper()


def answer_of(
    answer: Answer, order_id: str, evidence: Evidence, now_ms: int
) -> Refused | OrderReport:
    """
    Return what the answer to an order amounts to; what it says of fills goes into the evidence.

    Raises:
        NoAnswerError: nobody can say.
        wire.WireError: the same; the answer is not what was agreed.
    """
    if definite(answer) and answer.problem is not None:
        code = answer.problem.code
        return Refused(code if _CODE.fullmatch(code) else f"HTTP_{answer.status}", answer.said)
    if answer.status not in {OK, CREATED}:
        raise NoAnswerError(f"sending the order: {answer.said}")
    page = wire.read_data(answer.body, wire.PlacedPage)
    if len(page.orders) != 1:
        raise wire.WireError(f"expected the answer to 1 order, found {len(page.orders)}")
    placed = page.orders[0]
    if placed.order_id and placed.order_id.lower() != order_id:
        raise wire.WireError(f"expected order {order_id}, found {placed.order_id}")
    if placed.status == "FAILED":
        return _failed(placed)
    if placed.status != "SUBMITTED" or not placed.order_id:
        raise wire.WireError(f"expected SUBMITTED or FAILED, found {placed.status!r}")
    if placed.outcome is not None:
        evidence.hear_outcome(placed.outcome)
    return OrderReport(
        client_id=evidence.order.client_id,
        sequence=0,
        time_ms=now_ms,
        status=OrderStatus.OPEN,
    )


def _failed(placed: wire.Placed) -> Refused:
    code = placed.code.strip() or "FAILED"
    if any(word in code.upper() for word in _DOUBTFUL):
        raise NoAnswerError(f"sending the order: it failed, {code}")
    return Refused(code, placed.message or "")


def cancel_word(answer: Answer, order_id: str) -> tuple[str, str]:
    """
    Return what became of a cancel, `cancelled`, `refused` or `unconfirmed`, and why.

    Raises:
        wire.WireError: the answer does not say.
    """
    if answer.status != OK:
        word = "refused" if definite(answer) else "unconfirmed"
        return word, answer.said
    page = wire.read_data(answer.body, wire.CancelPage)
    for word, entries in (
        ("unconfirmed", page.unconfirmed),
        ("refused", page.not_cancelled),
        ("cancelled", page.cancelled),
    ):
        for entry in entries:
            if entry.order_id.lower() == order_id:
                return word, entry.reason
    raise wire.WireError("the answer to the cancel does not name the order")
