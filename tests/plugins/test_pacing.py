"""
No window ever holds more requests than the limit, and who is told to wait waits.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.plugins.pacing import NoTurnError, Pace


class Clock:
    """Sleeping moves it on; nothing else does."""

    def __init__(self) -> None:
        self.time_ms = 1_000

    def now_ms(self) -> int:
        return self.time_ms

    async def sleep_ms(self, milliseconds: int) -> None:
        self.time_ms += milliseconds


def most_in_a_window(sent: list[int], window_ms: int) -> int:
    return max(sum(begin <= it < begin + window_ms for it in sent) for begin in sent)


@given(
    limit=st.integers(2, 6),
    kept=st.integers(0, 1),
    window_ms=st.integers(10, 500),
    pauses=st.lists(st.tuples(st.integers(0, 120), st.booleans()), min_size=1, max_size=40),
)
def test_no_window_holds_more_than_the_limit(
    limit: int, kept: int, window_ms: int, pauses: list[tuple[int, bool]]
) -> None:
    clock = Clock()
    pace = Pace(clock, limit, window_ms, kept=kept)
    sent: list[int] = []
    ordinary: list[int] = []

    async def play() -> None:
        for pause_ms, urgent in pauses:
            clock.time_ms += pause_ms
            await pace.turn(urgent=urgent)
            sent.append(clock.time_ms)
            ordinary.extend([] if urgent else [clock.time_ms])

    asyncio.run(play())

    assert most_in_a_window(sent, window_ms) <= limit
    if ordinary:
        assert most_in_a_window(ordinary, window_ms) <= limit - kept


async def test_what_is_urgent_has_a_share_of_its_own() -> None:
    clock = Clock()
    pace = Pace(clock, 3, 1_000, kept=1)
    for _ in range(2):
        await pace.turn()

    assert pace.wait_ms() == 1_000
    assert pace.wait_ms(urgent=True) == 0
    assert pace.left() == 1


async def test_nothing_is_sent_before_the_venue_says_so_again() -> None:
    clock = Clock()
    pace = Pace(clock, 10, 1_000)
    pace.hold(7_000)

    assert pace.left() == 0
    await pace.turn(urgent=True)

    assert clock.time_ms == 8_000
    assert pace.left() == 9


@pytest.mark.parametrize(("limit", "kept", "window_ms"), [(0, 0, 1), (2, 2, 1), (2, 0, 0)])
def test_a_pace_that_lets_nothing_pass_is_refused(limit: int, kept: int, window_ms: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Pace(Clock(), limit, window_ms, kept=kept)


async def test_a_request_leaves_as_many_for_others_as_it_says() -> None:
    clock = Clock()
    pace = Pace(clock, 10, 1_000)
    for leave, may in ((6, 4), (2, 4), (0, 2)):
        assert pace.left(leave=leave) == may
        for _ in range(may):
            await pace.turn(leave=leave)
        assert pace.left(leave=leave) == 0
        assert pace.wait_ms(leave=leave) == 1_000
    assert clock.now_ms() == 1_000


async def test_whoever_leaves_everything_has_a_turn_all_the_same() -> None:
    clock = Clock()
    pace = Pace(clock, 2, 1_000)
    await pace.turn(leave=2)

    assert clock.now_ms() == 1_000
    assert pace.wait_ms(leave=2) == 1_000


async def test_who_cannot_wait_so_long_has_no_turn_and_counts_for_none() -> None:
    clock = Clock()
    pace = Pace(clock, 2, 1_000)
    await pace.turn(leave=1)
    clock.time_ms += 600
    with pytest.raises(NoTurnError, match="2 requests in 1000 ms is used up for another 400 ms"):
        await pace.turn(leave=1, within_ms=399)
    assert (clock.now_ms(), pace.left()) == (1_600, 1)
    await pace.turn(leave=1, within_ms=400)

    assert clock.now_ms() == 2_000
