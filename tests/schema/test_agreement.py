"""
What the schemas refuse, the reader refuses; what only the reader refuses is written down.

The messages are those of the fuzz campaign: sound ones, spoilt in every way there is.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fuzz.campaign import campaign
from tests.schema.validators import problems, whole
from xarb_runtime.bus.cloudevents import Malformed, decode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.ops.schemas import BEYOND

NOW_MS = 1_800_000_000_000
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
}


class Compared(NamedTuple):
    how: str
    body: bytes
    reader: str
    schema: list[str]


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    return list(_compared())


def _compared() -> Iterator[Compared]:
    for message in campaign(7, 4_000, NOW_MS, sound_every=50):
        event = decode(message.body)
        if not isinstance(event, Malformed) and event.type != OPPORTUNITY_DETECTED:
            continue
        found = event if isinstance(event, Malformed) else read_opportunity(event.data)
        reader = found.reason if isinstance(found, Malformed) else ""
        try:
            json.loads(message.body.decode())
        except (ValueError, RecursionError):
            assert reader, message
            continue
        schema = problems(whole(OPPORTUNITY_DETECTED), message.body)
        yield Compared(message.how, message.body, reader, schema)


def test_what_the_schema_refuses_is_not_taken(compared: list[Compared]) -> None:
    taken = [it for it in compared if it.schema and not it.reader]

    assert taken == []


def test_both_take_and_both_refuse_a_good_deal(compared: list[Compared]) -> None:
    """Otherwise nothing would be compared here."""
    assert sum(not it.reader and not it.schema for it in compared) > 200
    assert sum(bool(it.reader and it.schema) for it in compared) > 1_000


def test_what_only_the_reader_refuses_is_written_down(compared: list[Compared]) -> None:
    reasons = {it.reader for it in compared if it.reader and not it.schema}
    unsaid = [each for each in reasons if not any(re.search(it, each) for it in SAID.values())]

    assert unsaid == []


def test_what_is_written_down_happens(compared: list[Compared]) -> None:
    reasons = {it.reader for it in compared if it.reader and not it.schema}
    idle = [line for line, it in SAID.items() if not any(re.search(it, each) for each in reasons)]

    assert idle == []
    signed = "an operator's word"
    assert [line.partition(":")[0] for line in BEYOND] == [*SAID, signed]
