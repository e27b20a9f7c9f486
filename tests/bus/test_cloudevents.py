"""CloudEvents: what is read and written, and that no bytes whatever raise."""

import json
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xarb_runtime.bus.cloudevents import (
    MAX_ATTRIBUTE,
    MAX_PROBLEMS,
    CloudEvent,
    Malformed,
    decode,
    encode,
)
from xarb_runtime.bus.rfc3339 import format_time, parse_time_ms
from xarb_runtime.bus.strict_json import MAX_BYTES, MAX_NESTING

GOOD = {
    "specversion": "1.0",
    "id": "7",
    "source": "/engine",
    "type": "opportunity.detected",
    "time": "2026-05-17T18:30:00.250Z",
    "data": {"a": 1},
}
MISSING = object()


def written(**changes: object) -> bytes:
    document = {**GOOD, **changes}
    return json.dumps({k: v for k, v in document.items() if v is not MISSING}).encode()


def reason(body: bytes) -> str:
    answer = decode(body)
    assert isinstance(answer, Malformed), answer
    return answer.reason


def event(body: bytes) -> CloudEvent:
    answer = decode(body)
    assert isinstance(answer, CloudEvent), answer
    return answer


def test_an_event_is_read() -> None:
    assert event(
        written(subject="match 5", traceparent="00-1", sampled=True, rank=3)
    ) == CloudEvent(
        id="7",
        source="/engine",
        type="opportunity.detected",
        time_ms=1_779_042_600_250,
        subject="match 5",
        data={"a": 1},
        extensions={"traceparent": "00-1", "sampled": True, "rank": 3},
    )


def test_an_event_is_written_with_its_attributes_first() -> None:
    body = encode(
        CloudEvent(
            id="7", source="xarb", type="a.b", time_ms=0, data={"x": "1"}, extensions={"e": 1}
        )
    )

    assert body.decode() == (
        '{"specversion":"1.0","id":"7","source":"xarb","type":"a.b",'
        '"time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json",'
        '"e":1,"data":{"x":"1"}}'
    )


def test_attributes_that_are_null_are_as_if_not_there() -> None:
    body = written(subject=None, dataschema=None, datacontenttype=None, extra=None)

    assert event(body) == event(written())


def test_numbers_with_a_point_become_decimals() -> None:
    body = written(data=MISSING)[:-1] + b', "data": {"odds": 2.10, "deep": [1e3, -0.1]}}'
    deep = [Decimal("1e3"), Decimal("-0.1")]

    assert event(body).data == {"odds": Decimal("2.10"), "deep": deep}


