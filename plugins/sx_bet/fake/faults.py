"""
What goes wrong on the way to the exchange and back, as a test has scripted it.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from xarb_runtime.plugins.simulator_faults import ScriptedFault, drawn
from xarb_runtime.plugins.simulator_script import FaultScript

from .model import CancelFate, Order, OrderFate
from .settings import CALIBRATED, FakeMix, FakeSettings

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
        script: what the settings, and whoever rehearses, let go wrong; it comes after these two.
    """

    def __init__(self, settings: FakeSettings, script: FaultScript) -> None:
        self.waiting: list[Fault] = []
        self.fates: deque[OrderFate] = deque()
        self.script = script
        self._settings = settings
        self._mix = settings.mix or (CALIBRATED if settings.calibrated else None)
        self._attempts: Counter[str] = Counter()

    def of_request(self, route: str) -> list[Fault]:
        """Return what happens to a request, and count it."""
        found = [it for it in self.waiting if fnmatchcase(route, it.route)][:1]
        for fault in found:
            fault.left -= 1
        self.waiting = [it for it in self.waiting if it.left > 0]
        return found or self._scripted(route)

    def _scripted(self, route: str) -> list[Fault]:
        told = self.script.strike("request", route)
        if told is None:
            return []
        if told.fault == "limit":
            return [Fault(kind="limit", ms=self.script.limit_ms(told))]
        return [Fault(kind="error")]

    def of_order(self, name: str) -> OrderFate:
        """Return what becomes of an order that the exchange does not have yet."""
        if self.fates:
            return self.fates.popleft()
        told = self.script.strike("order", name)
        if told is not None:
            return as_told(told)
        if self._mix is None:
            return OrderFate()
        self._attempts[name] += 1
        seed = f"{self._settings.seed}:{name}:{self._attempts[name]}"
        # A text seeds through a fixed digest: the same fate in every process.
        return drawn_fate(self._mix, random.Random(seed))  # noqa: S311 -- fates, not secrets

    def of_cancel(self, order: Order) -> None:
        """Say what becomes of a cancel that has arrived, where something shall go wrong with it."""
        told = self.script.strike("cancel", order.id)
        if told is not None:
            order.fate = msgspec.structs.replace(order.fate, on_cancel=_ON_CANCEL[told.fault])


def drawn_fate(mix: FakeMix, dice: random.Random) -> OrderFate:
    """Return a fate, as often as the mix says."""
    name = drawn(mix, dice)
    return _DRAWN[name](dice) if name in _DRAWN else _PLAIN.get(name, OrderFate())


def as_told(told: ScriptedFault) -> OrderFate:
    """Return the fate that a fault of the script says."""
    match told.fault:
        case "slow":
            return OrderFate(slow_ms=told.wait_ms(_SLOW_MS))
        case "late_index":
            return OrderFate(hidden_looks=told.looks)
        case _:
            return _PLAIN[told.fault]


#: Of the orders whose matches are taken back, so many lose all of them.
_WHOLLY = 0.7
#: A late index has caught up after this.
_INDEXED_MS = 3_000
_SLOW_MS = 5_000
_IN_PART = OrderFate(fails_first=True)
_ON_CANCEL: dict[str, CancelFate] = {
    "cancel_unconfirmed": "unconfirmed",
    "cancel_refused": "notCancelled",
    "cancel_too_late": "filled",
}


def _share(dice: random.Random) -> OrderFate:
    return OrderFate(most_percent=dice.randrange(10, 90))


_PLAIN: dict[str, OrderFate] = {
    "lost": OrderFate(answer="lost"),
    "reset": OrderFate(answer="reset"),
    "error": OrderFate(answer="error"),
    "error_after": OrderFate(answer="error_after"),
    "garbage": OrderFate(answer="garbage"),
    "refused": OrderFate(reject="INVALID_MARKET"),
    "unfilled": OrderFate(cancelled="NO_LIQUIDITY"),
    "partial": OrderFate(most_percent=50),
    "rests": OrderFate(holds=True),
    "timeout": OrderFate(forgets=True),
    "taken_back": OrderFate(fails=True),
    "stream_break": OrderFate(breaks_streams=True),
}
#: Where the dice say how much, or how long.
_DRAWN: dict[str, Callable[[random.Random], OrderFate]] = {
    "partial": _share,
    "slow": lambda dice: OrderFate(slow_ms=dice.randrange(2_000, 9_000)),
    "taken_back": lambda dice: OrderFate(fails=True) if dice.random() < _WHOLLY else _IN_PART,
    "late_index": lambda dice: OrderFate(hidden_looks=dice.randrange(1, 4), hidden_ms=_INDEXED_MS),
}
