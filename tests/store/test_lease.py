"""
One runtime at a time, and a late one writes nothing.
"""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec
import pytest

from tests.store.factories import NOW, step
from tests.store.world import FileStore, ServerStore, Store
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import JournalBroken, LeaseHeld, LeaseLost, clock_text
from xarb_runtime.store.lease import Holder, holder_is_alive, this_process


def nobody_lives(_holder: Holder) -> bool:
    return False


async def test_a_second_runtime_is_refused_with_the_name_of_the_first(store: Store) -> None:
    async with store.open("ann"):
        store.let_pass(1_000)
        with pytest.raises(LeaseHeld) as refused:
            async with store.open("bob"):
                pass

    held = refused.value
    assert (held.owner, held.pid) == ("ann", os.getpid())
    assert held.expires_ms - held.since_ms == 10_000
    assert str(held).startswith(f"{store.name}: expected a free store")
    assert f"found it held by 'ann' (host {held.host}, pid {held.pid})" in str(held)
    assert f"since {clock_text(held.since_ms)} UTC" in str(held)
    assert "Stop that runtime, or wait" in str(held)


async def test_times_are_shown_as_people_write_them(file_store: FileStore) -> None:
    async with file_store.open("ann"):
        with pytest.raises(LeaseHeld, match=r"since 2025-10-09 08:53:20\.000 UTC"):
            async with file_store.open("bob"):
                pass


async def test_a_lease_that_was_given_back_is_free_at_once(store: Store) -> None:
    async with store.open("ann") as first:
        pass
    async with store.open("bob") as second:
        assert (first.epoch, second.epoch) == (1, 2)


async def test_a_lease_is_free_the_moment_it_has_run_out(file_store: FileStore) -> None:
    async with file_store.open("ann", lease_ms=500):
        file_store.now_ms += 499
        with pytest.raises(LeaseHeld):
            async with file_store.open("bob"):
                pass
        file_store.now_ms += 1
        async with file_store.open("bob") as second:
            assert second.epoch == 2


async def test_a_server_s_lease_runs_by_the_server_s_clock(server_store: ServerStore) -> None:
    """A machine whose clock is wrong neither takes a lease too early nor lets one run out."""
    server_store.now_ms = 0
    async with server_store.open("ann") as first:
        server_store.now_ms = 2**50
        with pytest.raises(LeaseHeld):
            async with server_store.open("bob"):
                pass
        server_store.now_ms = 0
        await first.renew()
        assert 0 < server_store.lease_lasts_ms() <= 10_000
        server_store.let_pass(10_000)
        async with server_store.open("bob") as second:
            assert second.epoch == 2


async def test_a_commit_renews_the_lease(store: Store) -> None:
    async with store.open("ann") as journal:
        for _ in range(3):
            store.let_pass(9_000)
            await journal.renew()
        with pytest.raises(LeaseHeld):
            async with store.open("bob"):
                pass


async def test_a_runtime_that_overslept_its_lease_writes_nothing(store: Store) -> None:
    async with store.open("ann") as old:
        await old.commit(Batch(steps=[step("x-1")]))
        store.let_pass(10_000)
        async with store.open("bob") as new:
            await new.commit(Batch(steps=[step("x-2")]))
            with pytest.raises(LeaseLost, match=r"expected lease epoch 1, .* Nothing was written"):
                await old.commit(Batch(steps=[step("x-3")]))
            with pytest.raises(JournalBroken, match="another runtime has taken over"):
                await old.commit(Batch(steps=[step("x-4")]))
            await new.commit(Batch(steps=[step("x-5")]))

    assert store.rows("SELECT id FROM executions ORDER BY 1") == [("x-1",), ("x-2",), ("x-5",)]


async def test_a_runtime_that_lost_its_lease_does_not_end_its_successor_s(store: Store) -> None:
    first, second = store.open("ann"), store.open("bob")
    await first.__aenter__()
    store.let_pass(10_000)
    await second.__aenter__()

    await first.__aexit__(None, None, None)

    assert store.rows("SELECT owner FROM lease") == [("bob",)]
    assert store.lease_lasts_ms() > 1_000
    await second.__aexit__(None, None, None)


