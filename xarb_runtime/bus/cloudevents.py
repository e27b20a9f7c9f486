"""
CloudEvents 1.0 in structured JSON: what every message on every bus is.

`decode` takes any bytes whatever and answers with an event or with the reason why it is none; it
never raises. Beyond the specification, xarb asks for `time` (an opportunity without a time cannot
be told from an old one) and for `data` that is a JSON object, read as `strict_json` reads it.

Types that come in: `opportunity.detected`. Types that go out: `execution.*`, `incident.*`.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from xarb_runtime.bus.rfc3339 import format_time, parse_time_ms
from xarb_runtime.bus.strict_json import UnreadableError, kind, read_object, shown

MAX_ATTRIBUTE = 256
MAX_PROBLEMS = 10

Extension = str | int | bool

_ATTRIBUTES = ("id", "source", "type", "subject", "dataschema")
_OPTIONAL = ("subject", "dataschema")
_URIS = ("source", "dataschema")
_KNOWN = {*_ATTRIBUTES, "specversion", "time", "datacontenttype", "data"}
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_JSON_TYPE = re.compile(r"\s*[\w.+-]+/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """
    One message.

    Attributes:
        id: unique within `source`; a second message with the same pair is a duplicate.
        source: who says so, a URI reference.
        type: the dotted name, e.g. `opportunity.detected`.
        time_ms: when it happened, milliseconds since the Unix epoch, UTC.
        subject: what it is about; may be empty.
        data: the payload.
        extensions: further attributes, e.g. `traceparent`.
    """

    id: str
    source: str
    type: str
    time_ms: int
    subject: str = ""
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    extensions: dict[str, Extension] = msgspec.field(default_factory=dict[str, Extension])


class Malformed(msgspec.Struct, frozen=True):
    """
    What is not a message as it should be.

    Attributes:
        reason: where, what was expected, and what was found; all that is wrong, up to a point.
    """

    reason: str


def decode(body: bytes) -> CloudEvent | Malformed:
    """Return the event in `body`, or all that is wrong with it. Never raises."""
    try:
        document = read_object(body)
    except UnreadableError as error:
        return Malformed(str(error))
    problems = _problems(document)
    if problems:
        return malformed(problems)
    return CloudEvent(
        id=document["id"],
        source=document["source"],
        type=document["type"],
        time_ms=_time_ms(document["time"]),
        subject=document.get("subject") or "",
        data=document["data"],
        extensions={
            name: value
            for name, value in document.items()
            if name not in _KNOWN and value is not None
        },
    )


def encode(event: CloudEvent) -> bytes:
    """Return the event as structured JSON; equal events give equal bytes."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            **({"subject": event.subject} if event.subject else {}),
            "time": format_time(event.time_ms),
            "datacontenttype": "application/json",
            **dict(sorted(event.extensions.items())),
            "data": event.data,
        }
    )


def malformed(problems: Sequence[str]) -> Malformed:
    """Return all problems as one reason; of very many only the first."""
    more = len(problems) - MAX_PROBLEMS
    rest = [f"and {more} more"] if more > 0 else []
    return Malformed("; ".join([*problems[:MAX_PROBLEMS], *rest]))


# -- Checking --------------------------------------------------------------------------------------


def _problems(document: dict[str, Any]) -> list[str]:
    found = [_version_problem(document.get("specversion"))]
    found += [_attribute_problem(name, document.get(name)) for name in _ATTRIBUTES]
    found.append(_time_problem(document.get("time")))
    found.append(_content_problem(document))
    found += [
        _extension_problem(name, value) for name, value in document.items() if name not in _KNOWN
    ]
    return [problem for problem in found if problem]


def _version_problem(value: Any) -> str:
    return "" if value == "1.0" else f"specversion: expected '1.0', found {shown(value)}"


def _attribute_problem(name: str, value: Any) -> str:
    if value is None and name in _OPTIONAL:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ATTRIBUTE:
        expected = f"a text of 1 to {MAX_ATTRIBUTE} characters"
        return f"{name}: expected {expected}, found {shown(value)}"
    if _UNPRINTABLE.search(value):
        return f"{name}: expected printable characters, found {shown(value)}"
    if name in _URIS and any(character.isspace() for character in value):
        return f"{name}: expected a URI without blanks, found {shown(value)}"
    return ""


def _time_problem(value: Any) -> str:
    if not isinstance(value, str):
        return f"time: expected a time such as 2026-05-17T18:30:00.250Z, found {shown(value)}"
    try:
        _time_ms(value)
    except ValueError as error:
        return f"time: {error}"
    return ""


def _time_ms(text: str) -> int:
    time_ms = parse_time_ms(text)
    if time_ms < 0:
        message = f"expected a time since 1970, found {shown(text)}"
        raise ValueError(message)
    return time_ms


def _content_problem(document: dict[str, Any]) -> str:
    content = document.get("datacontenttype")
    if content is not None and not (isinstance(content, str) and _JSON_TYPE.fullmatch(content)):
        return f"datacontenttype: expected application/json, found {shown(content)}"
    if "data_base64" in document:
        return "data: expected a JSON object, found data_base64"
    if not isinstance(document.get("data"), dict):
        return f"data: expected a JSON object, found {kind(document.get('data'))}"
    return ""


def _extension_problem(name: str, value: Any) -> str:
    if name == "data_base64":
        return ""
    if not _EXTENSION_NAME.fullmatch(name):
        expected = "an attribute name of up to 20 lower-case letters and digits"
        return f"expected {expected}, found {shown(name)}"
    if value is not None and not isinstance(value, str | int):
        return f"{name}: expected a text, a whole number or true or false, found {kind(value)}"
    return ""
