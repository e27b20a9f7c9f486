"""The situations around RabbitMQ and PostgreSQL, and the metrics page."""

import asyncio
import itertools
import json
import signal
import socket
import time
from datetime import UTC, datetime
from typing import Any

import aiormq
import msgspec
from pamqp.commands import Basic

from tests.runbooks.scenes import EXCHANGE, LIMITS, POOL, run, situation
from tests.runbooks.table import Table
from tests.servers.proxy import TcpProxy
from tests.servers.rabbitmq import Broker
from xarb_runtime.ops.status import StatusAnswer
from xarb_runtime.simulation import market
from xarb_runtime.simulation.scenario import Published

KEY = "0123456789abcdef0123456789abcdef"
#: Reconnecting that a test can wait for.
_QUICK = {"heartbeat": "10s", "retry_from": "50ms", "retry_up_to": "200ms"}
#: So slow that a person sees it wait between two attempts.
_SLOW = {"retry_from": "1s", "retry_up_to": "4s"}
_CORNERS = (f"runbook_{number}" for number in itertools.count(1))


class Corner:
    """A virtual host of its own, and the network to it."""

    def __init__(self, table: Table) -> None:
        broker = table.servers.broker
        assert broker is not None, "this scene needs a broker"
        self.broker: Broker = broker
        self.vhost = next(_CORNERS)
        self.network = table.stack.enter_context(TcpProxy(broker.port))
        broker.add_vhost(self.vhost)
        table.names["VHOST"] = self.vhost

    def bus(self, **options: Any) -> dict[str, Any]:
        """The section of the settings."""
        return {
            "url": f"amqp://127.0.0.1:{self.network.port}/{self.vhost}",
            "operator_key": KEY,
            "options": _QUICK | options,
        }

    def publish(self, body: bytes, routing_key: str, **properties: Any) -> None:
        """Publish to the runtime, as an engine does."""
        self._do(lambda channel: _publish(channel, body, routing_key, properties))

    def bind(self, queue: str, arguments: dict[str, Any]) -> None:
        """Let a consumer have a queue for everything that the runtime says."""
        self._do(lambda channel: _bind(channel, queue, arguments))

    def _do(self, what: Any) -> None:
        async def whole() -> None:
            connection = await aiormq.connect(self.broker.url_of(vhost=self.vhost))
            try:
                await what(await connection.channel(on_return_raises=True))
            finally:
                await connection.close()

        asyncio.run(whole())


async def _publish(channel: Any, body: bytes, key: str, properties: dict[str, Any]) -> None:
    properties = {"content_type": "application/cloudevents+json", "delivery_mode": 2, **properties}
    await channel.basic_publish(
        body,
        exchange="xarb.in",
        routing_key=key,
        mandatory=True,
        properties=Basic.Properties(**properties),
    )


async def _bind(channel: Any, queue: str, arguments: dict[str, Any]) -> None:
    arguments = {"x-queue-type": "quorum", **arguments}
    await channel.queue_declare(queue, durable=True, arguments=arguments)
    await channel.queue_bind(queue, "xarb.out", "#")


#: What a table has, for the scenes that go on from its first.
CORNERS: dict[Table, Corner] = {}
NETWORKS: dict[Table, TcpProxy] = {}


def _connected(table: Table, **options: Any) -> Corner:
    """Start a runtime that is connected to a corner of the broker."""
    CORNERS[table] = corner = Corner(table)
    run(table, bus=corner.bus(**options))
    table.until(lambda status: status.line.state == "connected", "connected")
    return corner


def _event(kind: str, data: dict[str, Any], **more: Any) -> bytes:
    now = datetime.now(UTC).isoformat()
    head = {"specversion": "1.0", "id": f"{kind}-{now}", "source": "engine", "type": kind}
    return json.dumps({**head, "time": now, "data": data, **more}).encode()


@situation()
def broker_down(table: Table) -> None:
    """The broker is out of reach; an execution has come to its end meanwhile."""
    corner = _connected(table, **_SLOW)
    corner.network.refuse()
    table.until(lambda status: status.line.state == "waiting", "the broker out of reach")
    table.submit("o-1")
    table.until_state("x-o-1", "completed")
    table.until(lambda status: bool(status.outbox.error), "a message that could not be sent")
    table.until(_has_just_tried, "an attempt that failed, and a pause before the next one")


