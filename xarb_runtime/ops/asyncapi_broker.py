"""
What the AsyncAPI document says of the broker: from the settings of a deployment, and from the
topology that the bus declares.
"""

from typing import Any

from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.bus.rabbitmq.options import SCHEMES, RabbitOptions, read_address
from xarb_runtime.bus.rabbitmq.topology import Names, topology
from xarb_runtime.ops.asyncapi import Broker, Server, asyncapi
from xarb_runtime.plugins.settings import read_section
from xarb_runtime.service.outgoing import wanted
from xarb_runtime.service.settings_model import Settings


def document_of(settings: Settings | None) -> dict[str, Any]:
    """
    Return the document of a deployment; of any when there are no settings, or another bus.

    Raises:
        SectionError: `bus.options` do not fit.
        ValueError: `bus.url` does not fit.
    """
    is_ours = settings is not None and settings.bus.url.partition(":")[0] in SCHEMES
    return asyncapi(_broker_of(settings) if settings and is_ours else _any_broker())


def _broker_of(settings: Settings) -> Broker:
    options = read_section(RabbitOptions, settings.bus.options, "bus.options")
    told = wanted(settings.bus.publish)
    return Broker(
        names=Names(options.prefix),
        topology=topology(options),
        kinds=tuple(kind for kind in MESSAGES if kind.direction == "in" or kind.name in told),
        server=server_of(settings.bus.url, options),
    )


def _any_broker() -> Broker:
    options = RabbitOptions()
    return Broker(names=Names(options.prefix), topology=topology(options), kinds=MESSAGES)


def server_of(url: str, options: RabbitOptions) -> Server:
    """
    Return where a broker is, without who we are there.

    Raises:
        ValueError: the URL is none of RabbitMQ's.
    """
    address = read_address(url, options)
    # An address of IPv6 has colons of its own.
    host = f"[{address.host}]" if ":" in address.host else address.host
    return Server(host=f"{host}:{address.port}", vhost=address.vhost, tls=address.tls)
