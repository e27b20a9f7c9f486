"""
Ten thousand spoilt messages, read one by one: each becomes something that the journal can write.

The whole way through a broker is in `test_broker`.
"""

from collections import Counter
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.campaign import Fuzzed, campaign
from tests.fuzz.mutations import BYTES, LARGE, STRUCTURE
from tests.fuzz.reading import NOW_MS, read
from xarb_runtime.service.reading import Reading

pytestmark = pytest.mark.timeout(300)
COUNT = 10_000
SOUND_EVERY = 500
#: Longer ones would make the list of dead letters unreadable.
LONGEST_REASON = 5_000


class Pair(NamedTuple):
    message: Fuzzed
    found: Reading


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """A campaign, read."""
    messages = campaign(1, COUNT, NOW_MS, sound_every=SOUND_EVERY)
    return [Pair(message, read(message)) for message in messages]


def outcomes(pairs: list[Pair], how: str) -> Counter[str]:
    return Counter(found.outcome for message, found in pairs if message.how == how)


def test_each_becomes_one_thing_and_a_bad_one_has_a_reason(pairs: list[Pair]) -> None:
    for message, found in pairs:
        assert_one_thing(message, found)


def assert_one_thing(message: Fuzzed, reading: Reading) -> None:
    found, letter = reading.delivery, reading.delivery.dead_letter
    things = [it for it in (found.event, found.received, letter) if it is not None]
    assert len(things) == 1, message.how
    if letter is not None:
        assert reading.outcome in {"malformed", "unsigned"}
        assert 0 < len(letter.reason) <= LONGEST_REASON
        assert letter.body == message.body
        assert "\0" not in letter.reason + letter.source
    event = found.event or (found.received.event if found.received else None)
    if event is not None:
        written = msgspec.json.encode(event)
        # What PostgreSQL takes in no text, and no JSON library can read.
        assert b"\\u0000" not in written
        assert msgspec.json.decode(written)["id"] == event.id


def test_the_sound_ones_are_taken(pairs: list[Pair]) -> None:
    taken = [message.sound for message, it in pairs if it.delivery.event and message.sound]

    assert taken == [message.sound for message, _ in pairs if message.sound]
    assert len(taken) == COUNT // SOUND_EVERY


@pytest.mark.parametrize(
    "how", ["cut", "noise", "deep", "huge", "zipped", "binary mode", "wrap", "nest"]
)
def test_what_can_never_be_right_is_dead(pairs: list[Pair], how: str) -> None:
    found = outcomes(pairs, how)

    assert set(found) <= {"malformed", "unsigned"}
    assert found.total() >= 20


def test_only_who_has_the_key_is_obeyed(pairs: list[Pair]) -> None:
    obeyed = {message.how for message, it in pairs if it.outcome == "operator"}

    assert obeyed == {"resume", "replayed"}
    assert outcomes(pairs, "signature").keys() == {"unsigned"}


def test_every_way_to_spoil_a_message_is_used(pairs: list[Pair]) -> None:
    spoilt = {it.__name__ for it in (*STRUCTURE, *BYTES, *LARGE)}
    sent = {"content type", "zipped", "binary mode", "routing key", "signature"}

    assert {message.how for message, _ in pairs} == {
        *spoilt,
        *sent,
        "sound",
        "resume",
        "replayed",
    }


def test_the_same_seed_gives_the_same_messages() -> None:
    first, again, other = (list(campaign(seed, 300, NOW_MS)) for seed in (5, 5, 6))

    assert first == again
    assert first != other


@settings(max_examples=200)
@given(st.integers(0, 2**64))
def test_no_other_seed_raises_either(seed: int) -> None:
    for message in campaign(seed, 12, NOW_MS, sound_every=6):
        assert_one_thing(message, read(message))


@settings(max_examples=300)
@given(st.binary(max_size=400), st.text(max_size=30), st.text(max_size=30))
def test_no_bytes_under_any_name_raise(body: bytes, content_type: str, key: str) -> None:
    message = Fuzzed(0, "noise", body, key, content_type=content_type)
    found = read(message)

    assert_one_thing(message, found)
    assert found.delivery.dead_letter is not None
