"""
A campaign of fuzzed messages: mostly bad ones, with a sound opportunity every now and then.

The same seed gives the same messages.
"""

import copy
import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fuzz.mutations import BYTES, LARGE, STRUCTURE, binary_mode, zipped
from tests.fuzz.seeds import Document, opportunity, plain, spoilable, word, written

CONTENT_TYPE = "application/cloudevents+json"
#: What the runtime of a campaign believes.
KEY = "the key of a campaign, long enough for it"

CONTENT_TYPES = (
    "",
    "text/plain",
    "application/xml",
    "application/octet-stream",
    "application/cloudevents-batch+json",
    "application/jsonp",
    "json",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "a" * 200,
)
ROUTING_KEYS = (
    "",
    "#",
    "opportunity",
    "opportunity.detcted",
    "oportunity.detected",
    "operator.pause",
    "operator",
    "execution.completed",
    "x" * 255,
)


class Fuzzed(NamedTuple):
    """
    One message of a campaign.

    `how` says what is wrong with it; `sound` is the id of the opportunity that must be executed.
    """

    number: int
    how: str
    body: bytes
    routing_key: str
    content_type: str = CONTENT_TYPE
    content_encoding: str = ""
    headers: dict[str, Any] = {}
    sound: str = ""


def campaign(seed: int, count: int, now_ms: int, *, sound_every: int = 500) -> Iterator[Fuzzed]:
    """Yield messages; each has an identity of its own unless that is what is spoilt."""
    chance = random.Random(seed)
    resume: list[Fuzzed] = []
    for number in range(count):
        if number % sound_every == sound_every - 1:
            found = opportunity(number, now_ms)
            yield Fuzzed(number, "sound", plain(found), found["type"], sound=found["id"])
        elif number % 97 == 0:
            yield _obeyed(number, now_ms, resume, chance)
        else:
            yield _spoilt(number, now_ms, chance)


def _spoilt(number: int, now_ms: int, chance: random.Random) -> Fuzzed:
    is_word = chance.random() < 0.2
    found = word(number, now_ms, chance) if is_word else spoilable(number, now_ms)
    key = found["type"]
    draw = chance.random()
    if draw < 0.55:
        spoil = chance.choice(STRUCTURE)
        made = spoil(copy.deepcopy(found), chance)
        body = written(made, ascii_only=chance.random() < 0.5)
        return Fuzzed(number, spoil.__name__, body, key)
    if draw < 0.85:
        spoil = chance.choice(BYTES)
        return Fuzzed(number, spoil.__name__, spoil(written(found), chance), key)
    if draw < 0.86:
        spoil = chance.choice(LARGE)
        return Fuzzed(number, spoil.__name__, spoil(written(found), chance), key)
    return _sent_wrong(number, found, chance)


def _sent_wrong(number: int, found: Document, chance: random.Random) -> Fuzzed:
    key, body = found["type"], written(found)
    match chance.randrange(5):
        case 0:
            content = chance.choice(CONTENT_TYPES)
            return Fuzzed(number, "content type", body, key, content_type=content)
        case 1:
            return Fuzzed(number, "zipped", zipped(body), key, content_encoding="gzip")
        case 2:
            data, headers = binary_mode(found)
            kind = "application/json"
            return Fuzzed(number, "binary mode", data, key, content_type=kind, headers=headers)
        case 3:
            # The opportunity is sound, and so it is executed wherever it turns up; a word is not.
            other = chance.choice(ROUTING_KEYS)
            found["data"]["stake"] = "0" if "stake" in found["data"] else ""
            return Fuzzed(number, "routing key", written(found), other)
        case _:
            return _mistrusted(number, found, chance)


def _mistrusted(number: int, found: Document, chance: random.Random) -> Fuzzed:
    """A word of an operator who does not have the key."""
    kind = "operator.stop"
    data = {"operator": "mallory", "reason": "because"}
    said = {**found, "type": kind, "data": data}
    said["xarbsignature"] = chance.choice(
        ("", "0" * 64, "G" * 64, "0" * 63, chance.randbytes(32).hex(), signature(said, KEY + "!"))
    )
    if chance.random() < 0.2:
        del said["xarbsignature"]
    return Fuzzed(number, "signature", written(said), kind)


def _obeyed(number: int, now_ms: int, before: list[Fuzzed], chance: random.Random) -> Fuzzed:
    """A word that is obeyed but changes nothing, or the same one once more."""
    if before and chance.random() < 0.5:
        return chance.choice(before)._replace(number=number, how="replayed")
    said = word(number, now_ms, chance)
    said["type"] = "operator.resume"
    said["xarbsignature"] = signature(said, KEY)
    made = Fuzzed(number, "resume", plain(said), said["type"])
    before.append(made)
    return made


def signature(said: Document, key: str) -> str:
    """Made as the reference says, not as the runtime does it; of what is not there, of nothing."""
    data = said.get("data")
    data = data if isinstance(data, dict) else {}
    signed = [said.get(name) for name in ("id", "source", "type", "time")]
    text = json.dumps(
        [*signed, data.get("operator"), data.get("reason", "")],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hmac.new(key.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
