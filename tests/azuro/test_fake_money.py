"""Whatever becomes of bets, no base unit is made or lost."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.azuro.outside import (
    FOOTBALL,
    TENNIS,
    THROW_AWAY_ADDRESS,
    Bettor,
    followed,
    imitation,
    odds,
)
from xarb_plugins.azuro.fake.fates import OrderFate
from xarb_plugins.azuro.fake.ledger import ChainError
from xarb_plugins.azuro.fake.units import combo_odds, number, payout_of, text, to_raw, to_units

STAKE = 10 * 10**6
START = 100_000 * 10**6


async def accepted(bettor: Bettor, **changes: Any) -> Any:
    _, receipt = await bettor.bet(**changes)
    return await followed(bettor, receipt["id"])


def balance(bettor: Bettor) -> int:
    return bettor.control.ledger.balances[THROW_AWAY_ADDRESS]


ENDS: dict[str, tuple[Callable[[Any], object], str, str, int]] = {
    "won": (lambda it: it.settle(FOOTBALL, 29), "Settled", "Won", 15_600_000),
    "lost": (lambda it: it.settle(FOOTBALL, 30), "Settled", "Lost", 0),
    "outcome void": (
        lambda it: it.settle(FOOTBALL, 30, voided=[29]),
        "Settled",
        "Canceled",
        STAKE,
    ),
    "condition void": (lambda it: it.void(FOOTBALL), "Canceled", "Canceled", STAKE),
    "placed too late": (
        lambda it: it.settle(FOOTBALL, 29, decided_ms=1_790_000_000_000),
        "Settled",
        "Canceled",
        STAKE,
    ),
}


@pytest.mark.parametrize("end", ENDS)
async def test_how_a_bet_ends(end: str) -> None:
    decide, state, result, payout = ENDS[end]
    async with imitation() as bettor:
        order = await accepted(bettor)
        taken = balance(bettor)
        total = bettor.control.ledger.total
        decide(bettor.control)
        ended = await bettor.order(order["id"])
        bettor.control.withdraw(order["id"])
        redeemed = await bettor.order(order["id"])
        with pytest.raises(ChainError):
            bettor.control.withdraw(order["id"])
        last = balance(bettor)

        assert bettor.control.ledger.total == total

    expected = "Settled" if state == "Settled" and result != "Canceled" else state
    assert (ended["state"], ended["result"]) == (expected, result)
    assert to_units(Decimal(str(ended["payout"])), 6) == payout
    assert ended["settledAt"] is not None
    assert (ended["redeemedAt"], redeemed["redeemedAt"] is not None) == (None, True)
    assert (START - taken, last - taken) == (STAKE, payout)


async def test_a_void_may_give_back_what_the_contract_stored() -> None:
    async with imitation(void_refund="stored") as bettor:
        order = await accepted(bettor)
        bettor.control.void(FOOTBALL)
        bettor.control.withdraw(order["id"])

        assert balance(bettor) == START - STAKE // 100


COMBOS: dict[str, tuple[Callable[[Any], object], str | None, int | None]] = {
    "nothing known": (lambda _: None, None, None),
    "one open": (lambda it: it.settle(FOOTBALL, 29), None, None),
    "one lost": (lambda it: it.settle(FOOTBALL, 30), "Lost", 0),
    "all won": (
        lambda it: (it.settle(FOOTBALL, 29), it.settle(TENNIS, 377)),
        "Won",
        # 1.58 and 2.11 are the odds before the fee.
        5_000_000 * 15800 * 21100 * 99 // 10**10,
    ),
    "one void": (
        lambda it: (it.void(FOOTBALL), it.settle(TENNIS, 377)),
        "Won",
        5_000_000 * 208 // 100,
    ),
    "all void": (lambda it: (it.void(FOOTBALL), it.void(TENNIS)), "Canceled", 5_000_000),
}


@pytest.mark.parametrize("case", COMBOS)
async def test_how_a_combo_ends(case: str) -> None:
    decide, result, payout = COMBOS[case]
    async with imitation() as bettor:
        body = bettor.combo([(FOOTBALL, 29), (TENNIS, 377)])
        _, receipt = await bettor.post("bet/orders/combo", body)
        await followed(bettor, receipt["id"])
        decide(bettor.control)
        order = await bettor.order(receipt["id"])

    assert (order["state"] == "Accepted") == (result is None)
    assert order["result"] == result
    if payout is not None:
        assert to_units(Decimal(str(order["payout"])), 6) == payout


def test_combos_ask_the_fee_once() -> None:
    legs = [Decimal("1.2"), Decimal("1.3"), Decimal("1.4"), Decimal("1.5")]

    assert combo_odds(legs)[0] == Decimal("3.44")
    assert combo_odds([Decimal(2), Decimal("1.5")])[0] == Decimal("3.05")


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("bet"), st.integers(1_000_000, 50_000_000), st.sampled_from([29, 30, 31])
        ),
        st.tuples(st.just("revert"), st.integers(1_000_000, 5_000_000), st.just(29)),
        st.tuples(st.just("reverse"), st.integers(1_000_000, 5_000_000), st.just(30)),
        st.tuples(st.just("poor"), st.integers(0, 20), st.just(0)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25)
@given(steps=STEPS, winner=st.sampled_from([29, 30, 31, None]), fee=st.sampled_from(["0", "0.07"]))
def test_no_base_unit_is_made_or_lost(
    steps: list[tuple[str, int, int]], winner: int | None, fee: str
) -> None:
    asyncio.run(conserves(steps, winner, fee))


async def conserves(steps: list[tuple[str, int, int]], winner: int | None, fee: str) -> None:
    async with imitation(relayer_fee=fee) as bettor:
        control, total = bettor.control, bettor.control.ledger.total
        for kind, amount, outcome in steps:
            if kind == "poor":
                control.fund(THROW_AWAY_ADDRESS, str(amount))
                continue
            fate = OrderFate(
                reverts=kind == "revert",
                reversed_after_ms=1_000 if kind == "reverse" else None,
            )
            control.next_order(fate)
            paid = {"amount": str(amount), "relayerFeeAmount": str(to_units(Decimal(fee), 6))}
            await bettor.bet(outcomeId=outcome, minOdds=odds("1.01"), **paid)
            assert control.ledger.total == total
        bettor.clock.move(60_000)
        orders = control.orders
        if winner is None:
            control.void(FOOTBALL)
        else:
            control.settle(FOOTBALL, winner)
        due = [order for order in orders if order.payout is not None]
        before = balance(bettor)
        if due:
            control.withdraw(*(order.id for order in due))

        assert control.ledger.total == total
        assert balance(bettor) - before == sum(order.payout for order in due)
        for bet in control.ledger.bets.values():
            with pytest.raises(ChainError, match="AlreadyPaid"):
                control.ledger.view_payout(bet.token_id)


@given(
    units=st.integers(0, 10**15),
    price=st.decimals(Decimal("1.01"), Decimal(1000), places=2),
)
def test_a_payout_is_never_more_than_odds_times_stake(units: int, price: Decimal) -> None:
    exact = units * price

    assert exact - 1 < payout_of(units, to_raw(price)) <= exact


@given(value=st.decimals(Decimal(0), Decimal(10**9), places=6))
def test_numbers_keep_their_value_in_json(value: Decimal) -> None:
    assert Decimal(str(number(value))) == value
    assert Decimal(text(value)) == value
    assert "E" not in text(value)
