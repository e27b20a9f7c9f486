"""Ways to spoil a message: its structure, its bytes, and how it is sent."""

import copy
import gzip
import random
from collections.abc import Callable
from typing import Any

from tests.fuzz.seeds import Document, places, strange, written

#: Deeper than any reader goes down.
DEEP = 100_000

# -- The structure ---------------------------------------------------------------------------------


def replace(document: Document, chance: random.Random) -> Document:
    """Put something else into a place."""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        holder, key = chance.choice(places(document))
        holder[key] = strange(chance)
    return document


def leave_out(document: Document, chance: random.Random) -> Document:
    """Take something out."""
    holder, key = chance.choice(places(document))
    del holder[key]
    return document


def add(document: Document, chance: random.Random) -> Document:
    """Say more than there is to say."""
    name = chance.choice(
        ("extra", "data_base64", "Extra", "é", "", "a" * 21, "time", "traceparent")
    )
    holders = [holder for holder, _ in places(document) if isinstance(holder, dict)]
    chance.choice(holders)[name] = strange(chance)
    return document


def exchange(document: Document, chance: random.Random) -> Document:
    """Exchange two values."""
    (one, first), (two, second) = chance.choice(places(document)), chance.choice(places(document))
    kept = copy.deepcopy(one[first])
    one[first] = copy.deepcopy(two[second])
    two[second] = kept
    return document


def nest(document: Document, chance: random.Random) -> Document:
    """Wrap a value into some more levels than are allowed."""
    holder, key = chance.choice(places(document))
    for level in range(chance.choice((1, 3, 31, 32, 33, 200))):
        holder[key] = {"x": holder[key]} if level % 2 else [holder[key]]
    return document


def another_type(document: Document, chance: random.Random) -> Document:
    """Call it something else."""
    document["type"] = chance.choice(
        (
            "opportunity.dreamt",
            "operator.dance",
            "operator.",
            "execution.completed",
            "Opportunity.Detected",
            "opportunity.detected ",
            "operator.halt",
            "*",
        )
    )
    return document


def another_time(document: Document, chance: random.Random) -> Document:
    """Let it be old, of the future, or of no time."""
    document["time"] = chance.choice(
        (
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2001-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "yesterday",
            0,
        )
    )
    return document


STRUCTURE: tuple[Callable[[Document, random.Random], Document], ...] = (
    replace,
    replace,
    replace,
    leave_out,
    add,
    exchange,
    nest,
    another_type,
    another_time,
)

# -- The bytes -------------------------------------------------------------------------------------


def cut(body: bytes, chance: random.Random) -> bytes:
    """Cut it off."""
    return body[: chance.randrange(len(body))]


def flip(body: bytes, chance: random.Random) -> bytes:
    """Turn some bits."""
    spoilt = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 20))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def insert(body: bytes, chance: random.Random) -> bytes:
    """Put other bytes between."""
    at = chance.randrange(len(body))
    return body[:at] + chance.randbytes(chance.randint(1, 9)) + body[at:]


def noise(_body: bytes, chance: random.Random) -> bytes:
    """Send anything at all."""
    return chance.randbytes(chance.choice((0, 1, 2, 16, 1_000)))


def twice(body: bytes, chance: random.Random) -> bytes:
    """Write a key twice, or the whole message."""
    if chance.random() < 0.3:
        return body + chance.choice((b"", b"\n", b" ")) + body
    name = chance.choice((b"id", b"data", b"type", b"stake", b"odds"))
    return body.replace(b'"%s": ' % name, b'"%s": "7", "%s": ' % (name, name))


def recode(body: bytes, chance: random.Random) -> bytes:
    """Write it in another encoding."""
    name = chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7", "cp037"))
    return body.decode("utf-8", "replace").encode(name, "replace")


def wrap(body: bytes, chance: random.Random) -> bytes:
    """Send a batch, a text of a message, something around it."""
    return chance.choice((b"[%s]", b"[%s, null]", b'{"event": %s}', b"<x>%s</x>")) % body


def deep(_body: bytes, chance: random.Random) -> bytes:
    """Send levels without an end."""
    one = chance.choice((b"[", b'{"a":', b'[{"a":', b'{"data": [['))
    return one * DEEP + chance.choice((b"", b"1"))


def huge(body: bytes, chance: random.Random) -> bytes:
    """Send very much."""
    size = chance.choice((256 * 1024 + 1, 1_000_000, 3_000_000))
    fill = chance.choice((b" ", b"\x00", b"9", b"["))
    if chance.random() < 0.5:
        return body[:-1] + b', "fill": "' + b"x" * size + b'"}'
    return body + fill * size if chance.random() < 0.5 else fill * size


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    cut,
    cut,
    flip,
    flip,
    insert,
    noise,
    twice,
    recode,
    wrap,
)
LARGE = (deep, huge)

# -- The sending -----------------------------------------------------------------------------------


def zipped(body: bytes) -> bytes:
    """Return it compressed; the same bytes each time."""
    return gzip.compress(body, mtime=0)


def binary_mode(document: Document) -> tuple[bytes, dict[str, Any]]:
    """Return the data alone, and the attributes as headers: CloudEvents' other way."""
    attributes = {name: value for name, value in document.items() if name != "data"}
    headers = {f"cloudEvents:{name}": str(value) for name, value in attributes.items()}
    return written(document["data"]), headers
