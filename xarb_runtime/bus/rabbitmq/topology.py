"""
The exchanges and queues on the broker, as data: what is declared, checked and documented.

In, publishers send to one topic exchange with the type of the event as the routing key. Out, the
runtime sends to another one, and whoever wants to listen binds queues of their own. What nobody
takes, and what was delivered too often, ends in one queue of dead messages.
"""

import msgspec

from xarb_runtime.bus.rabbitmq.options import RabbitOptions

#: From RabbitMQ 4 on a message is dropped after twenty deliveries unless a queue says otherwise,
#: and looking into the queue of dead messages is a delivery.
LOOKS = 1_000_000

Arguments = dict[str, str | int]


class Names(msgspec.Struct, frozen=True):
    """
    All names that begin with one prefix.

    Attributes:
        prefix: what they begin with.
    """

    prefix: str

    @property
    def into(self) -> str:
        """The exchange that others publish to."""
        return f"{self.prefix}.in"

    @property
    def out(self) -> str:
        """The exchange that we publish to."""
        return f"{self.prefix}.out"

    @property
    def dead(self) -> str:
        """The exchange and the queue of dead messages."""
        return f"{self.prefix}.dead"

    @property
    def beat(self) -> str:
        """The exchange of our messages to ourselves; their queues begin with it."""
        return f"{self.prefix}.beat"

    @property
    def opportunities(self) -> str:
        """The queue of opportunities."""
        return f"{self.prefix}.opportunities"

    @property
    def operator(self) -> str:
        """The queue of operators' words."""
        return f"{self.prefix}.operator"

    @property
    def recent(self) -> str:
        """The queue of what we said lately."""
        return f"{self.prefix}.recent"


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A durable exchange: name, type, arguments, and what it is for."""

    name: str
    kind: str
    doc: str
    arguments: Arguments = {}


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A durable queue: name, arguments, what it is for, and the option behind each argument."""

    name: str
    doc: str
    arguments: Arguments
    options: dict[str, str] = {}


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of an exchange whose routing key fits go into a queue."""

    exchange: str
    queue: str
    key: str


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """All there has to be, in the order in which it can be declared."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def topology(options: RabbitOptions) -> Topology:
    """Return what has to be on the broker."""
    names = Names(options.prefix)
    recent = options.recent > 0
    return Topology(
        exchanges=_exchanges(names),
        queues=(
            _dead(names, options),
            _incoming(names.opportunities, names, options, "opportunities, for the runtime"),
            _incoming(names.operator, names, options, "signed words of operators, for the runtime"),
            *((_recent(names, options),) if recent else ()),
        ),
        bindings=(
            Binding(exchange=names.dead, queue=names.dead, key=""),
            Binding(exchange=names.into, queue=names.opportunities, key="opportunity.#"),
            Binding(exchange=names.into, queue=names.operator, key="operator.#"),
            *((Binding(exchange=names.out, queue=names.recent, key="#"),) if recent else ()),
        ),
    )


def _exchanges(names: Names) -> tuple[Exchange, ...]:
    return (
        Exchange(name=names.dead, kind="fanout", doc="dead messages, and those that nobody takes"),
        Exchange(
            name=names.into,
            kind="topic",
            doc="what others tell the runtime; the routing key is the type of the event",
            arguments={"alternate-exchange": names.dead},
        ),
        Exchange(
            name=names.out,
            kind="topic",
            doc="what the runtime tells others; the routing key is the type of the event",
        ),
        Exchange(name=names.beat, kind="direct", doc="the runtime's messages to itself"),
    )


def _incoming(name: str, names: Names, options: RabbitOptions, doc: str) -> Queue:
    return Queue(
        name=name,
        doc=doc,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": options.delivery_limit,
            "x-max-length": options.max_length,
            # A message is safe until the queue of dead messages has confirmed it; needs the next.
            "x-dead-letter-exchange": names.dead,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
        options={"x-delivery-limit": "delivery_limit", "x-max-length": "max_length"},
    )


def _dead(names: Names, options: RabbitOptions) -> Queue:
    return Queue(
        name=names.dead,
        doc="messages that were delivered too often or that nobody takes, for people",
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": LOOKS,
            "x-max-length": options.max_length,
            "x-overflow": "reject-publish",
        },
        options={"x-max-length": "max_length"},
    )


def _recent(names: Names, options: RabbitOptions) -> Queue:
    return Queue(
        name=names.recent,
        doc="the newest messages of the runtime, so that none is lost before anybody listens",
        arguments={
            "x-queue-type": "quorum",
            "x-max-length": options.recent,
            "x-overflow": "drop-head",
        },
        options={"x-max-length": "recent"},
    )
