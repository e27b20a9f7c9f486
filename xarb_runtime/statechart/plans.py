"""
What a chart comes to before it runs: where it can be, what it can take, and what that does.

Made by the `Oracle`, kept and followed by the `Machine`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from xarb_runtime.statechart.expressions import Value
from xarb_runtime.statechart.model import TransitionModel

#: An effect of a chart, ready to run on the context that the machine shows.
Deed = Callable[[], Any]
History = Mapping[str, tuple[str, ...]]


class Effects(Protocol):
    """Where a running step puts what it wants done, and what it saw."""

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:
        """Take a `send` to a target."""
        ...

    def arm(self, timer: str, event: str, delay_ms: int) -> None:
        """Take a delayed `send`."""
        ...

    def cancel(self, timer: str) -> None:
        """Take a `cancel`."""
        ...

    def say(self, event: str, *, internal: bool) -> None:
        """Take an event that the chart sends to itself: a `raise`, or a `send` to nobody."""
        ...

    def guard(self, expression: str, *, result: bool) -> None:
        """Take note of a guard's outcome."""
        ...


class Place(msgspec.Struct, frozen=True):
    """A configuration: its leaves, sorted, and the library's states in document order."""

    leaves: tuple[str, ...]
    ids: frozenset[str]
    atomic: tuple[str, ...]
    states: Any
    finished: bool


class Guard(msgspec.Struct, frozen=True):
    """What must hold for a transition (`expected`), or must not (`unless`)."""

    text: str
    value: Value
    expected: bool


class Candidate(msgspec.Struct, frozen=True):
    """A transition that an event could take, and its guards."""

    transition: Any
    guards: tuple[Guard, ...]


class Plan(msgspec.Struct, frozen=True):
    """
    What taking some transitions means.

    Attributes:
        written: the transitions as the chart has them.
        leaving: before, exit and on actions; they see the configuration that is being left.
        target: the configuration that is entered.
        entering: enter and after actions; they see the configuration that was entered.
        history: what history states remember afterwards.
    """

    written: tuple[TransitionModel, ...]
    leaving: tuple[Deed, ...]
    target: Place
    entering: tuple[Deed, ...]
    history: dict[str, tuple[str, ...]]
