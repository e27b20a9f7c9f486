"""Each invariant holds where it should, and is shown to fail where it must."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from xarb_runtime.domain.ledger import LineStatus, OrderLine
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.orders import Selection
from xarb_runtime.domain.steps import Command, Exposure, Status
from xarb_runtime.simulation import invariants
from xarb_runtime.simulation.invariants import Known
from xarb_runtime.simulation.recording import CallFact, MessageFact, VenueOrder

OVER, UNDER = ("over",), ("under",)


def line(number: int = 1, slot: str = "leg_a", **changes: Any) -> OrderLine:
    usual: dict[str, Any] = {
        "slot": slot,
        "client_id": f"x-1:{number}:0",
        "selection": Selection("sx", "m", "over", OVER),
        "stake": Decimal(100),
        "min_odds": Decimal(2),
        "fee": Decimal(0),
        "sent_ms": 0,
        "status": LineStatus.FILLED,
        "filled": Decimal(100),
    }
    return OrderLine(**{**usual, **changes})


def order(number: int = 1, **changes: Any) -> VenueOrder:
    usual: dict[str, Any] = {
        "venue": "sx",
        "client_id": f"x-1:{number}:0",
        "stake": Decimal(100),
        "filled": Decimal(100),
        "odds": Decimal("2.1"),
        "wins": OVER,
        "status": "filled",
    }
    return VenueOrder(**{**usual, **changes})


COVER = order(2, venue="azuro", odds=Decimal("2.1"), wins=UNDER)
COVERED = Known(
    execution="x-1",
    status=Status.FINAL,
    exposure=Exposure.HEDGED,
    ledger=(line(1), line(2, "leg_b")),
    scenarios=("over", "under"),
    limits=Limits(),
    orders=(order(1), COVER),
    placed=(("sx", "x-1:1:0", 1), ("azuro", "x-1:2:0", 1)),
)
COMMANDS = {key: Command(key, "venue", "place", {"stake": "100"}) for key in ("x-1:1:0", "x-1:2:0")}


def but(**changes: Any) -> Known:
    """The covered execution, changed."""
    return msgspec.structs.replace(COVERED, **changes)


def intent(known: Known) -> Iterator[str]:
    return invariants.one_order_per_intent(known, COMMANDS)


LAWS: list[Callable[[Known], Iterator[str]]] = [
    *invariants.AFTER_EVERY_STEP.values(),
    intent,
    invariants.ledger_is_true,
]


@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_found_where_all_is_well(law: Callable[[Known], Iterator[str]]) -> None:
    assert list(law(COVERED)) == []


def test_an_order_that_was_sent_twice_is_found() -> None:
    assert list(intent(but(placed=(("sx", "x-1:1:0", 2),)))) == ["x-1:1:0 was sent to sx 2 times"]


def test_an_order_that_was_sent_to_two_venues_is_found() -> None:
    both = (("sx", "x-1:1:0", 1), ("azuro", "x-1:1:0", 1))

    assert list(intent(but(placed=both))) == ["x-1:1:0 was sent to sx and to azuro"]


def test_a_leg_that_was_taken_twice_is_found() -> None:
    twice = but(ledger=(line(1), line(2)), orders=(order(1), order(2)))

    assert list(intent(twice)) == ["leg_a was taken as x-1:1:0 and as x-1:2:0"]


def test_two_hedges_one_after_the_other_are_no_second_order_for_one_intent() -> None:
    chain = but(ledger=(line(1, "hedge"), line(2, "hedge")), orders=(order(1), order(2)))

    assert list(intent(chain)) == []


def test_a_venue_that_has_another_stake_than_was_committed_is_found() -> None:
    more = but(orders=(order(1, stake=Decimal(200)),))

    assert list(intent(more)) == ["x-1:1:0 asked for 100, sx has 200"]


def test_two_orders_that_may_both_still_fill_are_found() -> None:
    both = but(orders=(order(1, status="open"), order(2, status="open")))

    assert list(invariants.one_risk_at_a_time(both)) == [
        "x-1: x-1:1:0 and x-1:2:0 are open at the same time"
    ]


def test_two_open_orders_are_allowed_where_a_setting_says_so() -> None:
    limits = Limits(hedge_before_known=True)
    both = but(orders=(order(1, status="open"), order(2, status="open")), limits=limits)

    assert list(invariants.one_risk_at_a_time(both)) == []


def test_an_end_with_an_order_that_may_still_fill_is_found() -> None:
    still_open = but(orders=(order(1, status="open", filled=Decimal(0)),))

    found = list(invariants.no_silent_exposure(still_open))

    assert found == ["x-1 has ended and x-1:1:0 may still fill"]


def test_an_end_that_calls_itself_flat_and_is_not_is_found() -> None:
    flat = but(exposure=Exposure.FLAT)

    assert "x-1 has ended flat and x-1:1:0, x-1:2:0 is filled" in list(
        invariants.no_silent_exposure(flat)
    )


def test_an_end_on_one_leg_is_found() -> None:
    naked = but(orders=(order(1),))

    assert list(invariants.no_silent_exposure(naked)) == [
        "x-1 has ended and stands to lose 100 of 100"
    ]


def test_an_end_on_one_leg_that_a_person_was_told_of_is_none() -> None:
    told = but(orders=(order(1),), incidents=("exposed",))

    assert list(invariants.no_silent_exposure(told)) == []


def test_an_execution_in_flight_may_stand_on_one_leg() -> None:
    in_flight = but(orders=(order(1),), status=Status.RUNNING)

    assert list(invariants.no_silent_exposure(in_flight)) == []


def test_unwinding_may_cost_more_than_hedging() -> None:
    cheap = order(2, venue="sx", odds=Decimal("1.85"), stake=Decimal(114), filled=Decimal(114),
                  wins=UNDER)  # fmt: skip
    orders = (order(1, odds=Decimal("2.02")), cheap)
    hedged = but(orders=orders, ledger=(line(1), line(2, "hedge", strategy="total")))
    unwound = but(orders=orders, ledger=(line(1), line(2, "hedge", strategy="unwind")))

    assert list(invariants.no_silent_exposure(hedged))
    assert not list(invariants.no_silent_exposure(unwound))


def test_fees_count_in_the_worst_case() -> None:
    dear = but(ledger=(line(1, fee=Decimal("0.5")), line(2, "leg_b", fee=Decimal("0.5"))))

    assert invariants.worst_by_books(COVERED) == Decimal(10)
    assert invariants.worst_by_books(dear) == Decimal(-45)


def test_a_call_before_its_commit_is_found() -> None:
    call = CallFact(at_ms=5, venue="sx", what="place", client_id="x-1:1:0")

    assert list(invariants.committed_before_sent([call], {"x-1:1:0": 5})) == []
    assert list(invariants.committed_before_sent([call], {"x-1:1:0": 6})) == [
        "sx place x-1:1:0 was sent before it was committed"
    ]


def test_a_call_that_was_never_committed_is_found() -> None:
    call = CallFact(at_ms=5, venue="sx", what="cancel", client_id="x-1:1:0")

    assert list(invariants.committed_before_sent([call], {}))


def test_timers_after_the_end_are_found() -> None:
    assert list(invariants.ended_is_ended(but(timers=2))) == ["x-1 has ended with 2 timers pending"]


def test_a_step_after_the_end_is_found() -> None:
    assert list(invariants.no_step_after_the_end("x-1", None, 9)) == []
    assert list(invariants.no_step_after_the_end("x-1", 9, 9)) == []
    assert list(invariants.no_step_after_the_end("x-1", 9, 10)) == [
        "x-1 ended with step 9 and made step 10"
    ]


@pytest.mark.parametrize("status", ["open", "filled", "cancelled"])
def test_an_order_that_counts_as_refused_and_is_not_is_found(status: str) -> None:
    wrong = but(ledger=(line(1, status=LineStatus.REFUSED),), orders=(order(1, status=status),))

    assert list(invariants.unknown_is_not_refused(wrong)) == [
        f"x-1:1:0 counts as refused, sx has it {status}"
    ]


@pytest.mark.parametrize("status", [LineStatus.CANCELLED, LineStatus.FILLED])
def test_an_order_that_counts_as_dead_and_may_still_fill_is_found(status: LineStatus) -> None:
    wrong = but(ledger=(line(1, status=status),), orders=(order(1, status="open"),))

    assert list(invariants.unknown_is_not_refused(wrong)) == [
        f"x-1:1:0 counts as {status}, sx has it open"
    ]


@pytest.mark.parametrize("status", [LineStatus.UNKNOWN, LineStatus.SENT, LineStatus.OPEN])
def test_an_order_in_doubt_claims_nothing(status: LineStatus) -> None:
    doubtful = but(ledger=(line(1, status=status),), orders=(order(1, status="open"),))

    assert list(invariants.unknown_is_not_refused(doubtful)) == []


def test_a_ledger_that_believes_in_another_fill_is_found() -> None:
    assert list(invariants.ledger_is_true(but(orders=(order(1, filled=Decimal(60)), COVER)))) == [
        "x-1:1:0: 100 is believed filled, sx has 60"
    ]


def test_a_fill_that_no_venue_has_is_found() -> None:
    assert list(invariants.ledger_is_true(but(orders=(COVER,)))) == [
        "x-1:1:0: 100 is believed filled, sx has 0"
    ]


def test_an_order_that_the_ledger_does_not_have_is_found() -> None:
    stranger = order(9, filled=Decimal(0))

    assert list(invariants.ledger_is_true(but(orders=(order(1), COVER, stranger)))) == [
        "x-1:9:0 is at sx and not in the ledger"
    ]


MESSAGE = MessageFact(at_ms=0, source="engine", id="m", execution="x-m", acknowledged_ms=5, times=1)


def test_an_acknowledged_message_that_is_not_on_disk_is_found() -> None:
    assert list(invariants.acknowledged_is_on_disk([MESSAGE], {("bus:engine", "m")})) == []
    assert list(invariants.acknowledged_is_on_disk([MESSAGE], set())) == [
        "message m was acknowledged and is not in the journal"
    ]


def test_a_message_that_nobody_acknowledged_and_that_does_not_wait_is_found() -> None:
    lost = msgspec.structs.replace(MESSAGE, acknowledged_ms=None)

    assert list(invariants.no_message_lost([lost], 0, 1)) == []
    assert list(invariants.no_message_lost([lost], 0, 0)) == [
        "1 messages were not acknowledged (m), and 0 wait"
    ]


def test_rubbish_that_was_acknowledged_and_is_no_dead_letter_is_found() -> None:
    rubbish = MessageFact(at_ms=0, acknowledged_ms=1, times=1)

    assert list(invariants.no_message_lost([rubbish], 1, 0)) == []
    assert list(invariants.no_message_lost([rubbish], 0, 0)) == [
        "1 messages could not be read, 0 are dead letters"
    ]


def test_a_secret_is_found_and_not_repeated() -> None:
    found = list(invariants.no_secret(["all is well", "token hunter2!"], ["hunter2!", ""]))

    assert found == ["line 2 of 14 characters holds a secret"]
