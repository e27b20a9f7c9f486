"""
Times as CloudEvents write them (RFC 3339), and as xarb counts them: milliseconds since the epoch.
"""

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LEAP_SECOND = 60
_LAST_HOUR, _LAST_MINUTE = 23, 59


def format_time(time_ms: int) -> str:
    """Return milliseconds since the epoch as text, e.g. `2026-05-17T18:30:00.250Z`."""
    moment = _EPOCH + time_ms * _MILLISECOND
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def parse_time_ms(text: str) -> int:
    """
    Return the milliseconds since the epoch; what is finer is cut off.

    Raises:
        ValueError: the text is no time as RFC 3339 writes it.
    """
    match = _TIME.fullmatch(text)
    if match is None or int(match[6]) > _LEAP_SECOND:
        raise ValueError(_expected(text))
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    try:
        # datetime does not know leap seconds: they count as the first of the next minute.
        whole = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        raise ValueError(_expected(text)) from None
    leap_ms = 1_000 if second == _LEAP_SECOND else 0
    fraction_ms = int((match[7] or "0")[:3].ljust(3, "0"))
    return (whole - _EPOCH) // _MILLISECOND + leap_ms + fraction_ms - _offset_ms(match, text)


def _offset_ms(match: re.Match[str], text: str) -> int:
    if match[8] is None:
        return 0
    hours, minutes = int(match[9]), int(match[10])
    if hours > _LAST_HOUR or minutes > _LAST_MINUTE:
        raise ValueError(_expected(text))
    offset_ms = (hours * 60 + minutes) * 60_000
    return offset_ms if match[8] == "+" else -offset_ms


def _expected(text: str) -> str:
    return f"expected a time such as 2026-05-17T18:30:00.250Z, found {text[:40]!r}"
