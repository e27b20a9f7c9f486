"""
`xarb parity` on two small real stores: what a shadow thought, and what became of it.
"""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.deployed import BARE, QUOTING, told, xarb
from tests.ops.running import bundled_charts, write_deployment
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.settings import load_settings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop

REFUSED = {"answer": "refused", "code": "CLOSED", "after": "0ms"}
HEDGES = [
    {
        "strategy": "unwind",
        "offer": {
            "selection": {"venue": "sx", "market": "m1", "outcome": "under", "wins": ["under"]},
            "odds": "1.85",
        },
    }
]
SHADOW = {"sx": QUOTING, "azuro": QUOTING}
LIVE = {
    "sx": {**QUOTING, "prices": {**QUOTING["prices"], "m1/under": "1.85"}},
    "azuro": {**QUOTING, "prices": {"m2/under": "2.00"}, "orders": [REFUSED]},
}


def play(folder: Path, mode: str, venues: Mapping[str, Any], *names: str) -> None:
    """Let a deployment execute these opportunities in virtual time, one after another."""
    write_deployment(folder, venues, mode=mode)
    settings = load_settings(folder, {})

    async def live() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        around = Surroundings(
            folder=folder,
            clock=Machine(loop, 1_000).clock(),
            owner="test",
            charts=bundled_charts(),
            io_guard=loop.io_guard,
            second_reader=False,
        )
        async with assemble(settings, around) as runtime, asyncio.TaskGroup() as group:
            running = group.create_task(runtime.run())
            await runtime.started.wait()
            assert isinstance(runtime.bus, EmbeddedBus)
            for name in names:
                now_ms = runtime.clock.now_ms()
                data = {**BARE, "id": name, "detected_ms": now_ms, "hedges": HEDGES}
                event = CloudEvent(
                    id=name, source="t", type="opportunity.detected", time_ms=now_ms, data=data
                )
                await runtime.bus.deliver(encode(event))
                await runtime.clock.sleep_ms(60_000)
            runtime.say("operator.stop", source="test")
            await running

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(live())


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The live run refuses the first leg B; its second has another price. One id each is alone."""
    shadow, live = (tmp_path_factory.mktemp(name) for name in ("shadow", "live"))
    play(shadow, "shadow", SHADOW, "1", "2", "early")
    play(live, "live", LIVE, "1", "2", "late")
    return shadow, live


def test_what_became_of_the_same_opportunities(stores: tuple[Path, Path]) -> None:
    found = json.loads(xarb("parity", *stores, "--json").stdout)

    assert found["modes"] == ["shadow", "live"]
    assert (found["compared"], found["alike"]) == (2, 1)
    assert (found["only_shadow"], found["only_live"]) == (["early"], ["late"])
    assert found["outcomes"] == [
        {"shadow": "completed", "live": "unwound", "count": 1},
        {"shadow": "completed", "live": "completed", "count": 1},
    ]
    assert (found["shadow"]["completed"], found["live"]["unwound"]) == ("1.0000", "0.5000")
    a, b = found["legs"]
    assert (a["both"], a["only_shadow"], a["only_live"]) == (2, 0, 0)
    assert (Decimal(a["filled_difference"]), Decimal(a["odds_difference"])) == (0, 0)
    assert (b["both"], b["only_shadow"], b["only_live"]) == (1, 1, 0)
    assert Decimal(b["odds_difference"]) == Decimal(b["odds_lowest"]) == Decimal("-0.02")
    assert a["accept_ms_shadow"] is not None
    worst = {
        it["id"]: Decimal(it["worst_live"]) - Decimal(it["worst_shadow"]) for it in found["pairs"]
    }
    assert [it["id"] for it in found["pairs"]] == ["1", "2"]  # the largest difference first
    assert sum(worst.values()) == Decimal(found["worst_difference"]) < 0


def test_the_same_as_tables(stores: tuple[Path, Path]) -> None:
    shown = told(xarb("parity", *stores))

    assert "Compared: 2 opportunities, 1 ended alike (shadow, live)." in shown
    assert "Only in SHADOW: 1. Only in LIVE: 1." in shown
    assert "completed unwound 1" in shown
    assert "live 2 50.0% 0.0% 50.0%" in shown
    assert "Most different: 2 of 2" in shown


def test_a_store_compared_with_itself_is_the_same(stores: tuple[Path, Path]) -> None:
    url = f"sqlite:///{stores[0]}/var/xarb.db"
    found = json.loads(xarb("parity", url, stores[0], "--json").stdout)

    assert found["compared"] == found["alike"] == 3
    assert Decimal(found["worst_difference"]) == 0
    assert [Decimal(leg["filled_difference"]) for leg in found["legs"]] == [0, 0]
    assert "Most different: 0 of 0" in told(xarb("parity", url, url))


def test_what_is_no_deployment_and_what_is_no_store(tmp_path: Path) -> None:
    folder = xarb("parity", tmp_path, tmp_path)
    url = f"sqlite:///{tmp_path}/none.db"
    store = xarb("parity", url, url)

    assert (folder.exit_code, store.exit_code) == (2, 1)
    assert "this is no deployment" in told(folder)
    assert "expected a store, found no such file" in told(store)
