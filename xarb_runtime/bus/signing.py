"""
Signatures of operators' words, so that whoever can publish cannot stop or resume trading.

What is signed is the compact JSON array `[id, source, type, time, operator, reason]` in UTF-8, each
as it stands in the message; the signature is the lower-case hexadecimal HMAC-SHA256 of it, in the
extension `xarbsignature`. In JavaScript:

    createHmac("sha256", key).update(JSON.stringify([id, source, type, time, operator, reason]))
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent
from xarb_runtime.bus.rfc3339 import format_time

EXTENSION = "xarbsignature"

_SIGNED = "[id, source, type, time, operator, reason]"


def signature(
    *, identity: str, source: str, kind: str, time: str, operator: str, reason: str, key: str
) -> str:
    """Return the signature of an operator's word; `time` is the text as it is sent."""
    text = json.dumps(
        [identity, source, kind, time, operator, reason], ensure_ascii=False, separators=(",", ":")
    )
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed(event: CloudEvent, key: str) -> CloudEvent:
    """Return the event with its signature; `encode` writes its time as it was signed."""
    made = signature(
        identity=event.id,
        source=event.source,
        kind=event.type,
        time=format_time(event.time_ms),
        operator=str(event.data.get("operator", "")),
        reason=str(event.data.get("reason", "")),
        key=key,
    )
    return msgspec.structs.replace(event, extensions={**event.extensions, EXTENSION: made})


def verify(document: Mapping[str, Any], key: str) -> str:
    """
    Return why a word must not be obeyed; empty if it is signed with the key.

    Args:
        document: the message as it was sent, known to be a CloudEvent with an operator's data.
        key: `bus.operator_key`; empty if there is none.
    """
    if not key:
        expected = "bus.operator_key in the settings, to tell operators from others"
        return f"{EXTENSION}: expected {expected}, found none"
    found = document.get(EXTENSION)
    if not isinstance(found, str) or not found:
        return f"{EXTENSION}: expected the signature of {_SIGNED}, found none"
    data = document["data"]
    made = signature(
        identity=document["id"],
        source=document["source"],
        kind=document["type"],
        time=document["time"],
        operator=data["operator"],
        reason=data.get("reason", ""),
        key=key,
    )
    if not hmac.compare_digest(found.encode(), made.encode()):
        return f"{EXTENSION}: expected the signature of {_SIGNED} with our key, found another"
    return ""
