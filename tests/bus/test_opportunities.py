"""The data of opportunity.detected: what is taken, what is refused and why."""

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.bus.cloudevents import CloudEvent, Malformed, decode, encode
from xarb_runtime.bus.opportunities import MAX_HEDGES, MAX_SCENARIOS, read_opportunity
from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Selection


def leg(venue: str, outcome: str, *wins: str) -> dict[str, Any]:
    return {
        "selection": {"venue": venue, "market": "m", "outcome": outcome, "wins": list(wins)},
        "odds": "2.10",
        "fee": "0.02",
        "settlement": {"void": "refund"},
    }


GOOD: dict[str, Any] = {
    "id": "o-1",
    "detected_ms": 1_700_000_000_000,
    "event": "Brentford - Arsenal",
    "scenarios": ["low", "mid", "high"],
    "stake": "100",
    "leg_a": leg("sx", "over", "high", "mid"),
    "leg_b": leg("azuro", "under", "low"),
    "hedges": [{"strategy": "unwind", "offer": leg("sx", "under", "low")}],
}


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    *parents, name = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = document
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[name]
    else:
        place[name] = value
    return document


def test_an_opportunity_is_read() -> None:
    opportunity = read_opportunity(GOOD)

    assert isinstance(opportunity, Opportunity)
    assert opportunity.stake == Decimal(100)
    assert opportunity.leg_a.odds == Decimal("2.10")
    assert opportunity.leg_b.selection == Selection("azuro", "m", "under", ("low",))
    assert opportunity.hedges[0].strategy == "unwind"


def test_hedges_and_fees_may_be_left_out() -> None:
    document = changed("hedges", ...)
    del document["leg_a"]["fee"], document["leg_a"]["settlement"]

    opportunity = read_opportunity(document)
    assert isinstance(opportunity, Opportunity)
    assert (opportunity.hedges, opportunity.leg_a.fee) == ((), Decimal(0))


def test_what_an_engine_says_beyond_it_is_left_alone() -> None:
    assert read_opportunity({**GOOD, "engine": {"version": 3}}) == read_opportunity(GOOD)


