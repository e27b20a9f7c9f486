"""A deployment on disk, and `xarb` over it: in this process, or as a process of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner, Result

from tests.football.rows import ROW
from tests.ops.running import FAST, clean_environment, write_deployment
from xarb_runtime.cli.main import app

PRICES = {"m1/over": "2.1", "m2/under": "2.02"}
QUOTING = {**FAST, "prices": PRICES}
BOTH = {"sx": QUOTING, "azuro": QUOTING}
DEAF = {"answer": "silence", "cancel": {"answer": "silence"}, "find": {"answer": "silence"}}
SILENT = {"sx": {**FAST, "default": DEAF}, "azuro": QUOTING}
REFUSED = {"answer": "refused", "code": "CLOSED", "after": "0ms"}
EXPOSING = {"sx": QUOTING, "azuro": {**QUOTING, "default": REFUSED}}

#: An opportunity without an envelope, as people write it.
BARE = {
    "id": "1",
    "event": "Brentford - Arsenal",
    "scenarios": ["over", "under"],
    "stake": "100",
    "leg_a": {
        "selection": {"venue": "sx", "market": "m1", "outcome": "over", "wins": ["over"]},
        "odds": "2.1",
    },
    "leg_b": {
        "selection": {"venue": "azuro", "market": "m2", "outcome": "under", "wins": ["under"]},
        "odds": "2.02",
    },
}


def xarb(*words: object, stdin: str | None = None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


def told(result: Result) -> str:
    """Everything that a command has written, on lines that are not wrapped."""
    return " ".join((result.stdout + result.stderr).split())


def write_opportunities(folder: Path, *names: str) -> Path:
    """Write bare opportunities, one a line."""
    path = folder / "opportunities.jsonl"
    path.write_text("\n".join(json.dumps({**BARE, "id": name}) for name in names))
    return path


class Service(NamedTuple):
    """`xarb run` as a process of its own."""

    folder: Path
    process: subprocess.Popen[str]
    announced: list[str]

    def kill(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 60) -> tuple[int, str, str]:
        """Wait for its end; return its exit code and what it has written since its start."""
        out, error = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, error

    def until(self, execution: str, *states: str) -> str:
        """Wait until an execution has ended or rests in one of these states."""
        while True:
            assert self.process.poll() is None, "it has ended"
            found = json.loads(xarb("show", execution, "-C", self.folder, "--json").stdout or "{}")
            row = found.get("execution", {"leaves": [], "status": "running"})
            state = "+".join(row["leaves"])
            if state in states or row["status"] != "running":
                return state
            time.sleep(0.02)


@contextmanager
def service(
    folder: Path,
    venues: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    **sections: Any,
) -> Iterator[Service]:
    """Run a deployment as a process of its own; what is left of it is killed."""
    write_deployment(folder, venues or BOTH, **sections)
    process = subprocess.Popen(
        [sys.executable, "-m", "xarb_runtime.cli", "run", "-C", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **clean_environment(),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **(environ or {}),
        },
    )
    try:
        yield Service(folder, process, _announced(process))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _announced(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
    assert process.stderr is not None
    raise AssertionError(f"it did not start: {lines} {process.stderr.read()}")


#: A match whose prices leave no margin.
WITHOUT_MARGIN = {"Max>2.5": "1.9", "Max<2.5": "1.9"}


def football(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "odds.csv"
    head: dict[str, Any] = {**ROW, "FTAG": "0"}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(head))
        writer.writeheader()
        writer.writerows({**head, **row} for row in rows)
    return path
