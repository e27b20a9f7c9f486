"""
What a message of the bus amounts to: an opportunity, an operator's word, or a row that says why it
is neither. Whatever the bytes are, nothing is raised.
"""

import re

import msgspec

from xarb_runtime.bus.cloudevents import CloudEvent, Malformed, decode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.bus.published import OPERATOR_WORDS, OperatorWordData
from xarb_runtime.bus.signing import verify
from xarb_runtime.bus.strict_json import UnreadableError, read_object, shown
from xarb_runtime.bus.traceparent import TRACEPARENT, parse_traceparent
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED, Event
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.plugins.settings import SectionError, read_section
from xarb_runtime.service.book import SUPERVISOR
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.store.batch import DeadLetter, OperatorAction, Received

#: So far may a publisher's clock be ahead of ours.
FUTURE_MS = 1_000
#: Longest name of an operator, and longest reason.
NAME_LENGTH, REASON_LENGTH = 64, 2_000

_CONTENT = re.compile(
    r"\s*(?:application/cloudevents\+json|application/json)?\s*(?:;.*)?", re.IGNORECASE | re.DOTALL
)
_EXPECTED = "a CloudEvent in structured JSON (application/cloudevents+json)"
_CONTEXT = ("specversion", "id", "source", "type")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message that was read.

    Attributes:
        delivery: what goes into the journal.
        outcome: `opportunity`, `operator`, `too_old`, `from_the_future`, `malformed`, `unsigned`.
        age_ms: since the time that it carries; None where it has none.
    """

    delivery: Delivery
    outcome: str
    age_ms: int | None = None


class _Refused(Exception):
    """The message becomes a dead letter."""

    def __init__(self, reason: str, *, source: str = "bus", outcome: str = "malformed") -> None:
        super().__init__(reason)
        self.reason, self.source, self.outcome = reason, source, outcome


class Reader:
    """
    Reads messages.

    Args:
        max_age_ms: older opportunities are dropped.
        operator_key: what operators' words are signed with; empty: none is obeyed.
        operator_max_age_ms: older words are dropped.
    """

    def __init__(self, *, max_age_ms: int, operator_key: str, operator_max_age_ms: int) -> None:
        self._max_age_ms = max_age_ms
        self._key = operator_key
        self._operator_max_age_ms = operator_max_age_ms

    def read(self, message: BusMessage, now_ms: int, *, words_only: bool = False) -> Reading:
        """Return what a message amounts to; on the way for words an opportunity is out of place."""
        try:
            return self._read(message, now_ms, words_only=words_only)
        except _Refused as refused:
            letter = DeadLetter(
                received_ms=now_ms,
                source=refused.source,
                reason=refused.reason,
                body=message.body,
            )
            return Reading(delivery=Delivery(dead_letter=letter), outcome=refused.outcome)

    def _read(self, message: BusMessage, now_ms: int, *, words_only: bool) -> Reading:
        event = _event(message)
        if event.type in OPERATOR_WORDS:
            return self._word(message.body, event, now_ms)
        if event.type != OPPORTUNITY_DETECTED:
            expected = f"{OPPORTUNITY_DETECTED} or one of {', '.join(OPERATOR_WORDS)}"
            reason = f"expected type {expected}, found {shown(event.type)}"
            raise _Refused(reason, source=event.source)
        if words_only:
            reason = f"expected type {', '.join(OPERATOR_WORDS)} here, found {event.type}"
            raise _Refused(reason, source=event.source)
        return self._opportunity(event, now_ms)

    # -- Opportunities ---------------------------------------------------------------------------

    def _opportunity(self, message: CloudEvent, now_ms: int) -> Reading:
        opportunity = read_opportunity(message.data)
        if isinstance(opportunity, Malformed):
            raise _Refused(opportunity.reason, source=message.source)
        event = Event(
            id=message.id,
            source=f"bus:{message.source}",
            type=OPPORTUNITY_DETECTED,
            time_ms=now_ms,
            execution=f"x-{opportunity.id}",
            data={"opportunity": message.data, **_trace(message)},
        )
        age_ms = now_ms - message.time_ms
        dropped = _dropped(event, age_ms, self._max_age_ms)
        if dropped is not None:
            return dropped
        delivery = Delivery(event=event, message=True)
        return Reading(delivery=delivery, outcome="opportunity", age_ms=age_ms)

    # -- Operators' words ------------------------------------------------------------------------

    def _word(self, body: bytes, message: CloudEvent, now_ms: int) -> Reading:
        word = _said(message)
        problem = verify(read_object(body), self._key)
        if problem:
            raise _Refused(problem, source=message.source, outcome="unsigned")
        by = f"{word.operator}: {word.reason}" if word.reason else word.operator
        event = Event(
            id=message.id,
            source=f"bus:{message.source}",
            type=message.type,
            time_ms=now_ms,
            execution=SUPERVISOR,
            data={"reason": by},
        )
        action = OperatorAction(
            time_ms=now_ms,
            operator=f"bus:{word.operator}",
            action=message.type.removeprefix("operator."),
            target=SUPERVISOR,
            detail={"reason": word.reason, "source": message.source, "message": message.id},
        )
        age_ms = now_ms - message.time_ms
        dropped = _dropped(event, age_ms, self._operator_max_age_ms)
        if dropped is None:
            delivery = Delivery(event=event, message=True, action=action)
            return Reading(delivery=delivery, outcome="operator", age_ms=age_ms)
        dropped.delivery.action = msgspec.structs.replace(action, result=dropped.outcome)
        return dropped


def _trace(message: CloudEvent) -> dict[str, object]:
    """The publisher's trace, if it names one: it goes into the journal with the event."""
    found = message.extensions.get(TRACEPARENT)
    return {TRACEPARENT: found} if parse_traceparent(found) else {}


