"""The reference of RabbitMQ, made from what is declared and from the options' own class."""

from typing import get_args

import msgspec

from tests.docs.tables import table
from xarb_runtime.bus.rabbitmq.options import RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import Arguments, topology
from xarb_runtime.service.settings_schema import documentation

_WANTED = topology(RabbitOptions())


def exchanges() -> str:
    """Return all exchanges."""
    rows = ([f"`{it.name}`", it.kind, _arguments(it.arguments), it.doc] for it in _WANTED.exchanges)
    return table(("Exchange", "Type", "Arguments", "What it is for"), rows)


def queues() -> str:
    """Return all queues, and what is bound to each."""
    rows = (
        [f"`{it.name}`", _bound(it.name), _arguments(it.arguments, it.options), it.doc]
        for it in _WANTED.queues
    )
    return table(("Queue", "Gets", "Arguments", "What it is for"), rows)


def options() -> str:
    """Return all options."""
    docs = documentation(RabbitOptions)
    rows = (
        [f"`bus.options.{it.name}`", _kind(it), _default(it.default), docs[it.name]]
        for it in msgspec.structs.fields(RabbitOptions)
    )
    return table(("Key", "Value", "Default", "Meaning"), rows)


def _bound(queue: str) -> str:
    return ", ".join(
        f"`{it.key}` of `{it.exchange}`" if it.key else f"all of `{it.exchange}`"
        for it in _WANTED.bindings
        if it.queue == queue
    )


def _arguments(arguments: Arguments, from_options: dict[str, str] | None = None) -> str:
    named = from_options or {}
    return "<br>".join(
        f"`{name}: {value}`" + (f" (option `{named[name]}`)" if name in named else "")
        for name, value in arguments.items()
    )


def _kind(field: msgspec.structs.FieldInfo) -> str:
    kind = (get_args(field.type) or (field.type,))[0]
    if isinstance(field.default, str) and field.default[:1].isdigit():
        return "a duration"
    return {str: "a text", bool: "true or false", int: "a whole number"}[kind]


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value != "" else "none"
