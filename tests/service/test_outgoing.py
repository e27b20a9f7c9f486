"""
What is told to others: the right message for what happened, once, in order, the same every time.
"""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.service.world import World, opportunity
from xarb_runtime.bus.cloudevents import CloudEvent, decode, encode
from xarb_runtime.bus.published import (
    EXECUTION_COMPLETED,
    EXECUTION_TRANSITION,
    INCIDENT_CLOSED,
    INCIDENT_OPENED,
    KPI_WINDOW,
    MESSAGES,
    CompletedData,
    IncidentClosedData,
    TransitionData,
)
from xarb_runtime.domain import events
from xarb_runtime.domain.events import Event
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.outgoing import Outbox, wanted
from xarb_runtime.store.batch import Closure, Outgoing

ALL = wanted(["*"])
SHAPES = {message.name: message.data for message in MESSAGES}


class Told(World):
    """A world whose rounds are all told to others."""

    def __init__(self, outbox: Outbox | None = None) -> None:
        super().__init__()
        self.outbox = outbox or Outbox(ALL, mode="ghost")
        self.messages: list[Outgoing] = []

    def deliver(self, *deliveries: Delivery, seen: Any = None):
        work = super().deliver(*deliveries, seen=seen)
        self.messages += self.outbox.messages(work.news)
        return work

    def of(self, kind: str) -> list[Any]:
        """The data of all messages of one type."""
        return [read(message) for message in self.messages if message.type == kind]


def event_of(message: Outgoing) -> CloudEvent:
    event = decode(message.body)
    assert isinstance(event, CloudEvent)
    return event


def read(message: Outgoing) -> Any:
    """The data of a message, as its type says."""
    return msgspec.convert(event_of(message).data, SHAPES[message.type])


def completed() -> Told:
    world = Told()
    world.complete()
    return world


def test_a_settled_execution_is_told_from_its_first_step_to_its_result() -> None:
    world = completed()
    types = [message.type for message in world.messages]

    assert types == [
        EXECUTION_TRANSITION,
        EXECUTION_TRANSITION,
        KPI_WINDOW,
        EXECUTION_TRANSITION,
        EXECUTION_TRANSITION,
        EXECUTION_COMPLETED,
        KPI_WINDOW,
    ]
    assert [message.position for message in world.messages] == [1, 2, 3, 4, 5, 6, 7]
    assert {message.execution for message in world.messages} == {"x-1"}


def test_transitions_are_numbered_without_a_gap_and_fit_together() -> None:
    found: list[TransitionData] = completed().of(EXECUTION_TRANSITION)

    assert [each.seq for each in found] == [1, 2, 3, 4]
    assert all(one.after == other.before for one, other in pairwise(found))
    assert found[0].event == events.OPPORTUNITY_DETECTED
    assert found[0].commands[0].key == "x-1:1:0"
    assert found[-1].status == "final"


def test_the_result_says_what_is_owned() -> None:
    (result,) = completed().of(EXECUTION_COMPLETED)
    assert isinstance(result, CompletedData)

    assert (result.execution, result.opportunity, result.title) == ("x-1", "1", "Home - Away")
    assert (result.state, result.exposure) == ("completed", "hedged")
    assert [(order.slot, order.status) for order in result.orders] == [
        ("leg_a", "filled"),
        ("leg_b", "filled"),
    ]
    assert result.staked == sum(order.filled for order in result.orders)
    assert result.worst != 0
    assert (result.started_ms, result.ended_ms) == (1_000, 1_000)


def test_each_message_is_a_cloud_event_as_the_bus_writes_it() -> None:
    for message in completed().messages:
        event = event_of(message)

        assert (event.id, event.type, event.source) == (message.id, message.type, "xarb")
        assert event.subject == message.execution
        assert event.time_ms == message.time_ms
        assert msgspec.json.decode(encode(event)) == msgspec.json.decode(message.body)
        assert list(msgspec.json.decode(encode(event))) == list(msgspec.json.decode(message.body))


def test_ids_are_made_up_as_the_list_of_messages_says() -> None:
    ids = [message.id for message in completed().messages]

    assert ids == [
        "x-1:1",
        "x-1:2",
        "kpi:x-1:1:0:filled",
        "x-1:3",
        "x-1:4",
        "x-1:completed",
        "kpi:x-1:3:0:filled",
    ]


def test_the_same_rounds_give_the_same_bytes() -> None:
    assert completed().messages == completed().messages


def test_a_rejected_opportunity_is_told_in_two_messages() -> None:
    world = Told()
    world.admit("1", stake="5000")
    (result,) = world.of(EXECUTION_COMPLETED)

    assert [message.id for message in world.messages] == ["x-1:1", "x-1:completed"]
    assert (result.state, result.orders, result.staked, result.worst) == ("rejected", (), 0, 0)
    assert result.reason


