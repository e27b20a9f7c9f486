"""
From what people write to what goes onto the bus: bare opportunities become CloudEvents.
"""

import time
from collections.abc import Callable
from typing import Any

from xarb_runtime.bus.cloudevents import CloudEvent, Malformed, decode, encode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.bus.strict_json import UnreadableError, read_object
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED

SOURCE = "xarb-submit"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def wrapped(body: bytes, now_ms: Callable[[], int] = _now_ms) -> bytes | str:
    """
    Return a message as a CloudEvent on one line, or what is wrong with it.

    An opportunity without an envelope gets one; one without `detected_ms` is detected now.
    """
    try:
        found = read_object(body)
    except UnreadableError as error:
        return str(error)
    if "specversion" in found or "data" in found:
        return _checked(body)
    return _enveloped(found, now_ms())


def _checked(body: bytes) -> bytes | str:
    event = decode(body)
    if isinstance(event, Malformed):
        return event.reason
    if event.type != OPPORTUNITY_DETECTED:
        return f"type: expected {OPPORTUNITY_DETECTED}, found {event.type}"
    opportunity = read_opportunity(event.data)
    return opportunity.reason if isinstance(opportunity, Malformed) else encode(event)


def _enveloped(found: dict[str, Any], now_ms: int) -> bytes | str:
    data = {"detected_ms": now_ms, **found}
    opportunity = read_opportunity(data)
    if isinstance(opportunity, Malformed):
        return opportunity.reason
    return encode(
        CloudEvent(
            id=opportunity.id,
            source=SOURCE,
            type=OPPORTUNITY_DETECTED,
            time_ms=opportunity.detected_ms,
            subject=opportunity.event,
            data=data,
        )
    )
