"""Fuzzed messages, read as the runtime reads them."""

from tests.fuzz.campaign import KEY, Fuzzed
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.reading import Reader, Reading

NOW_MS = 1_800_000_000_000
READER = Reader(max_age_ms=5_000, operator_key=KEY, operator_max_age_ms=30_000)


def as_received(message: Fuzzed) -> BusMessage:
    """Return a message as a bus hands it out."""
    return BusMessage(
        body=message.body,
        token=None,
        content_type=message.content_type,
        routing_key=message.routing_key,
    )


def read(message: Fuzzed) -> Reading:
    """Read a message on the way that its routing key leads to."""
    words_only = message.routing_key.startswith("operator.")
    return READER.read(as_received(message), NOW_MS, words_only=words_only)
