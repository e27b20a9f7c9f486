"""
What the runtime tells whoever measures it.

Every method is called in the runtime's loop, after the fact, and must return at once. Here they all
do nothing; metrics and traces inherit from it.
"""

from collections.abc import Sequence

from xarb_runtime.domain.steps import Command, Step
from xarb_runtime.plugins.contracts import BusMessage


class Instruments:
    """Measures nothing."""

    def received(self, message: BusMessage, outcome: str, age_ms: int | None) -> None:
        """
        A message of the bus was read.

        `outcome`: `opportunity`, `operator`, `too_old`, `from_the_future`, `malformed` or
        `unsigned`. `age_ms`: since the time it carries; None where it has none.
        """

    def repeated(self, execution: str) -> None:
        """A message had been in the journal already; it was only acknowledged."""

    def committed(self, *, steps: int, rows: int, seconds: float) -> None:
        """A commit is on disk: how many steps and rows it wrote, how long it took."""

    def issued(self, command: Command) -> None:
        """A command begins to be carried out, after the commit of its step."""

    def answered(self, command: Command, outcome: str, seconds: float) -> None:
        """A command has its answer; `outcome` is the type of the event, `done` or `failed`."""

    def fired(self, timer: str, late_ms: int) -> None:
        """A timer was due; how much later than it should it was delivered."""

    def published(self, kind: str, outcome: str, seconds: float) -> None:
        """A message went out: `confirmed`, `unroutable` or `failed`."""

    def traceparent(self, execution: str, taken: Step | None = None) -> str:  # noqa: ARG002
        """
        Return what a message about an execution carries as `traceparent`; empty for none.

        `taken` is the step that the message tells of. Called before the step is on disk.
        """
        return ""


class Several(Instruments):
    """Tells several instruments, one after another."""

    def __init__(self, instruments: Sequence[Instruments]) -> None:
        self._instruments = tuple(instruments)

    def received(self, message: BusMessage, outcome: str, age_ms: int | None) -> None:
        """As above."""
        for each in self._instruments:
            each.received(message, outcome, age_ms)

    def repeated(self, execution: str) -> None:
        """As above."""
        for each in self._instruments:
            each.repeated(execution)

    def committed(self, *, steps: int, rows: int, seconds: float) -> None:
        """As above."""
        for each in self._instruments:
            each.committed(steps=steps, rows=rows, seconds=seconds)

    def issued(self, command: Command) -> None:
        """As above."""
        for each in self._instruments:
            each.issued(command)

    def answered(self, command: Command, outcome: str, seconds: float) -> None:
        """As above."""
        for each in self._instruments:
            each.answered(command, outcome, seconds)

    def fired(self, timer: str, late_ms: int) -> None:
        """As above."""
        for each in self._instruments:
            each.fired(timer, late_ms)

    def published(self, kind: str, outcome: str, seconds: float) -> None:
        """As above."""
        for each in self._instruments:
            each.published(kind, outcome, seconds)

    def traceparent(self, execution: str, taken: Step | None = None) -> str:
        """As above; the first that has one gives it."""
        found = [each.traceparent(execution, taken) for each in self._instruments]
        return next(filter(None, found), "")
