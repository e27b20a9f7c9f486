"""
Hedging arithmetic: which orders would raise the worst case of what is held, and which does it best.

A hedge strategy decides what may be used and how far to go; the sums are the same for all of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from xarb_runtime.domain.money import floor_to
from xarb_runtime.domain.opportunity import HedgePlan, LegOffer
from xarb_runtime.domain.orders import Quote
from xarb_runtime.domain.position import Fill, levelling_stake, profit_by_scenario, worst_case


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """
    A plan that raises the worst case, and what is won in each scenario once it is filled.

    Attributes:
        plan: the plan.
        profit: the profit by scenario.
    """

    plan: HedgePlan
    profit: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        """The sum over all scenarios; a better middle has more of it."""
        return sum(self.profit.values(), Decimal(0))


def candidates(
    strategy: str,
    position: Iterable[Fill],
    scenarios: Iterable[str],
    offers: Iterable[LegOffer],
    quotes: Iterable[Quote],
    tick: Decimal,
    *,
    up_to_minimum: bool = False,
) -> Iterator[Candidate]:
    """
    Yield a plan for each offer that has a live quote and raises the worst case.

    The stake levels the position as far as the selection can, rounded down to a multiple of `tick`
    and cut to the quote's maximum. Where that is below the quote's minimum there is no plan, unless
    `up_to_minimum` allows to stake the minimum instead.
    """
    fills = list(position)
    profit = profit_by_scenario(fills, scenarios)
    live = {quote.selection: quote for quote in quotes}
    for offer in offers:
        quote = live.get(offer.selection)
        if quote is None or quote.odds <= 1:
            continue
        stake = _stake(profit, offer, quote, tick, up_to_minimum=up_to_minimum)
        after = _profit_after(fills, profit, offer, quote, stake)
        if stake > 0 and worst_case(after) > worst_case(profit):
            yield Candidate(plan=_plan(strategy, offer, quote, stake, after), profit=after)


def best(found: Iterable[Candidate]) -> HedgePlan | None:
    """
    Return the plan with the best worst case, or None when there is none.

    Of equal ones the plan that wins more over all scenarios, then the first.
    """
    ranked = sorted(found, key=lambda it: (-it.plan.worst_case, -it.total))
    return ranked[0].plan if ranked else None


def losing(profit: Mapping[str, Decimal]) -> frozenset[str]:
    """Return the scenarios in which a position loses."""
    return frozenset(scenario for scenario, value in profit.items() if value < 0)


def _stake(
    profit: Mapping[str, Decimal],
    offer: LegOffer,
    quote: Quote,
    tick: Decimal,
    *,
    up_to_minimum: bool,
) -> Decimal:
    level = levelling_stake(profit, offer.selection.wins, quote.odds, offer.fee)
    stake = floor_to(min(level, quote.max_stake), tick)
    if stake >= quote.min_stake:
        return stake
    least = _ceil_to(quote.min_stake, tick)
    return least if up_to_minimum and level > 0 and least <= quote.max_stake else Decimal(0)


def _ceil_to(amount: Decimal, tick: Decimal) -> Decimal:
    down = floor_to(amount, tick)
    return down if down == amount else down + tick


def _profit_after(
    fills: list[Fill],
    profit: Mapping[str, Decimal],
    offer: LegOffer,
    quote: Quote,
    stake: Decimal,
) -> dict[str, Decimal]:
    more = Fill(stake, quote.odds, offer.selection.wins, offer.fee)
    return profit_by_scenario([*fills, more], profit)


def _plan(
    strategy: str, offer: LegOffer, quote: Quote, stake: Decimal, after: Mapping[str, Decimal]
) -> HedgePlan:
    return HedgePlan(
        strategy=strategy,
        selection=offer.selection,
        stake=stake,
        odds=quote.odds,
        fee=offer.fee,
        worst_case=worst_case(after),
    )
