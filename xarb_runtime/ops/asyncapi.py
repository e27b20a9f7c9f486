"""
The AsyncAPI 3 document: what goes over RabbitMQ, seen from xarb.

Made from the list of messages, their classes, and the topology that the bus declares. Nothing of a
deployment's secrets is in it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import yaml

from xarb_runtime import __version__
from xarb_runtime.bus.cloudevents import encode
from xarb_runtime.bus.published import MESSAGES, MessageType
from xarb_runtime.ops.message_examples import examples
from xarb_runtime.ops.schemas import (
    BEYOND,
    ENVELOPE,
    SIGNATURE,
    Schema,
    data_parts,
    envelope,
    message_schema,
)

ASYNCAPI = "3.0.0"
AMQP_BINDING = "0.3.0"
CONTENT_TYPE = "application/cloudevents+json"

_PARTS = "#/components/schemas/{name}"
_BROKER = "broker"


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """
    A queue that the bus declares.

    Attributes:
        name: its name at the broker.
        exchange: the exchange that it is bound to.
        keys: the patterns that it is bound with.
        arguments: what it is declared with.
        doc: what it is for.
    """

    name: str
    exchange: str
    keys: tuple[str, ...]
    arguments: dict[str, Any]
    doc: str


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """
    The broker of a deployment, without anything secret.

    Attributes:
        host: its name, with the port where it is not the usual one.
        vhost: the virtual host.
        tls: the connection is encrypted.
        certificate: xarb shows a certificate of its own in place of a password.
    """

    host: str
    vhost: str = "/"
    tls: bool = False
    certificate: bool = False


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where messages go at the broker.

    Attributes:
        incoming, outgoing: the topic exchanges.
        queues: the queues that stay.
    """

    incoming: str
    outgoing: str
    queues: tuple[Queue, ...]


def asyncapi(channels: Channels, server: Server | None = None) -> dict[str, Any]:
    """
    Return the document.

    Args:
        channels: exchanges and queues.
        server: the deployment's broker; without one, any broker.
    """
    shown = examples()
    return {
        "asyncapi": ASYNCAPI,
        "info": _info(),
        "defaultContentType": CONTENT_TYPE,
        "servers": {_BROKER: _any_server() if server is None else _server(server)},
        "channels": {
            **{kind.name: _channel(kind, channels) for kind in MESSAGES},
            **{queue.name: _queue(queue, channels) for queue in channels.queues},
        },
        "operations": dict(map(_operation, MESSAGES)),
        "components": {
            "messages": {kind.name: _message(kind, encode(shown[kind.name])) for kind in MESSAGES},
            "schemas": _schemas(),
            "securitySchemes": _security(),
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
    scheme = "certificate" if server.certificate else "password"
    return {
        "host": server.host,
        "pathname": "/" if server.vhost == "/" else f"/{server.vhost}",
        "protocol": "amqps" if server.tls else "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ, as this deployment's settings name it.",
        "security": [{"$ref": f"#/components/securitySchemes/{scheme}"}],
    }


def _any_server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ 3.10 or later: `bus.url` of the settings, `amqp:` or `amqps:`.",
        "variables": {
            "host": {"default": "localhost:5672", "description": "Where the broker listens."},
            "vhost": {"default": "", "description": "The virtual host; by default the first."},
        },
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _security()],
    }


def _security() -> dict[str, Any]:
    return {
        "password": {"type": "userPassword", "description": "SASL PLAIN: user and password."},
        "certificate": {"type": "X509", "description": "SASL EXTERNAL: a client's certificate."},
    }


# -- Channels and operations -----------------------------------------------------------------------


def _channel(kind: MessageType, channels: Channels) -> dict[str, Any]:
    exchange = channels.incoming if kind.direction == "in" else channels.outgoing
    return {
        "address": kind.name,
        "description": f"Exchange `{exchange}`, routing key `{kind.name}`.",
        "messages": _messages([kind]),
        "bindings": _amqp(
            {
                "is": "routingKey",
                "exchange": {
                    "name": exchange,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
            }
        ),
    }


def _queue(queue: Queue, channels: Channels) -> dict[str, Any]:
    outgoing = queue.exchange == channels.outgoing
    kinds = [
        kind
        for kind in MESSAGES
        if (kind.direction == "out") is outgoing and any(_fits(kind, key) for key in queue.keys)
    ]
    return {
        "address": queue.name,
        "description": queue.doc,
        "messages": _messages(kinds),
        "bindings": _amqp(
            {
                "is": "queue",
                "queue": {
                    "name": queue.name,
                    "durable": True,
                    "exclusive": False,
                    "autoDelete": False,
                },
            }
        ),
        "x-bound-to": {"exchange": queue.exchange, "keys": list(queue.keys)},
        "x-arguments": queue.arguments,
    }


def _fits(kind: MessageType, key: str) -> bool:
    return key in {"#", kind.name} or kind.name.startswith(f"{key.removesuffix('.#')}.")


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
        "bindings": _amqp({"contentEncoding": "utf-8", "messageType": kind.name}),
        "examples": [{"name": "example", "payload": msgspec.json.decode(example)}],
        **identity,
        **signed,
    }


_SIGNED = {
    "attribute": SIGNATURE,
    "algorithm": "HMAC-SHA256",
    "encoding": "hexadecimal, lower case",
    "over": "the compact JSON array of these, in UTF-8: "
    "id, source, type, time, data.operator, data.reason",
    "key": "the setting `bus.operator_key`",
}


def _schemas() -> dict[str, Schema]:
    found = {ENVELOPE: envelope()}
    for kind in MESSAGES:
        found |= data_parts(kind, _PARTS)
    return found
