"""
A whole execution in mode shadow: no order leaves the house.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.service.test_shadow import ALL, PRICE, Untouchable
from tests.service.world import opportunity
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import Quote, Selection
from xarb_runtime.plugins.contracts import NoSettings, Venue, VenueOpening, VenueSpec
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_sections import StoreSettings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop

ROOT = Path(__file__).parents[2]


async def price_of(selection: Selection) -> Quote:
    odds = Decimal("2.10") if selection.outcome == "over" else Decimal("2.05")
    return msgspec.structs.replace(PRICE, selection=selection, odds=odds)


def registry(openings: list[VenueOpening]) -> Registry:
    @asynccontextmanager
    async def opened(opening: VenueOpening) -> AsyncIterator[Venue]:
        openings.append(opening)
        sys.setrecursionlimit(sys.getrecursionlimit() + 5_000)  # as packages for signatures do
        yield Untouchable(price_of)

    spec = VenueSpec(
        name="untouchable",
        version="1",
        capabilities=lambda _: ALL,
        settings=NoSettings,
        open=opened,
    )
    found = discover_plugins(ROOT, Settings())
    found.venues["untouchable"] = spec
    return found


async def play(settings: Settings, openings: list[VenueOpening]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    around = Surroundings(
        folder=ROOT,
        clock=Machine(loop, 1_000).clock(),
        owner="test",
        io_guard=loop.io_guard,
        second_reader=False,
    )
    async with assemble(settings, around, registry(openings)) as runtime, asyncio.TaskGroup() as g:
        running = g.create_task(runtime.run())
        await runtime.started.wait()
        assert isinstance(runtime.bus, EmbeddedBus)
        event = CloudEvent(
            id="1",
            source="test",
            type="opportunity.detected",
            time_ms=runtime.clock.now_ms(),
            data=opportunity("1", runtime.clock.now_ms()),
        )
        await runtime.bus.deliver(encode(event))
        await runtime.clock.sleep_ms(20_000)
        snapshot = runtime.desk.book.get("x-1")
        assert snapshot is not None
        runtime.say("operator.stop", source="test")
        await running
        return {"leaves": snapshot.leaves, "context": msgspec.json.decode(snapshot.context)}


@pytest.mark.parametrize("delay", ["0s", "300ms"])
def test_a_whole_execution_in_shadow_sends_nothing(tmp_path: Path, delay: str) -> None:
    openings: list[VenueOpening] = []
    section = {"kind": "untouchable", "shadow_delay": delay}
    settings = Settings(
        mode="shadow",
        venues={"sx": dict(section), "azuro": dict(section)},
        store=StoreSettings(url=f"sqlite:///{tmp_path}/shadow.db"),
    )

    limit = sys.getrecursionlimit()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ended = runner.run(play(settings, openings))

    assert ended["leaves"] == ("completed",)
    assert [line["status"] for line in ended["context"]["orders"]] == ["filled", "filled"]
    assert [opening.trades for opening in openings] == [False, False]
    assert sys.getrecursionlimit() == limit
