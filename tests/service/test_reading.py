"""
What a message amounts to: every kind of it, and the reason of each that is none.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.service.test_runtime import START_MS, message
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.published import OPERATOR_WORDS
from xarb_runtime.bus.signing import signed
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.reading import Reader, Reading

KEY = "0123456789abcdef0123456789abcdef"
READER = Reader(max_age_ms=5_000, operator_key=KEY, operator_max_age_ms=30_000)


def word(kind: str = "operator.pause", at_ms: int = START_MS, key: str = KEY, **data: Any) -> bytes:
    """An operator's word, signed."""
    said = {"operator": "ann", "reason": "a test", **data}
    event = CloudEvent(id="w-1", source="desk", type=kind, time_ms=at_ms, data=said)
    return encode(signed(event, key))


def read(body: bytes, content_type: str = "", reader: Reader = READER, **way: bool) -> Reading:
    given = BusMessage(body=body, token=None, content_type=content_type)
    return reader.read(given, START_MS, **way)


def refusal(reading: Reading) -> str:
    """Why it is a dead letter."""
    letter = reading.delivery.dead_letter
    assert letter is not None
    assert reading.delivery.event is None
    return letter.reason


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "application/cloudevents+json",
        "Application/CloudEvents+JSON; charset=utf-8",
        " application/json ;charset=UTF-8",
        "application/json; a=b; c=d",
    ],
)
def test_structured_json_is_taken_under_all_its_names(content_type: str) -> None:
    reading = read(message("1"), content_type)

    assert (reading.outcome, reading.age_ms) == ("opportunity", 0)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/cloudevents-batch+json",
        "application/cloudevents",
        "application/jsonx",
        "application/avro",
        "json",
        "application/json application/json",
    ],
)
def test_another_content_type_is_a_dead_letter(content_type: str) -> None:
    reason = refusal(read(message("1"), content_type))

    assert reason == (
        "content type: expected a CloudEvent in structured JSON (application/cloudevents+json) "
        f'or application/json, found "{content_type}"'
    )


def test_binary_mode_is_a_dead_letter_that_says_so() -> None:
    bare = json.dumps(json.loads(message("1"))["data"] | {"id": None}).encode()
    data = json.loads(message("1"))["data"]
    del data["id"]

    assert "binary mode" in refusal(read(json.dumps(data).encode(), "application/json"))
    assert "binary mode" not in refusal(read(bare, "application/json"))


@pytest.mark.parametrize("kind", OPERATOR_WORDS)
def test_an_operators_word_is_heard_by_the_supervisor_and_noted(kind: str) -> None:
    reading = read(word(kind))
    event, action = reading.delivery.event, reading.delivery.action
    assert event is not None
    assert action is not None

    assert (reading.outcome, reading.delivery.message) == ("operator", True)
    assert (event.execution, event.type, event.source, event.id) == (
        "supervisor",
        kind,
        "bus:desk",
        "w-1",
    )
    assert event.data == {"reason": "ann: a test"}
    assert (action.operator, action.action) == ("bus:ann", kind.removeprefix("operator."))
    assert action.detail["reason"] == "a test"


def test_a_word_needs_no_reason() -> None:
    event = read(word(reason="")).delivery.event
    assert event is not None

    assert event.data == {"reason": "ann"}


@pytest.mark.parametrize(
    ("at_ms", "outcome"),
    [
        (START_MS - 30_000, "operator"),
        (START_MS - 30_001, "too_old"),
        (START_MS + 1_000, "operator"),
        (START_MS + 1_001, "from_the_future"),
    ],
)
def test_words_have_an_age_limit_of_their_own(at_ms: int, outcome: str) -> None:
    reading = read(word(at_ms=at_ms))
    action = reading.delivery.action
    assert action is not None

    assert (reading.outcome, reading.age_ms) == (outcome, START_MS - at_ms)
    assert (reading.delivery.received is None) == (outcome == "operator")
    assert action.result == ("" if outcome == "operator" else outcome)


def test_a_word_with_a_wrong_signature_is_a_dead_letter() -> None:
    reading = read(word(key=KEY[::-1]))

    assert reading.outcome == "unsigned"
    assert refusal(reading).startswith("xarbsignature: expected the signature of")
    assert reading.delivery.action is None


def test_without_a_key_every_word_is_a_dead_letter() -> None:
    keyless = Reader(max_age_ms=5_000, operator_key="", operator_max_age_ms=30_000)
    reading = read(word(), reader=keyless)

    assert reading.outcome == "unsigned"
    assert "expected bus.operator_key in the settings" in refusal(reading)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"operator": ""}, "data.operator: expected a name of 1 to 64 printable characters"),
        ({"operator": " ann"}, "data.operator: expected a name"),
        ({"operator": "a" * 65}, "data.operator: expected a name"),
        ({"operator": "a\nb"}, "data.operator: expected a name"),
        ({"operator": 5}, "data.operator: expected `str`, found `int`"),
        ({"reason": "r" * 2_001}, "data.reason: expected at most 2000 characters, found 2001"),
        ({"level": "x"}, "data.level: expected one of operator, reason, found level"),
    ],
)
def test_words_with_other_data_are_dead_letters(data: dict[str, Any], said: str) -> None:
    assert refusal(read(word(**data))).startswith(said)


@pytest.mark.parametrize("kind", ["operator.start", "operator.retry", "order.report", "incident"])
def test_what_is_not_meant_for_us_is_a_dead_letter(kind: str) -> None:
    reason = refusal(read(word(kind)))

    assert reason.startswith("expected type opportunity.detected or one of operator.pause,")
    assert reason.endswith(f'found "{kind}"')


def test_an_opportunity_on_the_way_for_words_is_a_dead_letter() -> None:
    assert read(word(), words_only=True).outcome == "operator"
    assert refusal(read(message("1"), words_only=True)).startswith("expected type operator.pause,")


bodies = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([message("1"), word()]).flatmap(
        lambda body: st.tuples(st.integers(0, len(body)), st.binary(max_size=4)).map(
            lambda cut: body[: cut[0]] + cut[1] + body[cut[0] + len(cut[1]) :]
        )
    ),
)


@given(body=bodies, content_type=st.one_of(st.just(""), st.text(max_size=20)), way=st.booleans())
def test_whatever_comes_is_read_as_something(body: bytes, content_type: str, way) -> None:
    reading = read(body, content_type, words_only=way)
    delivery = reading.delivery
    amounts_to = [delivery.event, delivery.received, delivery.dead_letter]

    assert sum(it is not None for it in amounts_to) == 1
    assert (delivery.dead_letter is None) == (reading.age_ms is not None)
    assert reading.outcome in {
        "opportunity",
        "operator",
        "too_old",
        "from_the_future",
        "malformed",
        "unsigned",
    }
