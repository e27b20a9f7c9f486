"""
What a plugin promises: the typed objects that pluggy only registers.

A plugin gets its clock and its settings handed to it; it never reads the wall clock and never
starts a task that outlives the context manager it was opened in. Every call has a deadline set by
the runtime. A venue's methods may raise; the runtime then treats the outcome as *unknown*.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.domain.context import Context
from xarb_runtime.domain.opportunity import HedgePlan, LegOffer
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.domain.position import Fill
from xarb_runtime.plugins.clock import Clock
from xarb_runtime.plugins.venues import (
    API,
    Capabilities,
    NoSettings,
    Simulated,
    SimulatorOpening,
    Venue,
    VenueCheck,
    VenueOpening,
    VenueSpec,
)

__all__ = [
    "API",
    "Bus",
    "BusMessage",
    "BusOpening",
    "BusSpec",
    "BusState",
    "Capabilities",
    "Clock",
    "ContextSpec",
    "Finding",
    "HedgeRequest",
    "HedgeSpec",
    "HedgeStrategy",
    "NoOptions",
    "NoSettings",
    "Simulated",
    "SimulatorOpening",
    "UnroutableError",
    "Venue",
    "VenueCheck",
    "VenueOpening",
    "VenueSpec",
]


class HedgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a hedge strategy is asked.

    Attributes:
        strategy: the strategy's own name.
        scenarios: all the ways the event can end.
        fills: all fills, and what is in doubt counted as filled.
        offers: prices that the opportunity names for this strategy.
        stake_tick: stakes are multiples of this.
        until_ms: when its turn is over, milliseconds since the epoch; 0: not before its deadline.
    """

    strategy: str
    scenarios: tuple[str, ...]
    fills: tuple[Fill, ...]
    offers: tuple[LegOffer, ...]
    stake_tick: Decimal
    until_ms: int = 0


class HedgeStrategy(ABC):
    """Something that turns an exposure and live quotes into a plan. It sends nothing."""

    def wanted(self, request: HedgeRequest) -> tuple[Selection, ...]:
        """Return the selections whose live quotes `plan` needs; by default those of the offers."""
        return tuple(offer.selection for offer in request.offers)

    @abstractmethod
    def plan(self, request: HedgeRequest, quotes: tuple[Quote, ...]) -> HedgePlan | None:
        """Return the best plan, or None. `quotes` holds those that could be had, in any order."""


class HedgeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A hedge strategy, as `xarb_hedges` returns it."""

    name: str
    version: str
    create: Callable[[], HedgeStrategy]
    api: int = API


class ContextSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A context that charts can run on, as `xarb_contexts` returns it."""

    name: str
    version: str
    context: type[Context]
    api: int = API


class BusMessage(msgspec.Struct, frozen=True, kw_only=True):
    """
    A message as it came in.

    Attributes:
        body: the bytes as received, supposed to be a CloudEvent in structured JSON.
        token: whatever the bus needs to acknowledge it.
        redelivered: the bus says that it may have been seen before.
        content_type: what the publisher calls it; empty where it says nothing.
        routing_key: what it was published under; empty where the bus has no such thing.
    """

    body: bytes
    token: object
    redelivered: bool = False
    content_type: str = ""
    routing_key: str = ""


class BusState(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a bus says of itself, for status and metrics. Counters count from the start of the process.

    Attributes:
        state: `connecting`, `connected`, `waiting` (for the next attempt), or `closed`.
        since_ms: since when, milliseconds since the epoch; 0 where the bus does not say.
        reason: why it is not connected, for people, without secrets.
        connects: how often a connection was made.
        unacknowledged: messages handed out and not acknowledged.
        delivered, redelivered, acknowledged, given_back: messages in.
        confirmed, unroutable, unconfirmed: messages out: confirmed, returned because no queue takes
            them, failed in another way.
        last_delivery_ms: when the newest message came; None before the first.
        last_beat_ms, beat_ms: when our newest message to ourselves came back, and how long it took.
        waiting: messages that wait, by queue, as far as the bus knows.
    """

    state: str = "connected"
    since_ms: int = 0
    reason: str = ""
    connects: int = 0
    unacknowledged: int = 0
    delivered: int = 0
    redelivered: int = 0
    acknowledged: int = 0
    given_back: int = 0
    confirmed: int = 0
    unroutable: int = 0
    unconfirmed: int = 0
    last_delivery_ms: int | None = None
    last_beat_ms: int | None = None
    beat_ms: int | None = None
    waiting: dict[str, int] = {}


class UnroutableError(RuntimeError):
    """A message was published, but no queue takes it: nobody would ever read it."""


class Bus(ABC):
    """
    A message bus. At least once in, acknowledged only after the journal's commit.

    A connection that breaks is the bus's own affair: its iterators wait until it is back, and what
    was not acknowledged comes again, marked as redelivered. Words about a delivery of an earlier
    connection mean nothing, and do no harm.
    """

    @abstractmethod
    def messages(self) -> AsyncIterator[BusMessage]:
        """
        Yield opportunities; never more unacknowledged ones than the in-flight limit.
        """

    def words(self) -> AsyncIterator[BusMessage]:
        """
        Yield operators' words. They have a way of their own: the in-flight limit does not hold them
        up. A bus that has no such way yields nothing, which is the default.
        """
        return _nothing()

    @abstractmethod
    async def acknowledge(self, message: BusMessage) -> None:
        """Tell the bus that a message is in the journal."""

    @abstractmethod
    async def give_back(self, message: BusMessage) -> None:
        """Return a message undone; it is delivered again."""

    @abstractmethod
    async def publish(self, body: bytes, routing_key: str) -> None:
        """
        Publish; returns when the bus has confirmed.

        Messages that are published one after another, each after the former was confirmed, arrive
        in that order. Several may be under way at a time.

        Raises:
            UnroutableError: no queue takes it.
            ConnectionError: the bus is not connected, or did not confirm. It may have got through.
        """

    @abstractmethod
    def depth(self) -> int:
        """Return how many messages wait, as far as the bus knows."""

    def state(self) -> BusState:
        """Return what there is to know about the connection; by default that it is there."""
        return BusState()


async def _nothing() -> AsyncIterator[BusMessage]:
    """An iterator that ends at once."""
    return
    yield  # what makes it an iterator


class NoOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a bus that has none."""


class BusOpening(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a bus is opened with.

    Attributes:
        url: `bus.url` of the settings.
        options: `bus.options` of the settings, read as the spec's `options`.
        in_flight: most opportunities that may be unacknowledged.
        clock: the clock.
    """

    url: str
    options: Any
    in_flight: int
    clock: Clock


class BusSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    A kind of bus, as `xarb_buses` returns it; chosen by the scheme of `bus.url`.

    Attributes:
        scheme: what `bus.url` begins with, without `://`.
        version: the plugin's version.
        open: gives an async context manager of the bus. Entering it does not wait for a connection.
        options: a msgspec Struct type; `bus.options` of the settings is read as it.
        outbound: others hear what is published. If not, executions are not published at all.
    """

    scheme: str
    version: str
    open: Callable[[BusOpening], AbstractAsyncContextManager[Bus]]
    options: type[msgspec.Struct] = NoOptions
    outbound: bool = True
    api: int = API


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a plugin: code, plugin, what was expected and found, what to do."""

    code: str
    plugin: str
    message: str
    hint: str = ""
    required: bool = False
