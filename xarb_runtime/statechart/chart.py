"""
A chart: a document that was checked and compiled, and everything the runtime asks about it.
"""

import hashlib
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.steps import EXPOSURE_ORDER, Exposure
from xarb_runtime.statechart.document import Document
from xarb_runtime.statechart.internals import Machine, compile_expression
from xarb_runtime.statechart.meta import ChartMeta, StateMeta, matches
from xarb_runtime.statechart.model import Model


class CompiledInvariant(msgspec.Struct, frozen=True):
    """An invariant of the chart, ready to be evaluated after a step."""

    never: str
    because: str
    expression: Callable[..., Any]


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
        self.invariants = tuple(
            CompiledInvariant(item.never, item.because, compile_expression(item.never))
            for item in meta.invariants
        )
        self._paths = {
            id(transition): written
            for state in model.states.values()
            for transition, written in zip(
                machine.transitions(state.id), state.transitions, strict=True
            )
        }

    def written(self, transition: object) -> Any:
        """Return the `TransitionModel` that a transition object of the library was made from."""
        return self._paths[id(transition)]

    def exposure(self, leaves: Collection[str]) -> Exposure:
        """Return the worst exposure that the chart declares for any of these states."""
        return max((self.state(leaf).exposure for leaf in leaves), key=EXPOSURE_ORDER.index)

    def on_pause(self, leaves: Collection[str]) -> str:
        """Return what pausing means: `now` or `hedge_then_stop` if any state says so, else `finish`."""
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


def content_hash(text: str) -> str:
    """Return the hash that identifies a chart's text."""
    return hashlib.sha256(text.encode()).hexdigest()
