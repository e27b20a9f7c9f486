"""
A breadth-first search through all that can happen to an execution, up to a bound.

A node is an execution at rest together with its outside: what the venues really have, which
commands are unanswered. A move is one thing the outside can do next. Moves that are out of the
ordinary cost something, and a path has a budget: so the search visits every combination of a few
mishaps, instead of a few combinations of many.

The explorer knows charts and steps, and nothing about venues: that is the `Outside`'s business.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from xarb_runtime.domain.events import Event
from xarb_runtime.domain.steps import Outcome, Snapshot, Status, Step, Timer
from xarb_runtime.statechart.chart import Chart
from xarb_runtime.statechart.engine import TIMER_SOURCE, step


class Outside(Protocol):
    """Everything around an execution. Immutable: a move makes a new one."""

    @property
    def now_ms(self) -> int:
        """The time; it only ever moves forward."""
        ...

    def key(self, budget: int) -> Hashable:
        """Two outsides with the same key have the same future, as far as a budget reaches."""
        ...

    def moves(self, snapshot: Snapshot) -> "Iterable[Move]":
        """All that can happen next, timers aside."""
        ...

    def after(self, taken: Step) -> "Outside":
        """The outside once it has the commands of a step."""
        ...


class Move(NamedTuple):
    """One thing that can happen: the outside it leads to, and what the execution hears of it."""

    label: str
    outside: Outside
    event: Event | None = None
    cost: int = 0


O = TypeVar("O", bound=Outside)  # noqa: E741


class Node(NamedTuple, Generic[O]):
    """An execution at rest, its outside, what a path may still cost, and how we came here."""

    snapshot: Snapshot
    outside: O
    budget: int
    parent: "Node[O] | None"
    label: str

    @property
    def path(self) -> list[str]:
        """The moves that led here."""
        found: list[str] = []
        node: Node[O] | None = self
        while node is not None:
            found.append(node.label)
            node = node.parent
        return found[::-1]


class Failure(AssertionError):
    """A property does not hold; shows the shortest path found to where it does not."""

    def __init__(self, what: str, path: Iterable[str]) -> None:
        super().__init__("\n".join([what, *(f"  {move}" for move in path)]))


Check = Callable[[Node[O], Step | None], str]


class Explorer(Generic[O]):
    """
    Searches all paths from a node.

    Args:
        chart: the chart.
        abstract: what of a snapshot decides its future; clocks and counters that do not are left
            out, or the search would not end.
        checks: each is given a node and the step that led there, and returns what is wrong.
        limit: the most nodes to visit.
    """

    def __init__(
        self,
        chart: Chart,
        abstract: Callable[[Snapshot], Hashable],
        checks: Iterable[Check[O]] = (),
        limit: int = 1_000_000,
    ) -> None:
        self._chart = chart
        self._abstract = abstract
        self._checks = tuple(checks)
        self._limit = limit
        self.nodes = 0
        self.steps = 0
        self.taken: set[str] = set()
        self.entered: set[str] = set()
        self.heard: set[tuple[str, str]] = set()

    def explore(self, snapshot: Snapshot, outside: O, budget: int) -> None:
        """
        Visit everything that can be reached.

        Raises:
            Failure: a property does not hold, a step fails, or an event was not foreseen.
        """
        first = Node(snapshot, outside, budget, None, "start")
        richest: dict[Hashable, int] = {self._key(first): budget}
        waiting = deque([first])
        while waiting:
            node = waiting.popleft()
            for found in self._successors(node):
                key = self._key(found)
                if richest.get(key, -1) < found.budget:
                    richest[key] = found.budget
                    waiting.append(found)
            if len(richest) > self._limit:
                message = f"more than {self._limit} nodes"
                raise Failure(message, node.path)
        self.nodes = len(richest)

    def _key(self, node: Node[O]) -> Hashable:
        return self._abstract(node.snapshot), node.outside.key(node.budget)

    def _successors(self, node: Node[O]) -> Iterator[Node[O]]:
        if node.snapshot.status is not Status.RUNNING:
            return
        for move in (*node.outside.moves(node.snapshot), *timer_moves(node.snapshot, node.outside)):
            if move.cost <= node.budget:
                yield self._follow(node, move)

    def _follow(self, node: Node[O], move: Move) -> Node[O]:
        left = node.budget - move.cost
        if move.event is None:
            found = Node(node.snapshot, move.outside, left, node, move.label)
            return self._checked(found, None)
        taken = step(self._chart, node.snapshot, move.event)
        self._note(taken)
        label = f"{move.label} -> {', '.join(taken.after.leaves)}"
        found = Node(taken.after, move.outside.after(taken), left, node, label)
        return self._checked(found, taken)

    def _note(self, taken: Step) -> None:
        self.steps += 1
        self.taken.update(transition.path for transition in taken.transitions)
        self.entered.update(taken.after.leaves)
        self.heard.update((leaf, taken.signal) for leaf in taken.before.leaves)

    def _checked(self, node: Node[O], taken: Step | None) -> Node[O]:
        found = [check(node, taken) for check in (_went_well, *self._checks)]
        for what in filter(None, found):
            raise Failure(what, node.path)
        return node


def _went_well(_node: Node[O], taken: Step | None) -> str:
    if taken is None:
        return ""
    if taken.outcome is Outcome.FAILED:
        return f"the step failed: {taken.fault}"
    if taken.outcome is Outcome.UNEXPECTED:
        return f"{taken.signal} was not foreseen in {', '.join(taken.before.leaves)}"
    return "; ".join(taken.violated)


def timer_event(snapshot: Snapshot, timer: Timer, now_ms: int) -> Event:
    """Return the event of a timer that is due."""
    return Event(
        id=f"{snapshot.execution}:{timer.id}:{timer.armed_seq}",
        source=TIMER_SOURCE,
        type=timer.event,
        time_ms=max(now_ms, timer.due_ms),
        execution=snapshot.execution,
        data={"timer": timer.id, "armed_seq": timer.armed_seq},
    )


def timer_moves(snapshot: Snapshot, outside: Outside) -> Iterator[Move]:
    """
    Let any pending timer be the next one.

    More than can happen: then the search need not tell apart how far each of them is from due.
    """
    for timer in snapshot.timers:
        yield Move(timer.event, outside, timer_event(snapshot, timer, outside.now_ms))


def wait_for(chart: Chart, snapshot: Snapshot, done: Callable[[Snapshot], bool]) -> Snapshot | None:
    """
    Let timers fire in their order, and nothing else happen, until `done`.

    Returns None if there are no timers left, or a thousand were not enough.
    """
    for _ in range(1000):
        if done(snapshot):
            return snapshot
        if not snapshot.timers:
            return None
        timer = min(snapshot.timers, key=lambda timer: (timer.due_ms, timer.id))
        snapshot = step(chart, snapshot, timer_event(snapshot, timer, 0)).after
    return None
