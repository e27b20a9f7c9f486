"""
What fuzzed messages are made of: sound messages, and values that are not.

Everything follows from a `random.Random`: the same seed gives the same bytes.
"""

import copy
import json
import random
from functools import cache
from typing import Any

import msgspec

from xarb_runtime.bus.cloudevents import encode
from xarb_runtime.bus.published import OPERATOR_WORDS
from xarb_runtime.bus.rfc3339 import format_time
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.ops.message_examples import examples

Document = dict[str, Any]

#: Texts that are exchanged for JSON as it stands, because no JSON library would write it.
_RAW = "@raw:{}@"
RAW = (
    "1e999",
    "-1e999",
    "1e-999",
    "1e99999999999999999999",
    "NaN",
    "Infinity",
    "-Infinity",
    "-0",
    "-0.0",
    "1.0",
    "100.00",
    "0x10",
    "01",
    "1.",
    ".5",
    "+1",
    "1_000",
    "9" * 5_000,
    "1." + "1" * 5_000,
    "1" * 5_000 + ".5",
    "9223372036854775808",
    "-9223372036854775809",
    '"\\ud800"',
    '"\\udfff x"',
    '"\\u0000"',
    '"\\x41"',
    '"tab\tin a text"',
    "'quoted'",
    "undefined",
    "None",
    "tru",
)
TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1",
    "2.05",
    "2,05",
    "1_000",
    " 5",
    "5\n",
    "٣",
    "\uff11\uff12",
    "1e3",
    "1E+3",
    "1e-13",
    "1e999999999999",
    "0e5000",
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "1" * 5_000,
    "0." + "1" * 5_000,
    "over",
    "sx",
    "x" * 300,
    "é" * 256,
    "💶" * 256,
    "\u202eover",
    "\ufeffover",
    "\uffff",
    "\x7f",
    "a\nb",
    "a\x00b",
    "../../etc/passwd",
    "'; DROP TABLE inbox; --",
    "{{7*7}}",
    "%s%n",
    "null",
    "true",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2026-02-30T00:00:00Z",
    "2026-05-17 18:30:00Z",
    "2026-05-17T18:30:00",
    "2026-05-17T18:30:00.25+25:00",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**31,
    2**63 - 1,
    2**63,
    10**40,
    1.5,
    -0.5,
    1e300,
    [],
    {},
    [[]],
    [None],
    ["over", "over"],
    ["over", "under"],
    ["moon"],
    {"": ""},
    {"selection": {}},
    [{}] * 65,
    ["a"] * 300,
)


@cache
def example(kind: str) -> bytes:
    """Return the example of a type of message."""
    return encode(examples()[kind])


def spoilable(number: int, now_ms: int) -> Document:
    """
    Return a sound message whose opportunity is not taken: the venues settle differently.

    What is spoilt but can still be read would be traded otherwise, at markets that there are not,
    and the runtime would pause for good reasons.
    """
    made = opportunity(number, now_ms)
    made["data"]["leg_b"]["settlement"] = {"void": "half"}
    return made


def opportunity(number: int, now_ms: int) -> Document:
    """Return a sound message with an id of its own."""
    sound = json.loads(example(OPPORTUNITY_DETECTED))
    sound["id"] = sound["data"]["id"] = f"f-{number}"
    sound["time"] = format_time(now_ms)
    sound["data"]["detected_ms"] = now_ms
    return sound


def word(number: int, now_ms: int, chance: random.Random) -> Document:
    """Return an operator's word with the signature of another one."""
    kind = chance.choice(OPERATOR_WORDS)
    said = json.loads(example(kind))
    said["id"] = f"w-{number}"
    said["time"] = format_time(now_ms)
    return said


def strange(chance: random.Random) -> Any:
    """Return a value that most places do not expect."""
    match chance.randrange(4):
        case 0:
            return copy.deepcopy(chance.choice(VALUES))
        case 1:
            return chance.choice(TEXTS)
        case 2:
            return _RAW.format(chance.randrange(len(RAW)))
        case _:
            return chance.choice(
                [chance.getrandbits(70), chance.uniform(-1e6, 1e6), chance.random()]
            )


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        found.append((value, key))
        if isinstance(each, dict | list):
            found += places(each)
    return found


def written(document: Any, *, ascii_only: bool = False) -> bytes:
    """Return a document as bytes, with raw JSON in its places."""
    text = json.dumps(document, ensure_ascii=ascii_only)
    for number, raw in enumerate(RAW):
        text = text.replace(f'"{_RAW.format(number)}"', raw)
    return text.encode("utf-8", "surrogatepass")


def plain(document: Any) -> bytes:
    """Return a document as xarb itself would write it."""
    return msgspec.json.encode(document)