def test_how_long_it_took_is_known_after_a_restart() -> None:
    world = Told()
    world.admit()
    place = world.work.commands[0]
    world.outbox = Outbox(ALL, mode="ghost")
    world.outbox.recall(40, {"x-1": 123})
    world.report(place, "refused", code="NO", filled="0")
    (result,) = world.of(EXECUTION_COMPLETED)

    assert (result.started_ms, result.ended_ms) == (123, 1_000)
    assert [message.position for message in world.messages][1:] == [41, 42, 43]


def test_a_report_that_says_nothing_new_is_not_told() -> None:
    world = Told()
    world.admit()
    place = world.work.commands[0]
    world.report(place, "open", sequence=1)
    told = len(world.messages)
    world.report(place, "open", sequence=1)

    assert len(world.messages) == told


def test_a_word_after_the_end_has_no_number_but_its_incident_is_told() -> None:
    world = Told()
    world.admit()
    place = world.work.commands[0]
    world.report(place, "refused", code="NO", filled="0")
    ended = len(world.of(EXECUTION_TRANSITION))
    world.report(place, "filled")

    assert len(world.of(EXECUTION_TRANSITION)) == ended + _moved(world, "supervisor")
    (incident,) = world.of(INCIDENT_OPENED)
    assert (incident.kind, incident.execution) == ("late_report", "x-1")


def _moved(world: Told, execution: str) -> int:
    return sum(each.execution == execution for each in world.of(EXECUTION_TRANSITION))


def test_of_the_supervisor_only_what_changes_is_told() -> None:
    world = Told()
    world.say("operator.pause", "supervisor", "operator:ann")
    world.say("operator.pause", "supervisor", "operator:ann")
    found = world.of(EXECUTION_TRANSITION)

    assert [(each.execution, each.after) for each in found] == [("supervisor", ("paused",))]
    assert world.of(EXECUTION_COMPLETED) == []


def test_an_incident_is_told_when_it_opens_and_when_it_is_closed() -> None:
    world = Told()
    report = world.event(events.ORDER_REPORT, "x-9", "venue:sx", client_id="x-9:1:0")
    world.deliver(Delivery(event=report))
    (opened,) = world.of(INCIDENT_OPENED)
    closure = Closure(id=opened.incident, closed_ms=2_000, closed_by="operator:ann", note="ours")
    world.deliver(Delivery(closure=closure))
    world.deliver(Delivery(closure=closure))
    (closed,) = world.of(INCIDENT_CLOSED)

    assert closed == IncidentClosedData(
        incident=opened.incident,
        execution="",
        closed_ms=2_000,
        closed_by="operator:ann",
        note="ours",
    )
    assert [m.id for m in world.messages if m.type.startswith("incident")] == [
        f"{opened.incident}/opened",
        f"{opened.incident}/closed",
    ]


@pytest.mark.parametrize(
    ("patterns", "types"),
    [
        (["*"], {message.name for message in MESSAGES if message.direction == "out"}),
        (["execution.*"], {EXECUTION_TRANSITION, EXECUTION_COMPLETED}),
        (["kpi.window", "incident.closed"], {KPI_WINDOW, INCIDENT_CLOSED}),
        ([], set()),
    ],
)
def test_what_goes_out_is_chosen_by_patterns(patterns: list[str], types: set[str]) -> None:
    assert wanted(patterns) == types


def test_positions_count_only_what_is_told() -> None:
    world = Told(Outbox(wanted(["execution.completed"]), mode="ghost"))
    world.complete("1")
    world.complete("2")

    assert [(m.position, m.id) for m in world.messages] == [
        (1, "x-1:completed"),
        (2, "x-2:completed"),
    ]


def test_every_message_says_in_which_mode_it_came_about() -> None:
    world = Told(Outbox(ALL, mode="shadow"))
    world.complete()

    assert world.messages
    assert {event_of(each).extensions["xarbmode"] for each in world.messages} == {"shadow"}


def test_nothing_is_told_where_nobody_listens() -> None:
    world = Told(Outbox(frozenset(), mode="ghost"))
    world.complete()

    assert world.messages == []


def test_a_second_message_with_the_same_opportunity_has_a_result_of_its_own() -> None:
    world = Told()
    world.complete("1")
    data = {"opportunity": opportunity("1", world.now_ms)}
    event = Event(
        id="again",
        source="bus:engine",
        type=events.OPPORTUNITY_DETECTED,
        time_ms=world.now_ms,
        execution="x-1",
        data=data,
    )
    world.deliver(Delivery(event=event, message=True))
    ids = [message.id for message in world.messages]

    assert len(ids) == len(set(ids))
    assert ids[-1] == "x-1!bus:engine!again:completed"
