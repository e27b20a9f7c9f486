"""The broker for tests is private, survives being killed, and leaves nothing behind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.servers.leash import Leash, wait_for
from tests.servers.rabbitmq import Broker

CHILD = """
import os, signal, sys, time
from pathlib import Path
from tests.servers.leash import Leash
leash = Leash(["/bin/sh", "-c", "sleep 600 & sleep 600"],
              environment=dict(os.environ), log=Path(sys.argv[1]), folder=Path(sys.argv[2]))
print(leash.pid, flush=True)
time.sleep(600)
"""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_group_ends_with_the_test_run_even_if_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "its own"
    folder.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "log"), str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    assert lives(pid)

    run.kill()
    run.communicate()

    wait_for(lambda: not lives(pid), "the group to be killed")
    wait_for(lambda: not folder.exists(), "its folder to be removed")


def test_killing_a_group_kills_its_children_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    leash = Leash(
        ["/bin/sh", "-c", "sleep 600 & echo $!; wait"], environment=dict(os.environ), log=log
    )
    wait_for(lambda: log.read_text().strip() != "", "the child's process id")
    child = int(log.read_text())
    assert lives(child)

    leash.kill()

    assert not lives(child)


def test_a_killed_broker_comes_back_with_its_data(own_broker: Callable[..., Broker]) -> None:
    own = own_broker()
    own.add_vhost("kept")
    port = own.port

    own.kill()
    own.start()

    assert own.port == port
    assert {"name": "kept"} in own.listing("list_vhosts")
    folder = own.folder
    own.close()
    assert not folder.exists()