def test_an_event_carries_odds_exactly_whether_they_are_texts_or_numbers() -> None:
    event = CloudEvent(id="1", source="e", type="opportunity.detected", time_ms=0, data=GOOD)
    body = encode(event)
    for written in (body, body.replace(b'"2.10"', b"2.10").replace(b'"100"', b"100")):
        message = decode(written)
        assert isinstance(message, CloudEvent)
        assert read_opportunity(message.data) == read_opportunity(GOOD)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        # shape
        ("id", ..., "data.id: expected a value, found none"),
        ("leg_a.selection.venue", ..., "data.leg_a.selection.venue: expected a value, found none"),
        ("stake", None, "data.stake: expected a number, found nothing"),
        ("stake", [], "data.stake: expected a number, found an array"),
        ("stake", "a lot", "data.stake: expected a number in digits, found another text"),
        ("stake", "much", "data.stake: "),
        ("detected_ms", "soon", "data.detected_ms: "),
        ("detected_ms", True, "data.detected_ms: "),
        ("detected_ms", "1700000000000", "data.detected_ms: expected a whole number, found a text"),
        ("event", Decimal("1.5"), "data.event: expected a text, found a number"),
        ("scenarios", "low", "data.scenarios: expected an array, found a text"),
        ("scenarios", ["low", 5], "data.scenarios[1]: expected a text, found a whole number"),
        ("leg_a", [], "data.leg_a: expected an object, found an array"),
        (
            "hedges.0.offer.odds",
            {},
            "data.hedges[0].offer.odds: expected a number, found an object",
        ),
        # meaning
        ("id", "", "data.id: expected 1 to 128 letters, digits, dots, dashes, _ or ~, found ''"),
        ("id", "a:b", "data.id: expected 1 to 128 letters"),
        ("id", "a/b", "data.id: expected 1 to 128 letters"),
        ("id", "a b", "data.id: expected 1 to 128 letters"),
        ("id", "a\n", "data.id: expected 1 to 128 letters"),
        ("id", ".", "data.id: expected 1 to 128 letters"),
        ("id", "x" * 129, "data.id: expected 1 to 128 letters"),
        ("detected_ms", 0, "data.detected_ms: expected milliseconds since 1970, found 0"),
        (
            "detected_ms",
            10**15,
            "data.detected_ms: expected milliseconds since 1970, found 1000000",
        ),
        ("event", "x" * 300, "data.event: expected at most 256 characters, found 300 characters"),
        ("stake", "0", "data.stake: expected an amount above 0, at most 1000000000000, found 0"),
        ("stake", "-5", "data.stake: expected an amount above 0, at most 1000000000000, found -5"),
        (
            "stake",
            "NaN",
            "data.stake: expected an amount above 0, at most 1000000000000, found NaN",
        ),
        ("stake", "sNaN", "data.stake: expected an amount above 0"),
        ("stake", "Infinity", "data.stake: expected an amount above 0"),
        ("stake", "1e13", "data.stake: expected an amount above 0"),
        ("stake", "1e-13", "data.stake: expected at most 12 decimal places, found 1E-13"),
        ("stake", "1e999999999999", "data.stake: "),
        (
            "leg_a.odds",
            "1",
            "data.leg_a.odds: expected decimal odds above 1, at most 10000, found 1",
        ),
        ("leg_a.odds", "0.5", "data.leg_a.odds: expected decimal odds above 1"),
        ("leg_b.odds", "-2", "data.leg_b.odds: expected decimal odds above 1"),
        ("leg_b.odds", "NaN", "data.leg_b.odds: expected decimal odds above 1"),
        ("leg_b.odds", "10000.1", "data.leg_b.odds: expected decimal odds above 1"),
        ("leg_b.odds", "2." + "1" * 500, "data.leg_b.odds: expected at most 12 decimal places"),
        ("stake", "1_000", 'data.stake: expected digits such as 2.05, found "1_000"'),
        ("stake", " 5", "data.stake: expected digits"),
        ("stake", "5\n", "data.stake: expected digits"),
        ("leg_a.odds", "٣", "data.leg_a.odds: expected digits such as 2.05, found"),
        ("leg_b.odds", "0" * 50 + "2", "data.leg_b.odds: expected digits"),
        ("hedges.0.offer.fee", "0e5000", "data.hedges[0].offer.fee: expected digits"),
        ("leg_a.fee", "1", "data.leg_a.fee: expected a share of 0 or more, below 1, found 1"),
        ("leg_a.fee", "-0.1", "data.leg_a.fee: expected a share of 0 or more, below 1, found -0.1"),
        ("leg_a.selection.venue", "", "data.leg_a.selection.venue: expected 1 to 256 characters"),
        ("leg_a.selection.market", "", "data.leg_a.selection.market: expected 1 to 256 characters"),
        ("leg_a.selection.outcome", "x" * 257, "data.leg_a.selection.outcome: expected 1 to 256"),
        # scenarios
        ("scenarios", [], "data.scenarios: expected 2 to 64 scenarios, found 0"),
        ("scenarios", ["low"], "data.scenarios: expected 2 to 64 scenarios, found 1"),
        ("scenarios", [str(n) for n in range(65)], "data.scenarios: expected 2 to 64 scenarios"),
        ("scenarios", ["low", "low", "mid", "high"], "data.scenarios: expected each name once"),
        ("scenarios", ["low", "mid", "high", ""], "data.scenarios: expected names of 1 to 256"),
        (
            "scenarios",
            ["low", "mid", "high", "rain"],
            (
                "data.leg_b.selection.wins: expected legs that win in every scenario between them, "
                "found none for rain"
            ),
        ),
        # wins
        (
            "leg_a.selection.wins",
            [],
            "data.leg_a.selection.wins: expected at least one scenario, found none",
        ),
        (
            "leg_a.selection.wins",
            ["high", "moon"],
            "data.leg_a.selection.wins: expected scenarios of this opportunity, found moon",
        ),
        (
            "leg_a.selection.wins",
            ["high", "high", "mid"],
            "data.leg_a.selection.wins: expected each scenario once, found high, high, mid",
        ),
        (
            "leg_a.selection.wins",
            ["high", "mid", "low"],
            (
                "data.leg_a.selection.wins: expected a scenario in which it loses, "
                "found that it always wins"
            ),
        ),
        (
            "leg_b.selection.wins",
            ["low", "mid"],
            "data.leg_b.selection.wins: expected only scenarios in which leg A loses, found mid",
        ),
        (
            "leg_a.selection.wins",
            ["high"],
            (
                "data.leg_b.selection.wins: expected legs that win in every scenario between them, "
                "found none for mid"
            ),
        ),
        # hedges
        ("hedges.0.strategy", "", "data.hedges[0].strategy: expected the name of a strategy"),
        ("hedges.0.offer.odds", "1", "data.hedges[0].offer.odds: expected decimal odds above 1"),
        (
            "hedges.0.offer.selection.wins",
            [],
            "data.hedges[0].offer.selection.wins: expected at least one scenario, found none",
        ),
        (
            "hedges.0.offer.selection.wins",
            ["low", "mid", "high"],
            "data.hedges[0].offer.selection.wins: expected a scenario in which it loses",
        ),
        (
            "hedges",
            GOOD["hedges"] * (MAX_HEDGES + 1),
            f"data.hedges: expected at most {MAX_HEDGES} offers, found {MAX_HEDGES + 1}",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(path: str, value: object, said: str) -> None:
    answer = read_opportunity(changed(path, value))

    assert isinstance(answer, Malformed)
    assert said in answer.reason
    assert len(answer.reason) < 1_000


@pytest.mark.parametrize("data", [None, [], "x", 5, {}])
def test_what_is_no_object_is_refused(data: object) -> None:
    answer = read_opportunity(data)

    assert isinstance(answer, Malformed)
    assert answer.reason.startswith("data")


def test_all_that_is_wrong_is_said_at_once() -> None:
    document = changed("stake", "0")
    document["leg_a"]["odds"] = "1"
    document["leg_b"]["selection"]["wins"] = []

    answer = read_opportunity(document)
    assert isinstance(answer, Malformed)
    assert [part.split(":")[0] for part in answer.reason.split("; ")] == [
        "data.stake",
        "data.leg_a.odds",
        "data.leg_b.selection.wins",
        "data.leg_b.selection.wins",
    ]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=9)
    | st.sampled_from(["NaN", "-Infinity", "1e999999999", "2.5", "low"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_PATHS = st.sampled_from(
    [
        "id",
        "detected_ms",
        "event",
        "scenarios",
        "stake",
        "leg_a",
        "leg_b",
        "hedges",
        "leg_a.selection",
        "leg_a.odds",
        "leg_b.fee",
        "leg_a.settlement",
        "leg_b.selection.wins",
        "leg_a.selection.market",
        "hedges.0",
        "hedges.0.offer",
        "hedges.0.strategy",
    ]
)


@given(_JSON)
def test_nothing_raises(data: object) -> None:
    assert isinstance(read_opportunity(data), Malformed)


@given(_PATHS, _JSON)
def test_nothing_raises_with_one_part_replaced(path: str, value: object) -> None:
    assert isinstance(read_opportunity(changed(path, value)), Opportunity | Malformed)


_PRICES = st.decimals("1.01", "10000", places=3)


@given(
    names=st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=2, max_size=6, unique=True),
    split=st.integers(1, 5),
    odds=st.tuples(_PRICES, _PRICES),
    stake=st.decimals("0.01", "1000000", places=2),
)
def test_every_sound_opportunity_is_taken_as_it_is(names, split, odds, stake) -> None:
    split = min(split, len(names) - 1)
    wins = tuple(names[:split]), tuple(names[split:])
    legs = [
        LegOffer(selection=Selection(f"v{index}", "m", "o", wins[index]), odds=odds[index])
        for index in range(2)
    ]
    opportunity = Opportunity(
        id="x",
        detected_ms=1,
        event="",
        scenarios=tuple(names),
        stake=stake,
        leg_a=legs[0],
        leg_b=legs[1],
        hedges=(HedgeOffer(strategy="unwind", offer=legs[1]),),
    )

    assert len(names) <= MAX_SCENARIOS
    assert read_opportunity(msgspec.to_builtins(opportunity)) == opportunity
