"""
What people and windows over the past can ask.
"""

from decimal import Decimal

import pytest

from tests.store.factories import (
    NOW,
    command,
    event,
    failed,
    incident,
    snapshot,
    step,
    timer,
    trade,
)
from tests.store.world import FileStore, Store
from xarb_runtime.domain.steps import Exposure, Outcome, Status
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
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.queries import Queries


async def test_executions_come_newest_first_up_to_a_limit_and_by_status(journal: Journal) -> None:
    final = snapshot("x-3", 1, status=Status.FINAL)
    steps = [
        step("x-1", event=event("x-1", time_ms=NOW + 3)),
        step("x-2", event=event("x-2", time_ms=NOW + 1)),
        step("x-3", event=event("x-3", time_ms=NOW + 2), after=final),
    ]

    await journal.commit(Batch(steps=steps))
    queries = journal.queries

    assert [row.id for row in await queries.executions()] == ["x-1", "x-3", "x-2"]
    assert [row.id for row in await queries.executions(limit=2)] == ["x-1", "x-3"]
    assert [row.id for row in await queries.executions(Status.FINAL)] == ["x-3"]
    assert [row.id for row in await queries.executions(Status.RUNNING)] == ["x-1", "x-2"]


async def test_what_began_the_executions_in_flight(journal: Journal) -> None:
    final = snapshot("x-3", seq=1, status=Status.FINAL)
    held = snapshot("x-4", seq=1, status=Status.QUARANTINED)
    steps = [
        step("x-2", seq=1),
        step("x-1", seq=1),
        step("x-1", seq=2),
        step("x-3", seq=1, after=final),
        step("x-4", seq=1, after=held),
    ]

    await journal.commit(Batch(steps=steps))
    found = await journal.queries.beginnings()

    assert [(row.execution, row.seq) for row in found] == [("x-2", 1), ("x-1", 1), ("x-4", 1)]
    assert found[0].data == {"filled": "10.50"}


async def test_a_row_of_the_list_says_what_the_snapshot_says(journal: Journal) -> None:
    after = snapshot(seq=1, leaves=("b", "c"), exposure=Exposure.ONE_LEG, version=4)
    await journal.commit(Batch(steps=[step(after=after)]))

    (row,) = await journal.queries.executions()

    for name in ("chart", "version", "hash", "seq", "status", "exposure", "leaves"):
        assert getattr(row, name) == getattr(after, name)
    assert (row.title, row.reason) == ("Ghosts - Spirits", "leg_b refused")
    assert (row.started_ms, row.updated_ms) == (NOW + 1, NOW + 1)


async def test_a_timeline_tells_everything_in_the_order_it_happened(journal: Journal) -> None:
    observed = step(seq=2, outcome=Outcome.IGNORED, transitions=(), commands=())
    other = step("x-2")
    batch = Batch(
        steps=[step(seq=1, commands=(command(index=0), command(index=1))), other, observed],
        events=[Received(event=event(number=9), outcome="too_old", detail="3s")],
        answers=[Answer(key="x-1:1:1", answered_ms=NOW + 7, type="order.report", detail="ok")],
        incidents=[incident("b", opened_ms=2), incident("a", opened_ms=1)],
    )

    await journal.commit(batch)
    timeline = await journal.queries.execution("x-1")

    assert timeline is not None
    assert timeline.execution.id == "x-1"
    assert timeline.snapshot == observed.after
    assert [(row.id, row.outcome, row.seq) for row in timeline.events] == [
        ("x-1/1", "moved", 1),
        ("x-1/2", "ignored", 2),
        ("x-1/9", "too_old", None),
    ]
    assert timeline.events[0].data == {"filled": "10.50"}
    assert [(row.seq, row.outcome, row.path) for row in timeline.transitions] == [
        (1, "moved", "/states/a/transitions/0"),
        (2, "ignored", ""),
    ]
    assert [(row.key, row.status, row.answer_type) for row in timeline.commands] == [
        ("x-1:1:0", "open", ""),
        ("x-1:1:1", "done", "order.report"),
    ]
    assert timeline.commands[1].answered_ms == NOW + 7
    assert [row.id for row in timeline.incidents] == ["a", "b"]


