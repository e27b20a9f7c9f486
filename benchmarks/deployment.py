"""
The deployment that is measured: two ghosts that answer at once, limits that nothing reaches.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.instant import KIND, instant_spec
from benchmarks.loud import loud_spec
from xarb_runtime.bundle import bundled
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.plugins.registry import Registry
from xarb_runtime.service.assembly import Surroundings, assemble, discover_plugins
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.garbage import spare_what_stays
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import (
    BusSettings,
    ChartSettings,
    KpiSettings,
    Settings,
    StoreSettings,
)
from xarb_runtime.service.work import Work

CHART = Path(__file__).parent / "three_steps.yaml"
EMBEDDED = "embedded://?capacity=1000000"
#: A busy machine must not change which way an execution goes.
_WIDE = Limits(
    max_age="1h",
    max_open_stake=Decimal(10**9),
    max_in_flight=10**6,
    ttl_leg_a="60s",
    ttl_leg_b="60s",
    ttl_quote="60s",
)
GHOST: dict[str, Any] = {"kind": "ghost", "latency": "0ms", "prices": {"m/under": "2.05"}}
INSTANT: dict[str, Any] = {"kind": KIND}
_QUIET = KpiSettings(max_p95_accept="60s", clear_p95_accept="50s")


def settings(
    flow: str,
    in_flight: int,
    *,
    bus: str = EMBEDDED,
    store: str = StoreSettings().url,
    venue: dict[str, Any] = GHOST,
) -> Settings:
    """Return the deployment's settings."""
    return Settings(
        venues={"sx": venue, "azuro": venue},
        charts=ChartSettings(flow=flow),
        bus=BusSettings(url=bus, in_flight=in_flight, max_age="1h"),
        store=StoreSettings(url=store),
        limits=_WIDE,
        kpi=_QUIET,
    )


def opportunity(name: str, now_ms: int) -> bytes:
    """Return the message of an opportunity."""

    def leg(venue: str, outcome: str, odds: str) -> dict[str, Any]:
        return {
            "selection": {"venue": venue, "market": "m", "outcome": outcome, "wins": [outcome]},
            "odds": odds,
        }

    data = {
        "id": name,
        "detected_ms": now_ms,
        "event": "Home - Away",
        "scenarios": ["over", "under"],
        "stake": "10",
        "leg_a": leg("sx", "over", "2.10"),
        "leg_b": leg("azuro", "under", "2.05"),
    }
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": name,
            "source": "bench",
            "type": "opportunity.detected",
            "time": datetime.fromtimestamp(now_ms / 1000, UTC),
            "data": data,
        }
    )


async def with_runtime(
    folder: Path,
    wanted: Settings,
    observe: Callable[[Work], None],
    use: Callable[[Runtime], Awaitable[None]],
    *,
    change: Callable[[Registry], None] = lambda _: None,
    **more: Any,
) -> None:
    """
    Run the service in `folder`, let `use` have it, and stop it safely.

    `change` may change what plugins provide; `more` are further surroundings of the runtime.
    """
    if not (folder / "statecharts").exists():
        shutil.copytree(bundled("statecharts"), folder / "statecharts")
        shutil.copy(CHART, folder / "statecharts")
    around = Surroundings(
        folder=folder, clock=SystemClock(), owner="bench", observers=(observe,), **more
    )
    registry = discover_plugins(folder, wanted)
    change(registry)
    registry.buses["loud"] = loud_spec()
    registry.venues[KIND] = instant_spec()
    async with assemble(wanted, around, registry) as runtime, asyncio.TaskGroup() as group:
        group.create_task(runtime.run())
        await runtime.started.wait()
        spare_what_stays()  # as `xarb run` does
        await use(runtime)
        await runtime.say("operator.stop", source="operator:bench")
