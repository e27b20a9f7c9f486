"""
Silence: until when the exchange wants no more requests, by group of requests (HTTP 429).

Its limits are per group, so whoever was too quick in one goes on in the others. Which groups V3 has
is not known. They are cut fine here: money waits for orders, cancels and looking up, and none of
these stops because prices were read too often. Where two share a limit, one request finds that out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from xarb_runtime.plugins.clock import Clock

#: So short a silence is waited for; during a longer one requests fail at once. Far less than any
#: deadline of a call: to learn late that nothing was asked helps nobody.
PATIENCE_MS = 1_000

_UNTOLD_MS = 1_000
_LONGEST_MS = 3_600_000
_MOST_DIGITS = 9


class Group(StrEnum):
    """Requests that fall silent together; the value is their name for people."""

    ORDERS = "orders"
    CANCELS = "cancels"
    LOOKS = "looking orders up"
    FILLS = "reading fills"
    HEARTBEATS = "heartbeats"
    OTHERS = "prices and the account"


#: Without these nobody should begin a trade.
NEEDED_TO_TRADE = (Group.ORDERS, Group.CANCELS, Group.LOOKS, Group.FILLS)

_OF_ORDERS = {"POST": Group.ORDERS, "DELETE": Group.CANCELS, "GET": Group.LOOKS}
_OF_PATHS = {"fills-v3": Group.FILLS, "heartbeat": Group.HEARTBEATS}


def group_of(method: str, path: str) -> Group:
    """Return the group of a request; the path is without a slash before it."""
    first = path.partition("/")[0]
    if first == "orders-v3":
        return _OF_ORDERS.get(method, Group.OTHERS)
    return _OF_PATHS.get(first, Group.OTHERS)


class Silences:
    """Remembers until when each group is to be silent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_ms: dict[Group, int] = {}

    def hear(self, group: Group, headers: Mapping[str, str]) -> None:
        """Take the headers of a 429."""
        for_ms = _asked_ms(headers, self._clock.now_ms())
        until_ms = self._clock.now_ms() + for_ms
        self._until_ms[group] = max(self._until_ms.get(group, 0), until_ms)

    def left_ms(self, group: Group) -> int:
        """Return how long a group is still to be silent, milliseconds; 0 when it is not."""
        left_ms = self._until_ms.get(group, 0) - self._clock.now_ms()
        # No silence is longer; if this one seems to be, the clock was set back.
        return max(0, min(left_ms, _LONGEST_MS))

    def words(self, *groups: Group, longer_than_ms: int = PATIENCE_MS) -> str:
        """Return until when some of these groups are to be silent; empty when it is not long."""
        for group in groups:
            if self.left_ms(group) > longer_than_ms:
                until = datetime.fromtimestamp(-(-self._until_ms[group] // 1000), UTC)
                return (
                    f"the exchange asks for silence until {until:%Y-%m-%d %H:%M:%S} UTC for {group}"
                )
        return ""

    def count(self) -> int:
        """Return how many groups are to be silent."""
        return sum(self.left_ms(group) > 0 for group in Group)


def told_ms(text: str) -> int | None:
    """Return a date as HTTP writes it, milliseconds since the epoch; None when it is none."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return round((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000)


def _asked_ms(headers: Mapping[str, str], now_ms: int) -> int:
    """For how long; `Retry-After` holds seconds, or the moment itself by the exchange's clock."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal():
        return _bounded(int(asked[:_MOST_DIGITS]) * 1000)
    moment_ms = told_ms(asked)
    if moment_ms is None:
        return _UNTOLD_MS
    return _bounded(moment_ms - (told_ms(headers.get("Date", "")) or now_ms))


def _bounded(for_ms: int) -> int:
    return min(max(for_ms, _UNTOLD_MS), _LONGEST_MS)
