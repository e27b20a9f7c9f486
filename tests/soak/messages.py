"""
What is published in a soak: opportunities, and in between whatever else comes along on a real bus.

Which messages there are is drawn from a seed; their bodies get the time at which they are sent.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

SOURCE = "soak"
OPPORTUNITY = "opportunity"
#: The same message, byte for byte, once more.
AGAIN = "again"
#: The same opportunity in a message of its own.
TWIN = "twin"
OLD = "old"
FUTURE = "future"
MALFORMED = "malformed"
#: An operator's word that nobody signed, or somebody with another key.
FORGED = "forged"
#: An operator's word with the right signature.
WORD = "word"
#: A message whose routing key is misspelt: no queue of ours is bound to it.
STRAY = "stray"

#: How many of each come for a thousand opportunities.
PER_THOUSAND = {AGAIN: 40, TWIN: 10, OLD: 6, FUTURE: 4, MALFORMED: 15, FORGED: 5, STRAY: 3}

#: So many messages back may be repeated.
REPEATABLE = 2_000
HOUR_MS = 3_600_000
CONTENT_TYPE = "application/cloudevents+json"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """
    One message to publish.

    Attributes:
        kind: as above.
        id: the CloudEvent's id; for `again` that of the message that is repeated.
        opportunity: the id of the opportunity in it; empty where there is none.
        routing_key, content_type: what it is published with.
        variant: which way it is wrong, or what an operator says.
    """

    kind: str
    id: str
    opportunity: str = ""
    routing_key: str = "opportunity.detected"
    content_type: str = CONTENT_TYPE
    variant: str = ""


def plan(count: int, seed: int) -> Iterator[Message]:
    """Yield `count` opportunities, and other messages in between."""
    dice = random.Random(f"messages:{seed}")
    recent: list[Message] = []
    for number in range(count):
        message = Message(kind=OPPORTUNITY, id=f"o{number}", opportunity=f"s{seed}-{number}")
        yield message
        recent = [*recent[-REPEATABLE:], message] if len(recent) > 2 * REPEATABLE else recent
        recent.append(message)
        for kind, share in PER_THOUSAND.items():
            # The first of each kind comes early, so that a short run has it too.
            if dice.randrange(1000) < share or number == 20 + 3 * list(PER_THOUSAND).index(kind):
                yield _other(kind, number, dice, dice.choice(recent[-REPEATABLE:]))


def _other(kind: str, number: int, dice: random.Random, earlier: Message) -> Message:
    if kind == AGAIN:
        return msgspec.structs.replace(earlier, kind=AGAIN)
    if kind == TWIN:
        return Message(kind=TWIN, id=f"t{number}", opportunity=earlier.opportunity)
    if kind == MALFORMED:
        return _malformed(number, dice.choice(sorted(BROKEN)))
    if kind == FORGED:
        return word(f"f{number}", dice.choice(("stop", "halt", "pause", "resume")), forged=True)
    if kind == STRAY:
        return Message(kind=STRAY, id=f"y{number}", routing_key="oportunity.detected")
    return Message(kind=kind, id=f"{kind[0]}t{number}", opportunity=f"{kind}-{number}")


def _malformed(number: int, variant: str) -> Message:
    content = "text/html" if variant == "content type" else CONTENT_TYPE
    return Message(kind=MALFORMED, id=f"m{number}", variant=variant, content_type=content)


def word(identity: str, what: str, *, forged: bool = False) -> Message:
    """Return an operator's word, e.g. `pause`."""
    kind = FORGED if forged else WORD
    return Message(kind=kind, id=identity, routing_key=f"operator.{what}", variant=what)


# -- Bodies ----------------------------------------------------------------------------------------


def body_of(message: Message, now_ms: int, key: str) -> bytes:
    """Return the bytes of a message that is sent now; `key` is what operators sign with."""
    if message.kind in {WORD, FORGED}:
        return _word_body(message, now_ms, key if message.kind == WORD else "another" * 8)
    if message.kind == MALFORMED:
        return BROKEN[message.variant](_event(message, now_ms))
    shift = {OLD: -2 * HOUR_MS, FUTURE: HOUR_MS}.get(message.kind, 0)
    return json.dumps(_event(message, now_ms + shift)).encode()


def _event(message: Message, now_ms: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": message.id,
        "source": SOURCE,
        "type": "opportunity.detected",
        "time": _time(now_ms),
        "data": opportunity(message.opportunity or message.id, now_ms),
    }


def _time(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")


def opportunity(name: str, now_ms: int) -> dict[str, Any]:
    """Return an opportunity between the two venues, with prices to fall back on."""

    def offer(venue: str, outcome: str, odds: str) -> dict[str, Any]:
        selection = {"venue": venue, "market": "m", "outcome": outcome, "wins": [outcome]}
        return {"selection": selection, "odds": odds}

    return {
        "id": name,
        "detected_ms": now_ms,
        "event": "Home - Away",
        "scenarios": ["over", "under"],
        "stake": "10",
        "leg_a": offer("sx", "over", "2.10"),
        "leg_b": offer("azuro", "under", "2.05"),
        "hedges": [
            {"strategy": "total", "offer": offer("sx", "under", "2.00")},
            {"strategy": "unwind", "offer": offer("sx", "under", "1.85")},
        ],
    }


def _word_body(message: Message, now_ms: int, key: str) -> bytes:
    kind, time, reason = f"operator.{message.variant}", _time(now_ms), f"soak {message.id}"
    signed = [message.id, SOURCE, kind, time, SOURCE, reason]
    text = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    signature = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {
            "specversion": "1.0",
            "id": message.id,
            "source": SOURCE,
            "type": kind,
            "time": time,
            "xarbsignature": signature,
            "data": {"operator": SOURCE, "reason": reason},
        }
    ).encode()


def _without(event: dict[str, Any], *names: str) -> bytes:
    return json.dumps({key: value for key, value in event.items() if key not in names}).encode()


def _with_data(event: dict[str, Any], **data: Any) -> bytes:
    return json.dumps({**event, "data": {**event["data"], **data}}).encode()


#: The ways in which a message is malformed. Each body still has the message's id in it.
BROKEN: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "no JSON": lambda event: f"<opportunity id='{event['id']}'>".encode(),
    "cut off": lambda event: json.dumps(event).encode()[:-40],
    "no text": lambda event: b"\xff\xfe" + json.dumps(event).encode(),
    "no time": lambda event: _without(event, "time"),
    "no data": lambda event: _without(event, "data"),
    "odds of nothing": lambda event: _with_data(event, leg_a={}),
    "a stake below nothing": lambda event: _with_data(event, stake="-1"),
    "another type": lambda event: json.dumps({**event, "type": "opportunity.imagined"}).encode(),
    "deep": lambda event: (
        f'{{"id": "{event["id"]}", "data": '.encode() + b"[" * 5_000 + b"]" * 5_000 + b"}"
    ),
    "content type": lambda event: json.dumps(event).encode(),
}
