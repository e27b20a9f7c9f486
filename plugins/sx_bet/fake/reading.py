"""
Reading requests: what is malformed is refused with sentences, as the exchange does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar, cast

from .model import Draft
from .refusals import malformed

MOST_ROWS = 100
_USUAL_ROWS = 50
_LONGEST_WAIT_MS = 15_000

_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
_WHOLE = re.compile(r"[0-9]{1,78}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK")

T = TypeVar("T")


def _text_like(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: Field, what it must be in words, and whether it is.
_NEEDED: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("marketHash", "a 32-byte hex string", _text_like(_HASH)),
    ("maker", "an Ethereum address", _text_like(_ADDRESS)),
    ("baseToken", "an Ethereum address", _text_like(_ADDRESS)),
    ("totalBetSize", "a number string", _text_like(_WHOLE)),
    ("percentageOdds", "a number string", _text_like(_WHOLE)),
    ("salt", "a 32-byte hex string", _text_like(_HASH)),
    ("expiry", "an integer number", _is_number),
    ("isMakerBettingOutcomeOne", "a boolean value", _is_bool),
    ("timeInForce", "one of GTC, IOC, FOK", lambda value: value in _TIMES_IN_FORCE),
    ("orderSignature", "a 65-byte hex string", _text_like(_SIGNATURE)),
)
_OPTIONAL: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("clientOrderId", "1 to 64 characters A-Z, a-z, 0-9, _ or -", _text_like(_CLIENT_ID)),
    ("useBetCredits", "a boolean value", _is_bool),
    ("externalUserId", "a string", lambda value: isinstance(value, str)),
)


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of an object; none where it is no object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _orders_of(body: Any, most: int) -> list[Any]:
    orders = fields_of(body).get("orders")
    if not isinstance(orders, list):
        raise malformed("orders must be an array")
    items = cast("list[Any]", orders)
    if not 0 < len(items) <= most:
        raise malformed(f"orders must be an array of 1 to {most} elements")
    return items


class Placing(NamedTuple):
    """A request to place orders."""

    drafts: list[Draft]
    waits: bool
    wait_ms: int


def read_placing(body: Any, most: int) -> Placing:
    """
    Read the body of `POST /orders-v3`.

    Raises:
        Refusal: it is malformed.
    """
    items, top = _orders_of(body, most), fields_of(body)
    problems = [text for number, item in enumerate(items) for text in _problems(number, item)]
    waits, wait_ms = top.get("waitForOutcome", False), top.get("maxWaitTime", _LONGEST_WAIT_MS)
    if not _is_bool(waits):
        problems.append("waitForOutcome must be a boolean value")
    if not _is_number(wait_ms) or not 0 < wait_ms <= _LONGEST_WAIT_MS:
        problems.append(f"maxWaitTime must be an integer number up to {_LONGEST_WAIT_MS}")
    if problems:
        raise malformed(*problems)
    return Placing([_draft(item) for item in items], waits, wait_ms)


def _problems(number: int, item: Any) -> list[str]:
    if not isinstance(item, dict):
        return [f"orders.{number} must be an object"]
    fields = fields_of(item)
    optional = [row for row in _OPTIONAL if fields.get(row[0]) is not None]
    return [
        f"orders.{number}.{name} must be {words}"
        for name, words, fits in (*_NEEDED, *optional)
        if not fits(fields.get(name))
    ]


def _draft(item: Mapping[str, Any]) -> Draft:
    return Draft(
        market=item["marketHash"],
        maker=item["maker"],
        token=item["baseToken"],
        stake=int(item["totalBetSize"]),
        odds=int(item["percentageOdds"]),
        salt=int(item["salt"], 16),
        expiry=item["expiry"],
        on_one=item["isMakerBettingOutcomeOne"],
        time_in_force=item["timeInForce"],
        signature=item["orderSignature"],
        client_id=item.get("clientOrderId"),
    )


def read_ids(body: Any, most: int) -> list[str]:
    """
    Read the body of `DELETE /orders-v3`.

    Raises:
        Refusal: it is malformed.
    """
    ids = [fields_of(item).get("orderId") for item in _orders_of(body, most)]
    texts = [text for text in ids if isinstance(text, str)]
    if len(texts) < len(ids):
        raise malformed("orders.orderId must be a string")
    return texts


def page(rows: Sequence[T], query: Mapping[str, str]) -> tuple[list[T], str | None]:
    """
    Return a page of rows and the key of the next one.

    Raises:
        Refusal: the size or the key is malformed.
    """
    size, start = query.get("perPage", str(_USUAL_ROWS)), query.get("nextKey") or "0"
    if not size.isdecimal() or not 0 < int(size) <= MOST_ROWS:
        raise malformed(f"perPage must be an integer number from 1 to {MOST_ROWS}")
    if not start.isdecimal():
        raise malformed("nextKey must be a key of an earlier page")
    end = int(start) + int(size)
    return list(rows[int(start) : end]), str(end) if end < len(rows) else None


def moment(query: Mapping[str, str], name: str) -> int | None:
    """
    Return a moment of a query in milliseconds; None where it has none.

    Raises:
        Refusal: it is not in ISO 8601.
    """
    text = query.get(name)
    if text is None:
        return None
    try:
        # Digits alone are seconds since 1970 in a client's eyes, and no date in the exchange's.
        found = datetime.fromisoformat("" if text.isdecimal() else text)
    except ValueError as error:
        raise malformed(f"{name} must be a valid ISO 8601 date string") from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1000)


def is_newest_first(query: Mapping[str, str]) -> bool:
    """Return whether rows are wanted newest first, which is usual."""
    return query.get("sortAsc", "false").lower() != "true"
