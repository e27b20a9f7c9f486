"""
What an operator allows at a venue is never exceeded: by one order, nor by all of them together.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.service.world import World, opportunity, selection
from xarb_runtime.domain.orders import Order, Quote, Selection
from xarb_runtime.domain.steps import Status
from xarb_runtime.service.admission import Facts
from xarb_runtime.service.book import is_trade
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.venue_limits import VenueLimits, limits_of

SX = Selection("sx", "m", "over", ("over",))


def world(**limits: dict[str, int]) -> World:
    made = World()
    facts = made.desk.facts
    made.desk.facts = Facts(
        limits=facts.limits,
        capabilities=facts._capabilities,
        level=facts._level,
        is_up=facts._is_up,
        venue_limits=VenueLimits(
            **{
                kind: {venue: Decimal(amount) for venue, amount in by_venue.items()}
                for kind, by_venue in limits.items()
            }
        ),
    )
    return made


def context(made: World, execution: str = "x-1") -> Any:
    snapshot = made.desk.book.get(execution)
    assert snapshot is not None
    return made.desk.charts.of(snapshot).decoder.decode(snapshot.context)


def order(stake: str, *, reduces: bool = False) -> Order:
    return Order(
        client_id="x-1:1:0",
        selection=SX,
        stake=Decimal(stake),
        min_odds=Decimal(2),
        reduces=reduces,
        expires_ms=9,
    )


# -- Admission -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "leaves"), [(100, ("a_placing",)), (99, ("rejected",))])
def test_leg_a_must_fit_into_the_room_at_its_venue(limit: int, leaves: tuple[str, ...]) -> None:
    made = world(at_once={"sx": limit})
    made.admit()

    assert made.leaves() == leaves
    assert context(made).gate.room_a == limit


@pytest.mark.parametrize(("limit", "leaves"), [(103, ("a_placing",)), (102, ("rejected",))])
def test_so_must_leg_b(limit: int, leaves: tuple[str, ...]) -> None:
    """100 at 2.10 against 2.05 is 102.43."""
    made = world(at_once={"azuro": limit})
    made.admit()

    assert made.leaves() == leaves


@pytest.mark.parametrize(("limit", "leaves"), [(203, ("a_placing",)), (202, ("rejected",))])
def test_two_legs_at_one_venue_need_room_for_both(limit: int, leaves: tuple[str, ...]) -> None:
    made = world(at_once={"sx": limit})
    leg_b = {"selection": selection("sx", "under"), "odds": "2.05"}
    made.admit(leg_b=leg_b)

    assert made.leaves() == leaves


def test_what_others_have_at_stake_leaves_less_room_until_they_end() -> None:
    made = world(at_once={"sx": 250})
    for name in ("1", "2", "3"):
        made.admit(name)
    assert [made.leaves(f"x-{name}") for name in "123"] == [
        ("a_placing",), ("a_placing",), ("rejected",),
    ]  # fmt: skip
    assert context(made, "x-3").gate.room_a == 50

    made.admit("4", stake="50")
    assert made.leaves("x-4") == ("a_placing",)
    assert made.desk.book.staked_at("sx") == 250


def test_an_execution_that_ends_gives_its_room_back() -> None:
    made = world(at_once={"sx": 100})
    made.complete("1")
    assert made.leaves("x-1") == ("completed",)
    assert made.desk.book.staked_at("sx") == made.desk.book.staked_at("azuro") == 0

    made.admit("2")
    assert made.leaves("x-2") == ("a_placing",)


def test_one_order_may_not_be_larger_than_allowed() -> None:
    made = world(one_order={"sx": 60})
    made.admit("1", stake="60")
    made.admit("2", stake="60.01")

    assert (made.leaves("x-1"), made.leaves("x-2")) == (("a_placing",), ("rejected",))
    assert context(made, "x-2").gate.max_stake_a == 60


def test_orders_count_for_what_they_may_come_to_and_hedges_take_room_as_well() -> None:
    made = world(at_once={"sx": 1000, "azuro": 1000})
    made.admit()
    made.report(made.work.commands[0])
    made.quote(odds="2.04")
    (leg_b,) = made.work.commands
    assert made.desk.book.staked_at("azuro") == Decimal(leg_b.params["stake"]) > Decimal("102.44")

    made.report(leg_b, "refused")
    assert made.desk.book.staked_at("azuro") == Decimal("102.43")  # what it set out to stake
    plan = {
        "strategy": "unwind",
        "selection": selection("sx", "under"),
        "stake": "110",
        "odds": "1.9",
        "fee": "0",
        "worst_case": "-5",
    }
    for _ in range(3):
        asked = next((it for it in made.work.commands if it.target == "hedge"), None)
        assert asked is not None
        if asked.params["strategy"] == "unwind":
            break
        made.say("hedge.no_plan", strategy=asked.params["strategy"], reason="")
    made.say("hedge.planned", **plan)
    assert made.leaves() == ("h_placing",)
    assert made.desk.book.staked_at("sx") == 210


def test_an_execution_of_an_earlier_life_takes_its_room() -> None:
    before = world(at_once={"sx": 150})
    before.admit()
    snapshot = before.desk.book.get("x-1")
    assert snapshot is not None

    after = world(at_once={"sx": 150})
    after.desk.recall(snapshot)
    after.admit("2", stake="51")

    assert after.leaves("x-2") == ("rejected",)
    assert after.desk.book.staked_at("sx") == 100


def test_nothing_is_counted_where_nothing_is_limited() -> None:
    made = World()
    made.admit()

    assert made.leaves() == ("a_placing",)
    assert made.desk.book.staked_at("sx") == 0


def _stakes_in_the_ledgers(made: World) -> Counter[str]:
    """What is at stake by the ledgers themselves, without the book."""
    found: Counter[str] = Counter()
    for snapshot in made.desk.book.live:
        if is_trade(snapshot.execution) and snapshot.status is Status.RUNNING:
            for line in context(made, snapshot.execution).orders:
                found[line.selection.venue] += line.as_reserved.stake
    return found


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("admit"), st.integers(1, 150), st.booleans()),
        st.tuples(
            st.sampled_from(["filled", "refused", "cancelled"]), st.integers(0, 9), st.booleans()
        ),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(limit_a=st.integers(1, 400), limit_b=st.integers(1, 400), acts=_ACTS)
def test_legs_at_the_opportunity_s_prices_never_exceed_what_is_allowed(
    limit_a: int, limit_b: int, acts: list[tuple[str, int, bool]]
) -> None:
    allowed = {"sx": limit_a, "azuro": limit_b}
    made = world(at_once=allowed)
    orders: list[Any] = []
    for number, (act, amount, swap) in enumerate(acts):
        if act == "admit":
            changes = _swapped() if swap else {}
            made.admit(str(number), stake=str(amount), **changes)
        elif orders:
            made.report(orders.pop(amount % len(orders)), act)
        orders += [it for it in made.work.commands if it.name == "place"]
        for asked in [it for it in made.work.commands if it.name == "quote"]:
            _answer(made, asked.key.split(":")[0], asked.params["selection"])
            orders += [it for it in made.work.commands if it.name == "place"]
        booked = {venue: made.desk.book.staked_at(venue) for venue in allowed}
        really = _stakes_in_the_ledgers(made)
        for venue, limit in allowed.items():
            assert really[venue] <= booked[venue] <= limit


def _swapped() -> dict[str, Any]:
    usual = opportunity()
    a, b = usual["leg_a"], usual["leg_b"]
    return {"leg_a": b, "leg_b": a, "hedges": []}


def _answer(made: World, execution: str, wanted: dict[str, Any]) -> None:
    made.say(
        "quote.received",
        execution,
        f"venue:{wanted['venue']}",
        selection=wanted,
        odds="2.05" if wanted["venue"] == "azuro" else "2.10",
        min_stake="0",
        max_stake="100000",
        time_ms=made.now_ms,
    )


# -- One order -----------------------------------------------------------------------------------


def test_an_order_above_the_limit_is_forbidden_whatever_it_is_for() -> None:
    limits = VenueLimits(one_order={"sx": Decimal(50)})

    assert limits.forbids(order("50"), Decimal(0)) == ""
    assert limits.forbids(order("50.01"), Decimal(0)) == "ORDER_LIMIT"
    assert limits.forbids(order("50.01", reduces=True), Decimal(0)) == "ORDER_LIMIT"


def test_only_orders_that_begin_something_are_forbidden_for_what_others_have() -> None:
    limits = VenueLimits(at_once={"sx": Decimal(50)})

    assert limits.forbids(order("10"), Decimal(50)) == ""
    assert limits.forbids(order("10"), Decimal(51)) == "OPEN_LIMIT"
    assert limits.forbids(order("10", reduces=True), Decimal(51)) == ""


@given(most=st.integers(0, 200), limit=st.integers(1, 200))
def test_a_price_never_takes_more_than_one_order_may_have(most: int, limit: int) -> None:
    limits = VenueLimits(one_order={"sx": Decimal(limit)})
    quote = Quote(
        selection=SX, odds=Decimal(2), min_stake=Decimal(0), max_stake=Decimal(most), time_ms=1
    )

    capped = limits.capped(quote)

    assert capped.max_stake == min(most, limit)
    assert (capped.odds, capped.min_stake) == (quote.odds, quote.min_stake)


def _sections() -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    yield {}, {}, {}
    yield {"open_limit": Decimal(9)}, {"sx": 9}, {"sx": 9}
    yield {"open_limit": Decimal(9), "order_limit": Decimal(4)}, {"sx": 9}, {"sx": 4}
    yield {"order_limit": Decimal(4)}, {}, {"sx": 4}


@pytest.mark.parametrize(("section", "at_once", "one_order"), list(_sections()))
def test_one_order_may_have_what_all_may_have_unless_something_else_is_said(
    section: dict[str, Any], at_once: dict[str, Any], one_order: dict[str, Any]
) -> None:
    found = limits_of(Settings(venues={"sx": {"kind": "ghost", **section}}))

    assert (found.at_once, found.one_order) == (at_once, one_order)
