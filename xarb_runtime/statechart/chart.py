"""
A chart: a document that was checked and compiled, and everything the runtime asks about it.
"""

import hashlib
from collections.abc import Collection
from typing import Any

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.steps import EXPOSURE_ORDER, Exposure, Snapshot, Status
from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.findings import SilentEntryError
from xarb_runtime.statechart.internals import compile_expression
from xarb_runtime.statechart.legality import damaged_history, damaged_leaves
from xarb_runtime.statechart.machine import Configuration, Machine
from xarb_runtime.statechart.meta import ChartMeta, StateMeta, matches
from xarb_runtime.statechart.model import Model, TransitionModel


class Chart:
    """
    A loaded chart.

    Attributes:
        name: the document's name.
        version: as the `x-xarb` block states it.
        hash: SHA-256 of the text, hex; executions are pinned to it.
        text: the text it was read from.
        document: text, data and places.
        model: its structure.
        meta: its `x-xarb` block.
        context: the type of context it runs on.
        machine: the one machine that serves all its executions.
    """

    def __init__(
        self,
        document: Document,
        model: Model,
        meta: ChartMeta,
        context: type[Context],
        machine: Machine,
    ) -> None:
        self.document = document
        self.model = model
        self.meta = meta
        self.context = context
        self.machine = machine
        self.name = model.name
        self.version = meta.version
        self.text = document.text
        self.hash = content_hash(document.text)
        self.decoder = msgspec.json.Decoder(context)
        self._invariants = tuple(compile_expression(item.never) for item in meta.invariants)
        self._whole: set[tuple[Any, ...]] = set()

    def enter(self, context: Context) -> Configuration:
        """
        Enter the initial states on a context.

        Raises:
            SilentEntryError: they try to do something outside; nothing would be done.
        """
        return self.machine.start(context, _Silence(self.name))

    def damage(self, snapshot: Snapshot) -> str:
        """Return what makes a snapshot one that no step can have left; empty when it is whole."""
        if (snapshot.leaves, tuple(snapshot.history.items())) not in self._whole:
            damage = damaged_leaves(self.model, snapshot.leaves)
            damage = damage or damaged_history(self.model, snapshot.history)
            if damage:
                return damage
            self._whole.add((snapshot.leaves, tuple(snapshot.history.items())))
        # The other way round is no damage: a fault or a person can end an execution anywhere.
        if snapshot.status is Status.RUNNING and self.machine.place(snapshot.leaves).finished:
            return f"status {snapshot.status} in {', '.join(snapshot.leaves)}"
        names = [timer.id for timer in snapshot.timers]
        return "" if names == sorted(set(names)) else f"timers {', '.join(names)}"

    def violated(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        """Return the invariants that do not hold after the machine's last event."""
        broken = self.machine.evaluate(self._invariants, leaves)
        if not any(broken):
            return ()
        return tuple(
            f"never: {invariant.never} ({invariant.because})"
            for invariant, is_broken in zip(self.meta.invariants, broken, strict=True)
            if is_broken
        )

    def exposure(self, leaves: Collection[str]) -> Exposure:
        """Return the worst exposure that the chart declares for any of these states."""
        return max((self.state(leaf).exposure for leaf in leaves), key=EXPOSURE_ORDER.index)

    def on_pause(self, leaves: Collection[str]) -> str:
        """Return what pausing means: `hedge_then_stop` or `now` where a state says so."""
        wishes = {self.state(leaf).on_pause for leaf in leaves}
        return next((wish for wish in ("hedge_then_stop", "now") if wish in wishes), "finish")

    def state(self, leaf: str) -> StateMeta:
        """Return what the chart says about an atomic state."""
        return self.meta.states[leaf]

    def ignores(self, leaves: Collection[str], signal: str) -> bool:
        """Tell whether every active state is deaf to this event on purpose."""
        return all(self._ignores(leaf, signal) for leaf in leaves)

    def _ignores(self, leaf: str, signal: str) -> bool:
        inside = {"*", *(state.id for state in self.model.ancestors(leaf))}
        return any(
            item.state in inside and any(matches(pattern, signal) for pattern in item.events)
            for item in self.meta.ignore
        )


class _Silence:
    """Takes the effects of entering the initial states: there may be none."""

    def __init__(self, chart: str) -> None:
        self._chart = chart

    def _refuse(self, what: str) -> None:
        message = (
            f"chart {self._chart}: expected the initial states to be entered silently, found "
            f"{what}. Move it to the first transition."
        )
        raise SilentEntryError(message)

    def command(self, target: str, name: str, params: dict[str, Any]) -> None:  # noqa: ARG002
        self._refuse(f"send {name} to {target}")

    def arm(self, timer: str, event: str, delay_ms: int) -> None:  # noqa: ARG002
        self._refuse(f"timer {timer}")

    def cancel(self, timer: str) -> None:
        """Nothing is pending yet."""

    def guard(self, expression: str, *, result: bool) -> None:
        """An eventless transition of an initial state."""

    def taken(self, written: TransitionModel, event: str) -> None:
        """An eventless transition of an initial state."""


def content_hash(text: str) -> str:
    """Return the hash that identifies a chart's text."""
    return hashlib.sha256(text.encode()).hexdigest()
