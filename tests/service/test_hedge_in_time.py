"""
A hedge strategy has its plan in time, whatever one of several venues does with its price.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.service.test_shadow import ALL, PRICE, Untouchable
from tests.service.world import opportunity, selection
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.plugins.contracts import NoSettings, Venue, VenueOpening, VenueSpec
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_sections import StoreSettings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop

ROOT = Path(__file__).parents[2]
#: The opposite of leg A, on offer at leg A's venue and at another one.
WAYS_OUT: list[dict[str, Any]] = [
    {"strategy": "unwind", "offer": {"selection": selection(venue, "under"), "odds": "1.90"}}
    for venue in ("sx", "third")
]


async def price_of(selection: Selection) -> Quote:
    match selection.venue, selection.outcome:
        case "azuro", _:
            raise LookupError("suspended")
        case "sx", "under":
            await asyncio.Event().wait()
    return msgspec.structs.replace(PRICE, selection=selection)


@asynccontextmanager
async def opened(_: VenueOpening) -> AsyncIterator[Venue]:
    yield Untouchable(price_of)


async def play(settings: Settings, hedges: list[dict[str, Any]]) -> tuple[str, ...]:
    """Play one opportunity whose leg B has no price; return where it comes to rest."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    registry = discover_plugins(ROOT, Settings())
    registry.venues["fickle"] = VenueSpec(
        name="fickle", version="1", capabilities=lambda _: ALL, settings=NoSettings, open=opened
    )
    around = Surroundings(
        folder=ROOT,
        clock=Machine(loop, 1_000).clock(),
        owner="test",
        io_guard=loop.io_guard,
        second_reader=False,
    )
    async with assemble(settings, around, registry) as runtime, asyncio.TaskGroup() as group:
        running = group.create_task(runtime.run())
        await runtime.started.wait()
        now_ms = runtime.clock.now_ms()
        data = opportunity("1", now_ms, hedges=hedges)
        kind = "opportunity.detected"
        assert isinstance(runtime.bus, EmbeddedBus)
        message = CloudEvent(id="1", source="test", type=kind, time_ms=now_ms, data=data)
        await runtime.bus.deliver(encode(message))
        await runtime.clock.sleep_ms(20_000)
        snapshot = runtime.desk.book.get("x-1")
        runtime.say("operator.stop", source="test")
        await running
    assert snapshot is not None
    return snapshot.leaves


def test_a_price_that_does_not_come_costs_no_strategy_its_turn(tmp_path: Path) -> None:
    settings = Settings(
        mode="shadow",
        venues={name: {"kind": "fickle"} for name in ("sx", "azuro", "third")},
        store=StoreSettings(url=f"sqlite:///{tmp_path}/hedge.db"),
    )

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        leaves = runner.run(play(settings, WAYS_OUT))

    assert leaves == ("unwound",)
