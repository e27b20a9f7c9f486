"""In which order exchanges and queues are made."""

from types import SimpleNamespace
from typing import Any

from xarb_runtime.bus.rabbitmq.declare import declare
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Names, topology


class Channel:
    """Remembers what it is told to make."""

    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []

    async def queue_declare(self, name: str, **_: Any) -> SimpleNamespace:
        self.made.append(("queue", name))
        return SimpleNamespace(message_count=0, consumer_count=0)

    async def exchange_declare(self, name: str, **_: Any) -> None:
        self.made.append(("exchange", name))

    async def queue_bind(self, queue: str, exchange: str, _: str) -> None:
        self.made.append(("binding", exchange, queue))


async def test_no_message_finds_an_exchange_that_leads_nowhere() -> None:
    """
    A publisher may be there before us: what it sends to an exchange without bindings would be a
    dead message, or lost.
    """
    channel, wanted, names = Channel(), topology(RabbitOptions()), Names("xarb")
    await declare(channel, wanted)  # type: ignore[arg-type]
    made = channel.made

    assert len(made) == len(wanted.queues) + len(wanted.exchanges) + len(wanted.bindings)
    assert {kind for kind, *_ in made[: len(wanted.queues)]} == {"queue"}
    into = made.index(("exchange", names.into))
    assert made[into + 1 : into + 3] == [
        ("binding", names.into, names.opportunities),
        ("binding", names.into, names.operator),
    ]
    assert made.index(("binding", names.dead, names.dead)) < into
