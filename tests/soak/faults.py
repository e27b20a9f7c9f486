"""
What goes wrong in a soak, and when: drawn from a seed, the same on every machine.

All kinds come in turn, shuffled anew each round, so that a short run has each of them too.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

BROKER_KILLED = "broker killed"
BROKER_STOPPED = "broker stopped"
RUNTIME_KILLED = "runtime killed"
RUNTIME_KILLED_AT = "runtime killed at a kill point"
RUNTIME_STOPPED = "runtime stopped safely"
RUNTIME_FROZEN = "runtime frozen"
CONNECTION_CUT = "connection cut"
NETWORK_STALLED = "network stalled"
DISK_SLOW = "disk slow"
QUEUE_FULL = "queue full"
VENUE_KILLED = "venue killed"
OPERATOR_PAUSED = "operator paused"

#: Every kind, with the shortest and the longest time that it lasts, in seconds.
KINDS: dict[str, tuple[float, float]] = {
    BROKER_KILLED: (0.0, 3.0),
    BROKER_STOPPED: (0.0, 3.0),
    RUNTIME_KILLED: (0.0, 1.5),
    RUNTIME_KILLED_AT: (0.0, 0.0),
    RUNTIME_STOPPED: (0.0, 1.5),
    RUNTIME_FROZEN: (0.2, 6.0),
    CONNECTION_CUT: (0.0, 1.0),
    NETWORK_STALLED: (0.5, 8.0),
    DISK_SLOW: (1.0, 4.0),
    QUEUE_FULL: (0.0, 0.0),
    VENUE_KILLED: (0.0, 2.0),
    OPERATOR_PAUSED: (0.2, 1.0),
}

#: Where a runtime kills itself; how often the point is passed before is drawn too.
POINTS = (
    "before_commit",
    "after_commit",
    "before_wire:place",
    "after_wire:place",
    "before_wire:find",
    "after_wire:find",
)
MOST_PASSED = 40

#: From the beginning of one fault to that of the next, in seconds: they may overlap.
SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 10.0
QUICK_PAUSE = 2.5


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """
    One thing that goes wrong.

    Attributes:
        number: its place in the run, from 1.
        kind: what.
        pause: how long after the beginning of the one before it, in seconds.
        lasts: how long until it is put right, in seconds.
        detail: which venue, or which kill point.
    """

    number: int
    kind: str
    pause: float
    lasts: float
    detail: str = ""


def schedule(seed: int, *, quick: bool = False) -> Iterator[Fault]:
    """
    Yield faults without end.

    Args:
        seed: the same seed gives the same faults.
        quick: pauses and faults as short as they may be.
    """
    dice = random.Random(f"faults:{seed}")
    rounds = (_shuffled(dice) for _ in iter(int, 1))
    for number, kind in enumerate(chain.from_iterable(rounds), 1):
        shortest, longest = KINDS[kind]
        pause = dice.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
        lasts = dice.uniform(shortest, longest)
        yield Fault(
            number=number,
            kind=kind,
            pause=QUICK_PAUSE if quick else round(pause, 3),
            lasts=shortest if quick else round(lasts, 3),
            detail=_detail(dice, kind),
        )


def _shuffled(dice: random.Random) -> Sequence[str]:
    kinds = list(KINDS)
    dice.shuffle(kinds)
    return kinds


def _detail(dice: random.Random, kind: str) -> str:
    if kind == VENUE_KILLED:
        return dice.choice(("sx", "azuro"))
    if kind == RUNTIME_KILLED_AT:
        return f"{dice.choice(POINTS)}:{dice.randint(1, MOST_PASSED)}"
    return ""