async def test_the_newest_snapshot_can_be_asked_for(journal: Journal) -> None:
    newest = step(seq=2)
    await journal.commit(Batch(steps=[step(), newest]))

    assert await journal.queries.snapshot("x-1") == newest.after


async def test_steps_keep_their_order_beyond_the_ninth(journal: Journal) -> None:
    await journal.commit(Batch(steps=[step(seq=seq) for seq in range(1, 13)]))

    timeline = await journal.queries.execution("x-1")

    assert timeline is not None
    assert [row.seq for row in timeline.commands] == list(range(1, 13))
    assert [row.seq for row in timeline.transitions] == list(range(1, 13))


async def test_an_execution_that_is_not_there_is_none(journal: Journal) -> None:
    assert await journal.queries.execution("x-1") is None
    assert await journal.queries.snapshot("x-1") is None
    assert await journal.queries.chart("c0ffee") is None
    assert await journal.queries.dead_letter(1) is None


async def test_incidents_come_newest_first_and_open_ones_alone_if_asked(journal: Journal) -> None:
    opened = [incident("a", opened_ms=1), incident("b", opened_ms=2)]
    closure = Closure(id="b", closed_ms=9, closed_by="ann", note="done")

    await journal.commit(Batch(incidents=opened, closures=[closure]))
    every = await journal.queries.incidents()

    assert [(row.id, row.closed_ms, row.closed_by, row.note) for row in every] == [
        ("b", 9, "ann", "done"),
        ("a", None, "", ""),
    ]
    assert [row.id for row in await journal.queries.incidents(open_only=True)] == ["a"]


async def test_dead_letters_keep_their_bytes(journal: Journal) -> None:
    letters = [
        DeadLetter(received_ms=NOW, source="bus", reason="r", body=bytes([n, 255])) for n in (1, 2)
    ]

    await journal.commit(Batch(dead_letters=letters))
    await journal.commit(Batch(replays=[Replay(id=1, replayed_ms=NOW + 5)]))
    every = await journal.queries.dead_letters()

    assert [(row.id, row.body, row.replayed_ms) for row in every] == [
        (2, b"\x02\xff", None),
        (1, b"\x01\xff", NOW + 5),
    ]
    assert [row.id for row in await journal.queries.dead_letters(waiting_only=True)] == [2]
    assert await journal.queries.dead_letter(2) == every[0]


async def test_trades_come_newest_first_by_venue_and_since_when(journal: Journal) -> None:
    trades = [
        trade("a", at_ms=1, stake=Decimal("0.10"), accept_ms=None),
        trade("b", at_ms=3),
        trade("c", at_ms=2, venue="azuro"),
    ]

    await journal.commit(Batch(trades=trades))
    queries = journal.queries

    assert await queries.trades() == [trades[1], trades[2], trades[0]]
    assert await queries.trades("sx", limit=1) == [trades[1]]
    assert await queries.trades("sx") == [trades[1], trades[0]]
    assert await queries.trades(since_ms=2) == [trades[1], trades[2]]


async def test_timers_come_in_the_order_they_are_due(journal: Journal) -> None:
    pending = (timer("a", due_ms=9), timer("b", due_ms=5))
    await journal.commit(Batch(steps=[step(after=snapshot(seq=1, timers=pending))]))

    found = await journal.queries.timers()

    assert [(row.execution, row.id, row.due_ms) for row in found] == [
        ("x-1", "b", 5),
        ("x-1", "a", 9),
    ]


