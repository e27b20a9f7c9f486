"""What the embedded bus says of itself, for status and metrics."""

from tests.bus.contract import take
from xarb_runtime.bus.embedded import EmbeddedBus


async def test_the_state_says_what_came_in_and_when() -> None:
    small = EmbeddedBus(in_flight=1, now_ms=lambda: 7)
    before = small.state()
    await small.submit(b"x")
    messages = small.messages()
    (message,) = await take(messages, 1)
    await small.give_back(message)
    (message,) = await take(messages, 1)
    await small.publish(b"y", "z")
    held = small.state()
    await small.acknowledge(message)
    small.close()
    after = small.state()

    assert (before.state, before.delivered, before.last_delivery_ms) == ("connected", 0, None)
    assert (held.delivered, held.redelivered, held.given_back) == (2, 1, 1)
    assert (held.unacknowledged, held.acknowledged, held.confirmed) == (1, 0, 1)
    assert held.last_delivery_ms == 7
    assert (after.state, after.unacknowledged, after.acknowledged) == ("closed", 0, 1)
