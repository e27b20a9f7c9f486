"""
The wire between a runtime and the world: everything that goes over it is written down, and a dead
runtime sends nothing. Venues and the bus live on at the other end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import (
    CancelAnswer,
    FindAnswer,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Selection,
)
from xarb_runtime.plugins.contracts import Bus, BusMessage, Venue
from xarb_runtime.simulation.death import MortalKillPoints
from xarb_runtime.simulation.recorder import Recorder
from xarb_runtime.simulation.recording import CallFact, MessageFact

T = TypeVar("T")


class VenueWire(Venue):
    """A connection to a venue."""

    def __init__(
        self,
        name: str,
        venue: Venue,
        recorder: Recorder,
        life: MortalKillPoints,
        hide: Callable[[str], str],
    ) -> None:
        self._name = name
        self._venue = venue
        self._recorder = recorder
        self._life = life
        self._hide = hide

    async def place(self, order: Order) -> PlaceAnswer:
        """Send an order."""
        fields = {
            "stake": order.stake,
            "min_odds": order.min_odds,
            "selection": f"{order.selection.market}/{order.selection.outcome}",
        }
        return await self._call("place", order.client_id, self._venue.place(order), fields)

    async def cancel(self, order: Order) -> CancelAnswer:
        """Ask for an order to be cancelled."""
        return await self._call("cancel", order.client_id, self._venue.cancel(order))

    async def find(self, order: Order) -> FindAnswer:
        """Look an order up."""
        return await self._call("find", order.client_id, self._venue.find(order))

    async def quote(self, selection: Selection) -> Quote:
        """Ask for a price."""
        fields = {"selection": f"{selection.market}/{selection.outcome}"}
        return await self._call("quote", "", self._venue.quote(selection), fields)

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Listen to reports."""
        async for report in self._venue.reports():
            self._life.must_live()
            yield report

    async def heartbeat(self) -> None:
        """Say that we are alive. Only what goes wrong is written down."""
        try:
            await self._venue.heartbeat()
        except Exception as error:
            fields = {"reason": self._hide(str(error))}
            self._recorder.say(
                "xarb.wire", f"{self._name} heartbeat: error", fields, level="warning"
            )
            raise

    async def _call(
        self,
        what: str,
        client_id: str,
        call: Awaitable[T],
        fields: dict[str, Any] | None = None,
    ) -> T:
        self._life.must_live()
        fact = self._recorder.called(self._name, what, client_id, **(fields or {}))
        try:
            answer = await call
        except asyncio.CancelledError:
            self._ended(fact, "none", {})
            raise
        except Exception as error:
            self._ended(fact, "error", {"reason": self._hide(str(error))})
            raise
        self._life.must_live()
        self._ended(fact, *_worded(answer))
        return answer

    def _ended(self, fact: CallFact, answer: str, fields: dict[str, Any]) -> None:
        # A runtime that is dead hears nothing, not even that there was no answer.
        if not self._life.dead:
            hidden = {
                name: self._hide(text) if isinstance(text, str) else text
                for name, text in fields.items()
            }
            self._recorder.answered(fact, answer, **hidden)


def _worded(answer: object) -> tuple[str, dict[str, Any]]:
    """The kind of an answer in one word, and what it says."""
    if isinstance(answer, Quote):
        return "quoted", {"odds": answer.odds, "max_stake": answer.max_stake}
    word = type(answer).__struct_config__.tag  # type: ignore[attr-defined]
    report = getattr(answer, "report", None)
    if isinstance(report, OrderReport):
        return str(word), report_fields(report)
    return str(word), msgspec.structs.asdict(answer)  # type: ignore[type-var]


def report_fields(report: OrderReport) -> dict[str, Any]:
    """Return what a report says, without what it does not say."""
    fields = {
        "status": report.status.value,
        "filled": report.filled,
        "odds": report.odds,
        "final": report.final,
        "sequence": report.sequence,
        "code": report.code,
    }
    return {name: value for name, value in fields.items() if value}


class Broker:
    """
    A bus that outlives the runtime, as a broker does.

    What a runtime has taken and not acknowledged when it dies is delivered again.

    Attributes:
        bus: the bus behind it.
    """

    def __init__(self, in_flight: int, recorder: Recorder, now_ms: Callable[[], int]) -> None:
        self.bus = EmbeddedBus(in_flight=in_flight)
        self._sent: list[tuple[bytes, MessageFact]] = []
        self._out: dict[object, MessageFact] = {}
        self._recorder = recorder
        self._now_ms = now_ms

    async def publish(self, body: bytes, fact: MessageFact, note: str) -> None:
        """Let the engine publish a message."""
        self._sent.append((body, fact))
        self._recorder.published(fact, note)
        await self.bus.submit(body)

    def taken(self, message: BusMessage) -> None:
        """Note that a message was handed to the runtime."""
        fact = next(
            fact
            for body, fact in self._sent
            if body == message.body
            and fact.acknowledged_ms is None
            and bool(fact.times) is message.redelivered
        )
        fact.times += 1
        self._out[message.token] = fact

    def acknowledged(self, token: object) -> None:
        """Note that the runtime has acknowledged a message."""
        fact = self._out.pop(token)
        fact.acknowledged_ms = self._now_ms()
        self._recorder.say("xarb.bus", "acknowledged", {"id": fact.id or "?"})

    def disconnect(self) -> None:
        """Take back whatever the runtime has not acknowledged."""
        self._out.clear()
        self.bus.give_back_all()

    def says(self, body: bytes, routing_key: str) -> None:
        """Note what the runtime publishes."""
        data = msgspec.json.decode(body)["data"]
        span = {"execution": data.get("execution", "")}
        self._recorder.say("xarb.bus", f"published {routing_key}", data, span=span)


class BusWire(Bus):
    """A runtime's connection to the broker."""

    def __init__(self, broker: Broker, life: MortalKillPoints) -> None:
        self._broker = broker
        self._life = life

    async def messages(self) -> AsyncIterator[BusMessage]:
        """Yield messages."""
        async for message in self._broker.bus.messages():
            self._life.must_live()
            self._broker.taken(message)
            yield message

    async def acknowledge(self, message: BusMessage) -> None:
        """Acknowledge a message."""
        self._life.must_live()
        await self._broker.bus.acknowledge(message)
        self._broker.acknowledged(message.token)

    async def give_back(self, message: BusMessage) -> None:
        """Give a message back."""
        await self._broker.bus.give_back(message)

    async def publish(self, body: bytes, routing_key: str) -> None:
        """Publish a message."""
        self._life.must_live()
        self._broker.says(body, routing_key)
        await self._broker.bus.publish(body, routing_key)

    def depth(self) -> int:
        """Return how many messages wait."""
        return self._broker.bus.depth()
