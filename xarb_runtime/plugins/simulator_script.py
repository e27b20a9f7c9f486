"""
The script of a simulator: what is to go wrong when, and what did.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from itertools import count

import msgspec

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.simulator_faults import THOUSAND, ScriptedFault, Subject

#: So many things that went wrong are remembered.
_REMEMBERED = 1_000


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that went wrong as it was told to.

    Attributes:
        at_ms: when, milliseconds since the epoch.
        fault: what.
        to: with which order, request or frame.
    """

    at_ms: int
    fault: str
    to: str


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """
    A fault that may still happen.

    Attributes:
        fault: what goes wrong.
        left: with so many more; or
        left_ms: for so much longer, milliseconds; or
        per_thousand: with so many of a thousand.
        skip: so many go well before.
        only: see `ScriptedFault`.
    """

    fault: str
    left: int | None = None
    left_ms: int | None = None
    per_thousand: int | None = None
    skip: int = 0
    only: str = "*"


class _Rule:
    def __init__(self, fault: ScriptedFault, number: int, now_ms: int) -> None:
        self.fault, self.number = fault, number
        self.until_ms = None if fault.during is None else now_ms + parse_duration_ms(fault.during)
        self.numbers, self.skip = set(fault.numbers), fault.skip
        endless = self.until_ms is not None or fault.per_thousand is not None
        self.left = None if endless or self.numbers else fault.next or 1

    def is_over(self, now_ms: int) -> bool:
        if self.until_ms is not None:
            return self.until_ms <= now_ms
        return not self.numbers if self.fault.numbers else self.left == 0

    def shown(self, now_ms: int) -> Waiting:
        return Waiting(
            fault=self.fault.fault,
            left=len(self.numbers) if self.fault.numbers else self.left,
            left_ms=None if self.until_ms is None else self.until_ms - now_ms,
            per_thousand=self.fault.per_thousand,
            skip=self.skip,
            only=self.fault.only,
        )


class FaultScript:
    """
    What is to go wrong, in the order in which it was said; at most one thing at a time.

    Args:
        faults: what the settings say.
        seed: other seeds, other orders that `per_thousand` meets.
        now_ms: the time, milliseconds since the epoch.

    Attributes:
        happened: what went wrong, oldest first; after very many the oldest are forgotten.
    """

    def __init__(
        self, faults: Iterable[ScriptedFault], seed: int, now_ms: Callable[[], int]
    ) -> None:
        self.happened: deque[Happened] = deque(maxlen=_REMEMBERED)
        self._seed, self._now_ms = seed, now_ms
        self._counts: Counter[Subject] = Counter()
        self._attempts: Counter[str] = Counter()
        self._numbers = count()
        self._rules: list[_Rule] = []
        self.add(*faults)

    def add(self, *faults: ScriptedFault) -> None:
        """Let something go wrong from now on, after what was said before."""
        now_ms = self._now_ms()
        self._rules += [_Rule(fault, next(self._numbers), now_ms) for fault in faults]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._rules.clear()

    def waiting(self) -> list[Waiting]:
        """Return what may still happen."""
        now_ms = self._now_ms()
        return [rule.shown(now_ms) for rule in self._alive(now_ms)]

    def strike(self, subject: Subject, name: str) -> ScriptedFault | None:
        """
        Return what goes wrong with one more order, request or frame; None when nothing does.

        Args:
            subject: what it is.
            name: an order's name, a request's method and path, a frame's channel.
        """
        self._counts[subject] += 1
        now_ms = self._now_ms()
        for rule in self._alive(now_ms):
            if rule.fault.subject == subject and self._meets(rule, subject, name):
                self.happened.append(Happened(at_ms=now_ms, fault=rule.fault.fault, to=name))
                return rule.fault
        return None

    def limit_ms(self, fault: ScriptedFault) -> int:
        """Return how long a client should be silent that has asked too often, milliseconds."""
        now_ms = self._now_ms()
        ends = [it.until_ms for it in self._rules if it.fault is fault and it.until_ms is not None]
        return fault.wait_ms(ends[0] - now_ms if ends else 1_000)

    def _alive(self, now_ms: int) -> list[_Rule]:
        self._rules = [rule for rule in self._rules if not rule.is_over(now_ms)]
        return self._rules

    def _meets(self, rule: _Rule, subject: Subject, name: str) -> bool:
        if not fnmatchcase(name, rule.fault.only):
            return False
        if rule.skip:
            rule.skip -= 1
            return False
        if rule.fault.per_thousand is not None:
            return self._draws(rule, rule.fault.per_thousand, name)
        if rule.fault.numbers:
            number = self._counts[subject]
            rule.numbers = {it for it in rule.numbers if it >= number}
            found = number in rule.numbers
            rule.numbers.discard(number)
            return found
        if rule.left is not None:
            rule.left -= 1
        return True

    def _draws(self, rule: _Rule, share: int, name: str) -> bool:
        # By the name, not by how many came before: orders that race keep their fates.
        key = f"{rule.number}:{name}"
        self._attempts[key] += 1
        seed = f"{self._seed}:{key}:{self._attempts[key]}"
        return random.Random(seed).randrange(THOUSAND) < share  # noqa: S311 -- fates, no secrets
