"""
How RabbitMQ is known to the runtime: by two schemes, with and without TLS.
"""

from xarb_runtime.bus.rabbitmq.bus import open_rabbitmq
from xarb_runtime.bus.rabbitmq.options import SCHEMES, RabbitOptions
from xarb_runtime.plugins.contracts import BusSpec


def rabbitmq_specs() -> tuple[BusSpec, ...]:
    """Return the specs of RabbitMQ, one a scheme."""
    return tuple(
        BusSpec(scheme=scheme, version="1.0.0", open=open_rabbitmq, options=RabbitOptions)
        for scheme in SCHEMES
    )