def _event(message: BusMessage) -> CloudEvent:
    if not _CONTENT.fullmatch(message.content_type):
        found = shown(message.content_type)
        reason = f"content type: expected {_EXPECTED} or application/json, found {found}"
        raise _Refused(reason)
    event = decode(message.body)
    if isinstance(event, Malformed):
        raise _Refused(_binary_mode(message.body) or event.reason)
    return event


def _binary_mode(body: bytes) -> str:
    """Say that the body is bare data, if it is: then the attributes are in headers, unsigned."""
    try:
        document = read_object(body)
    except UnreadableError:
        return ""
    if any(name in document for name in _CONTEXT):
        return ""
    found = "a JSON object without specversion, id, source and type, as binary mode has it"
    return f"specversion: expected {_EXPECTED}, with all attributes in the body, found {found}"


def _said(message: CloudEvent) -> OperatorWordData:
    try:
        word = read_section(OperatorWordData, message.data, "data")
    except SectionError as error:
        raise _Refused(str(error), source=message.source) from None
    name = word.operator
    if not (0 < len(name) <= NAME_LENGTH and name.isprintable() and name == name.strip()):
        expected = f"a name of 1 to {NAME_LENGTH} printable characters"
        reason = f"data.operator: expected {expected}, found {shown(name)}"
        raise _Refused(reason, source=message.source)
    if len(word.reason) > REASON_LENGTH:
        expected = f"at most {REASON_LENGTH} characters"
        reason = f"data.reason: expected {expected}, found {len(word.reason)}"
        raise _Refused(reason, source=message.source)
    return word


def _dropped(event: Event, age_ms: int, max_age_ms: int) -> Reading | None:
    """Return the row of a message that is too old, or None if it is not."""
    if -FUTURE_MS <= age_ms <= max_age_ms:
        return None
    outcome = "too_old" if age_ms > 0 else "from_the_future"
    detail = f"{age_ms} ms old, expected {-FUTURE_MS} to {max_age_ms} ms"
    received = Received(event=event, outcome=outcome, detail=detail)
    return Reading(delivery=Delivery(received=received), outcome=outcome, age_ms=age_ms)
