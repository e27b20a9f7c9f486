"""
Orders that fare as real ones have: rates and latencies observed at Azuro and SX Bet.

Azuro (V3 on Polygon; figures that users of the protocol logged):

* 380 live attempts, 27 February to 4 March 2026: 176 placed, 204 refused, of these 121 "Condition
  is not active", 73 "Real odds less than min odds", 2 "Live not available", 2 "Outcome not active",
  6 for other reasons.
* Of 73 orders that were placed and followed up, 9 were rejected on chain afterwards.
* Round trip of the order's POST: p50 124 ms, p95 163 ms. `Accepted` comes 10 to 30 s after
  `Created`. No cancelling, no partial fills. A bet counts as accepted once it is on chain (house
  rules, 1.2), so `Accepted` is given as final; how often an oracle voids a bet later is not known.

SX Bet (order book V3, before kick-off):

* 131 of 308 immediate orders at the price of the book found nothing (`NO_LIQUIDITY`): one taker's
  figure, from a client that lost a step of the odds ladder. It is the only rate that is known, and
  a hard one.
* An order is active 0.2 s after it was accepted. Betting delay before kick-off: 0 by the metadata
  of V3, 0.5 s by the table of V2.
* A match becomes final (`LOCKED`) 1.2, 2.8 or 3.3 s later: the three samples there are.
* Pushes arrive after 111 ms at the median, 948 ms at most.

Between known quantiles values are drawn evenly. Nothing is known about how often an answer is lost,
so none is. What an order draws depends on the seed and its client id alone: not on what was drawn
before it, nor on the process.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from xarb_runtime.domain.orders import OrderStatus

from .behaviours import Behaviour, CancelBehaviour, FindBehaviour, Report

#: Refusals among 380 attempts at Azuro, by the venue's text.
AZURO_ATTEMPTS = 380
AZURO_REFUSALS = (
    (121, "Condition is not active"),
    (73, "Real odds less than min odds"),
    (2, "Live not available"),
    (2, "Outcome not active"),
    (6, "Other"),
)
#: Orders at Azuro that were followed up, and how many of them the chain rejected.
AZURO_FOLLOWED = 73
AZURO_REJECTED_LATE = 9
#: Immediate orders at SX Bet, and how many of them found nothing.
SX_ATTEMPTS = 308
SX_NO_LIQUIDITY = 131

#: (quantile, milliseconds). Below the median Azuro's round trip mirrors what lies above it.
AZURO_POST_MS = ((0.0, 81), (0.5, 124), (0.95, 163), (1.0, 167))
SX_PUSH_MS = ((0.0, 0), (0.5, 111), (1.0, 948))
SX_ACTIVE_MS = 200
SX_DELAYS_MS = (0, 500)
SX_LOCK_MS = (1200, 2800, 3300)


def draw(venue: Literal["azuro", "sx"], seed: int, client_id: str) -> Behaviour:
    """Return the fate of one order; the same seed and client id give the same fate everywhere."""
    # A text seeds through a fixed digest; an object would seed through its hash, which changes.
    dice = random.Random(f"{seed}:{venue}:{client_id}")  # noqa: S311 -- fates, not secrets
    return _DRAWERS[venue](dice)


def _azuro(dice: random.Random) -> Behaviour:
    post = _quantile(dice, AZURO_POST_MS)
    ticket = dice.randrange(AZURO_ATTEMPTS)
    for count, text in AZURO_REFUSALS:
        if ticket < count:
            return Behaviour(answer="refused", after=f"{post}ms", code="REJECTED", reason=text)
        ticket -= count
    on_chain = f"{dice.randrange(10_000, 30_001)}ms"
    return Behaviour(
        after=f"{post}ms",
        reports=[_azuro_end(dice, on_chain)],
        cancel=CancelBehaviour(answer="refused", reason="An order cannot be withdrawn."),
        find=FindBehaviour(after=f"{post}ms"),
    )


def _azuro_end(dice: random.Random, after: str) -> Report:
    if dice.randrange(AZURO_FOLLOWED) < AZURO_REJECTED_LATE:
        return Report(after=after, status=OrderStatus.REFUSED, code="TransactionFailed", final=True)
    return Report(after=after, status=OrderStatus.FILLED, final=True)


def _sx(dice: random.Random) -> Behaviour:
    matched = SX_ACTIVE_MS + dice.choice(SX_DELAYS_MS)
    push = f"{_quantile(dice, SX_PUSH_MS)}ms"
    answer = f"{matched}ms"
    if dice.randrange(SX_ATTEMPTS) < SX_NO_LIQUIDITY:
        nothing = Report(
            after=answer, status=OrderStatus.CANCELLED, final=True, delay=push, code="NO_LIQUIDITY"
        )
        return Behaviour(after=answer, reports=[nothing])
    locked = f"{matched + dice.choice(SX_LOCK_MS)}ms"
    return Behaviour(
        after=answer,
        reports=[
            Report(after=answer, status=OrderStatus.FILLED, final=False, delay=push),
            Report(after=locked, status=OrderStatus.FILLED, final=True, delay=push),
        ],
    )


_DRAWERS: dict[Literal["azuro", "sx"], Callable[[random.Random], Behaviour]] = {
    "azuro": _azuro,
    "sx": _sx,
}


def _quantile(dice: random.Random, points: Sequence[tuple[float, int]]) -> int:
    where = dice.random()
    for (low, low_ms), (high, high_ms) in pairwise(points):
        if where <= high:
            return round(low_ms + (high_ms - low_ms) * (where - low) / (high - low))
    return points[-1][1]
