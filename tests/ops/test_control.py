"""The control API: who may come in, what is read, and how it says that something is wrong."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.ops.running import FAST, REFUSING, TOKEN, message, opportunity, running
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.serving import check_loopback

PRICES = {"m1/over": "2.1", "m2/under": "2.02"}
QUOTING = {**FAST, "prices": PRICES}
BOTH = {"sx": QUOTING, "azuro": QUOTING}


async def test_a_runtime_with_nothing_to_do_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        status = await run.get("/status")

    assert (status["level"]["level"], status["in_flight"], status["mode"]) == (
        "running",
        0,
        "ghost",
    )
    assert [venue["name"] for venue in status["venues"]] == ["azuro", "sx"]
    assert [chart["name"] for chart in status["charts"]] == [
        "cross_venue",
        "supervisor",
        "venue_health",
    ]
    assert status["store"] == {"url": "sqlite:///var/xarb.db", "epoch": 1}


async def test_what_the_status_has_told_of_is_found_in_the_lists(tmp_path: Path) -> None:
    """The status looks at memory, the lists are read from the store, a commit later."""
    async with running(tmp_path, {"sx": FAST, "azuro": REFUSING}) as run:
        desk, session, goes_on = run.runtime.desk, run.runtime.journal._session, asyncio.Event()
        write = session.run

        async def slowly(unit: Any) -> None:
            if desk.register.all:
                await goes_on.wait()
            await write(unit)

        session.run = slowly  # type: ignore[method-assign]
        await run.submit()
        while not (told := (await run.get("/status"))["incidents"]):
            pass
        (opened,) = told
        asked = [
            asyncio.create_task(run.get(path))
            for path in ("/incidents", f"/executions/{opened['execution']}", "/executions")
        ]
        await asyncio.wait(asked, timeout=0.2)
        goes_on.set()
        incidents, execution, executions = await asyncio.gather(*asked)

    assert [each["id"] for each in incidents] == [opened["id"]]
    assert [each["id"] for each in execution["incidents"]] == [opened["id"]]
    assert ("x-1", ["exposed"]) in [(each["id"], each["leaves"]) for each in executions]


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer " + "0" * 64}, {"Authorization": f"Basic {TOKEN}"}]
)
async def test_nobody_gets_in_without_the_token(tmp_path: Path, header: dict[str, str]) -> None:
    async with running(tmp_path) as run:
        address = run.session._base_url
        async with aiohttp.ClientSession(address, headers=header) as stranger:
            for path in ("/status", "/executions", "/nowhere"):
                async with stranger.get(path) as answer:
                    text = await answer.text()
                    assert answer.status == 401
            async with stranger.post("/halt", json={"operator": "eve"}) as answer:
                assert answer.status == 401

        assert run.runtime.desk.level == "running"
    assert TOKEN not in text
    assert "control.token_file" in text


async def test_an_execution_is_told_step_by_step(tmp_path: Path) -> None:
    async with running(tmp_path, BOTH) as run:
        await run.submit()
        assert await run.settled("x-1") == "completed"
        view = await run.get("/executions/x-1")
        listed = await run.get("/executions?status=final&limit=1")

    assert [(moment["states"][0], moment["states"][-1]) for moment in view["moments"]] == [
        ("admission", "a_placing"),
        ("a_placing", "b_quoting"),
        ("b_quoting", "b_placing"),
        ("b_placing", "completed"),
    ]
    first = view["moments"][0]["commands"][0]
    assert (first["what"], first["answer"]) == ("venue place", "order.report")
    assert first["about"] == "100.00 @ 2.10 or better at sx"
    assert first["took_ms"] >= 0
    assert [(leg["slot"], leg["status"]) for leg in view["legs"]] == [
        ("leg_a", "filled"),
        ("leg_b", "filled"),
    ]
    assert set(view["profit"]) == {"over", "under"}
    assert float(view["worst"]) > 5
    assert [row["id"] for row in listed] == ["x-1"]


async def test_a_submitted_message_is_in_the_journal_when_it_is_accepted(tmp_path: Path) -> None:
    async with running(tmp_path, BOTH) as run:
        await run.submit()

        assert await run.runtime.journal.seen([("bus:engine", "1")]) == {("bus:engine", "1")}


async def test_lines_and_arrays_are_submitted_message_by_message(tmp_path: Path) -> None:
    lines = b"\n".join(message(name=name) for name in ("1", "2"))
    array = b"[" + b" ,\n".join(message(name=name) for name in ("3", "4")) + b"]"
    async with running(tmp_path, BOTH) as run:
        for body, ids in ((lines, ["1", "2"]), (array, ["3", "4"])):
            async with run.session.post("/submit", data=body) as answer:
                assert await answer.json() == {"accepted": ids, "unsure": [], "problem": None}


async def test_a_full_bus_answers_429_and_says_what_is_unsure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xarb_runtime.ops.posting.BUS_SECONDS", 0.05)
    silent = {**FAST, "default": {"answer": "silence"}}
    venues = {"sx": silent, "azuro": silent}
    async with running(tmp_path, venues, bus={"in_flight": 1}) as run:
        await run.submit()
        async with run.session.post("/submit", data=message(name="2")) as answer:
            body = await answer.json()

    assert answer.status == 429
    assert (body["accepted"], body["unsure"]) == ([], ["2"])
    assert "same id is the same message" in body["problem"]["do"]


async def test_what_is_no_event_is_kept_with_its_reason_and_can_be_replayed(tmp_path: Path) -> None:
    async with running(tmp_path, BOTH) as run:
        async with run.session.post("/submit", data=b"{not json") as answer:
            assert (await answer.json())["accepted"] == [""]
        (letter,) = await run.get("/dead-letters")
        again = await run.post(f"/dead-letters/{letter['number']}/replay", operator="ann")
        corrected = await run.post(
            f"/dead-letters/{letter['number']}/replay",
            operator="ann",
            body=message().decode(),
        )
        assert await run.settled("x-1") == "completed"
        waiting = await run.get("/dead-letters")
        everything = await run.get("/dead-letters?all=1")
        shown = await run.get(f"/dead-letters/{letter['number']}")
        actions = await run.runtime.journal.queries.operator_actions()

    assert (letter["text"], letter["replayed_ms"]) == ("{not json", None)
    assert "expected JSON" in letter["reason"]
    assert "still cannot be read" in again["note"]
    assert "in the journal" in corrected["note"]
    assert [each["number"] for each in waiting] == [2]
    assert [each["number"] for each in everything] == [2, 1]
    assert shown["replayed_ms"] is not None
    assert [(action.operator, action.action, action.target) for action in actions] == [
        ("ann", "replay", "dead letter 1")
    ] * 2


CASES: list[tuple[str, str, object, int, str]] = [
    ("GET", "/executions/x-none", None, 404, "no such execution"),
    ("GET", "/executions?status=open", None, 400, "one of running, final, quarantined"),
    ("GET", "/executions?limit=0", None, 400, "a whole number from 1 to 1000"),
    ("GET", "/executions?state=x", None, 400, "one of status, limit"),
    ("GET", "/incidents?all=yes", None, 400, "1 or 0"),
    ("GET", "/dead-letters/one", None, 400, "a whole number"),
    ("GET", "/dead-letters/7", None, 404, "no such dead letter"),
    ("POST", "/dead-letters/7/replay", {"operator": "ann"}, 404, "no such dead letter"),
    ("POST", "/pause", {}, 400, "operator"),
    ("POST", "/pause", {"operator": " "}, 400, "1 to 64 printable"),
    ("POST", "/pause", {"operator": "ann", "reason": "x" * 3000}, 400, "at most 2000"),
    ("POST", "/pause", {"operator": "ann", "why": "x"}, 400, "why"),
    ("POST", "/incidents/none/resolve", {"operator": "ann", "note": ""}, 400, "with a note"),
    ("POST", "/incidents/none/resolve", {"operator": "ann", "note": "x"}, 404, "no such inc"),
    ("POST", "/executions/x-none/retry", {"operator": "ann"}, 404, "no such execution"),
    ("POST", "/submit", [], 400, "nothing to submit"),
    ("GET", "/nowhere", None, 404, "Not Found"),
    ("GET", "/pause", None, 405, "Method Not Allowed"),
]


async def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        for method, path, body, status, told in CASES:
            async with run.session.request(method, path, json=body) as answer:
                text = await answer.text()

            assert (answer.status, told in text) == (status, True), f"{method} {path}: {text}"

        assert run.runtime.desk.level == "running"


async def test_a_name_with_a_slash_is_found(tmp_path: Path) -> None:
    async with running(tmp_path) as run, run.session.get("/executions/x%2Fy%3Az") as answer:
        assert "x/y:z" in await answer.text()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ProblemError, match="this machine only"):
        check_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_loopback_is_loopback(host: str) -> None:
    check_loopback(host)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    from xarb_runtime.ops.control import Control  # noqa: PLC0415
    from xarb_runtime.ops.exposure import ExposureWatch  # noqa: PLC0415
    from xarb_runtime.ops.serving import serve_control  # noqa: PLC0415

    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(tmp_path) as run:
        control = Control(run.runtime, ExposureWatch(), TOKEN)
        with pytest.raises(ProblemError, match=f"127.0.0.1:{port}"):
            async with serve_control(control, "127.0.0.1", port):
                pass


async def test_a_second_submission_of_the_same_event_changes_nothing(tmp_path: Path) -> None:
    same = message(opportunity())
    async with running(tmp_path, BOTH) as run:
        await run.submit(same)
        await run.submit(same)
        await run.settled("x-1")
        found = [row["id"] for row in await run.get("/executions")]

    assert [name for name in found if name.startswith("x-")] == ["x-1"]
