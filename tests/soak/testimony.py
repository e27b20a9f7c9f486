"""
Asks everybody for their records when all is quiet.
"""

import asyncio
import hashlib
from typing import Any

from aio_pika.abc import AbstractChannel

from tests.crash.processes import request
from tests.soak.deployment import PREFIX
from tests.soak.evidence import Evidence, Order
from tests.soak.publisher import connected
from tests.soak.scene import RECORDER_QUEUE, Scene
from xarb_runtime.domain.money import ZERO

QUEUES = (f"{PREFIX}.opportunities", f"{PREFIX}.operator")
DEAD = f"{PREFIX}.dead"
ASKING_SECONDS = 120.0
GET_SECONDS = 10.0


async def collect(scene: Scene) -> Evidence:
    """
    Return the evidence. The runtime has been stopped: what it had not acknowledged is in the queues
    again.
    """
    evidence = Evidence(sent=scene.publisher.sent, heard=scene.recorder.heard)
    for name, venue in scene.venues.items():
        _read_book(evidence, name, await asyncio.to_thread(request, "GET", f"{venue.url}/book"))
    await asyncio.to_thread(scene.journal.testify, evidence)
    await _ask_broker(scene, evidence)
    evidence.lives = scene.runtime.lives
    return evidence


async def until_recorded(scene: Scene) -> None:
    """Wait until the recorder has got everything that was sent to it."""
    async with asyncio.timeout(ASKING_SECONDS):
        async with connected(scene.broker.url) as connection:
            channel = await connection.channel()
            empty = 0
            while empty < 2:
                queue = await channel.declare_queue(RECORDER_QUEUE, passive=True)
                empty = 0 if queue.declaration_result.message_count else empty + 1
                await asyncio.sleep(1.0)


def _read_book(evidence: Evidence, name: str, answer: tuple[int, Any]) -> None:
    status, book = answer
    assert status == 200, f"{name} gave no book"
    for order in book["orders"]:
        evidence.orders.append(
            Order(
                client_id=order["client_id"],
                venue=name,
                calls=book["calls"][order["client_id"]],
                filled=_decimal(order["filled"]),
                odds=_decimal(order["odds"]),
                wins=tuple(order["selection"]["wins"]),
            )
        )
    taken = {order["client_id"] for order in book["orders"]}
    for client_id, calls in book["calls"].items():
        if client_id not in taken:
            evidence.turned_away[client_id] = calls


def _decimal(text: object) -> Any:
    return type(ZERO)(str(text))


async def _ask_broker(scene: Scene, evidence: Evidence) -> None:
    async with asyncio.timeout(ASKING_SECONDS):
        async with connected(scene.broker.url) as connection:
            channel = await connection.channel()
            for name in QUEUES:
                evidence.left[name] = await _waiting(channel, name)
            evidence.dead = await _bodies(channel, DEAD)


async def _waiting(channel: AbstractChannel, name: str) -> int:
    """What a broker gets back from a connection that is gone takes it a moment to count."""
    count: int | None = 0
    for _ in range(80):
        queue = await channel.declare_queue(name, passive=True)
        count = queue.declaration_result.message_count
        if not count:
            return 0
        await asyncio.sleep(0.25)
    return count or 0


async def _bodies(channel: AbstractChannel, name: str) -> list[str]:
    queue = await channel.get_queue(name)
    found: list[str] = []
    while True:
        message = await queue.get(no_ack=True, fail=False, timeout=GET_SECONDS)
        if message is None:
            return found
        found.append(hashlib.sha256(message.body).hexdigest())
    return found