async def test_charts_and_actions_are_returned_as_written(journal: Journal) -> None:
    chart = ChartText(hash="c0ffee", name="cross_venue", version=1, text="a: ü\n", stored_ms=NOW)
    action = OperatorAction(
        time_ms=NOW, operator="ann", action="stop", target="", detail={"deadline": 30}, result="ok"
    )

    await journal.commit(Batch(charts=[chart], actions=[action]))
    (found,) = await journal.queries.operator_actions()

    assert await journal.queries.chart("c0ffee") == chart
    for name in action.__struct_fields__:
        assert getattr(found, name) == getattr(action, name)


async def test_counts_count(journal: Journal) -> None:
    final = snapshot("x-3", 1, status=Status.FINAL, exposure=Exposure.HEDGED)
    exposed = snapshot("x-1", 1, exposure=Exposure.ONE_LEG, timers=(timer("a"), timer("b")))
    batch = Batch(
        steps=[step("x-1", after=exposed), failed("x-2"), step("x-3", after=final)],
        answers=[Answer(key="x-3:1:0", answered_ms=1, type="done")],
        incidents=[incident("a"), incident("b")],
        closures=[Closure(id="a", closed_ms=1, closed_by="ann")],
        dead_letters=[DeadLetter(received_ms=1, source="s", reason="r", body=b"")],
        trades=[trade()],
    )

    await journal.commit(batch)
    counts = await journal.queries.counts()

    assert counts.executions == {"running": 1, "quarantined": 1, "final": 1}
    assert counts.exposures == {"one_leg": 1, "flat": 1}
    assert (counts.events, counts.open_commands, counts.pending_timers) == (3, 1, 2)
    assert (counts.open_incidents, counts.dead_letters, counts.trades) == (1, 1, 1)


async def test_the_newest_event_is_the_one_that_was_written_last(journal: Journal) -> None:
    before = await journal.queries.newest_event_ms()

    for seq, time_ms in ((1, NOW + 9), (2, NOW + 5)):
        taken = step("x-1", seq, event=event("x-1", seq, time_ms=time_ms))
        await journal.commit(Batch(steps=[taken]))

    assert before is None
    assert await journal.queries.newest_event_ms() == NOW + 5


async def test_the_lease_names_its_holder(store: Store, journal: Journal) -> None:
    lease = await journal.queries.lease()

    assert lease is not None
    assert (lease.epoch, lease.owner) == (journal.epoch, "ann")
    assert lease.expires_ms - lease.acquired_ms == 10_000
    assert store.lease_lasts_ms() <= 10_000


# -- Without a journal ---------------------------------------------------------------------------


async def test_a_store_can_be_read_beside_the_runtime_and_without_it(store: Store) -> None:
    async with store.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        async with Queries.open(store.url) as beside:
            assert [row.id for row in await beside.executions()] == ["x-1"]
            await journal.commit(Batch(steps=[step("x-2")]))
            assert len(await beside.executions()) == 2
    async with Queries.open(store.url) as alone:
        assert len(await alone.executions()) == 2


async def test_a_store_that_is_not_there_is_not_made_by_looking(file_store: FileStore) -> None:
    with pytest.raises(StoreError, match=r"store\.db: expected a store, found no such file"):
        async with Queries.open(file_store.url):
            pass

    assert not file_store.path.parent.exists()


async def test_a_file_that_is_no_store_is_refused(file_store: FileStore) -> None:
    file_store.path.parent.mkdir()
    file_store.run("CREATE TABLE holidays (day TEXT)")

    with pytest.raises(StoreError, match="alembic_version"):
        async with Queries.open(file_store.url):
            pass


async def test_a_row_that_does_not_fit_is_not_guessed_at(store: Store, journal: Journal) -> None:
    await journal.commit(Batch(trades=[trade()]))
    store.run("UPDATE trades SET stake = 'a lot'")

    with pytest.raises(StoreError, match=r"expected rows of Trade, .*\$\.stake") as raised:
        await journal.queries.trades()

    assert str(raised.value).startswith(store.name)
