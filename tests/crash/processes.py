"""
Real processes for the crash campaign: `xarb run`, and ghost venues that keep their own books.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.servers.ports import free_port

PATIENCE_SECONDS = 60.0
XARB = [str(Path(sys.executable).with_name("xarb"))]


def request(method: str, url: str, body: bytes | None = None, token: str = "") -> tuple[int, Any]:
    """Call an HTTP API on loopback; 0 as the status when nobody answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    call = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(call, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"{}")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, {}


class GhostProcess:
    """A ghost venue in a process of its own."""

    def __init__(self, folder: Path, name: str, script: dict[str, Any]) -> None:
        self.url = ""
        settings = folder / f"{name}.yaml"
        settings.write_text(yaml.safe_dump(script), encoding="utf-8")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *XARB,
            "ghost-venue",
            "--port",
            str(port),
            "--book",
            str(folder / f"{name}.book"),
        ]
        self.log = (folder / f"{name}.log").open("wb")
        self.process = subprocess.Popen(
            [*command, "--settings", str(settings)], stdout=self.log, stderr=self.log
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while request("GET", f"{self.url}/book")[0] != 200:
            assert self.process.poll() is None, Path(self.log.name).read_text()
            assert time.monotonic() < deadline, "the ghost venue did not come up"
            time.sleep(0.05)

    def book(self) -> dict[str, Any]:
        """Return the venue's own book."""
        status, found = request("GET", f"{self.url}/book")
        assert status == 200
        return found

    def stop(self) -> None:
        """End it by its process id."""
        self.process.kill()
        self.process.wait()
        self.log.close()


class RuntimeProcess:
    """`xarb run` on a deployment folder."""

    def __init__(self, folder: Path, port: int, kill_at: str = "") -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.log = (folder / "run.log").open("ab")
        ports = {"XARB_CONTROL__PORT": str(port), "XARB_METRICS__PORT": "0"}
        environment = {**os.environ, **ports}
        if kill_at:
            environment["XARB_DEBUG__KILL_AT"] = kill_at
        self.process = subprocess.Popen(
            [*XARB, "run", "--folder", str(folder)],
            stdout=self.log,
            stderr=self.log,
            env=environment,
        )

    def close(self) -> None:
        """Make sure that nothing is left of it."""
        if not self.ended:
            self.process.kill()
            self.process.wait()
        self.log.close()

    @property
    def died(self) -> bool:
        """Whether it has killed itself with signal 9."""
        return self.process.poll() == -signal.SIGKILL

    @property
    def ended(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.process.poll() is not None

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Call the control API."""
        token_file = self.folder / "var" / "control.token"
        token = token_file.read_text().strip() if token_file.exists() else ""
        return request(method, f"{self.url}{path}", body, token)

    def wait_up(self) -> bool:
        """Wait until the control API answers; False if the process ended before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.call("GET", "/status")[0] != 200:
            if self.ended:
                return False
            assert time.monotonic() < deadline, self.tail()
            time.sleep(0.02)
        return True

    def stop(self) -> int:
        """Stop it safely and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(self.tail()) from None
        finally:
            self.log.close()

    def tail(self) -> str:
        """Return the end of its log."""
        return (self.folder / "run.log").read_text(errors="replace")[-4000:]


@contextmanager
def ghost_venues(
    folder: Path, scripts: dict[str, dict[str, Any]]
) -> Iterator[dict[str, GhostProcess]]:
    """Run ghost venues for as long as the block lasts."""
    running: dict[str, GhostProcess] = {}
    try:
        for name, script in scripts.items():
            running[name] = GhostProcess(folder, name, script)
        yield running
    finally:
        for ghost in running.values():
            ghost.stop()
