"""
What simulators of venues have in common: the words for what may go wrong.

A simulator that keeps to it takes the same `faults` in its settings and over `POST /sim/faults`
(see `simulator_desk`) as all others. Which words it knows is its own: not every protocol can do
everything.
"""

import random
from typing import Literal, NoReturn

import msgspec

from xarb_runtime.domain.money import parse_duration_ms

#: With what something goes wrong: a new order, a cancel, a request of any kind, any connection, a
#: word of a stream.
Subject = Literal["order", "cancel", "request", "connection", "frame"]

THOUSAND = 1000


class FaultDoc(msgspec.Struct, frozen=True):
    """
    A word for something that goes wrong.

    Attributes:
        subject: what it happens to.
        text: what happens.
    """

    subject: Subject
    text: str


#: Every word that simulators understand.
FAULTS: dict[str, FaultDoc] = {
    "lost": FaultDoc("order", "it is taken; the connection breaks before the answer"),
    "reset": FaultDoc("order", "it is not taken: the connection breaks before it is read"),
    "error": FaultDoc("order", "it is not taken: a 5xx is the answer"),
    "error_after": FaultDoc("order", "it is taken; a 5xx is the answer"),
    "garbage": FaultDoc("order", "it is taken; the answer is a page instead of JSON"),
    "slow": FaultDoc("order", "it is taken; the answer comes `wait` later (5s)"),
    "refused": FaultDoc("order", "it is refused at once"),
    "unfilled": FaultDoc("order", "it is taken, and ends without a fill"),
    "partial": FaultDoc("order", "a half of it is filled"),
    "rests": FaultDoc("order", "it is taken and stays open until it expires or is cancelled"),
    "sticks": FaultDoc("order", "it is taken and stays open for ever, also beyond its expiry"),
    "vanishes": FaultDoc("order", "it is taken and acknowledged; then nobody knows of it"),
    "timeout": FaultDoc("order", "it is taken; the wait for its outcome ends without one"),
    "taken_back": FaultDoc("order", "it is filled, and taken back later, as far as it was filled"),
    "late_index": FaultDoc("order", "it is taken; `looks` looks (3) do not find it"),
    "stream_break": FaultDoc("order", "it is taken as usual, and all websockets break"),
    "cancel_unconfirmed": FaultDoc("cancel", "it is not confirmed, and has no effect"),
    "cancel_refused": FaultDoc("cancel", "the answer is that nothing was cancelled; so it is"),
    "cancel_too_late": FaultDoc("cancel", "the order is filled first"),
    "limit": FaultDoc("request", "429; `Retry-After`: `wait`, what is left of `during`, or 1s"),
    "unavailable": FaultDoc("request", "503, without effect"),
    "away": FaultDoc("connection", "every connection breaks, websockets too"),
    "drop_frame": FaultDoc("frame", "it is not sent"),
    "repeat_frame": FaultDoc("frame", "it is sent twice"),
    "stale_frame": FaultDoc("frame", "it is sent after the next one of the same book or order"),
}


class ScriptedFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Something that is to go wrong: what, and one of `next`, `during`, `per_thousand`, `numbers`.

    Attributes:
        fault: what goes wrong, see the table.
        next: with the next so many that it can happen to; 1 where nothing else is said.
        during: with all of them, for so long from now on.
        per_thousand: with so many of a thousand, for ever; the seed decides with which.
        numbers: with these, counted from the simulator's start; 1 is the first.
        skip: the first so many that it could happen to go well; not with `numbers`.
        wait: how long something takes, see the table.
        looks: of `late_index`: how many looks do not find the order.
        only: of requests and frames: only those that fit, e.g. `GET /fills-v3*`, `orderbook_v3:*`.
    """

    fault: str
    next: int | None = None
    during: str | None = None
    per_thousand: int | None = None
    numbers: tuple[int, ...] = ()
    skip: int = 0
    wait: str | None = None
    looks: int = 3
    only: str = "*"

    def __post_init__(self) -> None:
        said = (self.next is not None, self.during is not None, self.per_thousand is not None)
        if sum(said) + bool(self.numbers) > 1:
            refuse("next", "one of next, during, per_thousand, numbers", "several")
        for name in ("during", "wait"):
            check_duration(name, getattr(self, name))
        if self.next is not None and self.next < 1:
            refuse("next", "1 or more", self.next)
        if not 0 <= (self.per_thousand or 0) <= THOUSAND:
            refuse("per_thousand", f"0 to {THOUSAND}", self.per_thousand)
        if self.numbers and min(self.numbers) < 1:
            refuse("numbers", "1 or more each", min(self.numbers))
        if self.skip < 0 or (self.skip and self.numbers):
            refuse("skip", "0 or more, and no numbers", self.skip)
        if self.looks < 1:
            refuse("looks", "1 or more", self.looks)

    @property
    def subject(self) -> Subject:
        """What it happens to."""
        return FAULTS[self.fault].subject

    def wait_ms(self, otherwise: int) -> int:
        """Return how long something takes, milliseconds."""
        return otherwise if self.wait is None else parse_duration_ms(self.wait)


def check_duration(name: str, text: str | None) -> None:
    """
    Check a duration that may be left out.

    Raises:
        ValueError: it is none; the message begins with `name`.
    """
    try:
        parse_duration_ms("0ms" if text is None else text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def refuse(name: str, expected: str, found: object) -> NoReturn:
    """
    Say that a value of the settings does not fit.

    Raises:
        ValueError: always; the message begins with `name`.
    """
    raise ValueError(f"{name}: expected {expected}, found {found}")


# -- Shares of orders ----------------------------------------------------------------------------


def check_mix(mix: msgspec.Struct) -> None:
    """
    Check a mix: each key a word of `FAULTS`, each value so many of a thousand orders.

    Raises:
        ValueError: they are more than a thousand together, or one is below 0.
    """
    shares: tuple[int, ...] = msgspec.structs.astuple(mix)
    if min(shares) < 0 or sum(shares) > THOUSAND:
        refuse("mix", f"shares of together at most {THOUSAND}", sum(shares))


def drawn(mix: msgspec.Struct, dice: random.Random) -> str:
    """Return what goes wrong with one order, as often as a mix says; empty for nothing."""
    ticket = dice.randrange(THOUSAND)
    for name in mix.__struct_fields__:
        share: int = getattr(mix, name)
        if ticket < share:
            return name
        ticket -= share
    return ""
