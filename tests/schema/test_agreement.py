"""
What the schemas refuse, the reader refuses; what only the reader refuses is written down.

The messages are those of the fuzz campaign: sound ones, spoilt in every way there is. Operators'
words are signed after they are spoilt: whoever has the key may make mistakes, too.
"""

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fuzz.campaign import CONTENT_TYPE, KEY, Fuzzed, campaign, signature
from tests.fuzz.mutations import STRUCTURE
from tests.fuzz.reading import NOW_MS, read
from tests.fuzz.seeds import Document, word, written
from tests.schema.validators import problems, whole
from xarb_runtime.bus.cloudevents import Malformed, decode
from xarb_runtime.bus.published import OPERATOR_WORDS
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.ops.schemas import BEYOND

pytestmark = pytest.mark.timeout(300)
#: How the reader says it, by the line in which we say it.
SAID = {
    "the body": r"expected at most \d+ (bytes|levels)|expected each key once",
    "numbers": r"at most 64 bits|ordinary exponent|expected a number, found -?(NaN|Infinity)"
    r"|\w+: expected a (whole number|text, a whole number or true or false), found a number",
    "texts": r"half a surrogate pair|character NUL",
    "`time`": r"time: expected a time (such as|since 1970)",
    "amounts and odds": r"decimal places"
    r"|(stake|odds|fee): expected (an amount|decimal odds|a share)",
    "`wins`": r"wins: expected ",
    "an operator's word": r"data.operator: expected a name of",
}


class Compared(NamedTuple):
    kind: str
    how: str
    body: bytes
    reader: str
    schema: list[str]


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    found = map(_compared, [*_opportunities(), *_words()])
    return [each for each in found if each is not None]


def _opportunities() -> Iterator[Fuzzed]:
    for message in campaign(7, 4_000, NOW_MS, sound_every=50):
        event = decode(message.body)
        if isinstance(event, Malformed) or event.type == OPPORTUNITY_DETECTED:
            # How it was sent is nothing that a schema sees.
            key = OPPORTUNITY_DETECTED
            yield message._replace(routing_key=key, content_type=CONTENT_TYPE)


def _words() -> Iterator[Fuzzed]:
    chance = random.Random(7)
    for number in range(2_000):
        said = word(number, NOW_MS, chance)
        kind, spoil = said["type"], chance.choice([*STRUCTURE, *[unspoilt] * 4])
        said = spoil(copy.deepcopy(said), chance)
        said["xarbsignature"] = signature(said, KEY)
        if said.get("type") == kind:
            yield Fuzzed(number, spoil.__name__, written(said), kind)


def unspoilt(document: Document, _chance: random.Random) -> Document:
    return document


def _compared(message: Fuzzed) -> Compared | None:
    letter = read(message).delivery.dead_letter
    reader = letter.reason if letter else ""
    try:
        json.loads(message.body.decode())
    except (ValueError, RecursionError):
        assert reader, message
        return None
    kind = message.routing_key
    schema = problems(whole(kind), message.body)
    return Compared(kind, message.how, message.body, reader, schema)


def test_what_the_schema_refuses_is_not_taken(compared: list[Compared]) -> None:
    taken = [it for it in compared if it.schema and not it.reader]

    assert taken == []


@pytest.mark.parametrize("kind", [OPPORTUNITY_DETECTED, *OPERATOR_WORDS])
def test_both_take_and_both_refuse_a_good_deal(compared: list[Compared], kind: str) -> None:
    """Otherwise nothing would be compared here."""
    ours = [it for it in compared if it.kind == kind]

    assert sum(not it.reader and not it.schema for it in ours) > 100
    assert sum(bool(it.reader and it.schema) for it in ours) > 50


def test_what_only_the_reader_refuses_is_written_down(compared: list[Compared]) -> None:
    reasons = {it.reader for it in compared if it.reader and not it.schema}
    unsaid = [each for each in reasons if not any(re.search(it, each) for it in SAID.values())]

    assert unsaid == []


def test_what_is_written_down_happens(compared: list[Compared]) -> None:
    reasons = {it.reader for it in compared if it.reader and not it.schema}
    idle = [line for line, it in SAID.items() if not any(re.search(it, each) for each in reasons)]

    assert idle == []
    assert [line.partition(":")[0] for line in BEYOND] == list(SAID)
