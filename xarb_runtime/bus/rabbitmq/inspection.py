"""
A look at the broker: what is there, what is different, what we may do. Nothing is changed.

AMQP tells little by itself, so questions are asked in a way that has no effect: an exchange or
queue is declared only once it is known to be there, which tells a different argument from the same
one; a message that may not be published for another reason tells whether publishing is allowed; an
empty queue is asked for a message. Which queues are bound to an exchange AMQP does not tell at all.
"""

from collections.abc import Awaitable
from typing import Literal

import msgspec
from aio_pika.exceptions import ChannelPreconditionFailed
from aiormq.channel import Channel
from aiormq.exceptions import ChannelAccessRefused, ChannelNotFoundEntity
from pamqp.commands import Basic

from xarb_runtime.bus.rabbitmq.declare import declare_exchange, declare_queue
from xarb_runtime.bus.rabbitmq.driver import ERRORS, ours
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions
from xarb_runtime.bus.rabbitmq.reasons import explain
from xarb_runtime.bus.rabbitmq.topology import Names, Queue, Topology, topology
from xarb_runtime.bus.rabbitmq.wire import Wire

#: Something that no broker accepts, so that a message never gets anywhere.
NEVER = "this is no number"

Status = Literal["present", "missing", "different", "untold"]
Answer = Literal["yes", "no", "untold"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """
    One exchange, queue or binding.

    Attributes:
        kind: `exchange`, `queue` or `binding`.
        name: its name; for a binding what it joins.
        status: `untold` if AMQP has no way to say.
        detail: what is different, or what it is for.
        messages, consumers: of a queue that is there.
    """

    kind: Literal["exchange", "queue", "binding"]
    name: str
    status: Status
    detail: str
    messages: int | None = None
    consumers: int | None = None


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """
    Whether we may do something.

    Attributes:
        what: `configure`, `write` or `read`.
        name: where.
        answer: `untold` if it cannot be found out without an effect.
    """

    what: Literal["configure", "write", "read"]
    name: str
    answer: Answer


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """
    Everything that a look at the broker has shown.

    Attributes:
        broker, version: what the broker says of itself.
        address, user: where we are, and as whom.
        declares: whether a start makes what is missing, `bus.options.declare`.
        items, permissions: what was found.
    """

    broker: str
    version: str
    address: str
    user: str
    declares: bool
    items: tuple[Item, ...]
    permissions: tuple[Permission, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or different, and nothing that is needed is forbidden."""
        needed = {"configure", "write", "read"} if self.declares else {"write", "read"}
        forbidden = [it for it in self.permissions if it.answer == "no" and it.what in needed]
        return not forbidden and all(it.status in {"present", "untold"} for it in self.items)


async def inspect(wire: Wire, address: Address, options: RabbitOptions) -> Inspection:
    """
    Look at everything.

    Raises:
        Lost, AMQPError, OSError: the connection broke.
    """
    looking = _Look(wire, address, options)
    wanted = topology(options)
    items = [*await looking.exchanges(wanted), *await looking.queues(wanted)]
    bindings = _bindings(wanted, {item.name for item in items if item.status == "missing"})
    server = wire.server
    return Inspection(
        broker=_text(server.get("product")),
        version=_text(server.get("version")),
        address=str(address),
        user=address.username,
        declares=options.declare,
        items=(*items, *bindings),
        permissions=await looking.permissions(items),
    )


class _Look:
    def __init__(self, wire: Wire, address: Address, options: RabbitOptions) -> None:
        self._wire, self._address, self._options = wire, address, options
        self._configure: dict[str, Answer] = {}

    async def exchanges(self, wanted: Topology) -> list[Item]:
        found: list[Item] = []
        for one in wanted.exchanges:
            passive = declare_exchange(await self._channel(), one, passive=True)
            if isinstance(error := await _failed(passive), ChannelNotFoundEntity):
                found.append(Item(kind="exchange", name=one.name, status="missing", detail=one.doc))
                continue
            _raise(error)
            again = declare_exchange(await self._channel(), one)
            status, detail = self._compared(one.name, await _failed(again), one.doc)
            found.append(Item(kind="exchange", name=one.name, status=status, detail=detail))
        return found

    async def queues(self, wanted: Topology) -> list[Item]:
        return [await self._queue(one) for one in wanted.queues]

    async def _queue(self, one: Queue) -> Item:
        try:
            messages, consumers = await declare_queue(await self._channel(), one, passive=True)
        except ChannelNotFoundEntity:
            return Item(kind="queue", name=one.name, status="missing", detail=one.doc)
        error = await _failed(declare_queue(await self._channel(), one))
        status, detail = self._compared(one.name, error, one.doc)
        return Item(
            kind="queue",
            name=one.name,
            status=status,
            detail=detail,
            messages=messages,
            consumers=consumers,
        )

    def _compared(self, name: str, error: BaseException | None, doc: str) -> tuple[Status, str]:
        if isinstance(error, ChannelAccessRefused):
            self._configure[name] = "no"
            return "present", f"{doc}; its arguments cannot be compared without configure"
        self._configure[name] = "yes"
        if isinstance(error, ChannelPreconditionFailed):
            return "different", explain(error, self._address, self._options)
        _raise(error)
        return "present", doc

    async def permissions(self, items: list[Item]) -> tuple[Permission, ...]:
        names = Names(self._options.prefix)
        there = {item.name: item for item in items if item.status != "missing"}
        configure = [
            Permission(what="configure", name=name, answer=answer)
            for name, answer in self._configure.items()
        ]
        write = [
            Permission(what="write", name=name, answer=await self._may_write(name))
            for name in (names.out, names.beat)
            if name in there
        ]
        read = [
            Permission(what="read", name=name, answer=await self._may_read(there[name]))
            for name in (names.opportunities, names.operator)
            if name in there
        ]
        return (*configure, *write, *read)

    async def _may_write(self, exchange: str) -> Answer:
        channel = await self._channel(confirms=True)
        properties = Basic.Properties(expiration=NEVER)
        with ours():
            error = await _failed(
                channel.basic_publish(
                    b"",
                    exchange=exchange,
                    routing_key="xarb.check",
                    properties=properties,
                    timeout=self._options.confirm_seconds,
                )
            )
        if isinstance(error, ChannelAccessRefused):
            return "no"
        return "yes" if isinstance(error, ChannelPreconditionFailed) else "untold"

    async def _may_read(self, queue: Item) -> Answer:
        if queue.messages:
            return "untold"  # taking one would count as a delivery of it
        channel = await self._channel()
        try:
            with ours():
                found = await channel.basic_get(queue.name, timeout=self._options.confirm_seconds)
                if found.delivery_tag:
                    await channel.basic_nack(found.delivery_tag, requeue=True)
        except ChannelAccessRefused:
            return "no"
        return "yes"

    async def _channel(self, *, confirms: bool = False) -> Channel:
        """A new one for each question: the broker answers many of them by closing it."""
        return await self._wire.channel(confirms=confirms)


async def _failed(asked: Awaitable[object]) -> BaseException | None:
    try:
        await asked
    except ERRORS as error:
        return error
    return None


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error


def _bindings(wanted: Topology, missing: set[str]) -> tuple[Item, ...]:
    return tuple(
        Item(
            kind="binding",
            name=f"{one.exchange} -> {one.queue}" + (f" ({one.key})" if one.key else ""),
            status="missing" if {one.exchange, one.queue} & missing else "untold",
            detail="",
        )
        for one in wanted.bindings
    )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
