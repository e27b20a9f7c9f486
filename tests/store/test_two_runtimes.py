"""
`xarb run`, two of them on one store: fenced out, and told so.
"""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.crash.processes import PATIENCE_SECONDS, XARB, RuntimeProcess
from tests.servers.leash import wait_for
from tests.servers.ports import free_port
from tests.servers.postgres import PASSWORD, QUOTED_PASSWORD
from tests.store.world import ServerStore, Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment on the store. Where there is a password, the environment has it."""
    (tmp_path / "statecharts").symlink_to(ROOT / "statecharts")
    settings = {
        "store": {"url": store.url.replace(f":{QUOTED_PASSWORD}@", "@"), "lease": "1s"},
        "venues": {"sx": {"kind": "ghost"}, "azuro": {"kind": "ghost"}},
        "plugins": {"folders": []},
        "metrics": {"port": 0},
    }
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.setenv("XARB_STORE__PASSWORD", PASSWORD)
    return tmp_path


@contextmanager
def runtime(folder: Path) -> Iterator[RuntimeProcess]:
    started = RuntimeProcess(folder, free_port())
    try:
        assert started.wait_up(), started.tail()
        yield started
    finally:
        started.close()


def stop_between_commits(process: RuntimeProcess, store: Store) -> None:
    """
    Inside a commit it would keep an SQLite file's lock for as long as it sleeps, and PostgreSQL
    would end its transaction, and tell it so.
    """
    process.process.send_signal(signal.SIGSTOP)
    while store.is_inside_a_commit():
        process.process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
        process.process.send_signal(signal.SIGSTOP)


def end_of(process: RuntimeProcess) -> int:
    return process.process.wait(PATIENCE_SECONDS)


def epoch(process: RuntimeProcess) -> int:
    _, status = process.call("GET", "/status")
    return status["store"]["epoch"]


def test_a_runtime_that_was_stopped_longer_than_its_lease_ends_itself(
    store: Store, folder: Path
) -> None:
    with runtime(folder) as first:
        assert epoch(first) == 1
        stop_between_commits(first, store)
        wait_for(lambda: lease_is_over(store), "the lease to run out")

        with runtime(folder) as second:
            assert epoch(second) == 2
            first.process.send_signal(signal.SIGCONT)

            assert end_of(first) == 1
            assert "another runtime has taken over" in first.tail()
            assert epoch(second) == 2
            assert second.stop() == 0


def test_a_runtime_that_works_is_not_taken_over(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may hold up a renewal for longer than the second one is to wait.
    monkeypatch.setenv("XARB_STORE__LEASE", "60s")
    with runtime(folder) as first:
        monkeypatch.setenv("XARB_STORE__LEASE", "1s")
        second = RuntimeProcess(folder, free_port())
        assert end_of(second) == 2
        second.close()

        assert "found it held by" in first.tail()
        assert epoch(first) == 1
        assert first.stop() == 0


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_runtime_whose_connections_were_killed_ends_and_the_next_one_goes_on(
    store: ServerStore, folder: Path
) -> None:
    with runtime(folder) as first:
        store.server.kill_backends(store.database)

        assert end_of(first) == 1
        assert "expected the connection to last" in first.tail()
    with runtime(folder) as second:
        assert epoch(second) == 2
        assert second.stop() == 0
    assert "sesame" not in second.tail()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_runtime_whose_server_goes_away_ends_and_one_that_finds_none_does_not_start(
    store: ServerStore, folder: Path
) -> None:
    with runtime(folder) as first:
        store.server.kill()
        try:
            assert end_of(first) == 1
            second = RuntimeProcess(folder, free_port())
            assert end_of(second) == 2
            second.close()
        finally:
            store.server.start()
        assert "Is the server running" in first.tail()
    with runtime(folder) as third:
        assert third.stop() == 0
    assert "sesame" not in third.tail()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_commands_read_a_store_on_a_server_when_no_runtime_runs(
    store: ServerStore, folder: Path
) -> None:
    with runtime(folder) as first:
        assert first.stop() == 0
    for words, expected in (
        (["check"], f"{store.name} is free and can be written"),
        (["executions"], "this is read from the store"),
        (["incidents"], "this is read from the store"),
    ):
        command = [*XARB, *words, "--folder", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
        assert done.returncode == 0, done.stdout + done.stderr
        assert expected in done.stdout + done.stderr
        assert "sesame" not in done.stdout + done.stderr


def lease_is_over(store: Store) -> bool:
    """By the clock of the runtimes, which on SQLite is the machine's."""
    if isinstance(store, ServerStore):
        return store.lease_lasts_ms() <= 0
    ((expires_ms,),) = store.rows("SELECT expires_ms FROM lease")
    return expires_ms <= time.time_ns() // 1_000_000
