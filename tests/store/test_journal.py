"""
What one commit writes.
"""

import json

import msgspec
import pytest

from tests.store.factories import (
    NOW,
    command,
    event,
    failed,
    incident,
    snapshot,
    stale,
    step,
    timer,
    trade,
)
from tests.store.world import Store
from xarb_runtime.domain.ledger import LineStatus
from xarb_runtime.domain.steps import Exposure, Outcome, Status, Transition
from xarb_runtime.store.batch import (
    Answer,
    Batch,
    ChartText,
    Closure,
    DeadLetter,
    OperatorAction,
    Received,
    Replay,
)
from xarb_runtime.store.errors import JournalBroken, StoreError
from xarb_runtime.store.journal import Journal


async def test_a_step_is_an_event_its_transitions_its_commands_and_the_new_snapshot(
    store: Store, journal: Journal
) -> None:
    moved = step(
        transitions=(
            Transition("/t/0", "leg_a.filled", "a", "b"),
            Transition("/t/1", "", "b", "c"),
        ),
        commands=(command(index=0), command(index=1, name="quote")),
    )

    await journal.commit(Batch(steps=[moved]))

    columns = "source, id, type, execution, time_ms, data, outcome, signal, seq, detail"
    assert store.rows(f"SELECT {columns} FROM events") == [
        (
            *("venue:sx", "x-1/1", "order.report", "x-1", NOW + 1, '{"filled":"10.50"}'),
            *("moved", "leg_a.filled", 1, ""),
        )
    ]
    columns = "execution, seq, idx, event, signal, path, source, target, exposure, time_ms"
    assert store.rows(f"SELECT {columns} FROM transitions ORDER BY id") == [
        ("x-1", 1, 0, "order.report", "leg_a.filled", "/t/0", "a", "b", "flat", NOW + 1),
        ("x-1", 1, 1, "order.report", "", "/t/1", "b", "c", "flat", NOW + 1),
    ]
    columns = "key, execution, seq, idx, target, name, params, issued_ms, status"
    assert store.rows(f"SELECT {columns} FROM commands ORDER BY idx") == [
        ("x-1:1:0", "x-1", 1, 0, "venue", "place", '{"stake":"10.50"}', NOW + 1, "open"),
        ("x-1:1:1", "x-1", 1, 1, "venue", "quote", '{"stake":"10.50"}', NOW + 1, "open"),
    ]
    ((written,),) = store.rows("SELECT snapshot FROM executions")
    assert written == msgspec.json.encode(moved.after)


async def test_only_the_newest_snapshot_of_a_batch_is_kept_with_the_time_of_the_first(
    store: Store, journal: Journal
) -> None:
    await journal.commit(Batch(steps=[step(seq=1), step(seq=2), step("x-2"), step(seq=3)]))

    query = "SELECT id, seq, started_ms, updated_ms FROM executions ORDER BY id"
    assert store.rows(query) == [("x-1", 3, NOW + 1, NOW + 3), ("x-2", 1, NOW + 1, NOW + 1)]


async def test_the_time_of_the_first_step_stays(store: Store, journal: Journal) -> None:
    for seq in (1, 2):
        await journal.commit(Batch(steps=[step(seq=seq)]))

    assert store.rows("SELECT started_ms, updated_ms FROM executions") == [(NOW + 1, NOW + 2)]


async def test_lists_show_title_and_reason_of_the_context(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[step()]))

    assert store.rows("SELECT title, reason FROM executions") == [
        ("Ghosts - Spirits", "leg_b refused")
    ]


@pytest.mark.parametrize("context", [{"reason": 3}, {"admission": None}, {}])
async def test_a_context_that_means_something_else_by_these_names_is_stored_all_the_same(
    store: Store, journal: Journal, context: dict[str, object]
) -> None:
    await journal.commit(Batch(steps=[step(before=snapshot(context=context))]))

    assert store.rows("SELECT title, reason FROM executions") == [("", "")]


async def test_a_stale_event_is_only_remembered(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[stale()]))

    found = {table: number for table, number in store.counts().items() if number}
    assert found == {"events": 1}
    assert store.rows("SELECT outcome FROM events") == [("stale",)]


@pytest.mark.parametrize("outcome", [Outcome.IGNORED, Outcome.UNEXPECTED])
async def test_a_step_that_moves_nothing_is_in_the_timeline(
    store: Store, journal: Journal, outcome: Outcome
) -> None:
    await journal.commit(Batch(steps=[step(outcome=outcome, transitions=(), commands=())]))

    columns = "seq, idx, signal, outcome, path, source, target"
    assert store.rows(f"SELECT {columns} FROM transitions") == [
        (1, 0, "leg_a.filled", outcome.value, "", "a_placing", "")
    ]


async def test_a_failed_step_says_why_and_quarantines(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[failed()]))

    detail = "ZeroDivisionError: division by zero at /states/a/transitions/0/cond"
    assert store.rows("SELECT outcome, detail FROM events") == [("failed", detail)]
    assert store.rows("SELECT status FROM executions") == [("quarantined",)]
    assert store.rows("SELECT path, outcome FROM transitions") == [("", "failed")]