@pytest.mark.parametrize(
    "content",
    [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "application/cloudevents+json",
        "text/json",
    ],
)
def test_content_types_of_json_will_do(content: str) -> None:
    assert event(written(datacontenttype=content)) == event(written())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"specversion": MISSING}, "specversion: expected '1.0', found nothing"),
        ({"specversion": "0.3"}, "specversion: expected '1.0', found \"0.3\""),
        ({"specversion": 1}, "specversion: expected '1.0', found 1"),
        ({"id": MISSING}, "id: expected a text of 1 to 256 characters, found nothing"),
        ({"id": ""}, 'id: expected a text of 1 to 256 characters, found ""'),
        ({"id": 5}, "id: expected a text of 1 to 256 characters, found 5"),
        ({"id": ["x"]}, "id: expected a text of 1 to 256 characters, found an array"),
        ({"id": "a\nb"}, 'id: expected printable characters, found "a\\nb"'),
        ({"id": "a\x01"}, 'id: expected printable characters, found "a\\u0001"'),
        ({"id": "\uffff"}, 'id: expected printable characters, found "\\uffff"'),
        ({"source": "a b"}, 'source: expected a URI without blanks, found "a b"'),
        ({"source": None}, "source: expected a text of 1 to 256 characters, found nothing"),
        ({"type": {}}, "type: expected a text of 1 to 256 characters, found an object"),
        ({"dataschema": 5}, "dataschema: expected a text of 1 to 256 characters, found 5"),
        ({"dataschema": "a b"}, 'dataschema: expected a URI without blanks, found "a b"'),
        ({"extra": 1.5}, "extra: expected a text, a whole number or true or false, found a number"),
        ({"id": 1.5}, "id: expected a text of 1 to 256 characters, found 1.5"),
        ({"subject": ""}, 'subject: expected a text of 1 to 256 characters, found ""'),
        (
            {"time": MISSING},
            "time: expected a time such as 2026-05-17T18:30:00.250Z, found nothing",
        ),
        ({"time": 5}, "time: expected a time such as 2026-05-17T18:30:00.250Z, found 5"),
        ({"time": "now"}, "time: expected a time such as 2026-05-17T18:30:00.250Z, found 'now'"),
        ({"time": "1969-12-31T23:59:59Z"}, "time: expected a time since 1970, found "),
        ({"data": MISSING}, "data: expected a JSON object, found nothing"),
        ({"data": [1]}, "data: expected a JSON object, found an array"),
        ({"data": "x"}, "data: expected a JSON object, found a text"),
        ({"data": 1}, "data: expected a JSON object, found a number"),
        ({"data": True}, "data: expected a JSON object, found true or false"),
        (
            {"data": MISSING, "data_base64": "e30="},
            "data: expected a JSON object, found data_base64",
        ),
        (
            {"datacontenttype": "text/xml"},
            'datacontenttype: expected application/json, found "text',
        ),
        ({"datacontenttype": 1}, "datacontenttype: expected application/json, found 1"),
        ({"Upper": 1}, "expected an attribute name of up to 20 lower-case letters and digits"),
        ({"a_b": 1}, "expected an attribute name of up to 20 lower-case letters and digits"),
        ({"x": {}}, "x: expected a text, a whole number or true or false, found an object"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], said: str) -> None:
    assert said in reason(written(**changes))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "expected JSON, found at offset 0: Expecting value"),
        (b"hello", "expected JSON, found at offset 0: Expecting value"),
        (b"{} {}", "expected JSON, found at offset 3: Extra data"),
        (b"[]", "expected a JSON object, found an array"),
        (b"null", "expected a JSON object, found nothing"),
        (b"\xff", "expected text in UTF-8, found other bytes at offset 0"),
        (b"\xef\xbb\xbf{}", "expected JSON, found at offset 0: Expecting value"),
        (b'{"a": NaN}', "expected a number, found NaN"),
        (b'{"a": -Infinity}', "expected a number, found -Infinity"),
        (b'{"a": 1, "a": 2}', 'expected each key once, found "a" twice'),
        (b'{"x": {"a": 1, "a": 1}}', 'expected each key once, found "a" twice'),
        (b'{"a": "\\ud800"}', "expected text, found half a surrogate pair"),
        (b'{"a": "x\\u0000"}', "expected text, found the character NUL"),
        (b'{"\\u0000": 1}', "expected text, found the character NUL"),
        (b'{"\\udfff": 1}', "expected text, found half a surrogate pair"),
        (b'{"a": 9223372036854775808}', "expected whole numbers of at most 64 bits, found a"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "expected whole numbers of at most 64 bits, found a"),
        (b'{"a": 1e' + b"9" * 20 + b"}", "expected numbers with an ordinary exponent, found a"),
        (b" " * (MAX_BYTES + 1), f"expected at most {MAX_BYTES} bytes, found {MAX_BYTES + 1}"),
        (b"[" * 100_000, f"expected at most {MAX_NESTING} levels, found more"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, f"expected at most {MAX_NESTING} levels, found more"),
    ],
)
def test_bytes_that_are_no_event_are_answered_with_the_reason(body: bytes, said: str) -> None:
    assert reason(body).startswith(said)


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert reason(b"{}").count(";") == len(["id", "source", "type", "time", "data"])


def test_of_very_many_problems_only_the_first_are_said() -> None:
    said = reason(written(**{f"_{number}": 1 for number in range(50)}))

    assert said.count(";") == MAX_PROBLEMS
    assert said.endswith("; and 40 more")


def test_a_very_long_value_is_not_repeated_in_the_reason() -> None:
    assert len(reason(written(id="x" * 10_000))) < 200
    assert len(reason(written(time="9" * 10_000))) < 200


