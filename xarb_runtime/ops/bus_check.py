"""
What commands do with a deployment's bus: look at it, make what is missing, look at dead messages
and put them back, say an operator's word.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from pamqp.commands import Basic

from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.published import OPERATOR_WORDS
from xarb_runtime.bus.rabbitmq.declare import declare
from xarb_runtime.bus.rabbitmq.errand import BrokerError, Errand, errand, publish_once
from xarb_runtime.bus.rabbitmq.graveyard import DeadMessage, look, replay
from xarb_runtime.bus.rabbitmq.inspection import Inspection, inspect
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Names, topology
from xarb_runtime.bus.signing import signed
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.contracts import BusOpening
from xarb_runtime.service.assembly import bus_opening, discover_plugins
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.settings_model import Settings

T = TypeVar("T")

#: What a word of `xarb bus say` is, in the envelope.
SOURCE = "xarb-cli"
CONTENT_TYPE = "application/cloudevents+json"
_NOT_NOW = 503


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What was missing and is there now, and everything that is there."""

    made: tuple[str, ...]
    inspection: Inspection


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Dead messages that were published again, and how many were left alone."""

    replayed: tuple[DeadMessage, ...]
    left: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's word that is on the bus."""

    id: str
    type: str
    operator: str
    reason: str
    queue: str


def broker_of(folder: Path, settings: Settings) -> BusOpening | None:
    """
    Return how the deployment's broker is opened; None if its bus needs no broker.

    Raises:
        PluginError: `bus.url` or `bus.options` do not fit.
        ProblemError: it is a bus that only its plugin knows.
    """
    registry = discover_plugins(folder, settings)
    spec, opening = bus_opening(settings, registry, SystemClock(), folder)
    if isinstance(opening.options, RabbitOptions):
        return opening
    if spec.scheme == "embedded":
        return None
    problem = Problem(
        what="only RabbitMQ can be looked at",
        where="bus.url",
        expected="amqp://... or amqps://...",
        found=f"{spec.scheme}://...",
    )
    raise ProblemError(problem)


def required_broker(folder: Path, settings: Settings) -> BusOpening:
    """
    Return how the deployment's broker is opened.

    Raises:
        PluginError: `bus.url` or `bus.options` do not fit.
        ProblemError: its bus has no broker.
    """
    opening = broker_of(folder, settings)
    if opening is None:
        problem = Problem(
            what="this deployment has no broker",
            where="bus.url",
            expected="amqp://... or amqps://...",
            found="embedded://, a bus inside the runtime's process",
            do="docs/how-to/rabbitmq.md shows how to switch",
        )
        raise ProblemError(problem)
    return opening


def greet(opening: BusOpening) -> None:
    """
    Connect to the broker and leave again.

    Raises:
        ProblemError: it cannot be reached, or does not let us in.
    """

    async def do(_: Errand) -> None:
        return None

    _on_errand(opening, "check", do)


def look_at(opening: BusOpening) -> Inspection:
    """
    Look at everything on the broker.

    Raises:
        ProblemError: it cannot be reached.
    """

    async def do(on: Errand) -> Inspection:
        return await inspect(on.wire, on.address, on.options)

    return _on_errand(opening, "check", do)


def declare_on(opening: BusOpening) -> Declared:
    """
    Make what is missing on the broker.

    Raises:
        ProblemError: it cannot be reached, or something is there with other arguments.
    """

    async def do(on: Errand) -> Declared:
        before = await inspect(on.wire, on.address, on.options)
        await declare(await on.wire.channel(), topology(on.options))
        made = tuple(
            f"{item.kind} {item.name}" for item in before.items if item.status == "missing"
        )
        return Declared(made=made, inspection=await inspect(on.wire, on.address, on.options))

    return _on_errand(opening, "declare", do)


def dead_on(opening: BusOpening, limit: int) -> tuple[DeadMessage, ...]:
    """
    Return the oldest dead messages.

    Raises:
        ProblemError: the broker cannot be reached, or the queue is missing.
    """
    return _on_errand(opening, "dead", lambda on: look(on.wire, on.options, limit))


def replay_on(opening: BusOpening, limit: int, key: str) -> Replayed:
    """
    Publish dead messages again.

    Raises:
        ProblemError: the broker cannot be reached, or refuses one.
    """

    async def do(on: Errand) -> Replayed:
        done, left = await replay(on.wire, on.options, limit, key)
        return Replayed(replayed=done, left=left)

    return _on_errand(opening, "replay", do)


def say_on(opening: BusOpening, word: str, *, operator: str, reason: str, key: str) -> Said:
    """
    Publish an operator's word, signed.

    Args:
        opening: the broker.
        word: `pause`, `resume`, ...
        operator: who says it.
        reason: why.
        key: `bus.operator_key`.

    Raises:
        ProblemError: there is no such word, no key, or no broker.
    """
    name = f"operator.{word}"
    if name not in OPERATOR_WORDS:
        known = ", ".join(each.removeprefix("operator.") for each in OPERATOR_WORDS)
        raise ProblemError(Problem(what="there is no such word", expected=known, found=word))
    if not key:
        problem = Problem(
            what="operators' words are signed, and there is no key",
            where="bus.operator_key",
            expected="a secret of 32 characters or more, the same as the runtime's",
            found="none",
            do="Put it into .secrets.yaml or into XARB_BUS__OPERATOR_KEY",
        )
        raise ProblemError(problem)
    event = CloudEvent(
        id=uuid.uuid4().hex,
        source=SOURCE,
        type=name,
        time_ms=time.time_ns() // 1_000_000,
        data={"operator": operator, "reason": reason},
    )
    body = encode(signed(event, key))

    async def do(on: Errand) -> Said:
        names = Names(on.options.prefix)
        await publish_once(
            await on.wire.channel(confirms=True),
            body,
            exchange=names.into,
            routing_key=name,
            properties=Basic.Properties(content_type=CONTENT_TYPE, delivery_mode=2),
            seconds=on.options.confirm_seconds,
        )
        return Said(id=event.id, type=name, operator=operator, reason=reason, queue=names.operator)

    return _on_errand(opening, "say", do)


def _on_errand(opening: BusOpening, purpose: str, do: Callable[[Errand], Awaitable[T]]) -> T:
    async def run() -> T:
        async with errand(opening, purpose) as on:
            return await do(on)

    try:
        return asyncio.run(run())
    except BrokerError as error:
        raise ProblemError(Problem(what=str(error), where="bus"), _NOT_NOW) from error
    except ValueError as error:
        raise ProblemError(Problem(what=str(error))) from error
