"""
What really goes over the wire keeps to the AsyncAPI document.

All scenarios of the project are played on a bus that others listen to; every message that is heard
is held against the document, read as strictly as can be: nothing that is not described.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.schema.overhearing import Heard, overheard
from tests.schema.validators import problems, wire
from tests.simulation.stage import SCENARIOS, make_stage, registry
from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.simulation.scenario_file import read_folder

pytestmark = pytest.mark.timeout(300)
OUT = [kind for kind in MESSAGES if kind.direction == "out"]
#: Dies at numbered commits; the outbox makes commits of its own, so it dies at other moments.
DIES = "29_crashes"
#: What comes while it stops is left on a bus that others can see, for whoever starts next.
LEAVES_IT = "26_safe_stop_with_work_in_flight"


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> list[Heard]:
    stage = make_stage(tmp_path_factory.mktemp("wire"))
    found: list[Heard] = []
    for scenario in read_folder(SCENARIOS, registry()):
        played, told = overheard(scenario, stage, stage.store.parent / scenario.name)
        assert not played.recording.violations
        assert played.passed or scenario.name in {DIES, LEAVES_IT}, (scenario.name, played.unmet)
        found += told
    return found


def documents(heard: list[Heard]) -> Iterator[tuple[Heard, dict[str, Any]]]:
    return ((message, json.loads(message.body)) for message in heard)


def test_every_message_keeps_to_the_document(heard: list[Heard]) -> None:
    wrong = Counter(
        f"{event['type']} {problem}"
        for message, event in documents(heard)
        for problem in problems(wire(event["type"]), message.body)
    )

    assert not wrong


def test_every_type_goes_out_at_least_once(heard: list[Heard]) -> None:
    assert {message.routing_key for message in heard} == {kind.name for kind in OUT}


def test_the_routing_key_is_the_type(heard: list[Heard]) -> None:
    assert all(event["type"] == message.routing_key for message, event in documents(heard))


def test_the_same_id_is_the_same_message(heard: list[Heard]) -> None:
    bodies: dict[tuple[str, str], bytes] = {}
    for message, event in documents(heard):
        identity = (message.scenario, event["id"])
        assert bodies.setdefault(identity, message.body) == message.body


@pytest.mark.parametrize("kind", OUT, ids=lambda kind: kind.name)
def test_ids_are_made_up_as_the_list_says(heard: list[Heard], kind: Any) -> None:
    ids = [event["id"] for _, event in documents(heard) if event["type"] == kind.name]
    head, tail = kind.id.partition("{")[0], kind.id.rpartition("}")[2]

    assert ids
    assert all(found.startswith(head) and found.endswith(tail) for found in ids)


def test_steps_of_an_execution_come_in_order_and_without_a_gap(heard: list[Heard]) -> None:
    newest: dict[tuple[str, str], int] = {}
    for message, event in documents(heard):
        name, seq = event.get("subject", ""), event["data"].get("seq")
        if seq is not None and name.startswith("x-"):
            before = newest.get((message.scenario, name), 0)
            # After a death the newest ones may come again.
            assert seq <= before + 1, (message.scenario, name, before, seq)
            newest[message.scenario, name] = max(before, seq)

    assert len(newest) > 100


def test_an_execution_that_has_ended_says_so_last(heard: list[Heard]) -> None:
    """Beyond its result there come only incidents, figures and reminders, no further step."""
    ended: set[tuple[str, str]] = set()
    for message, event in documents(heard):
        execution = message.scenario, event.get("subject", "")
        if event["type"] == "execution.completed":
            ended.add(execution)
        elif event["type"] == "execution.transition" and message.scenario != DIES:
            assert execution not in ended, event["id"]

    assert len(ended) > 100
