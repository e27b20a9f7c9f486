"""
What the answer to a posted order proves.

Only a few things prove that the venue will never have an order: it says `Rejected`, of this order,
with a code that is known to mean so; or the body did not pass its validation. Everything else, and
most of all a second answer to an order that was sent before, proves nothing.
"""

import msgspec

from .states import UNDER_WAY
from .wire import BAD_REQUEST, SERVER_ERROR, Answer, list_of, text_of

#: Codes of the venue that mean: checked, refused, not on its way to the chain. `InvalidNonce` is
#: not among them, for it is what an order that was placed before may be answered with; neither is
#: `TransactionFailed`, after which somebody may send the transaction again.
DEFINITE = frozenset(
    {
        "BadData",
        "ChecksFailed",
        "ExpiresAtTooLarge",
        "MessageNotVerified",
        "PayoutNotGuaranteed",
        "RejectedByProvider",
        "RiskExceeded",
        "TokenAllowance",
        "TooHighMinPrice",
        "TooHighStake",
        "TooLowRelayerFeeAmount",
        "TooSmallFee",
    }
)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """
    What an answer to a posted order says.

    Attributes:
        taken: the state in which the venue has the order; empty when it does not say so.
        refused: it says that it does not have it and will not: the code. Empty otherwise.
        reason: in its own words.
    """

    taken: str = ""
    refused: str = ""
    reason: str = ""


def judge(answer: Answer, order_id: str) -> Verdict:
    """
    Return what an answer says about the order that was posted.

    Args:
        answer: the answer.
        order_id: the order's id. What is said of another one is nothing.
    """
    given = answer.fields()
    named = text_of(given.get("id")).lower()
    state = text_of(given.get("state"))
    reason = answer.said()
    if named not in {"", order_id}:
        return Verdict(reason=f"{reason}: an answer about another order")
    if answer.ok and named and state in UNDER_WAY:
        return Verdict(taken=state)
    code = text_of(given.get("error"))
    if state == "Rejected" and _proves(answer, named, code):
        words = text_of(given.get("errorMessage")) or reason
        return Verdict(refused=code or "Rejected", reason=words)
    if _is_malformed(answer):
        return Verdict(refused="BAD_REQUEST", reason=reason)
    return Verdict(reason=reason)


def _proves(answer: Answer, named: str, code: str) -> bool:
    if answer.ok:
        return bool(named) and code not in {"InvalidNonce", "TransactionFailed"}
    return BAD_REQUEST <= answer.status < SERVER_ERROR and code in DEFINITE


def _is_malformed(answer: Answer) -> bool:
    """Validation lists what is wrong. A single text may come from anywhere on the way."""
    listed = list_of(answer.fields().get("message"))
    return answer.status == BAD_REQUEST and bool(listed)
