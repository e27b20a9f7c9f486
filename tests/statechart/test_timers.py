"""
Timers are data: deadlines in the snapshot, and events that say which of them has passed.
"""

import msgspec

from tests.statechart.tally import good, happened
from tests.statechart.test_engine import run
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Outcome, Snapshot, Timer
from xarb_runtime.statechart.engine import step

CLOCKWORK = good("clockwork")


def passed(timer: Timer, **changes: object) -> Event:
    """The event of a timer that is due."""
    event = Event(
        id=f"x-1:{timer.id}:{timer.armed_seq}",
        source="timer",
        type=timer.event,
        time_ms=timer.due_ms,
        execution="x-1",
        data={"timer": timer.id, "armed_seq": timer.armed_seq},
    )
    return msgspec.structs.replace(event, **changes)


def waiting() -> Snapshot:
    return run(CLOCKWORK, "begin").after


def bell(snapshot: Snapshot) -> Timer:
    return next(timer for timer in snapshot.timers if timer.id == "bell")


def test_a_delayed_send_arms_a_timer_relative_to_the_event() -> None:
    taken = run(CLOCKWORK, "begin")

    assert taken.armed == (
        Timer("bell", "ring", 1250, 1),
        Timer("late", "ring.late", 3000, 1),
    )
    assert taken.after.timers == taken.armed


def test_a_timer_without_an_id_goes_by_its_event_and_knows_parts_of_a_second() -> None:
    taken = run(CLOCKWORK, "begin", "nameless")

    assert taken.armed == (Timer("ring.late", "ring.late", 3001, 2),)


def test_a_delay_may_be_in_hours_and_may_be_nothing() -> None:
    assert run(CLOCKWORK, "begin", "again").armed == (Timer("bell", "ring", 3_602_000, 2),)
    assert run(CLOCKWORK, "begin", "now").armed == (Timer("bell", "ring", 2000, 2),)


def test_arming_a_timer_again_replaces_it() -> None:
    taken = run(CLOCKWORK, "begin", "again")

    assert [timer.id for timer in taken.after.timers] == ["bell", "late"]
    assert taken.cancelled == (Timer("bell", "ring", 1250, 1),)


def test_a_cancelled_timer_is_gone_and_cancelling_it_again_is_no_error() -> None:
    once = run(CLOCKWORK, "begin", "mute")
    twice = run(CLOCKWORK, "begin", "mute", "mute")

    assert once.cancelled == (Timer("bell", "ring", 1250, 1),)
    assert (twice.outcome, twice.cancelled) == (Outcome.MOVED, ())


def test_leaving_and_entering_again_gives_new_timers() -> None:
    taken = run(CLOCKWORK, "begin", "swap")

    assert [timer.armed_seq for timer in taken.armed] == [2, 2]
    assert [timer.armed_seq for timer in taken.cancelled] == [1, 1]


def test_a_timer_that_fires_is_used_up() -> None:
    snapshot = waiting()

    fired = step(CLOCKWORK, snapshot, passed(bell(snapshot)))
    again = step(CLOCKWORK, fired.after, passed(bell(snapshot)))

    assert (fired.outcome, fired.signal) == (Outcome.MOVED, "ring")
    assert fired.cancelled == (bell(snapshot),)
    assert [timer.id for timer in fired.after.timers] == ["late"]
    assert (again.outcome, again.after) == (Outcome.STALE, fired.after)


def test_a_timer_that_was_replaced_is_stale() -> None:
    snapshot = run(CLOCKWORK, "begin", "again").after

    stale = step(CLOCKWORK, snapshot, passed(bell(waiting())))

    assert (stale.outcome, stale.signal) == (Outcome.STALE, "")
    assert stale.after is snapshot


def test_a_timer_event_counts_only_for_the_timer_as_it_was_armed() -> None:
    snapshot = waiting()
    timer = bell(snapshot)

    for forged in (
        passed(timer, type="ring.late"),
        passed(timer, data={"timer": "bell"}),
        passed(timer, data={"timer": "no_such", "armed_seq": 1}),
        passed(timer, data={}),
        passed(timer, data={"timer": ["bell"], "armed_seq": 1}),
    ):
        assert step(CLOCKWORK, snapshot, forged).outcome is Outcome.STALE


def test_a_timer_that_nobody_wants_any_more_is_used_up_all_the_same() -> None:
    snapshot = waiting()
    timer = Timer("odd", "odd.event", 5, 1)
    with_odd = msgspec.structs.replace(snapshot, timers=(*snapshot.timers, timer))

    fired = step(CLOCKWORK, with_odd, passed(timer))

    assert fired.outcome is Outcome.UNEXPECTED
    assert fired.after.timers == snapshot.timers


def test_timers_inside_conditions_are_timers_too() -> None:
    armed = run(CLOCKWORK, "begin", happened("maybe", 2000, count=2))
    cancelled = run(CLOCKWORK, "begin", happened("maybe", 2000, count=1))

    assert [timer.due_ms for timer in armed.armed] == [2005]
    assert [timer.id for timer in cancelled.cancelled] == ["late"]


def test_a_timer_armed_and_cancelled_in_one_step_is_not_told() -> None:
    stopped = run(CLOCKWORK, "begin", "wound")

    assert stopped.armed == ()
