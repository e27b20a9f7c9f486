"""
No order above its limit is ever sent, and nothing is planned that would need one.
"""

from decimal import Decimal

import msgspec
import pytest

from tests.service.test_dispatcher import KEY, ORDER, REPORT, Run, Scripted, answers
from tests.service.world import selection
from xarb_runtime.domain.opportunity import HedgePlan
from xarb_runtime.domain.orders import Accepted, Quote, Selection
from xarb_runtime.domain.steps import Command
from xarb_runtime.plugins.contracts import HedgeRequest, HedgeStrategy
from xarb_runtime.service.venue_limits import VenueLimits


@pytest.mark.parametrize("reduces", [False, True])
async def test_an_order_above_its_limit_is_never_sent(reduces: bool) -> None:
    venue = Scripted(lambda: answers(Accepted(REPORT)))
    went = Run(venue, limits=VenueLimits(one_order={"sx": Decimal("99.99")}))

    await went.carry_out(placing(reduces=reduces))

    assert went.said == (
        "order.refused",
        {"client_id": KEY, "code": "ORDER_LIMIT", "reason": "not sent"},
    )
    assert venue.calls == 0


@pytest.mark.parametrize(("reduces", "code"), [(False, "OPEN_LIMIT"), (True, None)])
async def test_whatever_a_chart_lets_through_more_than_allowed_is_not_begun(
    reduces: bool, code: str | None
) -> None:
    venue = Scripted(lambda: answers(Accepted(REPORT)))
    went = Run(
        venue,
        limits=VenueLimits(at_once={"sx": Decimal(150)}),
        staked_at={"sx": Decimal(151)}.__getitem__,
    )

    await went.carry_out(placing(reduces=reduces))

    assert went.said[1].get("code") == code or code is None
    assert venue.calls == (code is None)


PRICE = Quote(
    selection=msgspec.convert(selection("sx", "over"), Selection),
    odds=Decimal("1.9"),
    min_stake=Decimal(1),
    max_stake=Decimal(5000),
    time_ms=1,
)


async def test_a_price_takes_no_more_than_one_order_may_have() -> None:
    limits = VenueLimits(one_order={"sx": Decimal(50)})
    went = Run(Scripted(lambda: answers(PRICE)), limits=limits)

    params = {"selection": selection("sx", "over")}
    await went.carry_out(Command(key=KEY, target="venue", name="quote", params=params))

    assert went.said[0] == "quote.received"
    assert went.said[1]["max_stake"] == "50"


class Greedy(HedgeStrategy):
    """Takes all that a price takes."""

    def plan(self, request: HedgeRequest, quotes: tuple[Quote, ...]) -> HedgePlan | None:
        (quote,) = quotes
        return HedgePlan(
            strategy=request.strategy,
            selection=quote.selection,
            stake=quote.max_stake,
            odds=quote.odds,
            fee=Decimal(0),
            worst_case=Decimal(0),
        )


async def test_a_hedge_is_planned_within_what_one_order_may_have() -> None:
    limits = VenueLimits(one_order={"sx": Decimal(50)})
    went = Run(Scripted(lambda: answers(PRICE)), limits=limits, hedges={"unwind": Greedy()})
    offer = {"selection": selection("sx", "over"), "odds": "1.9"}
    params = {
        "strategy": "unwind",
        "scenarios": ["over", "under"],
        "fills": [],
        "offers": [offer],
        "stake_tick": "0.01",
    }

    await went.carry_out(Command(key=KEY, target="hedge", name="plan", params=params))

    assert went.said[0] == "hedge.planned"
    assert went.said[1]["stake"] == "50"


def placing(*, reduces: bool) -> Command:
    return Command(key=KEY, target="venue", name="place", params=ORDER | {"reduces": reduces})
