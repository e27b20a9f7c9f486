"""
A server's processes on a leash: whatever becomes of the test run, they end with it.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0


def wait_for(happened: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something has happened; fail with `what` was expected."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"expected {what} within {seconds:.0f} s"
        time.sleep(0.02)


def installed(program: str, package: str) -> str:
    """Return a program's path; fail with what to install."""
    found = Path(program)
    assert found.exists(), (
        f"expected {program}, found nothing. These tests need the real thing: install Debian's"
        f" {package} (`.ci/services` does)"
    )
    return program


class Leash:
    """
    A process group that is killed as a whole, also when the test run itself is killed.

    A second process only waits for the pipe from the test run to close, and then kills the group
    and removes `folder`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        folder: Path | None = None,
        **more: Any,
    ) -> None:
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **more,
            )
        self.pid = self._process.pid
        watch = f'read nothing; kill -s KILL -- -{self.pid}; [ -z "$1" ] || rm -rf -- "$1"'
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", watch, "watch", str(folder or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether the first process of the group is still there."""
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code of the first process, negative for a signal; None while it is there."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, for instance to stop and continue it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def ask(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Ask the first process to end, and wait for it; kill what is left."""
        if self.running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill the whole group with signal 9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._process.wait()
        wait_for(lambda: not _group_lives(self.pid), f"process group {self.pid} to be gone")
        self._watch.kill()
        self._watch.communicate()


def _group_lives(group: int) -> bool:
    """Not asked by signal 0: nobody may ever reap an orphan, and a zombie still takes signals."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if its_group == str(group) and state not in "ZX":
                return True
    return False