def _has_just_tried(status: StatusAnswer) -> bool:
    line = status.line
    is_new = status.now_ms - line.since_ms < 500
    return line.state == "waiting" and "nothing listens" in line.reason and is_new


@situation(after="broker_down")
def broker_back(table: Table) -> None:
    """It is back, and has everything."""
    CORNERS[table].network.resume()
    table.until(
        lambda status: status.line.state == "connected" and not status.outbox.waiting, "all sent"
    )


@situation()
def consumer_full(table: Table) -> None:
    """A consumer's queue is full, and refuses what goes to it."""
    corner = _connected(table)
    corner.bind("desk.audit", {"x-max-length": 1, "x-overflow": "reject-publish"})
    table.submit("o-1", "o-2")
    table.until_state("x-o-2", "completed")
    table.until(lambda status: "refused" in status.outbox.error, "refused")


@situation(after="consumer_full")
def consumer_gone(table: Table) -> None:
    """Whoever it belonged to has made room; here, nobody needed it any more."""
    table.until(lambda status: not status.outbox.waiting, "all sent")


@situation()
def nobody_listens(table: Table) -> None:
    """There is no queue for what the runtime says."""
    _connected(table, recent=0)
    table.submit("o-1")
    table.until_state("x-o-1", "completed")
    table.until(lambda status: "no queue" in status.outbox.error, "unroutable")


@situation(after="nobody_listens")
def somebody_listens(table: Table) -> None:
    """A consumer has bound a queue."""
    CORNERS[table].bind("desk.audit", {})
    table.until(lambda status: not status.outbox.waiting, "all sent")


@situation()
def misspelt(table: Table) -> None:
    """An engine publishes under a routing key that means nothing."""
    corner = _connected(table)
    now_ms = time.time_ns() // 1_000_000
    data = json.loads(_opportunity("o-1", now_ms))
    corner.publish(_event("opportunity.detected", data), "oportunity.detected")
    table.until(lambda status: status.line.waiting.get("xarb.dead") == 1, "one in the dead queue")


def _opportunity(name: str, now_ms: int) -> bytes:
    return msgspec.json.encode(market.opportunity(Published(id=name), name, now_ms))


@situation()
def poison(table: Table) -> None:
    """Each start ends while a certain message is being committed."""
    corner = Corner(table)
    CORNERS[table] = corner
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS, bus=corner.bus(delivery_limit=1))
    table.start()
    table.until(lambda status: status.line.state == "connected", "connected")
    table.kill()
    now_ms = time.time_ns() // 1_000_000
    data = json.loads(_opportunity("o-1", now_ms))
    corner.publish(_event("opportunity.detected", data), "opportunity.detected")
    for _ in range(2):
        table.start({"XARB_DEBUG__KILL_AT": "before_commit:1"})
        assert table.ended() == -signal.SIGKILL
    table.start()
    table.until(lambda status: status.line.waiting.get("xarb.dead") == 1, "one in the dead queue")


@situation()
def word_refused(table: Table) -> None:
    """Somebody has told the runtime to resume, without the key."""
    corner = _connected(table)
    word = _event("operator.resume", {"operator": "mallory", "reason": ""}, xarbsignature="0" * 64)
    corner.publish(word, "operator.resume")
    table.until(lambda status: status.malformed == 1, "refused")


@situation()
def postgres_gone(table: Table) -> None:
    """The database cannot be reached any more, and a commit has failed."""
    server = table.servers.postgres
    assert server is not None, "this scene needs a database"
    name = table.stack.enter_context(server.database())
    network = table.stack.enter_context(TcpProxy(server.port))
    NETWORKS[table] = network
    url = server.url(name).replace(f":{server.port}/", f":{network.port}/")
    run(table, store={"url": url, "lease": "3s"})
    network.refuse()
    assert table.ended() == 1


@situation(after="postgres_gone")
def postgres_back(table: Table) -> None:
    """It is back."""
    NETWORKS[table].resume()


@situation()
def metrics_port_taken(table: Table) -> None:
    """Something else listens where the metrics are to be read."""
    taken = table.stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    port = taken.getsockname()[1]
    table.ours["9464"] = str(port)
    table.lay_out(
        {"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS, metrics={"host": "127.0.0.1", "port": port}
    )
