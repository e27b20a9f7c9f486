"""
One line per order, folded from cumulative reports that may come twice, late or out of order.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.domain.ledger import (
    LineStatus,
    OrderLine,
    fold,
    mark_absent,
    mark_refused,
    mark_unknown,
)
from xarb_runtime.domain.orders import OrderReport, OrderStatus, Selection

SELECTION = Selection("sx", "m", "over", ("over",))
AMOUNTS = (Decimal(0), Decimal(40), Decimal(100))


def line(**known: Any) -> OrderLine:
    found = OrderLine(
        slot="leg_a",
        client_id="x-1:1:0",
        selection=SELECTION,
        stake=Decimal(100),
        min_odds=Decimal("2.1"),
        fee=Decimal(0),
        sent_ms=1000,
    )
    return msgspec.structs.replace(found, **known)


def report(sequence: int, status: str, filled: Any = 0, **more: Any) -> OrderReport:
    return OrderReport(
        client_id="x-1:1:0",
        sequence=sequence,
        time_ms=2000 + sequence,
        status=OrderStatus(status),
        filled=Decimal(filled),
        odds=Decimal(more.pop("odds", "2.1")) if Decimal(filled) else Decimal(0),
        **more,
    )


reports = st.builds(
    report,
    st.integers(0, 9),
    st.sampled_from([status.value for status in OrderStatus]),
    st.sampled_from(AMOUNTS),
    final=st.booleans(),
)


def unique(many: list[OrderReport]) -> list[OrderReport]:
    """A venue says one thing under one sequence."""
    return list({found.sequence: found for found in many}.values())


def folded(many: list[OrderReport]) -> OrderLine:
    found = line()
    for each in many:
        fold(found, each, each.time_ms)
    return found


def truth(found: OrderLine) -> tuple[Any, ...]:
    return found.status, found.filled, found.odds, found.final, found.sequence


DENIALS = [lambda o: mark_absent(o, "", 5), lambda o: mark_refused(o, "C", "", 5)]

shuffles = st.lists(reports, min_size=1).map(unique)


@given(shuffles.flatmap(lambda many: st.tuples(st.just(many), st.permutations(many))))
def test_the_order_in_which_reports_arrive_does_not_matter(
    orders: tuple[list[OrderReport], list[OrderReport]],
) -> None:
    one, other = (folded(order) for order in orders)

    assert truth(one) == truth(other)


@given(shuffles)
def test_the_newest_report_is_the_truth(many: list[OrderReport]) -> None:
    newest = max(many, key=lambda found: found.sequence)

    assert truth(folded(many)) == (
        LineStatus(newest.status.value), newest.filled, newest.odds, newest.final, newest.sequence,
    )  # fmt: skip


@given(shuffles, reports)
def test_a_report_that_is_heard_twice_says_nothing_the_second_time(
    many: list[OrderReport], again: OrderReport
) -> None:
    found = folded([*many, again])
    before = msgspec.structs.replace(found)

    assert fold(found, again, 9999) == ""
    assert found == before


@given(shuffles)
def test_a_change_of_the_position_is_never_silent(many: list[OrderReport]) -> None:
    found = line()
    for each in many:
        before = (found.filled, found.odds)
        meaning = fold(found, each, 1)
        if (found.filled, found.odds) != before:
            assert meaning not in {"", "repeated", "finalised", "acknowledged"}


MEANINGS = [
    ([report(1, "open")], "acknowledged"),
    ([report(1, "open", 40)], "partially_filled"),
    ([report(1, "open", 40), report(2, "open", 60)], "partially_filled"),
    ([report(1, "filled", 100)], "filled"),
    ([report(1, "cancelled", 40)], "cancelled"),
    ([report(1, "refused")], "refused"),
    ([report(1, "filled", 100), report(2, "reversed")], "reversed"),
    ([report(1, "filled", 100), report(2, "filled", 100, final=True)], "finalised"),
    ([report(1, "filled", 100), report(2, "filled", 100)], "repeated"),
    ([report(1, "open", 40), report(2, "open", 40)], "repeated"),
    ([report(1, "cancelled", 40), report(2, "filled", 100)], "filled"),
    ([report(1, "filled", 100), report(2, "filled", 100, odds="2.2")], "filled"),
    ([report(2, "filled", 100), report(1, "open", 40)], ""),
    # Whatever a venue calls it: we own less than we did.
    ([report(1, "filled", 100), report(2, "open", 40)], "reversed"),
    ([report(1, "open", 40), report(2, "cancelled")], "reversed"),
    ([report(1, "filled", 100), report(2, "filled", 40, final=True)], "reversed"),
]


@pytest.mark.parametrize(("many", "meaning"), MEANINGS)
def test_what_a_report_means(many: list[OrderReport], meaning: str) -> None:
    found = line()
    for each in many[:-1]:
        fold(found, each, 1)

    assert fold(found, many[-1], 2) == meaning


def test_the_first_definite_word_is_timed() -> None:
    found = line()

    fold(found, report(1, "open"), 1500)
    fold(found, report(2, "filled", 100), 1900)

    assert found.answered_ms == 1500


@pytest.mark.parametrize("status", ["filled", "cancelled", "refused", "reversed"])
def test_a_word_in_passing_never_overwrites_a_definite_one(status: str) -> None:
    found = folded([report(1, status, 40 if status != "refused" else 0)])
    before = msgspec.structs.replace(found)

    assert mark_unknown(found) == ""
    assert mark_absent(found, "gone", 1) == ""
    assert mark_refused(found, "CODE", "no", 1) == ""
    assert found == before


def test_unknown_is_in_doubt_and_keeps_what_is_known() -> None:
    found = folded([report(1, "open", 40)])

    assert mark_unknown(found) == "unknown"
    assert (found.status, found.filled, found.in_doubt) == (LineStatus.UNKNOWN, 40, True)


@pytest.mark.parametrize("mark", DENIALS)
def test_an_order_the_venue_never_had_is_dead(mark: Any) -> None:
    for found in (line(), line(status=LineStatus.UNKNOWN)):
        assert mark(found) == "refused"
        assert (found.in_doubt, found.filled, found.final) == (False, 0, True)
        assert found.answered_ms == 5


@pytest.mark.parametrize("mark", DENIALS)
@pytest.mark.parametrize("filled", [0, 40])
def test_a_venue_that_denies_what_it_once_had_is_not_believed(mark: Any, filled: int) -> None:
    found = folded([report(1, "open", filled)])

    assert mark(found) == "unknown"
    assert (found.in_doubt, found.filled) == (True, filled)


@given(shuffles)
def test_what_is_in_doubt_counts_as_filled_when_more_is_sent(many: list[OrderReport]) -> None:
    found = folded(many)

    assert found.as_filled.stake == found.filled
    assert found.as_reserved.stake == (found.stake if found.in_doubt else found.filled)
    assert found.as_reserved.stake == 0 or found.as_reserved.odds > 1
