"""What the venue says about an order, and what that amounts to."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.azuro.inside import BETTOR, FOOTBALL, HOME, part
from xarb_runtime.domain.orders import Order, OrderReport, OrderStatus

states, terms, wire = part("states"), part("terms"), part("wire")

UPDATED_MS = 1_790_000_018_904
FINAL_MS = 60_000
STATES = [
    "Created",
    "Placed",
    "Pending",
    "Sent",
    "Accepted",
    "Rejected",
    "PendingCancel",
    "CancelFailed",
    "Canceled",
    "Settled",
    "Frozen",
]


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": f"{BETTOR}_1789999700000",
        "state": "Accepted",
        "betType": "ORDINARY",
        "amount": 10,
        "payout": None,
        "odds": Decimal("1.56"),
        "isFreebet": False,
        "betId": 184467,
        "txHash": "0xab",
        "result": None,
        "createdAt": "2026-09-21T14:13:21.120Z",
        "updatedAt": "2026-09-21T14:13:38.904Z",
        "conditions": [{"conditionId": FOOTBALL, "outcomeId": 29, "price": "1.56"}],
        "meta": None,
        "error": None,
        "errorMessage": None,
    } | changes


def report(now_ms: int = UPDATED_MS, **changes: Any) -> OrderReport:
    read = states.read_row(row(**changes))
    assert read is not None
    return states.report_of(read, "x-1:1:0", now_ms, FINAL_MS)


NOT_YET = {"betId": None, "txHash": None}


@pytest.mark.parametrize(
    ("changes", "status", "filled", "final"),
    [
        ({"state": "Created"} | NOT_YET, "open", 0, False),
        ({"state": "Placed"} | NOT_YET, "open", 0, False),
        ({"state": "Pending"} | NOT_YET, "open", 0, False),
        ({"state": "Sent", "betId": None}, "open", 0, False),
        ({"state": "Accepted", "betId": None}, "open", 0, False),
        ({"state": "Accepted", "odds": None, "conditions": []}, "open", 0, False),
        ({"state": "Accepted", "amount": 0}, "open", 0, False),
        ({"state": "Accepted"}, "filled", 10, False),
        ({"state": "PendingCancel"}, "filled", 10, False),
        ({"state": "CancelFailed"}, "filled", 10, False),
        ({"state": "Frozen"}, "filled", 10, False),
        ({"state": "Frozen"} | NOT_YET, "open", 0, False),
        ({"state": "Settled", "result": "Won"}, "filled", 10, True),
        ({"state": "Settled", "result": "Lost"}, "filled", 10, True),
        ({"state": "Settled", "result": "Canceled"}, "reversed", 0, True),
        ({"state": "Rejected"} | NOT_YET, "refused", 0, True),
        ({"state": "Rejected", "betId": None}, "refused", 0, True),
        ({"state": "Rejected"}, "reversed", 0, True),
        ({"state": "Canceled"} | NOT_YET, "refused", 0, True),
        ({"state": "Canceled", "betId": None}, "reversed", 0, True),
        ({"state": "Canceled"}, "reversed", 0, True),
        ({"state": "Accepted", "result": "Canceled"}, "reversed", 0, True),
        ({"state": "Accepted", "meta": {"status": "Canceled"}}, "reversed", 0, True),
        ({"state": "Canceled", "meta": {"isCashedOut": True}}, "filled", 10, True),
        ({"state": "Accepted", "meta": {"cashout": {"payout": "9"}}}, "filled", 10, True),
    ],
)
def test_each_state_is_what_it_is(
    changes: dict[str, Any], status: str, filled: int, final: bool
) -> None:
    found = report(**changes)

    assert (found.status.value, found.filled, found.final) == (status, filled, final)
    assert found.odds == (Decimal("1.56") if filled else 0)


def test_an_acceptance_is_final_once_it_has_stood() -> None:
    before = report(UPDATED_MS + FINAL_MS - 1)
    after = report(UPDATED_MS + FINAL_MS)

    assert (before.final, after.final) == (False, True)
    assert after.sequence > before.sequence


@pytest.mark.parametrize("state", ["PendingCancel", "CancelFailed", "Frozen"])
def test_nothing_else_becomes_final_by_waiting(state: str) -> None:
    assert not report(UPDATED_MS + 100 * FINAL_MS, state=state).final


def test_an_order_under_way_does_not_become_final_by_waiting() -> None:
    late_ms = UPDATED_MS + 100 * FINAL_MS

    assert not report(late_ms, state="Accepted", betId=None).final


def test_within_a_millisecond_the_stages_count() -> None:
    stages = [
        report(state="Created", **NOT_YET),
        report(state="Placed", **NOT_YET),
        report(state="Sent", betId=None),
        report(state="Accepted", betId=None),
        report(state="Accepted"),
        report(state="PendingCancel"),
        report(state="CancelFailed"),
        report(UPDATED_MS + FINAL_MS, state="Accepted"),
        report(state="Settled", result="Won"),
        report(state="Canceled"),
    ]

    sequences = [one.sequence for one in stages]
    assert sequences == sorted(set(sequences))


def test_an_acknowledgement_is_older_than_anything_looked_up() -> None:
    taken = states.acknowledged("x-1:1:0", "Created", UPDATED_MS)

    assert 0 <= taken.sequence < report(state="Created", **NOT_YET).sequence


@given(
    st.sampled_from(STATES),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "Won", "Lost", "Canceled"]),
    st.sampled_from([0, FINAL_MS]),
)
def test_no_state_is_more_than_it_says(
    state: str, has_bet: bool, has_hash: bool, result: str | None, waited_ms: int
) -> None:
    found = report(
        UPDATED_MS + waited_ms,
        state=state,
        betId=1 if has_bet else None,
        txHash="0xab" if has_hash else None,
        result=result,
    )

    assert found.filled in {0, 10}
    if not has_bet:
        assert found.filled == 0
    if found.status is OrderStatus.REFUSED:
        assert state in {"Rejected", "Canceled"} or result == "Canceled"
        assert not has_bet
    if found.status is OrderStatus.OPEN:
        assert not found.final


def test_what_was_filled_is_read_as_written() -> None:
    read = states.read_row(
        wire.read_json(
            '{"id": "A_1", "state": "Accepted", "amount": 10.33, "odds": 1.1, "betId": 5}'
        )
    )

    assert read is not None
    assert (read.id, read.amount, read.odds, read.bet) == (
        "a_1",
        Decimal("10.33"),
        Decimal("1.1"),
        "5",
    )


def test_the_price_of_the_leg_stands_in_for_missing_odds() -> None:
    assert report(odds=None).odds == Decimal("1.56")


def test_the_words_of_a_refusal_are_kept() -> None:
    found = report(state="Rejected", error="TooHighStake", errorMessage="too much", **NOT_YET)

    assert (found.code, found.reason) == ("TooHighStake", "too much")


@pytest.mark.parametrize("body", [None, [], "no", {}, {"id": "x"}, {"state": "Accepted"}, 5])
def test_what_is_no_order_is_none(body: object) -> None:
    assert states.read_row(body) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "ten"},
        {"amount": None},
        {"odds": True},
        {"conditions": "none"},
        {"conditions": [None, 5]},
        {"meta": []},
        {"updatedAt": 5},
        {"betId": {}},
        {"updatedAt": None, "createdAt": None},
        {"amount": "NaN"},
        {"odds": "Infinity"},
    ],
)
def test_a_member_that_is_not_what_was_described_does_not_stop_the_reader(
    changes: dict[str, Any],
) -> None:
    assert report(**changes).sequence >= 0


def test_an_order_under_our_number_that_is_not_ours_is_noticed() -> None:
    order = Order(
        client_id="x",
        selection=HOME,
        stake=Decimal(10),
        min_odds=Decimal("1.5"),
        reduces=False,
        expires_ms=1_790_000_000_000,
    )
    ours = terms.terms_of(order, 6, 30_000)

    assert states.read_row(row()).is_of(ours)
    other = [{"conditionId": FOOTBALL, "outcomeId": 30}]
    assert not states.read_row(row(conditions=other)).is_of(ours)
