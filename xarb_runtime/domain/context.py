"""
The context: the data a chart runs on.

A context is a mutable `msgspec.Struct`; it is written into the snapshot as JSON and read back
before the next step. A chart sees it in three ways: expressions (`cond`, `expr`, `delayexpr`) read
its attributes and properties, callback references (`on: next_strategy`) call its methods, and every
event passes through `observe` before the chart sees it.

Methods take no arguments but `self` and do no I/O. A name must not begin with an underscore to be
visible to a chart, nor with `on_`, `before_`, `after_`, `enter_` or `exit_`, which
python-statemachine would call by itself.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import msgspec

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.ledger import OrderLine
from xarb_runtime.domain.money import ZERO
from xarb_runtime.domain.steps import Command

T = TypeVar("T")


class Countdown(msgspec.Struct, frozen=True):
    """
    A promise about a guard: it turns false after finitely many calls of `step`.

    That holds until one of `resets` is called. Checks of a chart use it to tell a loop that ends
    from one that does not.
    """

    step: str
    resets: frozenset[str] = frozenset()


class Context(msgspec.Struct, kw_only=True):
    """
    Base of all contexts.

    Class attributes, for checks of the charts that run on this context:
        catalogue: the signals that the outside can produce (`observe` returns no others, timers
            aside).
        beginnings: those of them that begin an execution: each comes once, before all others.
        slots: what an order can be for; the first part of the signals about it.
        settled: conditions that prove that no order of these slots is in doubt.
        remarks: fields for people only, which no condition depends on.
        countdowns: guards that turn false in the end, by their expression.

    Attributes:
        execution: the id of the execution this context belongs to.
        now_ms: the time of the event of the current step, milliseconds since the epoch.
    """

    catalogue: ClassVar[frozenset[str]] = frozenset()
    beginnings: ClassVar[frozenset[str]] = frozenset()
    slots: ClassVar[tuple[str, ...]] = ()
    settled: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    remarks: ClassVar[frozenset[str]] = frozenset()
    countdowns: ClassVar[Mapping[str, Countdown]] = {}

    execution: str = ""
    now_ms: int = 0

    def observe(self, event: Event) -> str:
        """
        Learn what the event says, before the chart decides.

        Returns the name under which the chart sees the event, or an empty text when it tells
        nothing new (the step's outcome is then `stale`).

        Raises:
            msgspec.ValidationError: the event's data does not have the expected shape.
        """
        return event.type

    def order(self, client_id: str) -> OrderLine | None:  # noqa: ARG002 -- for those that have
        """Return the ledger's line for an order, or None; contexts without orders have none."""
        return None

    @property
    def entry_stake(self) -> Decimal:
        """What the execution set out to stake; it counts as open until the execution ends."""
        return ZERO

    @property
    def at_stake(self) -> Mapping[str, Decimal]:
        """What the execution may have at stake, by venue: it uses up what may be staked there."""
        return {}

    def issued(self, command: Command) -> dict[str, Any]:
        """
        Take note of a command that this step issues, and return the params it goes out with.

        The place to bind `command.key` to an order.
        """
        return command.params


def read(event: Event, shape: type[T]) -> T:
    """
    Read an event's data as `shape`.

    Raises:
        msgspec.ValidationError: with the path of the field that does not fit.
    """
    return msgspec.convert(event.data, shape, strict=False)
