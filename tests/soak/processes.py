"""
The processes of a soak, each of which may be killed at any moment and started again.

They are on a leash: whatever becomes of the soak, they end with it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.crash.processes import request
from tests.servers.leash import Leash
from tests.servers.ports import free_port
from tests.soak.evidence import Ended

XARB = str(Path(sys.executable).with_name("xarb"))
PATIENCE_SECONDS = 120.0
KILLED = -signal.SIGKILL
#: A safe stop, and one after which something was open on one side.
STOPPED = (0, 3)
TAIL = 3_000


class Venue:
    """A ghost venue in a process of its own; its book outlives it."""

    def __init__(self, folder: Path, name: str, script: dict[str, Any]) -> None:
        self.book_file = folder / f"{name}.book"
        self._name, self._folder, self._port = name, folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._script = folder / f"{name}.yaml"
        self._script.write_text(yaml.safe_dump(script), encoding="utf-8")
        self._leash: Leash | None = None

    def start(self) -> None:
        """Start it, and return when it answers; it goes on where its book ends."""
        self._leash = Leash(
            [XARB, "ghost-venue", "--port", str(self._port), "--book", str(self.book_file),
             "--settings", str(self._script)],
            environment=os.environ,
            log=self._folder / f"{self._name}.log",
        )  # fmt: skip
        leash = self._leash
        wait(lambda: self._answers() or not leash.running, f"{self._name} to answer", self.tail)
        assert leash.running, f"{self._name} ended\n{self.tail()}"

    def _answers(self) -> bool:
        return request("GET", f"{self.url}/quote?venue=sx&market=m&outcome=over")[0] != 0

    def kill(self) -> None:
        """Kill it with signal 9."""
        if self._leash is not None:
            self._leash.kill()
            self._leash = None

    def tail(self) -> str:
        """Return the end of its log."""
        return _tail(self._folder / f"{self._name}.log")


class Runtime:
    """
    `xarb run` on a deployment folder, one life after another.

    Attributes:
        lives: how those that are over have ended.
        started: how often it was started.
        command: what is run, by default the installed `xarb`.
    """

    def __init__(self, folder: Path, key: str, **environment: str) -> None:
        self.lives: list[Ended] = []
        self.started = 0
        self.command = [XARB]
        self._folder, self._port = folder, free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **os.environ,
            "XARB_CONTROL__PORT": str(self._port),
            "XARB_BUS__OPERATOR_KEY": key,
            **environment,
        }
        self._leash: Leash | None = None
        self._kill_at = ""

    def start(self, kill_at: str = "") -> None:
        """Start it, with a point at which it kills itself."""
        assert self._leash is None, "the runtime is running already"
        more = {"XARB_DEBUG__KILL_AT": kill_at} if kill_at else {}
        self._kill_at = kill_at
        self.started += 1
        self._leash = Leash(
            [*self.command, "run", "--folder", str(self._folder)],
            environment={**self._environment, **more},
            log=self._folder / "run.log",
        )

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._leash is not None and self._leash.running

    @property
    def pid(self) -> int:
        """Its process id; 0 when there is none."""
        return self._leash.pid if self._leash is not None else 0

    def bury(self) -> bool:
        """Note how it has ended by itself; False if it has not."""
        if self._leash is None or self._leash.running:
            return False
        self._over((KILLED,) if self._kill_at else ())
        return True

    def kill(self) -> None:
        """Kill it with signal 9."""
        if self._leash is not None:
            self._leash.kill()
            self._over((KILLED,))

    def stop(self) -> None:
        """Stop it safely."""
        if self._leash is None:
            return
        leash, wanted = self._leash, STOPPED
        leash.signal(signal.SIGTERM)
        wait(lambda: not leash.running, "the runtime to stop safely", self.tail)
        # It may also have come to its kill point on the way.
        self._over((*wanted, KILLED) if self._kill_at else wanted)

    def freeze(self) -> None:
        """Stop the process where it is."""
        if self._leash is not None:
            self._leash.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._leash is not None:
            self._leash.signal(signal.SIGCONT)

    def _over(self, wanted: tuple[int, ...]) -> None:
        assert self._leash is not None
        code = self._leash.code
        self._leash.kill()
        assert code is not None
        tail = "" if code in wanted else self.tail()
        self.lives.append(Ended(code=code, wanted=wanted, tail=tail))
        self._leash = None

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Call the control API; status 0 when nobody answers."""
        token_file = self._folder / "var" / "control.token"
        token = token_file.read_text().strip() if token_file.exists() else ""
        return request(method, f"{self._url}{path}", body, token)

    def memory_kb(self) -> int:
        """Return its resident memory; 0 when it is not there."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return 0
        lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(lines[0].split()[1]) if lines else 0

    def tail(self) -> str:
        """Return the end of its log."""
        return _tail(self._folder / "run.log")


def wait(
    happened: Callable[[], bool],
    what: str,
    tail: Callable[[], str],
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Wait, in a thread, until something has happened; fail with what was expected and a log."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"expected {what} within {seconds:.0f} s\n{tail()}"
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return f"--- {log.name}\n{log.read_text(errors='replace')[-TAIL:]}" if log.exists() else ""
