"""
What goes wrong on the way to the exchange and back, as a test has scripted it.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from .model import OrderFate
from .settings import FakeMix, FakeSettings

#: What may happen to a request. The first four: it never reaches the exchange.
FaultKind = Literal[
    "reset",  #: the connection breaks
    "error",  #: an error status
    "garbage_before",  #: something that is no JSON
    "limit",  #: 429 with Retry-After
    "late",  #: it arrives later, and is answered then
    "lost",  #: the connection breaks before the answer
    "error_after",  #: an error status instead of the answer
    "garbage",  #: something that is no JSON instead of the answer
    "slow",  #: the answer comes later
    "rewrite",  #: the answer is changed
]

Rewrite = Callable[[Any], Any]


class Fault(msgspec.Struct, kw_only=True):
    """
    A fault of the next requests of a route.

    Attributes:
        kind: what happens.
        route: method and path, e.g. `GET /fills-v3`; `*` stands for anything.
        left: how many requests it still happens to.
        status: of an error.
        ms: of what takes longer; or the wait that a limit asks for.
        change: what a rewritten answer becomes.
    """

    kind: FaultKind
    route: str = "*"
    left: int = 1
    status: int = 503
    ms: int = 0
    change: Rewrite | None = None


class Faults:
    """
    The script of faults, and the fates of orders.

    Attributes:
        waiting: faults that have not happened yet, in their order.
        fates: of the next orders.
    """

    def __init__(self, settings: FakeSettings) -> None:
        self.waiting: list[Fault] = []
        self.fates: deque[OrderFate] = deque()
        self._settings = settings
        self._attempts: Counter[str] = Counter()

    def of_request(self, route: str) -> list[Fault]:
        """Return what happens to a request, and count it."""
        found = [it for it in self.waiting if fnmatchcase(route, it.route)][:1]
        for fault in found:
            fault.left -= 1
        self.waiting = [it for it in self.waiting if it.left > 0]
        return found

    def of_order(self, name: str) -> OrderFate:
        """Return what becomes of an order that the exchange does not have yet."""
        if self.fates:
            return self.fates.popleft()
        if not self._settings.calibrated:
            return OrderFate()
        self._attempts[name] += 1
        seed = f"{self._settings.seed}:{name}:{self._attempts[name]}"
        # A text seeds through a fixed digest: the same fate in every process.
        return drawn(self._settings.mix, random.Random(seed))  # noqa: S311 -- fates, not secrets


def drawn(mix: FakeMix, dice: random.Random) -> OrderFate:
    """Return a fate, as often as the mix says."""
    ticket = dice.randrange(1000)
    for name in mix.__struct_fields__:
        share = getattr(mix, name)
        if ticket < share:
            return _FATES[name](dice)
        ticket -= share
    return OrderFate()


#: Of the orders whose matches are taken back, so many lose all of them.
_WHOLLY = 0.7
#: A late index has caught up after this.
_INDEXED_MS = 3_000
_IN_PART = OrderFate(fails_first=True)


def _share(dice: random.Random) -> OrderFate:
    return OrderFate(most_percent=dice.randrange(10, 90))


_FATES: dict[str, Callable[[random.Random], OrderFate]] = {
    "no_liquidity": lambda _: OrderFate(cancelled="NO_LIQUIDITY"),
    "partial": _share,
    "slow": lambda dice: OrderFate(slow_ms=dice.randrange(2_000, 9_000)),
    "lost": lambda _: OrderFate(answer="lost"),
    "failed": lambda dice: OrderFate(fails=True) if dice.random() < _WHOLLY else _IN_PART,
    "late_index": lambda dice: OrderFate(hidden_looks=dice.randrange(1, 4), hidden_ms=_INDEXED_MS),
    "timeout": lambda _: OrderFate(forgets=True),
    "error": lambda _: OrderFate(answer="error"),
    "stream_break": lambda _: OrderFate(breaks_streams=True),
}
