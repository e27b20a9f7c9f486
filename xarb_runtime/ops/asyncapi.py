"""
The AsyncAPI 3 document: what goes over RabbitMQ, seen from xarb.

Made from the list of messages, their classes, and the topology that the bus declares. Nothing of a
deployment's secrets is in it.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
import yaml

from xarb_runtime import __version__
from xarb_runtime.bus.cloudevents import encode
from xarb_runtime.bus.published import MessageType
from xarb_runtime.bus.rabbitmq.topology import Binding, Names, Queue, Topology
from xarb_runtime.bus.signing import EXTENSION
from xarb_runtime.ops.message_examples import examples
from xarb_runtime.ops.schemas import (
    BEYOND,
    ENVELOPE,
    Schema,
    data_parts,
    envelope,
    message_schema,
)

ASYNCAPI = "3.0.0"
AMQP_BINDING = "0.3.0"
CONTENT_TYPE = "application/cloudevents+json"

_PARTS = "#/components/schemas/{name}"
_PASSWORD = "password"  # noqa: S105 -- the name of a scheme
_SECURITY = [{"$ref": f"#/components/securitySchemes/{_PASSWORD}"}]


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """
    The broker of a deployment, without anything secret.

    Attributes:
        host: its name and port.
        vhost: the virtual host.
        tls: the connection is encrypted.
    """

    host: str
    vhost: str
    tls: bool


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """
    What there is at the broker.

    Attributes:
        names: what things are called.
        topology: the exchanges and queues.
        kinds: the types of messages that go over it.
        server: where it is; None for any.
    """

    names: Names
    topology: Topology
    kinds: tuple[MessageType, ...]
    server: Server | None = None


def asyncapi(broker: Broker) -> dict[str, Any]:
    """Return the document."""
    shown = examples()
    return {
        "asyncapi": ASYNCAPI,
        "info": _info(),
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _any_server() if broker.server is None else _server(broker.server)},
        "channels": {
            **{kind.name: _channel(kind, broker) for kind in broker.kinds},
            **{queue.name: _queue(queue, broker) for queue in broker.topology.queues},
        },
        "operations": dict(map(_operation, broker.kinds)),
        "components": {
            "messages": {
                kind.name: _message(kind, encode(shown[kind.name])) for kind in broker.kinds
            },
            "schemas": _schemas(broker.kinds),
            "securitySchemes": {
                _PASSWORD: {"type": "userPassword", "description": "User and password, SASL PLAIN."}
            },
        },
    }


def to_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML, every part in full."""
    return yaml.dump(document, Dumper=_InFull, sort_keys=False, allow_unicode=True, width=100)


class _InFull(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the library's signature
        return True


def _info() -> dict[str, Any]:
    beyond = "\n".join(f"* {each}" for each in BEYOND)
    return {
        "title": "xarb",
        "version": __version__,
        "description": "Opportunities and operators' words in, executions, incidents and figures "
        "out. Every message is a CloudEvent 1.0 in structured JSON, delivered at least once; "
        "`source` and `id` together say which are the same. Those of one execution come in order. "
        "What cannot be read is kept as a dead letter, with the reason.\n\n"
        f"Beyond the schemas, xarb asks of what comes in:\n\n{beyond}\n",
        "license": {"name": "Apache-2.0"},
    }


# -- Servers ---------------------------------------------------------------------------------------


def _server(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "pathname": "/" + ("" if server.vhost == "/" else quote(server.vhost, safe="")),
        "protocol": "amqps" if server.tls else "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ, as the settings of this deployment name it.",
        "security": _SECURITY,
    }


def _any_server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ, `bus.url` of the settings: `amqp://host/vhost` or `amqps://...`.",
        "variables": {
            "host": {"default": "localhost:5672", "description": "Where the broker listens."},
            "vhost": {"default": "", "description": "The virtual host; by default the first one."},
        },
        "security": _SECURITY,
    }


# -- Channels and operations -----------------------------------------------------------------------


def _channel(kind: MessageType, broker: Broker) -> dict[str, Any]:
    name = broker.names.into if kind.direction == "in" else broker.names.out
    exchange = next(each for each in broker.topology.exchanges if each.name == name)
    found = {"name": name, "type": exchange.kind, "durable": True, "autoDelete": False}
    arguments = {"x-exchange-arguments": exchange.arguments} if exchange.arguments else {}
    return {
        "address": kind.name,
        "description": f"Exchange `{name}`, routing key `{kind.name}`.",
        "messages": _messages([kind]),
        "bindings": _amqp({"is": "routingKey", "exchange": found}),
        **arguments,
    }


def _queue(queue: Queue, broker: Broker) -> dict[str, Any]:
    bindings = [each for each in broker.topology.bindings if each.queue == queue.name]
    kinds = [kind for kind in broker.kinds if any(_comes(kind, each, broker) for each in bindings)]
    found = {"name": queue.name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": queue.name,
        "description": f"{queue.doc[0].upper()}{queue.doc[1:]}.",
        "messages": _messages(kinds),
        "bindings": _amqp({"is": "queue", "queue": found}),
        "x-bound-to": [{"exchange": each.exchange, "key": each.key} for each in bindings],
        "x-queue-arguments": queue.arguments,
    }


def _comes(kind: MessageType, binding: Binding, broker: Broker) -> bool:
    """Whether messages of a type can come through a binding; the dead were on their way in."""
    if binding.exchange == broker.names.dead:
        return kind.direction == "in"
    ours = broker.names.into if kind.direction == "in" else broker.names.out
    inside = f"{kind.name}.".startswith(binding.key.removesuffix("#"))
    return binding.exchange == ours and inside


def _messages(kinds: Iterable[MessageType]) -> dict[str, Any]:
    return {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in kinds}


def _operation(kind: MessageType) -> tuple[str, dict[str, Any]]:
    incoming = kind.direction == "in"
    here = f"#/channels/{kind.name}"
    how = {"ack": True} if incoming else {"deliveryMode": 2, "mandatory": True}
    return f"{'receive' if incoming else 'send'}.{kind.name}", {
        "action": "receive" if incoming else "send",
        "channel": {"$ref": here},
        "summary": kind.doc,
        "messages": [{"$ref": f"{here}/messages/{kind.name}"}],
        "bindings": _amqp(how),
    }


def _amqp(binding: dict[str, Any]) -> dict[str, Any]:
    return {"amqp": {**binding, "bindingVersion": AMQP_BINDING}}


# -- Messages --------------------------------------------------------------------------------------


def _message(kind: MessageType, example: bytes) -> dict[str, Any]:
    schema = message_schema(kind, _PARTS)
    identity = {"x-id": kind.id} if kind.id else {}
    signed = {"x-signature": _SIGNED} if kind.signed else {}
    return {
        "name": kind.name,
        "title": kind.name,
        "summary": kind.doc,
        "contentType": CONTENT_TYPE,
        "payload": schema,
        "examples": [{"name": "example", "payload": msgspec.json.decode(example)}],
        **identity,
        **signed,
    }


_SIGNED = {
    "attribute": EXTENSION,
    "algorithm": "HMAC-SHA256",
    "encoding": "hexadecimal, lower case",
    "over": "the compact JSON array of these, in UTF-8: "
    "id, source, type, time, data.operator, data.reason",
    "key": "the setting `bus.operator_key`",
}


def _schemas(kinds: Iterable[MessageType]) -> dict[str, Schema]:
    found = {ENVELOPE: envelope()}
    for kind in kinds:
        found |= data_parts(kind, _PARTS)
    return found
