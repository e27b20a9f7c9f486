"""
What the AsyncAPI document says of the broker: from the settings of a deployment, and from the
topology that the bus declares.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

from xarb_runtime.ops.asyncapi import Channels, Queue, Server, asyncapi
from xarb_runtime.service.settings_model import Settings

SCHEMES = ("amqp", "amqps")


def server_of(url: str, *, certificate: bool = False) -> Server | None:
    """Return the broker that `bus.url` names, without user and password; None for other buses."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return None
    # The host's own spelling: `hostname` drops the brackets of IPv6.
    host = parts.netloc.rpartition("@")[2]
    return Server(
        host=host or "localhost",
        vhost=unquote(parts.path[1:]) or "/",
        tls=parts.scheme == "amqps",
        certificate=certificate,
    )


def document_of(settings: Settings | None) -> dict[str, Any]:
    """Return the document of a deployment, or of any when there are no settings."""
    server = None if settings is None else server_of(settings.bus.url)
    return asyncapi(channels_of("xarb"), server)


def channels_of(prefix: str) -> Channels:
    """Return exchanges and queues."""
    incoming, outgoing = f"{prefix}.in", f"{prefix}.out"
    return Channels(
        incoming=incoming,
        outgoing=outgoing,
        queues=(
            Queue(
                name=f"{prefix}.opportunities",
                exchange=incoming,
                keys=("opportunity.#",),
                arguments={"x-queue-type": "quorum"},
                doc="Where xarb takes opportunities from.",
            ),
            Queue(
                name=f"{prefix}.operator",
                exchange=incoming,
                keys=("operator.#",),
                arguments={"x-queue-type": "quorum"},
                doc="Where xarb takes operators' words from.",
            ),
            Queue(
                name=f"{prefix}.recent",
                exchange=outgoing,
                keys=("#",),
                arguments={"x-queue-type": "quorum"},
                doc="What was said lately.",
            ),
        ),
    )