async def test_invariants_that_do_not_hold_are_written_down(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(steps=[step(violated=("aborted but not flat", "twice"))]))

    assert store.rows("SELECT detail FROM events") == [
        ("violated: aborted but not flat\nviolated: twice",)
    ]


# -- Timers --------------------------------------------------------------------------------------


def timers_of(store: Store) -> list[tuple[object, ...]]:
    return store.rows("SELECT execution, id, due_ms, armed_seq FROM timers ORDER BY id")


async def test_timers_follow_the_newest_snapshot(store: Store, journal: Journal) -> None:
    none = snapshot(seq=0)
    two = snapshot(seq=1, timers=(timer("a"), timer("b")))
    moved = snapshot(seq=2, timers=(timer("b", due_ms=NOW + 9, armed_seq=2),))

    await journal.commit(Batch(steps=[step(before=none, after=two)]))
    assert timers_of(store) == [("x-1", "a", NOW + 800, 1), ("x-1", "b", NOW + 800, 1)]

    await journal.commit(Batch(steps=[step(seq=2, before=two, after=moved)]))
    assert timers_of(store) == [("x-1", "b", NOW + 9, 2)]


async def test_timers_armed_before_the_first_step_are_written_with_it(
    store: Store, journal: Journal
) -> None:
    """Entering the initial state may arm one; the first snapshot on disk is that of step 1."""
    initial = snapshot(seq=0, timers=(timer("a", armed_seq=0),))
    after = msgspec.structs.replace(initial, seq=1)

    await journal.commit(Batch(steps=[step(before=initial, after=after)]))

    assert timers_of(store) == [("x-1", "a", NOW + 800, 0)]


async def test_a_timer_armed_and_cancelled_in_one_batch_leaves_no_trace(
    store: Store, journal: Journal
) -> None:
    armed, gone = snapshot(seq=1, timers=(timer(),)), snapshot(seq=2)
    first, second = step(seq=1, after=armed), step(seq=2, before=armed, after=gone)

    await journal.commit(Batch(steps=[first, second]))

    assert timers_of(store) == []


async def test_a_timer_cancelled_early_in_a_batch_is_gone(store: Store, journal: Journal) -> None:
    armed = snapshot(seq=1, timers=(timer(),))
    await journal.commit(Batch(steps=[step(after=armed)]))

    await journal.commit(
        Batch(steps=[step(seq=2, before=armed, after=snapshot(seq=2)), step(seq=3)])
    )

    assert timers_of(store) == []


# -- Answers, trades, incidents and the rest -----------------------------------------------------


async def test_the_first_answer_to_a_command_stays(store: Store, journal: Journal) -> None:
    def answer(kind: str, at: int) -> Answer:
        return Answer(key="x-1:1:0", answered_ms=at, type=kind, detail="d")

    await journal.commit(Batch(steps=[step()], answers=[answer("order.unknown", NOW + 5)]))
    await journal.commit(Batch(answers=[answer("order.report", NOW + 9)]))

    columns = "status, answered_ms, answer_type, answer_detail"
    assert store.rows(f"SELECT {columns} FROM commands") == [
        ("done", NOW + 5, "order.unknown", "d")
    ]


async def test_a_reversal_renews_the_trade(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(trades=[trade(), trade("x-2:1:0", accept_ms=None)]))
    await journal.commit(Batch(trades=[trade(status=LineStatus.REVERSED, at_ms=NOW + 9_000)]))

    query = "SELECT client_id, stake, filled, status, accept_ms, at_ms FROM trades ORDER BY 1"
    assert store.rows(query) == [
        ("x-1:1:0", "100.00", "60.10", "reversed", 120, NOW + 9_000),
        ("x-2:1:0", "100.00", "60.10", "cancelled", None, NOW + 800),
    ]


async def test_an_incident_opens_once_and_closes_once(store: Store, journal: Journal) -> None:
    def closure(by: str) -> Closure:
        return Closure(id="x-1:4:0", closed_ms=NOW + 60_000, closed_by=by, note="unwound by hand")

    await journal.commit(Batch(incidents=[incident()]))
    await journal.commit(Batch(incidents=[incident(reason="again")], closures=[closure("ann")]))
    await journal.commit(Batch(closures=[closure("bob")]))

    columns = "kind, severity, reason, exposure, opened_ms, closed_ms, closed_by, note"
    assert store.rows(f"SELECT {columns} FROM incidents") == [
        (
            *("exposed", "critical", "no hedge worked", "one_leg"),
            *(NOW, NOW + 60_000, "ann", "unwound by hand"),
        )
    ]


async def test_events_without_a_step_are_remembered_with_what_became_of_them(
    store: Store, journal: Journal
) -> None:
    late = Received(event=event("x-9"), outcome="too_old", detail="2.1s old")

    await journal.commit(Batch(events=[late]))

    assert store.rows("SELECT execution, outcome, signal, seq, detail FROM events") == [
        ("x-9", "too_old", "", None, "2.1s old")
    ]


