"""
What becomes of an order, where that is not what the market and the bettor's wallet make of it.
"""

from decimal import Decimal
from random import Random
from typing import Literal

import msgspec

from xarb_runtime.plugins.simulator_faults import ScriptedFault, drawn

from .settings import FakeMix

Stage = Literal["Created", "Placed", "Sent"]


class Refusal(msgspec.Struct, frozen=True):
    """Why an order is refused: the code, and the text, both in the API's words."""

    error: str
    message: str = ""


NOT_ACTIVE = Refusal("BadData", "Condition is not active")
OUTCOME_NOT_ACTIVE = Refusal("BadData", "Outcome not active")
NOT_LIVE = Refusal("BadData", "Live not available")
WORSE_ODDS = Refusal("TooHighMinPrice", "Real odds less than min odds")
REVERTED = Refusal("TransactionFailed", "execution reverted")
OUT_OF_RISK = Refusal("RiskExceeded")


class OrderFate(msgspec.Struct, frozen=True, kw_only=True):
    """
    What becomes of one order.

    Durations are milliseconds, and scaled as the settings say.

    Attributes:
        refusal: the request is answered with this; nothing is placed.
        rejection: it is rejected when it is to be sent.
        reverts: it is sent, and the transaction fails.
        odds: the odds of a single when it is sent; below `minOdds` it is rejected.
        odds_short: they are just below `minOdds` when the order arrives.
        rests_at: it stays in that state until `Control.release`, or until it expires.
        sticks: it stays as it is for ever: neither sent nor ended by its expiry.
        vanishes: it is taken and acknowledged, and nobody knows of it afterwards.
        accepted_after_ms: how long after it was created it is on the chain.
        lost: the order is stored, and the connection breaks before the answer.
        answer: what becomes of the answer otherwise: `reset` (the connection breaks, nothing is
            stored), `error` (a 502, nothing is stored), `error_after`, `garbage` (it is stored).
        slow_ms: the answer comes so much later; not scaled.
        breaks_streams: all websockets break when it has been stored.
        unseen: so many looks at it are answered with 404.
        unlisted: it is left out of lists for as long as it is unseen.
        reversed_after_ms: so long after it was accepted the oracle takes it back.
        cancel: what becomes of it instead of being accepted: `before_chain` is Canceled without a
            transaction. Or afterwards: `pending` is PendingCancel, then Canceled; `failed` is
            PendingCancel, then CancelFailed.
        strange_state: the first `strange_looks` looks at it show this state.
        nulls: fields of the order that are null whatever they are.
    """

    refusal: Refusal | None = None
    rejection: Refusal | None = None
    reverts: bool = False
    odds: Decimal | None = None
    odds_short: bool = False
    rests_at: Stage | None = None
    sticks: bool = False
    vanishes: bool = False
    accepted_after_ms: int | None = None
    lost: bool = False
    answer: Literal["", "reset", "error", "error_after", "garbage"] = ""
    slow_ms: int = 0
    breaks_streams: bool = False
    unseen: int = 0
    unlisted: bool = True
    reversed_after_ms: int | None = None
    cancel: Literal["before_chain", "pending", "failed"] | None = None
    strange_state: str = ""
    strange_looks: int = 1
    nulls: tuple[str, ...] = ()


ORDINARY = OrderFate()

#: Of 380 live orders 204 failed, for these reasons; those that were not labelled are reverts here.
_LIVE_REFUSALS = (
    (121, NOT_ACTIVE),
    (73, WORSE_ODDS),
    (2, NOT_LIVE),
    (2, OUTCOME_NOT_ACTIVE),
    (6, REVERTED),
)
_LIVE_SAMPLE = 380
#: Of 60 orders in a calmer sample 5 failed, all for this.
_CALM_REFUSALS = ((5, NOT_ACTIVE),)
_CALM_SAMPLE = 60
#: Per thousand of the orders that are taken. Reverts are as often as was seen; the others are rarer
#: on the real venue, and here often enough that two hundred orders show each.
_REVERTS, _LOST, _REVERSED, _UNSEEN, _REPRICED = 53, 30, 45, 30, 200


#: What is taken back is so, milliseconds after it was accepted.
_TAKEN_BACK_MS = 5_000
_SLOW_MS = 5_000
_PLAIN = {
    "lost": OrderFate(lost=True),
    "reset": OrderFate(answer="reset"),
    "error": OrderFate(answer="error"),
    "error_after": OrderFate(answer="error_after"),
    "garbage": OrderFate(answer="garbage"),
    "refused": OrderFate(refusal=NOT_ACTIVE),
    "unfilled": OrderFate(rejection=NOT_ACTIVE),
    "rests": OrderFate(rests_at="Created"),
    "sticks": OrderFate(sticks=True),
    "vanishes": OrderFate(vanishes=True),
    "stream_break": OrderFate(breaks_streams=True),
    "slow": OrderFate(slow_ms=_SLOW_MS),
    "late_index": OrderFate(unseen=2),
}


def as_told(told: ScriptedFault) -> OrderFate:
    """Return the fate that a fault of the script says."""
    match told.fault:
        case "slow":
            return OrderFate(slow_ms=told.wait_ms(_SLOW_MS))
        case "late_index":
            return OrderFate(unseen=told.looks)
        case "taken_back":
            return OrderFate(reversed_after_ms=told.wait_ms(_TAKEN_BACK_MS))
        case _:
            return _PLAIN[told.fault]


def mixed_fate(mix: FakeMix, seed: int, order_id: str) -> OrderFate:
    """Draw what becomes of an order, as often as the mix says; the seed and the order decide."""
    random = Random(f"{seed}:{order_id}")  # noqa: S311 -- reproducible on purpose
    name = drawn(mix, random)
    if name == "taken_back":
        return OrderFate(reversed_after_ms=random.randint(_TAKEN_BACK_MS, 4 * _TAKEN_BACK_MS))
    return _PLAIN.get(name, ORDINARY)


def drawn_fate(seed: int, order_id: str, *, live: bool, odds: Decimal) -> OrderFate:
    """
    Draw what becomes of an order, in the mix that was seen on the real venue.

    The same seed and order draw the same. Half of the refusals answer the request, half reject the
    order when it is to be sent: which do is not known.
    """
    random = Random(f"{seed}:{order_id}")  # noqa: S311 -- reproducible on purpose
    refusals, sample = (_LIVE_REFUSALS, _LIVE_SAMPLE) if live else (_CALM_REFUSALS, _CALM_SAMPLE)
    refusal = _pick(refusals, random.randrange(sample))
    if refusal == REVERTED:
        return OrderFate(reverts=True)
    if refusal is not None:
        at_once = random.random() < 0.5  # noqa: PLR2004 -- a coin
        return OrderFate(refusal=refusal) if at_once else OrderFate(rejection=refusal)
    moved = odds + random.choice((-2, -1, 1, 2)) * Decimal("0.01")
    return OrderFate(
        lost=_happens(random, _LOST),
        reverts=_happens(random, _REVERTS),
        unseen=2 if _happens(random, _UNSEEN) else 0,
        reversed_after_ms=random.randint(5_000, 20_000) if _happens(random, _REVERSED) else None,
        odds=max(moved, Decimal("1.01")) if _happens(random, _REPRICED) else None,
    )


def _pick(refusals: tuple[tuple[int, Refusal], ...], drawn: int) -> Refusal | None:
    for count, refusal in refusals:
        if drawn < count:
            return refusal
        drawn -= count
    return None


def _happens(random: Random, per_thousand: int) -> bool:
    return random.randrange(1000) < per_thousand
