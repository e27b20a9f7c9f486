"""
Two real processes: one is stopped for longer than its lease, the other takes over, and when the
first wakes up it writes nothing.
"""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.leash import wait_for
from tests.store.world import ServerStore, Store

LEASE_MS = 700
PATIENCE_SECONDS = 60

#: Commits the execution that each line of its input names, and says what came of it.
RUNTIME = """
import asyncio, sys
from tests.store.factories import step
from xarb_runtime.service.clock import SystemClock
from xarb_runtime.store import postgres
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.journal import Journal

for settings in (postgres.READ_BACK, postgres.WRITER_SETTINGS):
    settings["idle_in_transaction_session_timeout"] = "2s"

async def main(url, owner, lease_ms):
    clock = SystemClock().now_ms
    opened = Journal.open(url, owner=owner, clock_ms=clock, lease_ms=lease_ms, wait_ms=60_000)
    async with opened as journal:
        print("epoch", journal.epoch, flush=True)
        while name := (await asyncio.to_thread(sys.stdin.readline)).strip():
            try:
                await journal.commit(Batch(steps=[step(name)]))
                print("committed", flush=True)
            except Exception as error:
                print(type(error).__name__, error, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


class Runtime:
    """A process that writes to a store."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def hear(self) -> str:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_SECONDS)
        return line.decode().strip()

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def commit(self, name: str) -> str:
        self.say(name)
        return await self.hear()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


@asynccontextmanager
async def runtime(store: Store, owner: str) -> AsyncIterator[Runtime]:
    command = [sys.executable, "-c", RUNTIME, store.url, owner, str(LEASE_MS)]
    checkout = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(*command, cwd=checkout, stdin=PIPE, stdout=PIPE)
    try:
        yield Runtime(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_runtime_that_was_stopped_longer_than_its_lease_writes_nothing(
    store: Store,
) -> None:
    async with runtime(store, "first") as first:
        assert await first.hear() == "epoch 1"
        assert await first.commit("x-1") == "committed"
        first.signal(signal.SIGSTOP)

        async with runtime(store, "second") as second:
            assert await second.hear() == "epoch 2"
            assert await second.commit("x-2") == "committed"
            first.signal(signal.SIGCONT)

            assert (await first.commit("x-3")).startswith("LeaseLost ")
            assert (await first.commit("x-4")).startswith("JournalBroken ")
            assert await second.commit("x-5") == "committed"

    rows = store.rows("SELECT id FROM executions ORDER BY id")
    assert rows == [("x-1",), ("x-2",), ("x-5",)]
    for table in ("events", "transitions", "commands"):
        assert store.count(table) == 3


async def test_a_runtime_that_was_stopped_inside_a_transaction_does_not_hold_up_its_successor(
    server_store: ServerStore,
) -> None:
    """It holds the lease's row, and the server ends its transaction."""
    store = server_store
    store.run(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;"
        " CREATE TRIGGER wait BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    try:
        async with runtime(store, "first") as first:
            assert await first.hear() == "epoch 1"
            assert await first.commit("x-1") == "committed"
            store.run("SELECT pg_advisory_lock(7)")
            first.say("x-2")
            await asyncio.to_thread(wait_for, lambda: store.rows(waiting) == [(1,)], "a commit")
            first.signal(signal.SIGSTOP)
            store.run("SELECT pg_advisory_unlock(7)")
            async with runtime(store, "second") as second:
                assert await second.hear() == "epoch 2"
                assert await second.commit("x-3") == "committed"
                first.signal(signal.SIGCONT)
                said = await first.hear()
    finally:
        store.run("SELECT pg_advisory_unlock_all(); DROP FUNCTION wait() CASCADE")

    assert said.startswith("StoreError ")
    assert "Nothing of the last transaction was written" in said
    assert store.rows("SELECT id FROM executions ORDER BY id") == [("x-1",), ("x-3",)]
