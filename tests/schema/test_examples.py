"""The examples are what they show: each complete, read by the reader, kept to by its schema."""

import hashlib
import hmac
import json

import msgspec
import pytest

from tests.schema.validators import problems, whole, wire
from xarb_runtime.bus.cloudevents import CloudEvent, decode, encode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.bus.published import MESSAGES, SOURCE, MessageType
from xarb_runtime.bus.rfc3339 import format_time
from xarb_runtime.domain.opportunity import Opportunity
from xarb_runtime.ops.message_examples import EXAMPLE_KEY, examples

SHOWN = examples()
ALL = pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.name)


def test_there_is_one_of_every_type() -> None:
    assert list(SHOWN) == [kind.name for kind in MESSAGES]


@ALL
def test_they_keep_to_the_schemas(kind: MessageType) -> None:
    body = encode(SHOWN[kind.name])

    assert problems(whole(kind.name), body) == []
    assert problems(whole(None), body) == []
    assert problems(wire(kind.name), body) == []


@ALL
def test_they_are_events_and_say_everything_there_is_to_say(kind: MessageType) -> None:
    event = decode(encode(SHOWN[kind.name]))

    assert event == SHOWN[kind.name]
    assert list(event.data) == list(kind.data.__struct_fields__)
    assert isinstance(msgspec.convert(event.data, kind.data), kind.data)


@pytest.mark.parametrize("kind", [it for it in MESSAGES if it.direction == "out"])
def test_those_that_go_out_are_ours(kind: MessageType) -> None:
    event = SHOWN[kind.name]
    head = kind.id.partition("{")[0]
    tail = kind.id.rpartition("}")[2]

    assert event.source == SOURCE
    assert event.id.startswith(head)
    assert event.id.endswith(tail)


def test_the_opportunity_is_one() -> None:
    assert isinstance(read_opportunity(SHOWN["opportunity.detected"].data), Opportunity)


@pytest.mark.parametrize("kind", [it for it in MESSAGES if it.signed], ids=lambda kind: kind.name)
def test_the_signatures_are_made_as_the_page_says(kind: MessageType) -> None:
    event = SHOWN[kind.name]
    assert isinstance(event, CloudEvent)
    data = event.data
    signed = [event.id, event.source, event.type, format_time(event.time_ms)]
    text = json.dumps(
        [*signed, data["operator"], data["reason"]], ensure_ascii=False, separators=(",", ":")
    )
    made = hmac.new(EXAMPLE_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()

    assert event.extensions["xarbsignature"] == made
