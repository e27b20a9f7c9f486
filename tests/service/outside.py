"""
The whole service in virtual time, on a bus on which others listen and speak.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.service.fickle import FickleBus
from tests.service.test_runtime import SETTINGS, START_MS
from tests.service.world import ROOT, charts
from xarb_runtime.bus.cloudevents import CloudEvent, decode
from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.plugins.contracts import BusMessage, BusOpening, BusSpec
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.instruments import Instruments
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import BusSettings, Settings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop

KEY = "0123456789abcdef0123456789abcdef"
OUTSIDE = msgspec.structs.replace(
    SETTINGS, bus=BusSettings(url="fickle://", in_flight=4, max_age="60s", operator_key=KEY)
)
SHAPES = {message.name: message.data for message in MESSAGES}

Use = Callable[[Runtime], Awaitable[None]]


def play(
    folder: Path,
    bus: FickleBus,
    use: Use,
    settings: Settings = OUTSIDE,
    *,
    instruments: Instruments | None = None,
    at_ms: int = START_MS,
    dies: bool = False,
) -> None:
    """Run the service on this bus, let `use` have it, then stop it safely, or let it die."""
    loop = VirtualLoop()
    machine = Machine(loop, at_ms)
    registry = discover_plugins(ROOT, settings)

    @asynccontextmanager
    async def opened(_: BusOpening) -> AsyncIterator[FickleBus]:
        yield bus

    registry.buses["fickle"] = BusSpec(scheme="fickle", version="1", open=opened)

    async def live() -> None:
        around = Surroundings(
            folder=folder,
            clock=machine.clock(),
            owner="test",
            io_guard=loop.io_guard,
            second_reader=False,
            charts=charts(),
            instruments=instruments or Instruments(),
            is_alive=lambda _: False,
        )
        async with assemble(settings, around, registry) as runtime, asyncio.TaskGroup() as group:
            running = group.create_task(runtime.run())
            await runtime.started.wait()
            await use(runtime)
            if dies:
                running.cancel()
            else:
                await runtime.say("operator.stop", source="operator:test")

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(live())


def came(body: bytes, token: object = "", **changes: Any) -> BusMessage:
    """A message as it comes in."""
    return BusMessage(body=body, token=token, **changes)


def arrived(bus: FickleBus, kind: str = "") -> list[Any]:
    """The data of what got through, in order, as its type says; repetitions left out."""
    told: dict[str, Any] = {}
    for _, body in bus.arrived:
        event = decode(body)
        assert isinstance(event, CloudEvent)
        if not kind or event.type == kind:
            told.setdefault(event.id, msgspec.convert(event.data, SHAPES[event.type]))
    return list(told.values())


async def until(happened: Callable[[], bool]) -> None:
    """Wait in virtual time until something has happened."""
    async with asyncio.timeout(600):
        while not happened():  # noqa: ASYNC110  the service tells nobody that waits
            await asyncio.sleep(0.01)
