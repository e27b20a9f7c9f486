"""
Signatures of operators' words: the same as in another language, and only with the key.

The vectors were made with Node's `crypto`:

    createHmac("sha256", key).update(JSON.stringify([id, source, type, time, operator, reason]))
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.bus.cloudevents import CloudEvent, decode, encode
from xarb_runtime.bus.signing import EXTENSION, signature, signed, verify
from xarb_runtime.bus.strict_json import read_object

PLAIN = "0123456789abcdef0123456789abcdef"
RUSSIAN = "ключ-ключ-ключ-ключ-ключ-ключ-ключ"
SIMPLE = ("1", "ops", "operator.pause", "2026-05-17T18:30:00.250Z", "ann", "a test")
ODD = (
    "a/b",
    "https://desk.example/ops?x=1&y=<2>",
    "operator.halt",
    "2026-05-17T18:30:00+02:00",
    "Zoë",
    'quote " back \\ slash / tab\t line\n nul\x00 del\x7f sep\u2028 \u2029',
)
FAR = ("id-3", "ops", "operator.resume", "2026-05-17T18:30:00Z", "日本 🎲", "")
CONTROL = ("4", "ops", "operator.stop", "2026-05-17T18:30:00Z", "b\b f\f r\r \x1f", "é")

VECTORS = [
    (SIMPLE, PLAIN, "e811fdd41f4560d2275df47dad94af9760b89e4aa3ac7c4dfadc4d8ef3f94e59"),
    (SIMPLE, RUSSIAN, "a48aca66d3522f397e5936858fc5a0c50307d8aace19dd11922b404dabd767a9"),
    (ODD, PLAIN, "4d5535bc910df319dd6f22da4da0e0bf5c7f8f47cc8503ac1401455da8e0d8d3"),
    (ODD, RUSSIAN, "bea6a8238687570533c7a97020676c3896221519f2da67b080f12f75c5237b64"),
    (FAR, PLAIN, "2f7941a133368bc4039ab62dc7b5ec5e1cdf36e6bf4de3fbe8252e00e50d9e9f"),
    (FAR, RUSSIAN, "d099ef69a2ce6536039bd432d836f33761bb97e6b3afea713f6658d03b1cc33c"),
    (CONTROL, PLAIN, "fd24649daa8b6a4e9c884a8ae3a647fc753cb69866c0207e641afab02da04e12"),
    (CONTROL, RUSSIAN, "b1659e12b63d29944b8ed20a87f95ce4f8b23a6c41d184d66952aa0cd8c22a29"),
]


def made(fields: tuple[str, ...], key: str) -> str:
    identity, source, kind, time, operator, reason = fields
    return signature(
        identity=identity,
        source=source,
        kind=kind,
        time=time,
        operator=operator,
        reason=reason,
        key=key,
    )


def document(**changes: Any) -> dict[str, Any]:
    """A word as it is sent, signed with the plain key."""
    event = CloudEvent(
        id="1",
        source="ops",
        type="operator.pause",
        time_ms=1_800_000_000_250,
        data={"operator": "ann", "reason": "a test"},
    )
    return read_object(encode(signed(event, PLAIN))) | changes


@pytest.mark.parametrize(("fields", "key", "expected"), VECTORS)
def test_it_is_what_node_makes(fields: tuple[str, ...], key: str, expected: str) -> None:
    assert made(fields, key) == expected


def test_what_is_signed_here_is_valid() -> None:
    assert verify(document(), PLAIN) == ""
    assert isinstance(decode(encode(CloudEvent(**_plain(document())))), CloudEvent)


def _plain(sent: dict[str, Any]) -> dict[str, Any]:
    kept = {name: sent[name] for name in ("id", "source", "type", "data")}
    return kept | {"time_ms": 1, "extensions": {EXTENSION: sent[EXTENSION]}}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "2"},
        {"source": "ops2"},
        {"type": "operator.resume"},
        {"time": "2027-01-15T08:00:00.251Z"},
        {"time": "2027-01-15T08:00:00.250+00:00"},
        {"data": {"operator": "bob", "reason": "a test"}},
        {"data": {"operator": "ann", "reason": "another"}},
        {"data": {"operator": "ann"}},
        {EXTENSION: "0" * 64},
        {EXTENSION: made(SIMPLE, PLAIN).upper()},
        {EXTENSION: "ü"},
    ],
)
def test_whatever_is_changed_makes_it_void(change: dict[str, Any]) -> None:
    assert verify(document(**change), PLAIN) == (
        "xarbsignature: expected the signature of [id, source, type, time, operator, reason] "
        "with our key, found another"
    )


@pytest.mark.parametrize("value", [None, "", 5, True])
def test_a_word_without_a_signature_is_void(value: Any) -> None:
    assert verify(document(**{EXTENSION: value}), PLAIN).endswith("found none")


def test_without_a_key_nothing_is_valid() -> None:
    assert verify(document(), "") == (
        "xarbsignature: expected bus.operator_key in the settings, to tell operators from others, "
        "found none"
    )
    assert PLAIN not in verify(document(**{EXTENSION: "0"}), PLAIN)


def test_a_word_without_a_reason_is_signed_with_an_empty_one() -> None:
    sent = document(data={"operator": "ann"})
    time = sent["time"]
    sent[EXTENSION] = made(("1", "ops", "operator.pause", time, "ann", ""), PLAIN)

    assert verify(sent, PLAIN) == ""


@given(fields=st.tuples(*[st.text(max_size=10)] * 6), other=st.text(max_size=10))
def test_no_other_word_has_the_same_signature(fields: tuple[str, ...], other: str) -> None:
    """Also not one whose parts are cut in other places."""
    moved = (fields[0] + other, *fields[1:])

    assert (made(moved, PLAIN) == made(fields, PLAIN)) == (moved == fields)
