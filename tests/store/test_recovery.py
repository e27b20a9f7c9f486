"""
What is read back is what was written.
"""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.store.factories import command, incident, snapshot, step, timer
from tests.store.world import FileStore, ServerStore, Store
from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import (
    Command,
    Exposure,
    Outcome,
    Snapshot,
    Status,
    Step,
    Timer,
    Transition,
)
from xarb_runtime.store.batch import Answer, Batch, Closure
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal

# Everything JSON can carry: any text but lone surrogates, numbers that survive a round trip.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(2**53), 2**53)
documents = st.dictionaries(
    words,
    st.recursive(
        st.none() | st.booleans() | numbers | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
times = st.integers(0, 2**53)
timer_sets = st.dictionaries(
    st.sampled_from(["ttl_a", "ttl_b", "find"]), st.tuples(words, times, st.integers(0, 99))
)


class Plan(msgspec.Struct):
    """What one step is to do; the execution's number says to whom."""

    execution: int
    context: dict[str, Any]
    leaves: list[str]
    history: dict[str, tuple[str, ...]]
    timers: dict[str, tuple[str, int, int]]
    commands: list[dict[str, Any]]
    transitions: int
    outcome: Outcome
    status: Status
    exposure: Exposure
    time_ms: int
    answered: bool
    ends_batch: bool


plans = st.builds(
    Plan,
    execution=st.integers(0, 2),
    context=documents,
    leaves=st.lists(words, min_size=1, max_size=3),
    history=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    timers=timer_sets,
    commands=st.lists(documents, max_size=3),
    transitions=st.integers(0, 2),
    outcome=st.sampled_from(Outcome),
    status=st.sampled_from(Status),
    exposure=st.sampled_from(Exposure),
    time_ms=times,
    answered=st.booleans(),
    ends_batch=st.booleans(),
)


class Model:
    """The truth: every execution's newest snapshot, and which commands are open."""

    def __init__(self) -> None:
        self.now: dict[str, Snapshot] = {}
        self.open: dict[str, Command] = {}
        self.events: list[Event] = []

    def take(self, plan: Plan) -> tuple[Step, list[Answer]]:
        name = f"x-{plan.execution}"
        before = self.now.get(name) or snapshot(name, 0)
        event = Event(
            id=str(len(self.events)),
            source="s",
            type="t",
            time_ms=plan.time_ms,
            execution=name,
            data=plan.context,
        )
        self.events.append(event)
        if plan.outcome is Outcome.STALE:
            same = {"before": before, "after": before, "outcome": plan.outcome}
            return Step(event=event, signal="", **same), []
        after = _after(before, plan)
        commands = tuple(
            Command(f"{name}:{after.seq}:{index}", "venue", "place", params)
            for index, params in enumerate(plan.commands)
        )
        self.now[name] = after
        answers = [
            Answer(key=key, answered_ms=plan.time_ms, type="done")
            for key in self.open
            if plan.answered
        ]
        self.open = {} if plan.answered else self.open
        self.open |= {command.key: command for command in commands}
        taken = tuple(Transition(f"/{n}", "e", "a", "b") for n in range(plan.transitions))
        step_ = Step(
            event=event,
            signal="e",
            outcome=plan.outcome,
            before=before,
            after=after,
            transitions=taken,
            commands=commands,
        )
        return step_, answers


def _after(before: Snapshot, plan: Plan) -> Snapshot:
    return msgspec.structs.replace(
        before,
        seq=before.seq + 1,
        leaves=tuple(plan.leaves),
        history=plan.history,
        context=msgspec.Raw(msgspec.json.encode(plan.context)),
        timers=tuple(Timer(name, *plan.timers[name]) for name in sorted(plan.timers)),
        status=plan.status,
        exposure=plan.exposure,
    )


# Each example opens two stores on disk: shrinking would take minutes.
few = hypothesis_settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)


@given(st.lists(plans, max_size=8))
@few
def test_recovery_returns_what_the_steps_made(
    tmp_path_factory: pytest.TempPathFactory, planned: list[Plan]
) -> None:
    store = FileStore(tmp_path_factory.mktemp("store") / "store.db")

    asyncio.run(_write_and_compare(store, planned))


@given(planned=st.lists(plans, max_size=8))
@few
def test_recovery_from_a_server_returns_it_as_well(
    server_store: ServerStore, planned: list[Plan]
) -> None:
    server_store.clear()

    asyncio.run(_write_and_compare(server_store, planned))


async def _write_and_compare(store: Store, planned: list[Plan]) -> None:
    model = Model()
    async with store.open() as journal:
        batch = Batch()
        for plan in planned:
            step_, answers = model.take(plan)
            batch.steps.append(step_)
            batch.answers += answers
            if plan.ends_batch:
                await journal.commit(batch)
                batch = Batch()
        await journal.commit(batch)
    async with store.open() as journal:
        found = await journal.recover()
        assert found.snapshots == _with(model, Status.RUNNING)
        assert found.quarantined == _with(model, Status.QUARANTINED)
        assert {open_.command.key: open_.command for open_ in found.commands} == model.open
        await _compare_timelines(journal, model)
    assert store.rows("SELECT execution, id, due_ms FROM timers ORDER BY 1, 2") == [
        (name, pending.id, pending.due_ms)
        for name, now in sorted(model.now.items())
        for pending in now.timers
    ]


def _with(model: Model, status: Status) -> list[Snapshot]:
    return [now for _, now in sorted(model.now.items()) if now.status is status]


async def _compare_timelines(journal: Journal, model: Model) -> None:
    for name, now in model.now.items():
        timeline = await journal.queries.execution(name)
        assert timeline is not None
        assert timeline.snapshot == now
        assert [(row.id, row.data) for row in timeline.events] == [
            (event.id, event.data) for event in model.events if event.execution == name
        ]


async def test_commands_come_oldest_first_also_those_of_ended_executions(
    journal: Journal,
) -> None:
    """A message published by a final step still has to go out."""
    final = snapshot("x-2", 1, status=Status.FINAL)
    two = (command("x-2", index=0, target="bus"), command("x-2", index=1, target="bus"))

    await journal.commit(Batch(steps=[step("x-1", seq=11, commands=(command("x-1", 11),))]))
    await journal.commit(Batch(steps=[step("x-2", after=final, commands=two)]))
    await journal.commit(
        Batch(answers=[Answer(key="x-2:1:0", answered_ms=1, type="done", detail="")])
    )
    recovered = await journal.recover()

    found = [(open_.command.key, open_.execution, open_.seq) for open_ in recovered.commands]
    assert found == [("x-2:1:1", "x-2", 1), ("x-1:11:0", "x-1", 11)]
    assert [kept.execution for kept in recovered.snapshots] == ["x-1"]


async def test_only_open_incidents_are_recovered(journal: Journal) -> None:
    closed = Closure(id="b", closed_ms=9, closed_by="ann")
    opened = [incident("c", opened_ms=3), incident("a", opened_ms=2), incident("b", opened_ms=1)]

    await journal.commit(Batch(incidents=opened, closures=[closed]))

    assert [found.id for found in (await journal.recover()).incidents] == ["a", "c"]


async def test_an_empty_store_recovers_to_nothing(journal: Journal) -> None:
    recovered = await journal.recover()

    assert not any(getattr(recovered, name) for name in recovered.__struct_fields__)


async def test_a_snapshot_that_cannot_be_read_stops_the_recovery_with_its_name(
    store: Store, journal: Journal
) -> None:
    await journal.commit(Batch(steps=[step(after=snapshot(seq=1, timers=(timer(),)))]))
    store.run("UPDATE executions SET snapshot = '{}'")

    with pytest.raises(StoreError, match="expected a snapshot of execution 'x-1'"):
        await journal.recover()
