"""
A case: one thing that a venue must do, with a number that stays.
"""

import inspect
from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from xarb_runtime.testing.stage import Stage

Play = Callable[[Stage], Awaitable[None]]


class Level(StrEnum):
    """How far a venue can be trusted; each includes the ones before."""

    BRONZE = "bronze"  #: it speaks the protocol, and takes no for an answer
    SILVER = "silver"  #: it is honest when nobody knows: errors, duplicates, cancels, silence
    GOLD = "gold"  #: it can be left alone: limits, outages, restarts, secrets


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """
    A case.

    Attributes:
        id: its number, `XV-` and three digits, with gaps.
        level: the level that it belongs to.
        since: the version of the kit that it came with.
        binding: False: a failure is shown, but costs no level.
        title: the first line of its docstring.
        text: *Given*, *When*, *Then* and *Skip when*, as in the docstring.
        play: plays it.
    """

    id: str
    level: Level
    since: str
    binding: bool
    title: str
    text: str
    play: Play


#: All cases, by number; `xarb_runtime.testing.cases` fills it.
CASES: dict[str, Case] = {}


def case(
    number: str, level: Level, *, since: str = "1.0", binding: bool = True
) -> Callable[[Play], Play]:
    """Make a case of a coroutine function that plays it on a stage."""

    def register(play: Play) -> Play:
        if number in CASES:
            raise ValueError(f"{number}: expected a number of its own, found two cases")
        title, _, text = (inspect.getdoc(play) or "").partition("\n\n")
        CASES[number] = Case(
            id=number,
            level=level,
            since=since,
            binding=binding,
            title=" ".join(title.split()),
            text=text,
            play=play,
        )
        return play

    return register
