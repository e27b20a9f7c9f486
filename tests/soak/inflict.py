"""
Each kind of fault, from its beginning to the moment at which it is put right.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.soak import faults
from tests.soak.faults import Fault
from tests.soak.messages import word
from tests.soak.scene import Scene

#: So many messages have to be refused before a queue counts as full, and so long it is tried.
REFUSED, FILLING_SECONDS = 5, 60.0


async def inflict(scene: Scene, fault: Fault) -> None:
    """Let something go wrong, and put it right."""
    await HOW[fault.kind](scene, fault)


async def _broker_killed(scene: Scene, fault: Fault) -> None:
    async with scene.held["broker"]:
        await asyncio.to_thread(scene.broker.kill)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(scene.broker.start)


async def _broker_stopped(scene: Scene, fault: Fault) -> None:
    async with scene.held["broker"]:
        await asyncio.to_thread(scene.broker.stop)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(scene.broker.start)


async def _runtime_killed(scene: Scene, fault: Fault) -> None:
    async with scene.held["runtime"]:
        await asyncio.to_thread(scene.runtime.kill)
        await asyncio.sleep(fault.lasts)
        scene.runtime.start()


async def _runtime_killed_at(scene: Scene, fault: Fault) -> None:
    """The next life ends by itself, whenever it gets there; `keep_alive` starts another one."""
    async with scene.held["runtime"]:
        await asyncio.to_thread(scene.runtime.kill)
        scene.runtime.start(kill_at=fault.detail)


async def _runtime_stopped(scene: Scene, fault: Fault) -> None:
    async with scene.held["runtime"]:
        await scene.until_level(holding=True)
        await asyncio.to_thread(scene.runtime.stop)
        await asyncio.sleep(fault.lasts)
        scene.runtime.start()


async def _runtime_frozen(scene: Scene, fault: Fault) -> None:
    async with scene.held["runtime"]:
        scene.runtime.freeze()
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            scene.runtime.thaw()


async def _connection_cut(scene: Scene, fault: Fault) -> None:
    async with scene.held["proxy"]:
        scene.proxy.refuse()
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            scene.proxy.resume()


async def _network_stalled(scene: Scene, fault: Fault) -> None:
    async with scene.held["proxy"]:
        scene.proxy.stall()
        try:
            await asyncio.sleep(fault.lasts)
        finally:
            scene.proxy.resume()


async def _disk_slow(scene: Scene, fault: Fault) -> None:
    async with scene.held["disk"]:
        await asyncio.to_thread(scene.journal.slow_down, fault.lasts, scene.ended)


async def _queue_full(scene: Scene, _: Fault) -> None:
    """Nobody takes anything, and the publisher does not hold back."""
    async with scene.held["broker"], scene.held["runtime"]:
        before = scene.publisher.refused
        scene.runtime.freeze()
        scene.gate = False
        try:
            for _ in range(int(FILLING_SECONDS / 0.1)):
                if scene.publisher.refused >= before + REFUSED:
                    break
                await asyncio.sleep(0.1)
        finally:
            scene.gate = scene.filled = True
            scene.runtime.thaw()


async def _venue_killed(scene: Scene, fault: Fault) -> None:
    async with scene.held[fault.detail]:
        venue = scene.venues[fault.detail]
        await asyncio.to_thread(venue.kill)
        await asyncio.sleep(fault.lasts)
        await asyncio.to_thread(venue.start)


async def _operator_paused(scene: Scene, fault: Fault) -> None:
    """Somebody pauses by a signed word on the bus, and resumes in the same way."""
    scene.paused = True
    try:
        await scene.publisher.publish(word(f"w{fault.number}-pause", "pause"))
        await scene.until_level("paused")
        await asyncio.sleep(fault.lasts)
    finally:
        scene.paused = False
    # A resume that comes after a stop takes the stop back: never while somebody stops it.
    async with scene.held["runtime"]:
        await scene.publisher.publish(word(f"w{fault.number}-resume", "resume"))
        await scene.until_level("running", "degraded", holding=True)


HOW: dict[str, Callable[[Scene, Fault], Awaitable[None]]] = {
    faults.BROKER_KILLED: _broker_killed,
    faults.BROKER_STOPPED: _broker_stopped,
    faults.RUNTIME_KILLED: _runtime_killed,
    faults.RUNTIME_KILLED_AT: _runtime_killed_at,
    faults.RUNTIME_STOPPED: _runtime_stopped,
    faults.RUNTIME_FROZEN: _runtime_frozen,
    faults.CONNECTION_CUT: _connection_cut,
    faults.NETWORK_STALLED: _network_stalled,
    faults.DISK_SLOW: _disk_slow,
    faults.QUEUE_FULL: _queue_full,
    faults.VENUE_KILLED: _venue_killed,
    faults.OPERATOR_PAUSED: _operator_paused,
}
