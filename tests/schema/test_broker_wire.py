"""
A conversation over a real broker: every type that comes in is sent and heeded, everything that goes
out is collected; all of it keeps to the AsyncAPI document.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aio_pika.abc import AbstractIncomingMessage

from tests.bus.rabbitmq_world import Far, far
from tests.fuzz.campaign import CONTENT_TYPE, KEY, signature
from tests.fuzz.flood import Heard, flooded, until
from tests.fuzz.seeds import example, opportunity, plain
from tests.schema.validators import problems, wire
from tests.servers.rabbitmq import Broker
from xarb_runtime.bus.published import MESSAGES, OPERATOR_WORDS
from xarb_runtime.bus.rfc3339 import format_time
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED
from xarb_runtime.service.runtime import Runtime

pytestmark = pytest.mark.timeout(300)
#: In this order each word changes something.
WORDS = ("pause", "resume", "reduce", "resume", "halt", "resume", "stop")


class Conversation(NamedTuple):
    """What was sent, and what the broker has kept of the answers."""

    sent: list[tuple[str, bytes]]
    said: list[AbstractIncomingMessage]
    levels: list[str]


def word(number: int, kind: str) -> bytes:
    said = json.loads(example(kind))
    said["id"] = f"word-{number}"
    said["time"] = format_time(time.time_ns() // 1_000_000)
    said["xarbsignature"] = signature(said, KEY)
    return plain(said)


@pytest.fixture
async def conversation(broker: Broker, prefix: str, tmp_path: Path) -> Conversation:
    heard, sent = Heard(), list[tuple[str, bytes]]()
    levels: list[str] = []
    async with far(broker.url, prefix) as other:
        async with flooded(tmp_path, broker.url, prefix, "", heard) as runtime:
            await until(lambda: runtime.bus.state().state == "connected", "a connection")
            found = opportunity(1, runtime.clock.now_ms())
            sent.append((OPPORTUNITY_DETECTED, plain(found)))
            await other.submit(sent[-1][1], content_type=CONTENT_TYPE)
            await until(lambda: "x-f-1" in heard.ended, "the end of the execution")
            for number, name in enumerate(WORDS):
                await _say(number, f"operator.{name}", other, runtime, sent)
                levels.append(runtime.desk.level)
            await until(runtime.writer.stopped.is_set, "the stop")
        said = [await other.get(other.names.recent) for _ in range(await _kept(other))]
    return Conversation(sent, said, levels)


async def _say(
    number: int, kind: str, other: Far, runtime: Runtime, sent: list[tuple[str, bytes]]
) -> None:
    before = runtime.desk.level
    sent.append((kind, word(number, kind)))
    await other.submit(sent[-1][1], kind, content_type=CONTENT_TYPE)
    await until(lambda: runtime.desk.level != before, f"the effect of {kind}")


async def _kept(other: Far) -> int:
    return await other.ready(other.names.recent)


async def test_all_that_is_said_keeps_to_the_document(conversation: Conversation) -> None:
    for kind, body in conversation.sent:
        assert problems(wire(kind), body) == [], kind
    for message in conversation.said:
        assert problems(wire(message.routing_key or ""), message.body) == [], message.routing_key

    incoming = {kind.name for kind in MESSAGES if kind.direction == "in"}
    assert {kind for kind, _ in conversation.sent} == incoming
    assert incoming == {OPPORTUNITY_DETECTED, *OPERATOR_WORDS}
    told = {message.routing_key for message in conversation.said}
    assert {"execution.transition", "execution.completed", "kpi.window"} <= told


async def test_every_word_is_heeded(conversation: Conversation) -> None:
    assert conversation.levels[:-1] == [
        "paused",
        "running",
        "reduced",
        "running",
        "halted",
        "running",
    ]
    assert conversation.levels[-1] in {"stopping", "stopped"}


async def test_it_is_sent_as_the_document_says(conversation: Conversation) -> None:
    assert conversation.said
    for message in conversation.said:
        event: dict[str, Any] = json.loads(message.body)
        assert message.content_type == CONTENT_TYPE
        assert message.routing_key == event["type"]
        assert message.delivery_mode == 2