async def test_actions_letters_and_charts_are_written(store: Store, journal: Journal) -> None:
    chart = ChartText(hash="c0ffee", name="cross_venue", version=1, text="a: b", stored_ms=NOW)
    action = OperatorAction(
        time_ms=NOW, operator="ann", action="pause", target="supervisor", detail={"why": "lunch"}
    )
    letter = DeadLetter(received_ms=NOW, source="bus:engine", reason="not JSON", body=b"\xff{")

    await journal.commit(Batch(charts=[chart, chart], actions=[action], dead_letters=[letter]))
    await journal.commit(Batch(charts=[chart], replays=[Replay(id=1, replayed_ms=NOW + 1)]))

    assert store.rows("SELECT * FROM charts") == [("c0ffee", "cross_venue", 1, "a: b", NOW)]
    assert store.rows("SELECT * FROM operator_actions") == [
        (
            1,
            NOW,
            "ann",
            "pause",
            "supervisor",
            json.dumps({"why": "lunch"}, separators=(",", ":")),
            "",
        )
    ]
    assert store.rows("SELECT * FROM dead_letters") == [
        (1, NOW, "bus:engine", "not JSON", b"\xff{", NOW + 1)
    ]


async def test_a_replay_of_a_letter_that_is_not_there_fails(store: Store, journal: Journal) -> None:
    with pytest.raises(StoreError, match="expected 1 rows, found 0"):
        await journal.commit(Batch(replays=[Replay(id=7, replayed_ms=NOW)]))


async def test_an_empty_batch_writes_nothing_but_the_lease(store: Store, journal: Journal) -> None:
    store.let_pass(9_000)
    assert store.lease_lasts_ms() <= 1_000

    await journal.commit(Batch())

    assert not any(store.counts().values())
    assert 1_000 < store.lease_lasts_ms() <= 10_000


# -- Seen ----------------------------------------------------------------------------------------


async def test_seen_returns_the_pairs_that_are_in_the_inbox(journal: Journal) -> None:
    await journal.commit(Batch(steps=[step(), stale("x-2", 7)]))

    pairs = [("venue:sx", "x-1/1"), ("venue:az", "x-1/1"), ("venue:sx", "x-2/7"), ("", "")]
    assert await journal.seen(pairs) == {("venue:sx", "x-1/1"), ("venue:sx", "x-2/7")}
    assert await journal.seen([]) == set()


async def test_seen_takes_any_number_of_pairs(journal: Journal) -> None:
    numbers = range(2_500)
    await journal.commit(Batch(events=[Received(event=event(number=2_400), outcome="late")]))

    assert await journal.seen([("venue:sx", f"x-1/{n}") for n in numbers]) == {
        ("venue:sx", "x-1/2400")
    }


# -- Faults of the caller ------------------------------------------------------------------------


async def test_a_value_that_is_not_json_breaks_the_journal(store: Store, journal: Journal) -> None:
    wrong = step(commands=(command(params={"when": object()}),))

    with pytest.raises(TypeError):
        await journal.commit(Batch(steps=[wrong]))

    with pytest.raises(JournalBroken, match="one failed: Encoding objects of type object"):
        await journal.renew()
    assert not any(store.counts().values())


async def test_every_status_and_exposure_is_written_as_its_word(
    store: Store, journal: Journal
) -> None:
    after = snapshot("x-1", 1, status=Status.FINAL, exposure=Exposure.ONE_LEG, leaves=("a", "b"))

    await journal.commit(Batch(steps=[step(after=after)]))

    query = "SELECT chart, version, hash, seq, status, exposure, leaves FROM executions"
    assert store.rows(query) == [("cross_venue", 1, "c0ffee", 1, "final", "one_leg", '["a","b"]')]


async def test_known_tells_events_and_executions_apart(journal: Journal) -> None:
    await journal.commit(Batch(steps=[step(execution="x-1", seq=1)]))
    pairs = [("venue:sx", "x-1/1"), ("venue:sx", "x-2/1")]
    names = ["x-1", "x-2", "venue:sx"]

    known = await journal.known(pairs, names)
    assert (known.seen, known.executions) == ({("venue:sx", "x-1/1")}, {"x-1"})
    known = await journal.known([], names)
    assert (known.seen, known.executions) == (set(), {"x-1"})
    known = await journal.known(pairs, [])
    assert (known.seen, known.executions) == ({("venue:sx", "x-1/1")}, set())
    known = await journal.known([], [])
    assert (known.seen, known.executions) == (set(), set())


async def test_known_takes_any_number_of_executions(journal: Journal) -> None:
    await journal.commit(Batch(steps=[step(execution="x-2222", seq=1)]))
    names = [f"x-{number}" for number in range(2_500)]

    known = await journal.known([("venue:sx", "x-2222/1")], names)
    assert (known.seen, known.executions) == ({("venue:sx", "x-2222/1")}, {"x-2222"})
