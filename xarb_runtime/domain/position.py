"""
What a set of fills is worth in each scenario, and what stake would even it out.

A scenario is one way the event can end, as coarse as the selections need it (over 2.5 / under 2.5;
with an alternative line: up to 2, exactly 3, 4 and more). A fill of stake s at decimal odds o wins
s·(o − 1) in the scenarios its selection wins and loses s in the others.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import ZERO


class Fill(msgspec.Struct, frozen=True):
    """A filled stake at its average odds, the scenarios it wins in, and the fee on its profit."""

    stake: Decimal
    odds: Decimal
    wins: tuple[str, ...]
    fee: Decimal = ZERO


def profit_by_scenario(fills: Iterable[Fill], scenarios: Iterable[str]) -> dict[str, Decimal]:
    """
    Return the profit (negative: loss) in each scenario.

    The fee is a share of a winning fill's profit.
    """
    profit = dict.fromkeys(scenarios, ZERO)
    for fill in fills:
        gain = fill.stake * (fill.odds - 1) * (1 - fill.fee)
        for scenario in profit:
            profit[scenario] += gain if scenario in fill.wins else -fill.stake
    return profit


def worst_case(profit: Mapping[str, Decimal]) -> Decimal:
    """Return the smallest profit over all scenarios; 0 for no position."""
    return min(profit.values(), default=ZERO)


def levelling_stake(
    profit: Mapping[str, Decimal], wins: tuple[str, ...], odds: Decimal, fee: Decimal = ZERO
) -> Decimal:
    """
    Return the stake on a selection that raises the worst case as far as that selection can.

    With W the worst profit where the selection wins and N the worst where it loses, a stake x gives
    W + x·(o − 1)·(1 − fee) and N − x. The minimum of the two is largest where they meet:
    x = (N − W) / ((o − 1)·(1 − fee) + 1). For a single fill s at odds a and no fee that is the
    equal payout s·a / o. 0 when the selection wins only where we already stand better.
    """
    where_wins = [value for scenario, value in profit.items() if scenario in wins]
    where_loses = [value for scenario, value in profit.items() if scenario not in wins]
    if not where_wins or not where_loses:
        return ZERO
    gap = min(where_loses) - min(where_wins)
    return max(ZERO, gap / ((odds - 1) * (1 - fee) + 1))
