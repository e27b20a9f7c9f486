"""What is due happens in order, at its own time, whoever looks and whenever."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.azuro.outside import START_MS, HandClock
from xarb_plugins.azuro.fake.agenda import Agenda


@given(
    dues=st.lists(st.integers(0, 100), max_size=20), steps=st.lists(st.integers(1, 60), min_size=1)
)
def test_everything_happens_once_in_order_and_at_its_time(
    dues: list[int], steps: list[int]
) -> None:
    clock = HandClock()
    agenda = Agenda(clock)
    happened: list[tuple[int, int, int]] = []
    for number, due in enumerate(dues):
        agenda.at(
            START_MS + due,
            lambda due=due, number=number: happened.append((due, number, agenda.now_ms)),
        )

    passed = 0
    for step in steps:
        clock.move(step)
        passed += step
        agenda.advance()

    expected = sorted((due, number) for number, due in enumerate(dues) if due <= passed)
    assert [(due, number) for due, number, _ in happened] == expected
    assert all(now_ms == START_MS + due for due, _, now_ms in happened)


def test_what_is_due_may_have_a_sequel() -> None:
    clock = HandClock()
    agenda = Agenda(clock)
    happened: list[int] = []

    def again() -> None:
        happened.append(agenda.now_ms - START_MS)
        agenda.at(agenda.now_ms + 10, again)

    agenda.at(START_MS + 10, again)
    clock.move(35)
    agenda.advance()

    assert happened == [10, 20, 30]
    assert agenda.now_ms == START_MS + 35


async def test_it_looks_by_itself_also_for_what_is_added_later() -> None:
    clock = HandClock()
    agenda = Agenda(clock)
    late, early = asyncio.Event(), asyncio.Event()
    running = asyncio.ensure_future(agenda.run())
    agenda.at(START_MS + 100, late.set)
    await clock.someone_sleeps.wait()
    agenda.at(START_MS + 50, early.set)

    clock.move(50)
    await early.wait()
    assert not late.is_set()
    clock.move(50)
    await late.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_fails_is_not_hidden() -> None:
    clock = HandClock()
    agenda = Agenda(clock)

    def fails() -> None:
        raise LookupError("broken")

    agenda.at(START_MS, fails)

    with pytest.raises(LookupError, match="broken"):
        await agenda.run()
    assert agenda.now_ms == START_MS
