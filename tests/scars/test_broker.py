"""
Scars 4, 8, 9 and 10: the broker goes away, nobody listens, answers come in any order.
"""

import asyncio
import json
import random
from collections.abc import Callable

import pytest
from aio_pika import Connection, Message
from yarl import URL

from tests.scars.site import KEY, Site, names
from tests.scars.test_crashes import MakeSite, once_each
from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from tests.soak.messages import OPPORTUNITY, body_of
from tests.soak.messages import Message as SoakMessage
from tests.soak.processes import Runtime
from xarb_runtime.bus.rabbitmq.bus import open_rabbitmq
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.plugins.contracts import Bus, BusMessage, BusOpening, UnroutableError
from xarb_runtime.service.clock import SystemClock

pytestmark = pytest.mark.timeout(240)

OUTBOX = "SELECT execution, id FROM outbox ORDER BY position"


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_04_a_connection_that_drops_while_messages_are_worked_on_changes_nothing(
    broker: Broker, proxy: Callable[[int], TcpProxy], site: MakeSite
) -> None:
    network = proxy(broker.port)
    place = site(broker.url, seen_from_us=broker.url_of(port=network.port), in_flight=8)
    wanted = names("cut", 40)
    runtime = place.runtime()
    runtime.start()
    place.publish(wanted)
    for ended in (3, 12, 24):
        place.until(lambda n=ended: len(place.ended()) >= n, "work in hand", runtime)
        network.cut()
    place.until_ended(wanted, runtime)
    place.until(lambda: place.rows(OUTBOX) == [], "the outbox to be empty", runtime)
    runtime.stop()

    states = place.rows("SELECT CAST(leaves AS TEXT) FROM executions WHERE id LIKE 'x-%'")
    assert {tuple(json.loads(it)) for (it,) in states} == {("completed",)}
    once_each(place, wanted)
    place.until_empty("opportunities", runtime)


async def test_08_fifty_at_once_finished_in_any_order_were_handed_out_in_theirs(
    broker: Broker, prefix: str
) -> None:
    """Order per execution is the order of delivery: one writer takes them from one inbox."""
    count, dice = 50, random.Random(8)
    opening = BusOpening(
        url=broker.url,
        options=RabbitOptions(prefix=prefix, heartbeat="60s"),
        in_flight=count,
        clock=SystemClock(),
    )
    async with open_rabbitmq(opening) as bus, asyncio.timeout(60):
        messages = bus.messages()
        await _connected(bus)
        await _publish(broker.url, f"{prefix}.in", [str(n) for n in range(2 * count)])
        first: list[BusMessage] = [await anext(messages) for _ in range(count)]
        for message in sorted(first, key=lambda _: dice.random()):
            await bus.acknowledge(message)
        second = [await anext(messages) for _ in range(count)]
        state = bus.state()

    assert [it.body for it in first + second] == [str(n).encode() for n in range(2 * count)]
    assert (state.delivered, state.redelivered, state.acknowledged) == (2 * count, 0, count)


async def _connected(bus: Bus) -> None:
    while True:
        if bus.state().state == "connected":
            return
        await asyncio.sleep(0.02)


async def _publish(url: str, exchange: str, bodies: list[str]) -> None:
    connection = Connection(URL(url))
    await connection.connect(timeout=60)
    try:
        channel = await connection.channel(on_return_raises=True)
        to = await channel.get_exchange(exchange, ensure=False)
        for body in bodies:
            await to.publish(Message(body.encode()), "opportunity.detected")
    finally:
        await connection.close()


async def test_09_an_unroutable_message_is_an_error(broker: Broker, prefix: str) -> None:
    options = RabbitOptions(prefix=prefix, recent=0, heartbeat="60s")
    opening = BusOpening(url=broker.url, options=options, in_flight=1, clock=SystemClock())
    async with open_rabbitmq(opening) as bus, asyncio.timeout(60):
        await _connected(bus)
        with pytest.raises(UnroutableError):
            await bus.publish(b"{}", "execution.transition")


def test_09_an_unroutable_message_stays_in_the_outbox_until_somebody_listens(
    broker: Broker, site: MakeSite
) -> None:
    place = site(broker.url, options={"recent": 0})
    wanted = names("unroutable", 3)
    runtime = place.runtime()
    runtime.start()
    place.publish(wanted)
    place.until_ended(wanted, runtime)
    first = "SELECT id FROM outbox WHERE execution LIKE 'x-%'"
    place.until(lambda: len(place.rows(first)) > len(wanted), "messages in the outbox", runtime)

    heard = asyncio.run(_bound(place, runtime))
    runtime.stop()

    in_order(heard, wanted)


async def _bound(place: Site, runtime: Runtime) -> list[str]:
    """Bind a queue, wait until the outbox is empty, and return what came."""
    connection = Connection(URL(place.bus_url))
    await connection.connect(timeout=60)
    try:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{place.prefix}.listener", durable=True)
        await queue.bind(f"{place.prefix}.out", "#")
        await asyncio.to_thread(
            place.until, lambda: place.rows(OUTBOX) == [], "the outbox to be empty", runtime
        )
        return await _drained(queue)
    finally:
        await connection.close()


async def _drained(queue: object) -> list[str]:
    found: list[str] = []
    while (message := await queue.get(no_ack=True, fail=False)) is not None:  # type: ignore[attr-defined]
        found.append(json.loads(message.body)["id"])
    return found


def in_order(heard: list[str], wanted: list[str]) -> None:
    """Each execution's transitions came from the first to the last, and then its end."""
    for name in wanted:
        own = [it for it in dict.fromkeys(heard) if it.startswith(f"x-{name}:")]
        steps = [f"x-{name}:{number}" for number in range(1, len(own))]
        assert own == [*steps, f"x-{name}:completed"]
        assert len(own) > 3


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_10_while_the_broker_is_down_the_outbox_grows_and_afterwards_it_drains_in_order(
    own_broker: Callable[..., Broker], site: MakeSite
) -> None:
    """
    Opportunities are handed in by the control API meanwhile, and the runtime is killed once.

    The broker is down for as long as all this takes, a few seconds; a minute would tell no more.
    Nobody but the listener takes the messages: should a broker that was killed have forgotten its
    binding, they wait until it is there again, instead of being confirmed for another queue.
    """
    broker = own_broker()
    place = site(broker.url, options={"recent": 0})
    early, late = names("early", 5), names("late", 5)
    runtime = place.runtime()
    runtime.start()
    place.publish(early)
    place.until_ended(early, runtime)
    in_order(asyncio.run(_bound(place, runtime)), early)
    broker.kill()
    for name in late:
        status, answer = runtime.call("POST", "/submit", _event(name))
        assert (status, answer["accepted"]) == (202, [f"m-{name}"])
    place.until_ended(late, runtime)
    runtime.kill()
    waiting = place.rows(OUTBOX)
    assert len({execution for execution, _ in waiting} & {f"x-{it}" for it in late}) == len(late)

    runtime.start()
    place.until_up(runtime)
    broker.start()
    heard = asyncio.run(_bound(place, runtime))
    runtime.stop()

    in_order(heard, late)
    assert place.orders(late) == {f"x-{name}": [1, 1] for name in late}


def _event(name: str) -> bytes:
    message = SoakMessage(kind=OPPORTUNITY, id=f"m-{name}", opportunity=name)
    return body_of(message, SystemClock().now_ms(), KEY)
