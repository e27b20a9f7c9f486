"""Operators' words: what they do, what is noted, and that the answer says what really happened."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ops.running import FAST, REFUSING, Running, opportunity, running
from xarb_runtime.domain.cross_venue import CrossVenue
from xarb_runtime.domain.events import Event
from xarb_runtime.service.inbox import Delivery

PRICES = {"m1/over": "2.1", "m2/under": "2.02"}
QUOTING = {**FAST, "prices": PRICES}
BOTH = {"sx": QUOTING, "azuro": QUOTING}
#: Leg A fills; leg B and everything after it is refused.
EXPOSING = {"sx": QUOTING, "azuro": {**REFUSING, "prices": PRICES}}
#: Leg A never answers.
SILENT = {"sx": {**FAST, "default": {"answer": "silence"}}, "azuro": QUOTING}


async def exposed(run: Running) -> str:
    """Let one execution become exposed; return the id of its incident."""
    await run.submit()
    assert await run.settled("x-1", "exposed") == "exposed"
    (incident,) = await run.get("/incidents")
    return incident["id"]


async def actions(run: Running) -> list[tuple[str, str, str, str]]:
    rows = await run.runtime.journal.queries.operator_actions()
    return [(row.operator, row.action, row.target, row.result) for row in reversed(rows)]


# -- Levels ----------------------------------------------------------------------------------------


async def test_each_word_says_what_the_level_was_and_is(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        told = [
            await run.post(f"/{word}", operator="ann", reason="a test")
            for word in ("pause", "pause", "resume", "reduce", "halt", "resume")
        ]
        noted = await actions(run)

    assert [(each["outcome"], each["before"], each["level"]) for each in told] == [
        ("moved", "running", "paused"),
        ("ignored", "paused", "paused"),
        ("moved", "paused", "running"),
        ("moved", "running", "reduced"),
        ("moved", "reduced", "halted"),
        ("moved", "halted", "running"),
    ]
    assert told[0]["note"].startswith("running -> paused. No new executions")
    assert told[1]["note"].startswith("Still paused.")
    assert [row[3] for row in noted] == [
        "running -> paused",
        "ignored in paused",
        "paused -> running",
        "running -> reduced",
        "reduced -> halted",
        "halted -> running",
    ]
    assert {row[:3:2] for row in noted} == {("ann", "supervisor")}


async def test_the_status_says_who_paused_and_why(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.post("/pause", operator="ann", reason="venue looks odd")
        level = (await run.get("/status"))["level"]

    assert (level["level"], level["by"], level["reason"]) == (
        "paused",
        "operator:ann",
        "venue looks odd",
    )
    assert level["since_ms"] > 0


async def test_a_pause_says_what_is_still_in_flight(tmp_path: Path) -> None:
    async with running(tmp_path, SILENT) as run:
        await run.submit()
        await run.settled("x-1", "a_placing")
        halted = await run.post("/halt", operator="ann")

    assert halted["in_flight"] == 1
    assert halted["groups"] == [
        {"state": "a_placing", "exposure": "unknown", "on_pause": "now", "count": 1}
    ]
    assert [each["execution"] for each in halted["open"]] == ["x-1"]
    assert "1 a_placing, unknown" in halted["note"]
    assert "stay open on one side" in halted["note"]


async def test_stop_drains_and_ends_the_runtime(tmp_path: Path) -> None:
    async with running(tmp_path, BOTH) as run:
        ended = asyncio.Event()
        run.runtime.writer.stopped = ended
        told = await run.post("/stop", operator="ann", reason="deploy")

    assert (told["before"], told["level"]) in {("running", "stopping"), ("running", "stopped")}


async def test_a_runtime_that_died_while_stopping_runs_when_it_is_started_again(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, SILENT) as run:
        await run.submit()
        await run.settled("x-1", "a_placing")
        told = await run.post("/stop", operator="ann")
    async with running(tmp_path, SILENT) as run:
        await run.settled("supervisor", "running")
        level = (await run.get("/status"))["level"]

    assert told["level"] == "stopping"
    assert (level["level"], level["by"]) == ("running", "runtime")


# -- Incidents -------------------------------------------------------------------------------------


async def test_resolving_an_exposed_execution_closes_both(tmp_path: Path) -> None:
    async with running(tmp_path, EXPOSING) as run:
        incident = await exposed(run)
        status = await run.get("/status")
        told = await run.post(
            f"/incidents/{incident}/resolve", operator="ann", note="hedged by hand at sx"
        )
        view = await run.get("/executions/x-1")
        left = await run.get("/incidents")

    assert [each["execution"] for each in status["open"]] == ["x-1"]
    assert (told["closed"], told["before"], told["after"]) == (True, "exposed", "closed")
    assert told["status"] == "final"
    assert told["note"] == "The incident is closed and the execution has ended: closed."
    assert left == []
    assert [(row["closed_by"], row["note"]) for row in view["incidents"]] == [
        ("operator:ann", "hedged by hand at sx")
    ]


async def test_what_is_resolved_is_noted_with_its_result(tmp_path: Path) -> None:
    async with running(tmp_path, EXPOSING) as run:
        incident = await exposed(run)
        await run.post(f"/incidents/{incident}/resolve", operator="ann", note="done")
        noted = await actions(run)

    assert noted == [("ann", "resolve", incident, "exposed -> closed")]


async def test_an_incident_is_closed_once(tmp_path: Path) -> None:
    async with running(tmp_path, EXPOSING) as run:
        incident = await exposed(run)
        await run.post(f"/incidents/{incident}/resolve", operator="ann", note="mine")
        told = await run.post(f"/incidents/{incident}/resolve", 409, operator="bob", note="no")

    assert told["what"] == "this incident is closed already"
    assert told["found"] == "operator:ann: mine"


async def test_a_retry_tries_the_hedges_again(tmp_path: Path) -> None:
    async with running(tmp_path, EXPOSING) as run:
        await exposed(run)
        told = await run.post("/executions/x-1/retry", operator="ann", reason="market is back")
        await run.settled("x-1", "exposed")
        noted = await actions(run)

    assert (told["before"], told["after"]) == ("exposed", "h_planning")
    assert noted == [("ann", "retry", "x-1", "exposed -> h_planning")]


async def test_a_retry_where_nothing_is_to_be_tried_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, SILENT) as run:
        await run.submit()
        await run.settled("x-1", "a_placing")
        told = await run.post("/executions/x-1/retry", 409, operator="ann")
        noted = await actions(run)

    assert told["found"] == "a_placing"
    assert [row[:3] for row in noted] == [("ann", "retry", "x-1")]
    assert noted[0][3].endswith("in a_placing")


async def test_a_retry_of_what_has_ended_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, BOTH) as run:
        await run.submit()
        assert await run.settled("x-1") == "completed"
        told = await run.post("/executions/x-1/retry", 409, operator="ann")

    assert told["found"] == "final in completed"


async def test_an_orphan_order_is_closed_with_a_note_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        report = {"client_id": "x-9:1:0", "sequence": 1, "time_ms": 1, "status": "filled"}
        event = _event("order.report", "venue:sx", "x-9", report)
        await run.runtime.tell(Delivery(event=event))
        (incident,) = await run.get("/incidents")
        told = await run.post(f"/incidents/{incident['id']}/resolve", operator="ann", note="old")

    assert incident["kind"] == "orphan_order"
    assert (told["closed"], told["note"]) == (True, "The incident is closed.")


# -- Faults ----------------------------------------------------------------------------------------


def _event(kind: str, source: str, execution: str, data: dict[str, Any]) -> Event:
    return Event(
        id=f"{kind}:{len(data)}",
        source=source,
        type=kind,
        time_ms=1,
        execution=execution,
        data=data,
    )


async def quarantined(run: Running) -> str:
    """Let one execution fail in its chart; return the id of the incident."""
    await run.submit()
    await run.settled("x-1", "a_placing")
    broken = _event("order.report", "venue:sx", "x-1", {"client_id": 7})
    await run.runtime.tell(Delivery(event=broken))
    (incident,) = await run.get("/incidents")
    return incident["id"]


async def test_a_quarantined_execution_ends_where_it_failed(tmp_path: Path) -> None:
    async with running(tmp_path, SILENT) as run:
        incident = await quarantined(run)
        status = await run.get("/status")
        told = await run.post(f"/incidents/{incident}/resolve", operator="ann", note="settled")
        after = await run.get("/status")
        view = await run.get("/executions/x-1")
        noted = await actions(run)

    assert status["quarantined"] == ["x-1"]
    assert status["groups"][0]["state"] == "a_placing (quarantined)"
    assert (told["closed"], told["status"], told["after"]) == (True, "final", "a_placing")
    assert (after["in_flight"], after["quarantined"], after["incidents"]) == (0, [], [])
    assert (view["execution"]["status"], view["timers"]) == ("final", [])
    assert noted == [("ann", "resolve", incident, "quarantine ended in a_placing")]


async def test_what_a_venue_says_of_a_retired_execution_is_still_heard(tmp_path: Path) -> None:
    async with running(tmp_path, SILENT) as run:
        incident = await quarantined(run)
        await run.post(f"/incidents/{incident}/resolve", operator="ann", note="settled")
        late = {"client_id": "x-1:1:0", "sequence": 5, "time_ms": 9, "status": "filled"}
        late |= {"filled": "100", "odds": "2.1"}
        await run.runtime.tell(Delivery(event=_event("order.report", "venue:sx", "x-1", late)))
        kinds = [row["kind"] for row in await run.get("/incidents")]

    assert kinds == ["late_report"]


async def test_a_supervisor_that_failed_starts_over_paused(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.runtime.tell(
            Delivery(event=_event("kpi.breach", "runtime", "supervisor", {"reason": 7}))
        )
        level = (await run.get("/status"))["level"]["level"]
        (incident,) = await run.get("/incidents")
        deaf = await run.post("/pause", 409, operator="ann")
        told = await run.post(f"/incidents/{incident['id']}/resolve", operator="ann", note="fixed")
        after = (await run.get("/status"))["level"]
        resumed = await run.post("/resume", operator="ann")

    assert level == "reduced"
    assert "quarantined" in deaf["found"]
    assert told["closed"]
    assert after["level"] == "paused"
    assert resumed["level"] == "running"


async def test_an_execution_whose_first_step_failed_does_not_stop_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: CrossVenue) -> bool:
        raise ArithmeticError("a guard that raises")

    async with running(tmp_path, BOTH) as run:
        with monkeypatch.context() as patch:
            patch.setattr(CrossVenue, "is_stale", property(broken))
            await run.submit()
            await run.settled("x-1")
    async with running(tmp_path, BOTH) as run:
        status = await run.get("/status")

    assert status["quarantined"] == ["x-1"]


async def test_the_watch_counts_open_time_by_events(tmp_path: Path) -> None:
    async with running(tmp_path, EXPOSING) as run:
        incident = await exposed(run)
        await asyncio.sleep(0.01)
        during = await run.get("/status")
        (open_,) = during["open"]
        await run.post(f"/incidents/{incident}/resolve", operator="ann", note="done")
        after = await run.get("/status")

    assert (open_["exposure"], open_["state"]) == ("one_leg", "exposed")
    assert open_["title"] == "Brentford - Arsenal"
    assert during["one_leg_ms"] >= open_["for_ms"] > 0
    assert after["open"] == []
    assert after["one_leg_ms"] >= during["one_leg_ms"]


def test_bodies_are_json_both_ways() -> None:
    found = opportunity()

    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
