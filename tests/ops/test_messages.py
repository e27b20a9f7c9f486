"""Messages are split as they were written: nothing is lost, nothing is rewritten."""

import json

from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.ops.messages import split_messages

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=3)


@given(st.lists(objects, min_size=1, max_size=4), st.sampled_from([None, 2]))
def test_an_array_is_its_elements(found: list[dict], indent: int | None) -> None:
    parts = split_messages(json.dumps(found, indent=indent).encode())

    assert [json.loads(part) for part in parts] == found


@given(st.lists(objects, min_size=2, max_size=4))
def test_lines_are_messages(found: list[dict]) -> None:
    body = "\n".join(map(json.dumps, found)) + "\n\n"

    assert [json.loads(part) for part in split_messages(body.encode())] == found


@given(objects, st.sampled_from([None, 2]))
def test_one_object_is_one_message_however_it_is_laid_out(found: dict, indent: int | None) -> None:
    assert [json.loads(p) for p in split_messages(json.dumps(found, indent=indent).encode())] == [
        found
    ]


@given(st.binary(max_size=64))
def test_any_bytes_are_messages_and_none_is_lost(body: bytes) -> None:
    parts = split_messages(body)

    assert not body.strip() or body.strip() == b"[]" or parts
    assert all(part in body for part in parts)


def test_prices_are_not_rewritten() -> None:
    assert split_messages(b'[{"odds": 2.10}, {"odds": 1e1}]') == [
        b'{"odds": 2.10}',
        b'{"odds": 1e1}',
    ]


def test_a_broken_line_does_not_spoil_the_others() -> None:
    assert split_messages(b'{"a": 1}\n{"b": \n{"c": 3}') == [b'{"a": 1}', b'{"b":', b'{"c": 3}']
