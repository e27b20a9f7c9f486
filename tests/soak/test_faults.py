"""The schedule of faults: drawn from a seed, and nothing is left out."""

from itertools import islice

from tests.soak.faults import KINDS, RUNTIME_KILLED_AT, VENUE_KILLED, schedule
from xarb_runtime.service.killpoints import KillPoints


def drawn(seed: int, count: int, *, quick: bool = False) -> list:
    return list(islice(schedule(seed, quick=quick), count))


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    assert drawn(1, 60) == drawn(1, 60)
    assert drawn(1, 60) != drawn(2, 60)


def test_every_kind_comes_before_any_comes_again() -> None:
    faults = drawn(3, 3 * len(KINDS))

    for first in range(0, len(faults), len(KINDS)):
        assert {fault.kind for fault in faults[first : first + len(KINDS)]} == set(KINDS)


def test_each_lasts_as_long_as_its_kind_may() -> None:
    for fault in drawn(4, 200):
        shortest, longest = KINDS[fault.kind]
        assert shortest <= fault.lasts <= longest


def test_a_quick_schedule_has_the_same_kinds_in_the_same_order_but_no_long_ones() -> None:
    slow, quick = drawn(5, 30), drawn(5, 30, quick=True)

    assert [fault.kind for fault in slow] == [fault.kind for fault in quick]
    assert all(fault.lasts == KINDS[fault.kind][0] for fault in quick)


def test_kill_points_are_such_that_the_runtime_accepts_and_venues_are_those_there_are() -> None:
    faults = drawn(6, 200)
    points = [fault.detail for fault in faults if fault.kind == RUNTIME_KILLED_AT]
    venues = {fault.detail for fault in faults if fault.kind == VENUE_KILLED}

    assert len(points) > 10
    for point in points:
        KillPoints(point)
    assert venues == {"sx", "azuro"}