def test_the_longest_attribute_is_taken_and_a_longer_one_is_not() -> None:
    assert event(written(id="x" * MAX_ATTRIBUTE)).id == "x" * MAX_ATTRIBUTE
    assert "id: expected" in reason(written(id="x" * (MAX_ATTRIBUTE + 1)))


def test_the_deepest_data_is_taken_and_deeper_is_not() -> None:
    def nested(levels: int) -> bytes:
        value: object = 1
        for _ in range(levels):
            value = [value]
        return written(data={"a": value})

    deepest = MAX_NESTING - 3  # the event, data, and the number itself
    assert isinstance(decode(nested(deepest)), CloudEvent)
    assert "levels" in reason(nested(deepest + 1))


# -- Laws ------------------------------------------------------------------------------------------

_NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zs", "Zl", "Zp"]), min_size=1, max_size=20
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=9), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_EVENTS = st.builds(
    CloudEvent,
    id=_NAMES,
    source=_NAMES,
    type=_NAMES,
    time_ms=st.integers(0, 253_402_300_799_999),
    subject=_NAMES | st.just(""),
    data=st.dictionaries(st.text("abc", max_size=3), _VALUES, max_size=3),
    extensions=st.dictionaries(
        st.from_regex(r"\Aext[a-z0-9]{1,9}\Z"), st.booleans() | st.integers(-9, 9) | st.text("xyz")
    ),
)


@given(_EVENTS)
def test_what_is_written_is_read_back(original: CloudEvent) -> None:
    assert decode(encode(original)) == original


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    assert isinstance(decode(body), Malformed)


@given(_EVENTS, st.data())
def test_no_damaged_event_raises(original: CloudEvent, data: st.DataObject) -> None:
    body = bytearray(encode(original))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    answer = decode(bytes(body))

    assert isinstance(answer, CloudEvent | Malformed)
    msgspec.json.encode(answer)  # and whatever came of it can be written down


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(max_size=20),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=9,
        ),
    )
)
def test_no_json_raises(document: dict[str, object]) -> None:
    for body in (json.dumps(document), json.dumps({**GOOD, **document})):
        answer = decode(body.encode())

        assert isinstance(answer, CloudEvent | Malformed)
        msgspec.json.encode(answer)


# -- Times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1_000),
        ("1970-01-01T00:00:00.5Z", 500),
        ("1970-01-01T00:00:00.123999999Z", 123),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T20:30:00.001-03:30", 1),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
def test_times_are_read(text: str, time_ms: int) -> None:
    assert parse_time_ms(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-05-17",
        "2026-05-17T18:30:00",
        "2026-05-17 18:30:00Z",
        "2026-5-17T18:30:00Z",
        "2026-05-17T18:30Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2026-05-17T24:00:00Z",
        "2026-05-17T18:60:00Z",
        "2026-05-17T18:30:61Z",
        "2026-05-17T18:30:00.Z",
        "2026-05-17T18:30:00,5Z",
        "2026-05-17T18:30:00+24:00",
        "2026-05-17T18:30:00+00:60",
        "2026-05-17T18:30:00+0000",
        "2026-05-17T18:30:00Z\n",
        "\n2026-05-17T18:30:00Z",
        "0000-01-01T00:00:00Z",
        "\uff12\uff10\uff12\uff16-05-17T18:30:00Z",
        "2026-05-17T18:30:00ZZ",
        "-2026-05-17T18:30:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as"):
        parse_time_ms(text)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_time_that_is_written_is_read_back(time_ms: int) -> None:
    assert parse_time_ms(format_time(time_ms)) == time_ms


def test_a_package_that_raises_the_recursion_limit_does_not_let_brackets_through() -> None:
    """In a process of its own: where this fails, the stack is overrun."""
    program = (
        "import sys; sys.setrecursionlimit(100_000)\n"
        "from xarb_runtime.bus.cloudevents import decode\n"
        "print(decode(b'[' * 200_000))\n"
        "print(sys.getrecursionlimit())"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "levels" in done.stdout
    assert "100000" in done.stdout
