"""A runtime in this process, with ghost venues and a real store, and its control API."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec

from xarb_runtime.bundle import bundled
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.domain.opportunity import HedgeOffer, LegOffer, Opportunity
from xarb_runtime.domain.orders import Selection
from xarb_runtime.domain.steps import Snapshot, Status
from xarb_runtime.ops.careful import Careful
from xarb_runtime.ops.control import Control
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.metrics.measuring import Measuring
from xarb_runtime.ops.serving import serve_control
from xarb_runtime.ops.tracing import Tracing
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.charts import Charts, read_charts
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.service.instruments import Instruments, Several
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings import ChartSettings, Settings, load_settings
from xarb_runtime.service.work import Work

TOKEN = "5f" * 32
FAST = {"kind": "ghost", "latency": "0ms"}
#: Nothing is late because the machine is busy; a test that waits for a deadline sets it.
PATIENT = {
    "max_age": "60s",
    "ttl_leg_a": "60s",
    "ttl_leg_b": "60s",
    "ttl_hedge": "60s",
    "ttl_cancel": "60s",
    "ttl_quote": "60s",
    "ttl_plan": "60s",
}
REFUSING = {**FAST, "default": {"answer": "refused", "code": "CLOSED", "after": "0ms"}}


class Running(NamedTuple):
    """A runtime that runs, and a session that has its token."""

    runtime: Runtime
    session: aiohttp.ClientSession
    committed: dict[str, Snapshot]
    watch: ExposureWatch
    metrics: str = ""

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.session.get(path) as answer:
            body = await answer.json()
            assert answer.status == status, body
            return body

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        async with self.session.post(path, json=body) as answer:
            found = await answer.json()
            assert answer.status == status, found
            return found

    async def settled(self, execution: str, *states: str) -> str:
        """Wait until an execution has ended, or rests in one of these states, on disk."""
        while True:
            snapshot = self.committed.get(execution)
            if snapshot is not None:
                state = "+".join(snapshot.leaves)
                if state in states or snapshot.status is not Status.RUNNING:
                    return state
            await asyncio.sleep(0.001)

    async def submit(self, body: bytes | None = None) -> None:
        """Submit one opportunity."""
        async with self.session.post("/submit", data=body or message()) as answer:
            assert answer.status == 202, await answer.text()


def keep_secrets(folder: Path, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Write the operators' key where secrets belong, and return the sections without it."""
    bus = dict(sections.get("bus", {}))
    key = bus.pop("operator_key", "")
    if not key:
        return dict(sections)
    file = folder / ".secrets.yaml"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"bus": {"operator_key": key}}))
    return {**sections, "bus": bus}


def write_deployment(
    folder: Path, venues: Mapping[str, Any] | None = None, **sections: Any
) -> Path:
    """Lay out a deployment that uses the charts of the checkout."""
    folder.mkdir(exist_ok=True)
    settings = {
        "venues": dict(venues or {"sx": FAST, "azuro": FAST}),
        "charts": {"folder": str(bundled("statecharts"))},
        "control": {"port": 0},
        "metrics": {"port": 0},
        **keep_secrets(folder, sections),
        "limits": PATIENT | sections.get("limits", {}),
    }
    (folder / "settings.yaml").write_text(json.dumps(settings))
    return folder


@asynccontextmanager
async def running(
    folder: Path,
    venues: Mapping[str, Any] | None = None,
    *,
    measure: Callable[[Settings], Measuring] | None = None,
    traces: Tracing | None = None,
    **sections: Any,
) -> AsyncIterator[Running]:
    """Run a deployment until the end of the context; `measure` serves its metrics as well."""
    write_deployment(folder, venues, **sections)
    settings = load_settings(folder, {})
    watch = ExposureWatch(time.time_ns() // 1_000_000)
    measuring = measure(settings) if measure else None
    traces = traces or Tracing(None, None)
    committed: dict[str, Snapshot] = {}

    def keep(work: Work) -> None:
        committed.update({taken.after.execution: taken.after for taken in work.steps})

    measured = measuring.instruments if measuring else Careful(Instruments())
    around = Surroundings(
        folder=folder,
        clock=SystemClock(),
        owner="test",
        observers=(watch.observe, measured.observe, traces.observe, keep),
        charts=bundled_charts(),
        instruments=Several((measured, traces.instruments)),
    )
    async with (
        assemble(settings, around) as runtime,
        measuring.of(runtime, watch) if measuring else nullcontext("") as metrics,
        asyncio.TaskGroup() as group,
    ):
        await traces.recall(runtime)
        task = group.create_task(runtime.run())
        await runtime.started.wait()
        async with serve_control(Control(runtime, watch, TOKEN), "127.0.0.1", 0) as address:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with aiohttp.ClientSession(address, headers=headers) as session:
                yield Running(runtime, session, committed, watch, metrics)
        task.cancel()


def opportunity(name: str = "1", **changes: Any) -> Opportunity:
    """A sound opportunity with a margin of about three percent."""
    over = Selection("sx", "m1", "over", ("over",))
    under = Selection("azuro", "m2", "under", ("under",))
    made = Opportunity(
        id=name,
        detected_ms=time.time_ns() // 1_000_000,
        event="Brentford - Arsenal",
        scenarios=("over", "under"),
        stake=Decimal(100),
        leg_a=LegOffer(selection=over, odds=Decimal("2.10")),
        leg_b=LegOffer(selection=under, odds=Decimal("2.02")),
        hedges=(
            HedgeOffer(strategy="unwind", offer=LegOffer(selection=under, odds=Decimal("2.0"))),
        ),
    )
    return msgspec.structs.replace(made, **changes)


def message(found: Opportunity | None = None, **changes: Any) -> bytes:
    """The CloudEvent of an opportunity."""
    found = found or opportunity(**changes)
    return encode(
        CloudEvent(
            id=found.id,
            source="engine",
            type="opportunity.detected",
            time_ms=found.detected_ms,
            data=msgspec.to_builtins(found),
        )
    )


@cache
def bundled_charts() -> Charts:
    """Load the charts once for all tests: checking them takes longer than what is tested here."""
    settings = ChartSettings(folder=str(bundled("statecharts")))
    return read_charts(Path(), settings, None)


def clean_environment() -> dict[str, str]:
    """The environment of a subprocess without settings in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("XARB_")}