async def test_a_lease_that_ran_out_but_found_no_taker_goes_on(store: Store) -> None:
    async with store.open("ann") as journal:
        store.let_pass(60_000)
        await journal.commit(Batch(steps=[step()]))

    assert store.count("executions") == 1


async def test_waiting_for_a_lease_ends_when_it_is_free(store: Store) -> None:
    async with store.open("ann"):
        # The holder is looked at twice: alive, then dead.
        answers = iter([True, False])
        async with store.open("bob", wait_ms=60_000, is_alive=lambda _: next(answers)) as journal:
            assert journal.epoch == 2


async def test_the_lease_of_a_dead_process_is_taken_at_once(store: Store) -> None:
    async with store.open("ann"), store.open("bob", is_alive=nobody_lives) as journal:
        assert journal.epoch == 2
        assert store.rows("SELECT owner FROM lease") == [("bob",)]


async def test_a_faster_successor_wins(store: Store) -> None:
    """Both found the lease free; the one that writes second must not fence the first out."""
    async with store.open("ann"):

        def another_is_faster(_holder: Holder) -> bool:
            expired = "SELECT 1 FROM lease WHERE epoch = 1"
            if store.rows(expired):
                store.run("UPDATE lease SET epoch = 2, owner = 'carl'")
                return False
            return True

        with pytest.raises(LeaseHeld, match="held by 'carl'"):
            async with store.open("bob", is_alive=another_is_faster):
                pass


# -- Who is alive --------------------------------------------------------------------------------


def test_this_process_is_alive() -> None:
    assert holder_is_alive(this_process())


def test_a_later_process_with_the_same_number_is_another() -> None:
    assert not holder_is_alive(msgspec.structs.replace(this_process(), born="1"))


@pytest.mark.parametrize("field", ["host", "machine"])
def test_a_process_of_another_machine_cannot_be_proven_dead(field: str) -> None:
    dead = msgspec.structs.replace(this_process(), pid=2**22, born="1")

    assert not holder_is_alive(dead)
    assert holder_is_alive(msgspec.structs.replace(dead, **{field: "elsewhere"}))


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not holder_is_alive(msgspec.structs.replace(this_process(), pid=child.pid, born=""))
    child.wait()


def test_a_process_of_another_user_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser, as whom tests may run, may signal everybody."""

    def not_permitted(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_permitted)

    assert holder_is_alive(msgspec.structs.replace(this_process(), pid=1, born=""))


# -- Kill -9 -------------------------------------------------------------------------------------


OTHER_RUNTIME = """
import asyncio, sys, time
from tests.store.factories import step
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.journal import Journal

async def main():
    clock = lambda: int(sys.argv[2])
    async with Journal.open(sys.argv[1], owner="other", clock_ms=clock, lease_ms=10**9) as journal:
        await journal.commit(Batch(steps=[step("x-1")]))
        print("committed", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_the_store_of_a_killed_process_is_taken_over_with_all_that_it_committed(
    store: Store,
) -> None:
    checkout = Path(__file__).parents[2]
    command = [sys.executable, "-c", OTHER_RUNTIME, store.url, str(NOW)]
    child = await asyncio.create_subprocess_exec(*command, cwd=checkout, stdout=PIPE)
    assert child.stdout is not None
    assert await child.stdout.readline() == b"committed\n"
    with pytest.raises(LeaseHeld, match=f"'other' .*pid {child.pid}"):
        async with store.open("ann"):
            pass

    child.kill()
    await child.communicate()

    async with store.open("ann") as journal:
        assert journal.epoch == 2
        recovered = await journal.recover()
        assert [snapshot.execution for snapshot in recovered.snapshots] == ["x-1"]
        assert [found.command.key for found in recovered.commands] == ["x-1:1:0"]
