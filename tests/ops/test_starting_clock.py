"""The clock that a runtime begins with, where its store holds later times than the machine's."""

import asyncio
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.cli.deployed import BOTH, told, xarb
from tests.ops.running import write_deployment
from tests.store.factories import event, step
from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.starting_clock import starting_clock
from xarb_runtime.service.settings import load_settings
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.journal import Journal

SECOND_MS, DAY_MS = 1_000, 86_400_000


async def store_that_knows(folder: Path, time_ms: int) -> str:
    """A store whose newest event has this time."""
    url = f"sqlite:///{folder / 'var' / 'xarb.db'}"
    async with Journal.open(url, owner="test", clock_ms=lambda: 0, mode="ghost") as journal:
        await journal.commit(Batch(steps=[step("x-1", event=event("x-1", time_ms=time_ms))]))
    return url


def machine_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_time_goes_on_from_the_newest_event_and_the_log_says_so(tmp_path: Path) -> None:
    newest_ms = machine_ms() + 40 * SECOND_MS
    url = await store_that_knows(tmp_path, newest_ms)

    with capture_logs() as logged:
        clock = await starting_clock(url)

    assert clock.now_ms() >= newest_ms
    (line,) = logged
    assert line["event"] == "clock_behind"
    assert 0 < line["behind_ms"] <= 40 * SECOND_MS
    assert line["do"] == "set the machine's clock, then restart"


async def test_a_clock_that_is_right_counts_although_the_store_knows_better(tmp_path: Path) -> None:
    url = await store_that_knows(tmp_path, machine_ms() + DAY_MS)

    with capture_logs() as logged:
        clock = await starting_clock(url, is_right=True)

    assert clock.now_ms() <= machine_ms()
    assert "late" in logged[0]["effect"]


async def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    url = await store_that_knows(tmp_path, machine_ms() - SECOND_MS)

    with capture_logs() as logged:
        await starting_clock(url)
        await starting_clock(f"sqlite:///{tmp_path / 'none.db'}")

    assert logged == []


async def test_a_clock_that_is_far_behind_is_no_clock_to_start_with(tmp_path: Path) -> None:
    url = await store_that_knows(tmp_path, machine_ms() + DAY_MS)

    with pytest.raises(ProblemError, match="behind the store"):
        await starting_clock(url)


def test_a_service_does_not_start_on_a_clock_that_is_far_behind(tmp_path: Path) -> None:
    write_deployment(tmp_path, BOTH)
    where = load_settings(tmp_path, {}).store.url.removeprefix("sqlite:///")
    asyncio.run(store_that_knows(tmp_path, machine_ms() + DAY_MS))
    assert (tmp_path / where).exists()

    refused, checked = xarb("run", "-C", tmp_path), xarb("check", "-C", tmp_path)

    assert refused.exit_code == 1, told(refused)
    assert "Set the clock and start again." in told(refused)
    assert "--clock-is-right" in told(refused)
    assert checked.exit_code == 2
    assert "behind the store" in told(checked)
