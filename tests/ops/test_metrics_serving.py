"""Metrics of a runtime that runs: what is served, to whom, and what it says after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from tests.ops.running import FAST, REFUSING, Running, message, opportunity, running
from tests.ops.scraped import Scrape
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.listening import listening
from xarb_runtime.ops.metrics.catalogue import METRICS
from xarb_runtime.ops.metrics.lag import watch_lag
from xarb_runtime.ops.metrics.measuring import Measuring
from xarb_runtime.ops.metrics.readings import Reader
from xarb_runtime.ops.metrics.serving import check_metrics_host
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.service.settings import MetricsSettings, load_settings

QUOTING = {**FAST, "prices": {"m1/over": "2.1", "m2/under": "2.02"}}
BOTH = {"sx": QUOTING, "azuro": QUOTING}
SILENT = {**FAST, "default": {"answer": "silence", "cancel": {"answer": "silence"}}}


class Measured(NamedTuple):
    """A runtime that is measured, and where its metrics are."""

    run: Running
    url: str

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(self.url + path) as answer,
        ):
            assert answer.status == status
            return await answer.text()

    async def scrape(self) -> Scrape:
        return Scrape(await self.get("/metrics"))


@asynccontextmanager
async def measured(folder: Path, venues: Any = None, **sections: Any) -> AsyncIterator[Measured]:
    """Run a deployment with its metrics until the end of the context."""
    async with running(folder, venues or BOTH, measure=Measuring, **sections) as run:
        yield Measured(run, run.metrics)


async def test_a_scrape_has_every_metric_that_can_be_there(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        await found.run.submit()
        assert await found.run.settled("x-1") == "completed"
        scrape = await found.scrape()
    there = {sample.name for sample in scrape.samples}
    later = {it.name for it in METRICS if "ot listed" in it.help}
    missing = {it.name for it in METRICS if not set(it.samples) & there} - later

    # What only happens with messages of others, or when something is wrong.
    assert missing <= {
        "xarb_bus_queue_messages",
        "xarb_message_age_seconds",
        "xarb_commands_started_total",
        "xarb_command_seconds",
        "xarb_incidents_open",
        "xarb_executions_in_state",
        "xarb_spans_total",
    }
    kinds = {it.name.removesuffix("_total"): it.kind for it in METRICS}
    assert {name: kind for name, kind in scrape.kinds.items() if kinds.get(name) != kind} == {}


async def test_figures_of_a_day(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        for number in ("1", "2"):
            await found.run.submit(message(opportunity(number)))
            assert await found.run.settled(f"x-{number}") == "completed"
        await found.run.submit(b"{oops")
        scrape = await found.scrape()

    assert scrape.total("xarb_executions_ended_total", state="completed") == 2
    assert scrape.value("xarb_orchestration_seconds_count", state="completed") == 2
    assert scrape.value("xarb_dead_letters_total", reason="json") == 1
    assert scrape.value("xarb_kpi_trades", venue="sx") == 2
    assert scrape.value("xarb_kpi_fill_ratio", venue="sx") == 1
    assert scrape.value("xarb_level", level="running") == 1
    assert scrape.value("xarb_level", level="paused") == 0
    assert scrape.value("xarb_bus_state", state="connected") == 1
    assert scrape.value("xarb_venue_up", venue="azuro") == 1
    assert scrape.value("xarb_lease_epoch") == 1
    assert scrape.total("xarb_executions_in_flight") == 0
    assert scrape.value("xarb_open_stake") == 0
    assert scrape.value("xarb_commit_seconds_count") >= 5
    assert scrape.value("process_resident_memory_bytes") > 1_000_000
    # Whatever may have to be alarmed about is there before it happens.
    assert scrape.value("xarb_dead_letters_total", reason="signature") == 0
    assert scrape.value("xarb_published_total", type="incident.opened", outcome="failed") == 0


async def test_what_is_open_is_seen_now_and_right_after_a_restart(tmp_path: Path) -> None:
    async with measured(tmp_path, {"sx": FAST, "azuro": REFUSING}) as found:
        await found.run.submit()
        assert await found.run.settled("x-1", "exposed") == "exposed"
        await asyncio.sleep(0.02)
        first = await found.scrape()
    async with measured(tmp_path, {"sx": FAST, "azuro": REFUSING}) as found:
        second = await found.scrape()

    for scrape in (first, second):
        assert scrape.value("xarb_executions_in_flight", exposure="one_leg") == 1
        assert scrape.value("xarb_executions_in_state", state="exposed", exposure="one_leg") == 1
        assert scrape.value("xarb_naked_current_seconds") > 0
        assert scrape.value("xarb_open_filled", exposure="one_leg") == 100
        assert scrape.value("xarb_open_worst_case", exposure="one_leg") == -100
        assert scrape.value("xarb_open_stake") == 100
        assert scrape.value("xarb_incidents_open", kind="exposed", severity="critical") == 1
        assert scrape.value("xarb_incident_oldest_age_seconds", severity="critical") > 0
        assert scrape.value("xarb_level", level="paused") == 1
    kind = {"kind": "exposed", "severity": "critical"}
    assert first.value("xarb_incidents_opened_total", **kind) == 1
    assert second.value("xarb_incidents_opened_total", **kind) == 0
    # The stretch is as long as it is; the counter has only what this process has seen of it.
    assert second.value("xarb_naked_current_seconds") > second.value("xarb_naked_seconds_total")
    assert second.value("xarb_naked_longest_seconds") > first.value("xarb_naked_current_seconds")
    assert second.value("xarb_lease_epoch") == 2
    assert second.total("xarb_executions_ended_total") == 0


async def test_a_pause_makes_it_unready_and_not_unhealthy(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        before = msgspec.json.decode(await found.get("/readyz"))
        await found.run.post("/pause", operator="ann", reason="lunch")
        ready = msgspec.json.decode(await found.get("/readyz", 503))
        health = msgspec.json.decode(await found.get("/healthz"))
        await found.get("/status", 404)

    assert before == {"status": "ok", "reasons": []}
    assert ready == {"status": "no", "reasons": ["the level is paused: lunch"]}
    assert health == {"status": "ok", "reasons": []}


async def test_who_recovers_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        found.run.runtime.started.clear()
        await found.get("/healthz")
        ready = msgspec.json.decode(await found.get("/readyz", 503))

    assert ready["reasons"] == ["it is still recovering"]


async def test_a_lease_that_has_run_out_makes_it_unhealthy(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        found.run.runtime.journal.lease_until_ms = 0
        health = msgspec.json.decode(await found.get("/healthz", 503))

    assert "lease" in health["reasons"][0]


async def test_who_asks_for_openmetrics_gets_it(tmp_path: Path) -> None:
    async with measured(tmp_path) as found:
        text = await found.get("/metrics", Accept="application/openmetrics-text;version=1.0.0")

    assert text.endswith("# EOF\n")
    assert "_created" not in text


async def test_a_port_that_is_taken_costs_the_metrics_and_not_the_start(tmp_path: Path) -> None:
    async with listening(aiohttp.web.Application(), "127.0.0.1", 0, "metrics", "it") as url:
        port = int(url.rpartition(":")[2])
        async with measured(tmp_path, metrics={"port": port}) as found:
            await found.run.submit()
            assert await found.run.settled("x-1") == "completed"

    assert found.url == ""


async def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    async with measured(tmp_path, metrics={"enabled": False}) as found:
        assert found.url == ""


async def test_every_listed_gauge_is_read_and_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        reader = Reader(run.runtime, ExposureWatch(), lambda: 0, dict)
        read = set(reader.read())
    listed = {it.name for it in METRICS if it.at_scrape}

    assert read <= listed
    assert listed - read <= {
        "xarb_venue_last_answer_timestamp_seconds",
        "xarb_kpi_fill_ratio",
        "xarb_kpi_accept_p95_seconds",
        "xarb_venue_open_stake",
        "xarb_venue_open_stake_limit",
        "xarb_venue_figure",
    }


@pytest.mark.parametrize(("host", "remote"), [("0.0.0.0", False), ("example.org", False)])
def test_others_cannot_read_metrics_unless_that_is_wanted(host: str, remote: bool) -> None:
    with pytest.raises(ProblemError, match=r"metrics\.host"):
        check_metrics_host(MetricsSettings(host=host, remote=remote))

    check_metrics_host(MetricsSettings(host=host, remote=True))


def test_the_settings_say_so_before_a_start(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("metrics: {host: 0.0.0.0}")
    with pytest.raises(Exception, match=r"metrics\.remote is false"):
        load_settings(tmp_path, {})
    (tmp_path / "settings.yaml").write_text("metrics: {host: 0.0.0.0, remote: true}")

    assert load_settings(tmp_path, {}).metrics.remote


async def test_lag_is_measured_by_sleeping() -> None:
    found: asyncio.Queue[float] = asyncio.Queue()
    watching = asyncio.create_task(watch_lag(found.put_nowait, pause=0.001))
    late = [await found.get() for _ in range(3)]
    watching.cancel()

    assert min(late) >= 0


# -- Time on one leg -----------------------------------------------------------------------------


async def test_time_on_one_leg_never_shrinks(tmp_path: Path) -> None:
    async with measured(tmp_path, {"sx": SILENT, "azuro": FAST}) as found:
        await found.run.submit()
        await found.run.settled("x-1", "a_placing")
        watch = found.run.watch
        ahead = watch.spent(found.run.runtime.clock.now_ms() + 10_000)
        behind = watch.spent(found.run.runtime.clock.now_ms())

    assert ahead == behind
    assert behind.unknown_ms >= 10_000
