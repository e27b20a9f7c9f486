"""Cashout: a bet sold back is a bet on the opposite, and is judged by whether the bet is sold."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.azuro.inside import (
    BETTOR,
    FOOTBALL,
    World,
    hear,
    in_virtual_time,
    listening,
    part,
    world,
)
from xarb_runtime.domain.orders import (
    Absent,
    Accepted,
    Found,
    Order,
    OrderStatus,
    Refused,
    Selection,
    Unknown,
)
from xarb_runtime.domain.position import Fill, profit_by_scenario

faults, sales, states = part("fake.faults"), part("sales"), part("states")

BACK = Selection("azuro", FOOTBALL, "cashout:29", ("draw", "away"))
SCENARIOS = ("home", "draw", "away")


@asynccontextmanager
async def with_a_bet(**own: Any) -> AsyncIterator[tuple[World, Any]]:
    """A connection whose bet of 10 at 1.56 is accepted."""
    async with world(cashout=True) as here:
        here.control.approve_cashout(BETTOR)
        async with here.connect(cashout=True, **own) as venue:
            await venue.place(here.order())
            await here.clock.sleep_ms(5_000)
            yield here, venue


async def sale_at(here: World, venue: Any, client_id: str = "x-1:2:0") -> Order:
    """The order that sells the bet at what it is worth now."""
    quote = await venue.quote(BACK)
    return here.order(
        client_id,
        selection=BACK,
        stake=quote.max_stake,
        min_odds=quote.odds,
        reduces=True,
    )


# -- Arithmetic ----------------------------------------------------------------------------------


def bet_of(stake: Decimal, odds: Decimal) -> Any:
    return states.read_row(
        {"id": "x_1", "state": "Accepted", "amount": stake, "odds": odds, "betId": 1}
    )


@given(
    st.decimals("1", "10000", places=2),
    st.decimals("1.01", "50", places=2),
    st.decimals("0.01", "20000", places=2),
)
def test_a_bet_and_its_sale_leave_what_was_paid_in_every_scenario(
    stake: Decimal, odds: Decimal, paid: Decimal
) -> None:
    sale = sales.sale_of(bet_of(stake, odds), paid)
    assume(sale is not None)

    fills = [Fill(stake, odds, ("home",)), Fill(sale.stake, sale.odds, ("draw", "away"))]
    profit = profit_by_scenario(fills, SCENARIOS)
    # A cent of the stake is rounded away, and so is what it would have brought.
    off = Decimal("0.01") * max(sale.odds, 1) + Decimal("0.000001") * sale.stake
    assert all(abs(value - (paid - stake)) <= off for value in profit.values())


@given(st.decimals("0", "100", places=6))
def test_a_sale_never_stakes_more_than_the_payout_leaves(paid: Decimal) -> None:
    sale = sales.sale_of(bet_of(Decimal(10), Decimal("1.56")), paid)

    if sale is None:
        assert paid < Decimal("0.0001") or paid > Decimal("15.59")
    else:
        assert sale.stake <= Decimal("15.6") - paid
        assert sale.odds > 1


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (1_790_000_000, 1_790_000_000),
        (1_790_000_000_000, 1_790_000_000),
        ("1790000000", 1790000000),
    ],
)
def test_the_expiry_of_an_offer_may_come_in_milliseconds(moment: Any, seconds: int) -> None:
    offer = sales.read_offer(
        {"calculationId": "a", "cashoutAmount": "9", "cashoutOdds": "0.9", "expiredAt": moment}
    )

    assert (offer.expires_at, offer.odds) == (seconds, 900_000_000_000)


# -- Quotes --------------------------------------------------------------------------------------


def test_a_bet_is_quoted_as_a_bet_on_the_opposite_all_or_nothing() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (_, venue):
            quote = await venue.quote(BACK)

        # 10 at 1.56 is worth 9.7: 15.6 - 9.7 = 5.9
        assert quote.min_stake == quote.max_stake == Decimal("5.90")
        assert quote.odds == Decimal("2.644067")

    in_virtual_time(scenario())


def test_there_is_no_quote_without_exactly_one_bet() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            other = Selection("azuro", FOOTBALL, "cashout:30", ())
            with pytest.raises(LookupError, match="found 0"):
                await venue.quote(other)
            await venue.place(here.order("x-2:1:0"))
            await here.clock.sleep_ms(5_000)
            with pytest.raises(LookupError, match="found 2"):
                await venue.quote(BACK)

    in_virtual_time(scenario())


def test_there_is_no_quote_where_the_venue_has_no_cashout() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            here.control.cashouts.served = False
            with pytest.raises(LookupError, match="404"):
                await venue.quote(BACK)

    in_virtual_time(scenario())


# -- Selling -------------------------------------------------------------------------------------


def test_a_bet_is_sold_and_that_becomes_final() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            order = await sale_at(here, venue)
            answer = await venue.place(order)
            heard = await hear(
                venue, lambda report: report.client_id == order.client_id and report.final
            )
            ours = [report for report in heard if report.client_id == order.client_id]
            original = await venue.find(here.order())

        assert isinstance(answer, Accepted)
        assert answer.report.status is OrderStatus.OPEN
        assert (ours[-1].status, ours[-1].filled) == (OrderStatus.FILLED, order.stake)
        assert ours[-1].odds >= order.min_odds
        assert original.report.status is OrderStatus.FILLED
        assert here.control.count("POST cashout/create") == 1

    in_virtual_time(scenario())


def test_a_price_that_has_become_worse_is_not_taken() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            order = await sale_at(here, venue)
            here.control.move(FOOTBALL, 29, "1.80")
            answer = await venue.place(order)

            assert isinstance(answer, Refused)
            assert answer.code == "WORSE_PRICE"
            assert here.control.count("POST cashout/create") == 0

    in_virtual_time(scenario())


def test_a_signature_that_would_be_good_for_too_long_is_not_given() -> None:
    async def scenario() -> None:
        async with with_a_bet(cashout_expiry="10s") as (here, venue):
            answer = await venue.place(await sale_at(here, venue))

            assert isinstance(answer, Refused)
            assert answer.code == "BAD_EXPIRY"
            assert here.control.count("POST cashout/create") == 0

    in_virtual_time(scenario())


def test_a_cashout_that_the_venue_rejects_is_refused() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            here.control.cashouts.next_error = "RiskExceeded"
            order = await sale_at(here, venue)
            await venue.place(order)
            await here.clock.sleep_ms(5_000)
            found = await venue.find(order)

        assert isinstance(found, Found)
        assert (found.report.status, found.report.filled) == (OrderStatus.REFUSED, 0)

    in_virtual_time(scenario())


def test_a_sale_is_asked_for_once() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            order = await sale_at(here, venue)
            await venue.place(order)
            await venue.place(order)

            assert here.control.count("POST cashout/create") == 1

    in_virtual_time(scenario())


def rewritten(change: Any) -> Any:
    """Another list of our bets, for everybody from now on."""

    def orders(body: Any) -> Any:
        return {"orders": [order | change for order in body["orders"]]}

    return faults.WireFault(
        route="GET bet/orders/bettor/*", what="none", handled=True, rewrite=orders, times=0
    )


def test_a_sale_whose_answer_was_lost_is_never_absent() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            here.control.cashouts.lost = True
            order = await sale_at(here, venue)
            assert isinstance(await venue.place(order), Unknown)
            await here.clock.sleep_ms(5_000)
            found = await venue.find(order)
            assert isinstance(found, Found)
            assert found.report.status is OrderStatus.FILLED
            async with here.connect(cashout=True) as later:
                # The bet is paid out; for how much, the index of the chain has not said yet.
                here.control.disturb(rewritten({"meta": None}))
                await here.clock.sleep_ms(300_000)
                assert isinstance(await later.find(order), Unknown)
                assert isinstance(await later.place(order), Unknown)

            assert here.control.count("POST cashout/create") == 1

    in_virtual_time(scenario())


def test_a_later_process_tells_a_sale_by_the_bet() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            order = await sale_at(here, venue)
            await venue.place(order)
            await here.clock.sleep_ms(5_000)
            sold = {"isCashedOut": True, "cashout": {"payout": "9.7"}}
            here.control.disturb(rewritten({"meta": sold}))
            async with here.connect(cashout=True) as later:
                later.watch(order)
                found = await later.find(order)

        assert isinstance(found, Found)
        assert (found.report.filled, found.report.final) == (order.stake, True)
        assert found.report.odds == order.min_odds

    in_virtual_time(scenario())


def test_a_sale_that_never_arrived_is_absent_when_no_signature_is_good_any_more() -> None:
    async def scenario() -> None:
        async with with_a_bet(cashout_expiry="60s", absence_margin="10s") as (here, venue):
            order = await sale_at(here, venue)
            here.control.disturb(faults.WireFault(route="POST cashout/create"))
            assert isinstance(await venue.place(order), Unknown)
            bound_ms = order.expires_ms + 70_000
            await here.clock.sleep_ms(bound_ms - 1 - here.clock.now_ms())
            assert isinstance(await venue.find(order), Unknown)
            await here.clock.sleep_ms(1)
            assert isinstance(await venue.find(order), Absent)

    in_virtual_time(scenario())


@pytest.mark.parametrize("later", [False, True])
def test_a_sale_that_was_acknowledged_ends_when_the_bet_is_still_ours(later: bool) -> None:
    async def scenario() -> None:
        own = {"cashout_expiry": "60s", "absence_margin": "10s"}
        async with with_a_bet(**own) as (here, venue):
            order = await sale_at(here, venue)
            route = "POST cashout/create"
            taken = json.dumps({"id": "c-1", "state": "PROCESSING"})
            here.control.disturb(
                faults.WireFault(route=route, what="answer", status=201, body=taken)
            )
            assert isinstance(await venue.place(order), Accepted)
            await here.clock.sleep_ms(order.expires_ms + 60_000 - here.clock.now_ms())
            assert isinstance(await venue.find(order), Unknown)
            await here.clock.sleep_ms(20_000)
            async with here.connect(cashout=True, **own) as other:
                other.watch(order)
                found = await (other if later else venue).find(order)

        assert isinstance(found, Found)
        ended = (found.report.status, found.report.final, found.report.code)
        assert ended == (OrderStatus.CANCELLED, True, "EXPIRED")

    in_virtual_time(scenario())


@pytest.mark.parametrize(("state", "ends"), [("PROCESSING", True), ("ACCEPTED", False)])
def test_a_sale_that_stays_under_way_ends_by_what_the_chain_says(state: str, ends: bool) -> None:
    async def scenario() -> None:
        async with with_a_bet(cashout_expiry="60s", absence_margin="10s") as (here, venue):
            order = await sale_at(here, venue)
            said = {"content_type": "application/json", "times": 0, "what": "answer"}
            for route, status in (("POST cashout/create", 201), ("GET cashout/c-1", 200)):
                body = json.dumps({"id": "c-1", "state": state})
                here.control.disturb(
                    faults.WireFault(route=route, status=status, body=body, **said)
                )
            await venue.place(order)
            await here.clock.sleep_ms(600_000)
            found = await venue.find(order)

        assert isinstance(found, Found)
        assert (found.report.code == "EXPIRED") is ends

    in_virtual_time(scenario())


def test_without_a_node_a_bet_that_nobody_speaks_of_may_be_sold() -> None:
    async def scenario() -> None:
        async with with_a_bet(rpc_url="") as (here, venue):
            order = await sale_at(here, venue)
            here.control.disturb(faults.WireFault(route="POST cashout/create"))
            await venue.place(order)
            await here.clock.sleep_ms(600_000)

            assert isinstance(await venue.find(order), Unknown)

    in_virtual_time(scenario())


def test_a_sale_that_stays_in_doubt_is_looked_at_now_and_then() -> None:
    async def scenario() -> None:
        async with with_a_bet(rpc_url="", poll_slowest="5s", reconcile="1h") as (here, venue):
            order = await sale_at(here, venue)
            here.control.disturb(faults.WireFault(route="POST cashout/create"))
            await venue.place(order)
            await here.clock.sleep_ms(200_000)
            async with listening(venue):
                await here.clock.sleep_ms(50_000)
                early = here.control.count("GET bet/orders/bettor")
                await here.clock.sleep_ms(100_000)
                late = here.control.count("GET bet/orders/bettor")

        assert 15 <= late - early <= 21

    in_virtual_time(scenario())


def test_a_cashout_that_is_switched_off_leaves_earlier_ones_in_doubt() -> None:
    async def scenario() -> None:
        async with with_a_bet() as (here, venue):
            order = await sale_at(here, venue)
            async with here.connect(cashout=False) as later:
                later.watch(order)

                assert isinstance(await later.find(order), Unknown)

    in_virtual_time(scenario())
