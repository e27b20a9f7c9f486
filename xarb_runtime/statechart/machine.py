"""
Run to completion: one event and everything it causes, on one machine that serves all executions.

The order is SCXML's. First come eventless transitions, whose guards may have become true by what
the event told; then the event itself; then eventless transitions and raised events until neither
moves anything. What the chart says comes from the `Oracle` and is asked for once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.statechart.expressions import Value
from xarb_runtime.statechart.internals import NOWHERE, Oracle
from xarb_runtime.statechart.model import TransitionModel
from xarb_runtime.statechart.plans import Candidate, Place, Plan

#: A step with more microsteps than this does not end.
MICROSTEP_LIMIT = 100

_EVENTLESS = ""


class EndlessMacrostepError(RuntimeError):
    """A chart's eventless transitions or raised events did not come to rest."""


class UnhandledSendError(RuntimeError):
    """A chart sent itself an event that none of its active states wants."""


class Recorder(Protocol):
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

    def guard(self, expression: str, *, result: bool) -> None:
        """Take note of a guard's outcome."""
        ...

    def taken(self, written: TransitionModel, event: str) -> None:
        """Take note of a transition that is being taken."""
        ...


class Configuration(msgspec.Struct, frozen=True):
    """Where an event has led: active leaves, remembered history, whether the chart has ended."""

    leaves: tuple[str, ...]
    history: dict[str, tuple[str, ...]]
    terminated: bool


class Machine:
    """
    One machine, serving every execution of a chart.

    Not re-entrant and not thread safe: a step runs to its end before the next one begins.
    """

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.candidates: Callable[[str, str], tuple[Candidate, ...]]
        # Event names come from outside and have no end, hence the bound.
        self.candidates = lru_cache(maxsize=4096)(oracle.candidates)
        self._places: dict[tuple[str, ...], Place] = {}
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self._opening = oracle.opening()

    def start(self, context: Context, recorder: Recorder) -> Configuration:
        """Enter the initial states."""
        run = _Run(self, NOWHERE, {}, recorder)
        self.oracle.show(context, run)
        run.follow(self._opening, _EVENTLESS)
        run.settle()
        return run.result()

    def send(
        self,
        leaves: tuple[str, ...],
        history: dict[str, tuple[str, ...]],
        context: Context,
        signal: str,
        recorder: Recorder,
    ) -> Configuration | None:
        """
        Restore a configuration, send it one event and return the new configuration.

        Returns None when no transition was taken. Whatever a guard or an action raises comes out of
        here.
        """
        run = _Run(self, self.place(leaves), history, recorder)
        self.oracle.show(context, run)
        run.react(signal)
        return run.result() if run.microsteps else None

    def evaluate(self, expressions: Iterable[Value], leaves: tuple[str, ...]) -> list[Any]:
        """Evaluate expressions over a configuration and the context of the last event."""
        self.oracle.stand(self.place(leaves))
        return [expression(self.oracle.machine) for expression in expressions]

    def place(self, leaves: tuple[str, ...]) -> Place:
        """Return the configuration of these leaves."""
        found = self._places.get(leaves)
        if found is None:
            found = self._places[leaves] = self.oracle.place(leaves)
        return found

    def plan(
        self, place: Place, history: Mapping[str, tuple[str, ...]], transitions: tuple[Any, ...]
    ) -> Plan:
        """Return what taking these transitions means."""
        key = (place.leaves, tuple(history.items()), *map(id, transitions))
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = self.oracle.plan(place, history, transitions)
        return found


class _Run:
    """One event on its way; takes the effects of actions and passes them on."""

    def __init__(
        self,
        machine: Machine,
        place: Place,
        history: dict[str, tuple[str, ...]],
        recorder: Recorder,
    ) -> None:
        self._machine = machine
        self._host = machine.oracle.machine
        self._place = place
        self._history = history
        self._recorder = recorder
        self._raised: deque[str] = deque()
        self._sent: deque[str] = deque()
        self.microsteps = 0
        self.command = recorder.command
        self.arm = recorder.arm
        self.cancel = recorder.cancel
        self.guard = recorder.guard

    def say(self, event: str, *, internal: bool) -> None:
        """Queue an event that the chart sends to itself."""
        (self._raised if internal else self._sent).append(event)

    def result(self) -> Configuration:
        """Return where the run stands."""
        return Configuration(self._place.leaves, self._history, self._place.finished)

    def react(self, signal: str) -> None:
        """Take one event, and all that follows from it."""
        self.settle()
        if not self._place.finished:
            self._take(signal)
        self.settle()
        while self._sent and not self._place.finished:
            event = self._sent.popleft()
            if not self._take(event):
                message = f"no active state wants {event!r}, which the chart sent to itself"
                raise UnhandledSendError(message)
            self.settle()

    def settle(self) -> None:
        """Take eventless transitions and raised events until neither moves anything."""
        while True:
            if self._take(_EVENTLESS):
                continue
            if not self._raised:
                return
            self._take(self._raised.popleft())

    def _take(self, event: str) -> bool:
        chosen = self._choose(event)
        if not chosen:
            return False
        self.follow(self._machine.plan(self._place, self._history, chosen), event)
        return True

    def _choose(self, event: str) -> tuple[Any, ...]:
        """The first transition of each leaf whose guards hold, leaves in document order."""
        chosen: dict[int, Any] = {}
        self._machine.oracle.stand(self._place)
        for leaf in self._place.atomic:
            for candidate in self._machine.candidates(leaf, event):
                if self._holds(candidate):
                    chosen[id(candidate.transition)] = candidate.transition
                    break
        found = tuple(chosen.values())
        alone = len(found) <= 1
        return found if alone else self._machine.oracle.compatible(self._place, found)

    def _holds(self, candidate: Candidate) -> bool:
        for guard in candidate.guards:
            result = bool(guard.value(self._host))
            self.guard(guard.text, result=result)
            if result is not guard.expected:
                return False
        return True

    def follow(self, plan: Plan, event: str) -> None:
        """Take one microstep."""
        self.microsteps += 1
        for written in plan.written:
            self._recorder.taken(written, event)
        if self.microsteps > MICROSTEP_LIMIT:
            message = f"expected the chart to come to rest, found {MICROSTEP_LIMIT} microsteps"
            raise EndlessMacrostepError(message)
        stand = self._machine.oracle.stand
        stand(self._place)
        for deed in plan.leaving:
            deed()
        self._place, self._history = plan.target, plan.history
        stand(plan.target)
        for deed in plan.entering:
            deed()
